//! The connections that read: a few, opened when they are first needed.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::connection::{Connection, Place, Use, open};
use crate::StoreError;

/// The connections of one database.
#[derive(Debug, Clone)]
pub(super) struct Readers {
    path: Arc<PathBuf>,
    idle: Arc<Mutex<Vec<Connection>>>,
    permits: Arc<Semaphore>,
    most: u32,
    patience: Duration,
}

/// A connection that is taken; it goes back when this is dropped.
pub(crate) struct Reader {
    place: Place,
    idle: Arc<Mutex<Vec<Connection>>>,
    _permit: OwnedSemaphorePermit,
}

impl Readers {
    /// At most so many, each waited for so long.
    pub(super) fn new(path: PathBuf, most: u32, patience: Duration) -> Self {
        let permits = Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(1)));
        Self { path: Arc::new(path), idle: Arc::default(), permits, most, patience }
    }

    /// A connection for single statements.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none is free in time.
    pub(super) async fn take(&self) -> Result<Reader, StoreError> {
        let permit = timeout(self.patience, Arc::clone(&self.permits).acquire_owned()).await;
        let permit = permit.map_err(|late| StoreError::Unavailable(Box::new(late)))?;
        let permit = permit.map_err(|closed| StoreError::Unavailable(Box::new(closed)))?;
        let idle = lock(&self.idle).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open(&self.path, Use::Reading).await?,
        };
        Ok(Reader { place: Some(connection), idle: Arc::clone(&self.idle), _permit: permit })
    }

    /// A connection inside a snapshot, which is taken by its first statement.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when none is free in time.
    pub(super) async fn snapshot(&self) -> Result<Reader, StoreError> {
        let reader = self.take().await?;
        if let Some(connection) = &reader.place {
            connection.say("BEGIN").map_err(super::meaning)?;
        }
        Ok(reader)
    }

    /// Waits until every connection is back and closes them.
    pub(super) async fn close(&self) {
        let all = self.permits.acquire_many(self.most).await;
        self.permits.close();
        drop(all);
        let idle = std::mem::take(&mut *lock(&self.idle));
        // Whether the closing came to its end or not, there is nothing more to do.
        let _ = spawn_blocking(move || drop(idle)).await;
    }
}

impl Reader {
    pub(super) const fn place(&mut self) -> &mut Place {
        &mut self.place
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let Some(connection) = self.place.take() else { return };
        let is_clean = !connection.is_in_transaction() || connection.say("ROLLBACK").is_ok();
        if is_clean {
            lock(&self.idle).push(connection);
        }
    }
}

fn lock(idle: &Mutex<Vec<Connection>>) -> MutexGuard<'_, Vec<Connection>> {
    idle.lock().unwrap_or_else(PoisonError::into_inner)
}
