//! Where the bytes of artifacts live: staged while they come in, kept under names of our own, read in blocks,
//! handed out by signed URLs (DESIGN §8 "Blobs").
//!
//! One store, two backends: a directory on disk, or a bucket of an object store (feature `s3`). The crate
//! deliberately knows nothing of artifacts, of who may read what, or of HTTP: it stores bytes under [`BlobKey`]s
//! that it makes itself, and no name from outside ever reaches the file system or the bucket.

mod batches;
mod blob;
mod block;
mod direct;
mod disk;
mod disk_growth;
mod disk_parts;
mod disk_upload;
mod disposition;
mod error;
mod fault;
mod file;
mod growth;
mod growth_state;
mod key;
mod parts;
#[cfg(feature = "s3")]
mod s3;
mod s3_options;
mod s3_role;
mod small;
mod staging;
mod store;
mod sweep;
mod url;

pub use blob::{Blob, BlobStream, OpenFile};
pub use block::CHUNK;
pub use direct::{Arrived, Download};
pub use disposition::disposition;
pub use error::{BlobError, Trouble};
#[cfg(feature = "test-support")]
pub use fault::Misbehaviour;
pub use file::BlobFile;
pub use growth::{Growing, Grown};
pub use growth_state::{GrowthState, GrowthStateError};
pub use key::{BlobKey, BlobKeyError};
pub use parts::{InParts, Part, PartStaging};
#[cfg(feature = "s3-roles")]
pub use s3::LenderError;
#[cfg(feature = "s3")]
pub use s3::OpenObject;
pub use s3_options::{S3Options, S3UrlError};
pub use s3_role::{ContainerToken, ContainerUrlError, S3Role};
pub use staging::{Staged, Staging};
pub use store::{BlobStore, DiskOptions, Head, Room};
pub use sweep::{Found, Page};
pub use url::Urls;
