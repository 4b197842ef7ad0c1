//! Reading an uploaded file: what is it, does it keep its promises, what will rendering need of it?

use std::io::{Read, Seek};

use crate::{Digests, Manifest, PackageSigner};

/// A source that can be read more than once.
pub trait ReadSeek: Read + Seek {}
impl<T: Read + Seek> ReadSeek for T {}

/// An uploaded file, complete and hashed, with what the vendor said about it.
pub struct Upload<'a> {
    /// The artifact's file name.
    pub filename: &'a str,
    /// The package's key as the vendor wrote it.
    pub package_key: &'a str,
    /// The release's version, verbatim.
    pub version: &'a str,
    /// The size in bytes.
    pub size: u64,
    /// What we computed while the bytes came in.
    pub digests: &'a Digests,
    /// The bytes, from the start.
    pub body: &'a mut dyn ReadSeek,
    /// The vendor's own signature of the file, where the artifact has one.
    pub signature: Option<&'a str>,
    /// The key that the vendor registered for signatures: `metadata.{engine}PublicKey` of the package, else of its
    /// product.
    pub public_key: Option<&'a str>,
    /// What was taken from the file that this one is read together with ([`crate::Engine::companion`]), where that
    /// one came before.
    pub companion: &'a [Manifest],
    /// The account's package signing key.
    pub signer: &'a dyn PackageSigner,
}

/// What ingesting found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ingested {
    /// Metadata to keep beside the artifact. Empty for files that the engine offers as they are.
    pub manifests: Vec<Manifest>,
}

/// Why an upload is refused; the vendor reads this text as the artifact's failure reason.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Reject(pub String);
