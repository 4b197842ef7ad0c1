//! The lease: how long this process may answer without having read the change log (DESIGN §6).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
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
    /// Why the last reading failed, if it did.
    outage: ArcSwapOption<CatalogError>,
    /// Reads on where it was after a failure: what is cached then is still good but for what it reads.
    reader: Mutex<Option<Tail>>,
}

const NEVER: u64 = u64::MAX;

fn micros(moment: Duration) -> u64 {
    u64::try_from(moment.as_micros()).unwrap_or(NEVER - 1)
}

impl Lease {
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self {
            db,
            clock,
            good: AtomicU64::new(NEVER),
            outage: ArcSwapOption::empty(),
            reader: Mutex::new(None),
        }
    }

    /// Whether cached values may be answered from right now.
    pub(crate) fn is_held(&self) -> bool {
        let good = self.good.load(Ordering::Acquire);
        good != NEVER && self.clock.monotonic() <= Duration::from_micros(good).saturating_add(TERM)
    }

    /// Waits for one reading of the log, shared by all who wait, unless the last one is recent enough. While the
    /// log cannot be read nobody waits: whoever follows it finds out when it can be.
    pub(crate) async fn hold(&self) -> Result<(), CatalogError> {
        if self.is_held() { Ok(()) } else { Box::pin(self.renew()).await }
    }

    /// Waits for a reading of the log that began after this was asked, shared by all who ask meanwhile: what was
    /// acknowledged before, by whatever node, is known afterwards.
    pub(crate) async fn catch_up_with_all(&self) -> Result<(), CatalogError> {
        self.check()?;
        let asked = micros(self.clock.monotonic());
        let mut reader = self.reader.lock().await;
        let good = self.good.load(Ordering::Acquire);
        if good != NEVER && good > asked {
            return Ok(());
        }
        // Of those who waited behind a reading that failed, none tries it again: whoever follows the log does.
        self.check()?;
        self.read(&mut reader).await
    }

    async fn renew(&self) -> Result<(), CatalogError> {
        self.check()?;
        let mut reader = self.reader.lock().await;
        // A second one, for the first may have taken so long that it says nothing about now.
        for _ in 0..2 {
            if self.is_held() {
                return Ok(());
            }
            self.check()?;
            self.read(&mut reader).await?;
        }
        if self.is_held() { Ok(()) } else { Err(CatalogError::Lease) }
    }

    fn check(&self) -> Result<(), CatalogError> {
        self.outage.load().as_deref().map_or(Ok(()), |outage| Err(outage.clone()))
    }

    /// Reads the log now.
    pub(crate) async fn poll(&self) -> Result<(), CatalogError> {
        let mut reader = self.reader.lock().await;
        self.read(&mut reader).await
    }

    async fn read(&self, reader: &mut Option<Tail>) -> Result<(), CatalogError> {
        // Read before the query: what is committed while it runs may or may not be in it.
        let began = self.clock.monotonic();
        match tokio::time::timeout(PATIENCE, self.catch_up(reader)).await.unwrap_or(Err(CatalogError::Lease))
        {
            Ok(()) => {
                self.good.store(micros(began), Ordering::Release);
                self.outage.store(None);
                Ok(())
            }
            Err(error) => {
                self.outage.store(Some(Arc::new(error.clone())));
                Err(error)
            }
        }
    }

    async fn catch_up(&self, reader: &mut Option<Tail>) -> Result<(), CatalogError> {
        let read = |source| CatalogError::store("the change log", source);
        match reader {
            Some(tail) => tail.poll().await.map(drop).map_err(read),
            // Nothing is known of the time before: it ends what is cached.
            None => {
                *reader = Some(Tail::start(&self.db).await.map_err(read)?);
                Ok(())
            }
        }
    }
}
