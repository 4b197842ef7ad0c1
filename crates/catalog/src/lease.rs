//! The lease: how long this process may answer without having read the change log (DESIGN §6).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use keyway_base::Clock;
use keyway_store::{Db, Tail};
use tokio::sync::Mutex;

use crate::CatalogError;

/// How old the last good reading of the change log may be.
const TERM: Duration = Duration::from_millis(900);

/// How long a reading may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(2);

/// The moment of the last good reading, and the one reader.
pub(crate) struct Lease {
    db: Db,
    clock: Arc<dyn Clock>,
    /// When the last good reading began, in microseconds of the monotonic clock; [`NEVER`] before the first.
    good: AtomicU64,
    reader: Mutex<Reader>,
}

const NEVER: u64 = u64::MAX;

struct Reader {
    /// Away while a reading is under way, so that one that is cut off in the middle is not carried on with.
    tail: Option<Tail>,
    /// When the last reading that failed began, and why it failed.
    failed: Option<(Duration, CatalogError)>,
}

impl Lease {
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        let reader = Mutex::new(Reader { tail: None, failed: None });
        Self { db, clock, good: AtomicU64::new(NEVER), reader }
    }

    /// Whether cached values may be answered from right now.
    pub(crate) fn is_held(&self) -> bool {
        let good = self.good.load(Ordering::Acquire);
        good != NEVER && self.clock.monotonic() <= Duration::from_micros(good).saturating_add(TERM)
    }

    /// Waits for one reading of the log, shared by all who wait, unless the last one is recent enough.
    pub(crate) async fn hold(&self) -> Result<(), CatalogError> {
        if self.is_held() { Ok(()) } else { Box::pin(self.renew()).await }
    }

    async fn renew(&self) -> Result<(), CatalogError> {
        let asked = self.clock.monotonic();
        let mut reader = self.reader.lock().await;
        if self.is_held() {
            return Ok(());
        }
        match &reader.failed {
            Some((began, error)) if *began >= asked => Err(error.clone()),
            _ => self.read(&mut reader).await,
        }
    }

    /// Reads the log now.
    pub(crate) async fn poll(&self) -> Result<(), CatalogError> {
        let mut reader = self.reader.lock().await;
        self.read(&mut reader).await
    }

    async fn read(&self, reader: &mut Reader) -> Result<(), CatalogError> {
        // Read before the query: what is committed while it runs may or may not be in it.
        let began = self.clock.monotonic();
        let tail = reader.tail.take();
        match tokio::time::timeout(PATIENCE, self.catch_up(tail)).await.unwrap_or(Err(CatalogError::Lease)) {
            Ok(tail) => {
                reader.tail = Some(tail);
                reader.failed = None;
                self.good.store(u64::try_from(began.as_micros()).unwrap_or(NEVER - 1), Ordering::Release);
                Ok(())
            }
            Err(error) => {
                reader.failed = Some((began, error.clone()));
                Err(error)
            }
        }
    }

    async fn catch_up(&self, tail: Option<Tail>) -> Result<Tail, CatalogError> {
        let read = |source| CatalogError::store("the change log", source);
        let mut tail = match tail {
            Some(tail) => tail,
            None => {
                let tail = Tail::start(&self.db).await.map_err(read)?;
                // Nothing is known of the time before this tail began.
                self.db.freshness().bump_all();
                tail
            }
        };
        tail.poll().await.map_err(read)?;
        Ok(tail)
    }
}
