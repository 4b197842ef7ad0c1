//! Words every other crate is written in: typed ids, [`Timestamp`], [`Secret`], the [`Clock`] trait
//! and [`Slot`], the unit of cache freshness.
//!
//! This crate does no I/O and reads no time. It deliberately knows nothing of resources, packages,
//! protocols or storage.

mod blob_name;
mod clock;
mod content_digest;
mod content_tag;
mod id;
mod secret;
mod slot;
mod timestamp;

pub use blob_name::{BlobName, BlobNameError};
pub use clock::{Clock, ManualClock};
pub use content_digest::{ContentAlgorithm, ContentDigest, ContentDigestError};
pub use content_tag::{AboutTag, is_content_tag, tag_of_version, version_in_tag};
pub use id::{
    AccountId, ArtifactId, ConstraintId, EntitlementId, EnvironmentId, GroupId, IdError, LicenseId,
    MachineId, PackageId, PolicyId, ProductId, RecordId, ReleaseId, RequestId, TokenId, UserId,
};
pub use secret::{Secret, constant_time_eq};
pub use slot::{SLOTS, Slot, SlotKey};
pub use timestamp::{Timestamp, TimestampError};
