//! Small blobs kept in memory: a tarball of a few kilobytes is then served without a trip to the disk.
//!
//! Blobs never change under their key, so an entry is right for as long as it is kept.

use bytes::Bytes;
use moka::sync::Cache;

use crate::BlobKey;

/// The largest blob that is kept, in bytes.
pub(crate) const SMALL: u64 = 64 * 1024;

/// What an entry costs beside its bytes.
const OVERHEAD: usize = 200;

/// The blobs in memory, weighed by bytes.
#[derive(Debug, Clone)]
pub(crate) struct SmallBlobs(Cache<BlobKey, Bytes>);

impl SmallBlobs {
    /// Keeps at most `capacity` bytes.
    pub(crate) fn new(capacity: u64) -> Self {
        let weigh = |_: &BlobKey, bytes: &Bytes| u32::try_from(bytes.len() + OVERHEAD).unwrap_or(u32::MAX);
        Self(Cache::builder().max_capacity(capacity).weigher(weigh).build())
    }
    pub(crate) fn get(&self, key: &BlobKey) -> Option<Bytes> {
        self.0.get(key)
    }
    pub(crate) fn keep(&self, key: BlobKey, bytes: Bytes) {
        self.0.insert(key, bytes);
    }
    pub(crate) fn forget(&self, key: &BlobKey) {
        self.0.invalidate(key);
    }
}
