//! Follows the change log, so that what other processes write ends what this one has cached.

use crate::{Db, StoreError};

/// A reader of the change log.
#[derive(Debug)]
pub struct Tail {}

impl Tail {
    /// Starts at the present end of the log; what was cached before is ended.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn start(_: &Db) -> Result<Self, StoreError> {
        Err(crate::read::unwritten())
    }
    /// Takes in what was logged since, and says how many entries that were.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer; what was not read is read next time.
    pub async fn poll(&mut self) -> Result<usize, StoreError> {
        Err(crate::read::unwritten())
    }
}
