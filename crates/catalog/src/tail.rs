//! Following the change log, so that what other processes write ends what this one has cached.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use crate::{Catalog, CatalogError};

/// How often the change log is read.
const POLL: Duration = Duration::from_millis(150);

impl Catalog {
    /// Reads the change log every 150 ms until `shutdown` is over. A reading that fails is tried again; what
    /// is not public is refused meanwhile, once the lease has run out.
    pub async fn run_tail(self: Arc<Self>, shutdown: impl Future<Output = ()>) {
        let mut ticks = tokio::time::interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut shutdown = std::pin::pin!(shutdown);
        let mut failing = false;
        loop {
            tokio::select! {
                () = &mut shutdown => return,
                _ = ticks.tick() => {}
            }
            let read = self.lease.poll().await;
            if let (Err(error), false) = (&read, failing) {
                tracing::warn!(%error, "the change log cannot be read");
            } else if read.is_ok() && failing {
                tracing::info!("the change log can be read again");
            }
            failing = read.is_err();
        }
    }

    /// Makes sure that cached values may be answered from: waits for one reading of the change log, shared by
    /// all who wait, when the last one is older than 900 ms.
    ///
    /// # Errors
    /// [`CatalogError`] when the log cannot be read: answer 503 with `Retry-After` unless the content is public.
    pub async fn ensure_fresh(&self) -> Result<(), CatalogError> {
        self.lease.hold().await
    }
}
