//! Where the bytes of artifacts live: staged while they come in, kept by content, read in blocks, handed out
//! by signed URLs (DESIGN §8 "Blobs").
//!
//! One store, one backend today: a directory on disk. [`BlobStore`] is an enum so that an object store can
//! stand beside it. The crate deliberately knows nothing of artifacts, of who may read what, or of HTTP: it
//! stores bytes under [`BlobKey`]s that it makes itself, and no name from outside ever reaches the file system.

mod blob;
mod block;
mod disk;
mod error;
mod key;
mod small;
mod staging;
mod store;
mod url;

pub use blob::{Blob, BlobStream, OpenFile};
pub use block::CHUNK;
pub use error::BlobError;
pub use key::{BlobKey, BlobKeyError};
pub use staging::{Staged, StagedOpener, Staging};
pub use store::{BlobStore, DiskOptions, Head};
pub use url::Urls;
