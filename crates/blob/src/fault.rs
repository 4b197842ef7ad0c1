//! Faults on demand, for acceptance tests that ask what happens when the storage misbehaves. Without the
//! feature `test-support` there are none, and nothing is asked.

use crate::{BlobError, BlobKey};

/// How the store misbehaves.
#[cfg(feature = "test-support")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Misbehaviour {
    /// It knows no blob.
    Missing,
    /// It does not answer.
    Timeout,
}

/// The fault of a store and its clones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fault {
    #[cfg(feature = "test-support")]
    how: std::sync::Arc<std::sync::Mutex<Option<Misbehaviour>>>,
}

#[cfg(feature = "test-support")]
impl Fault {
    pub(crate) fn set(&self, how: Option<Misbehaviour>) {
        *self.how.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = how;
    }
    fn how(&self) -> Option<Misbehaviour> {
        *self.how.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Fails what is about one blob.
    pub(crate) fn check(&self, key: &BlobKey) -> Result<(), BlobError> {
        match self.how() {
            Some(Misbehaviour::Missing) => Err(BlobError::Absent(*key)),
            _ => self.check_call(),
        }
    }

    /// Fails what writes: the failure of a timeout, without the wait.
    pub(crate) fn check_call(&self) -> Result<(), BlobError> {
        match self.how() {
            Some(Misbehaviour::Timeout) => {
                Err(BlobError::remote("a test asked for it", crate::Trouble::Unreachable))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(not(feature = "test-support"))]
impl Fault {
    pub(crate) const fn check(&self, _: &BlobKey) -> Result<(), BlobError> {
        Ok(())
    }
    pub(crate) const fn check_call(&self) -> Result<(), BlobError> {
        Ok(())
    }
}
