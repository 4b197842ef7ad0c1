//! The S3 backend: the bytes of artifacts as objects in a bucket.
//!
//! `<prefix>blobs/<account>/<name>` holds what is kept, under keys that no URL for writing was ever issued for.
//! `<prefix>incoming/<account>/<artifact>` is what clients write to with URLs of ours; it is copied from there
//! once it is complete. `<prefix>growing/<account>/<name>` is the end of an upload that grows, between its pieces.

mod bucket;
mod growth;
mod incoming;
#[cfg(feature = "s3-roles")]
mod lender;
mod lent;
mod object;
mod outgoing;
mod part;
mod part_buffers;
mod parts;
mod presign;
mod reader;
mod sweep;
mod trouble;
mod upload;

pub(crate) use bucket::Bucket;
pub(crate) use growth::{GrownObject, ObjectGrowth};
#[cfg(feature = "s3-roles")]
pub use lender::LenderError;
pub(crate) use object::ObjectStream;
pub use object::OpenObject;
pub(crate) use part::ObjectPart;
pub(crate) use parts::begun_here;
pub(crate) use reader::ObjectReader;
pub(crate) use upload::{ObjectUpload, StagedObject};
