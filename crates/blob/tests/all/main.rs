//! The blob store through its public face: on a directory, and in a bucket of a real object store.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod disk;
mod growth;
mod parts;
#[cfg(feature = "s3")]
mod presigned;
#[cfg(feature = "s3-server")]
pub(crate) mod s3;
