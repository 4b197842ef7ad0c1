//! What can be wrong with an archive of images.

use keyway_base::ContentDigest;

use crate::{ArchiveError, Quoted};

/// Why an archive of images was refused.
#[derive(Debug, thiserror::Error)]
pub enum ImageProblem {
    /// Not a tar, compressed or not.
    #[error(
        "the file is no archive of images: upload a tar as 'docker save', 'skopeo copy' or 'helm package' write it"
    )]
    NoArchive,
    /// A tar of something else.
    #[error(
        "the archive has no image in it: there is neither an 'oci-layout' (OCI layout), nor a 'manifest.json' (docker \
         save), nor one directory with a 'Chart.yaml' (Helm chart)"
    )]
    NoImage,
    /// An index or a list of nothing.
    #[error("'{0}' names no image")]
    Empty(&'static str),
    /// An OCI layout of another generation.
    #[error("'oci-layout' does not give a version 1 as its imageLayoutVersion")]
    LayoutVersion,
    /// A chart that is not packed as Helm packs it.
    #[error("a Helm chart has to be a gzip-compressed tar, as 'helm package' writes it")]
    UnpackedChart,
    /// A blob by a name that is no digest.
    #[error("entry {0} is not named blobs/sha256/<hex> or blobs/sha512/<hex>")]
    BlobPath(Quoted),
    /// A blob that is not what its name says.
    #[error("entry {path} should have the digest {expected}, but has {got}")]
    Digest {
        /// The entry.
        path: Quoted,
        /// What its name says.
        expected: ContentDigest,
        /// What its bytes say.
        got: ContentDigest,
    },
    /// A descriptor that gives another size.
    #[error("{digest} should have {expected} bytes by what {by} says, but has {got}")]
    Size {
        /// What is described.
        digest: ContentDigest,
        /// By what.
        by: String,
        /// The size it gives.
        expected: u64,
        /// The size of the bytes.
        got: u64,
    },
    /// An image that is not all there.
    #[error("{digest}, which index.json names, cannot be taken: {reason}")]
    Incomplete {
        /// The image.
        digest: ContentDigest,
        /// What is not there.
        reason: String,
    },
    /// A file that `manifest.json` names is not there, or cannot be what it is named for.
    #[error("manifest.json names {path} as {role}, {problem}")]
    Named {
        /// The file.
        path: Quoted,
        /// What it is named for.
        role: &'static str,
        /// What is wrong.
        problem: &'static str,
    },
    /// A layer that is not the one that the configuration speaks of.
    #[error("layer {path} should be {expected} by its image's configuration, but is {got}")]
    OtherLayer {
        /// The layer.
        path: Quoted,
        /// What the configuration says.
        expected: Quoted,
        /// What it is.
        got: ContentDigest,
    },
    /// More or fewer layers than the configuration speaks of.
    #[error("manifest.json gives {layers} layers for {config}, whose rootfs has {diff_ids}")]
    LayerCount {
        /// The configuration.
        config: Quoted,
        /// By `manifest.json`.
        layers: usize,
        /// By the configuration.
        diff_ids: usize,
    },
    /// Indexes inside indexes without end.
    #[error("indexes are nested more than {limit} deep")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// Too much to keep track of.
    #[error("the archive's manifests refer to more than {limit} things")]
    TooMany {
        /// The limit.
        limit: usize,
    },
    /// Too many documents to keep in memory.
    #[error("the archive's manifests take more than {limit} bytes together")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// One tag for two images.
    #[error("tag '{tag}' is given to two images, {first} and {second}: upload them one by one")]
    TagTwice {
        /// The tag.
        tag: String,
        /// One of them.
        first: ContentDigest,
        /// The other one.
        second: ContentDigest,
    },
    /// A chart without what it needs, or with something that it cannot have.
    #[error("Chart.yaml: {0}")]
    Chart(String),
    /// A document in the archive cannot be read.
    #[error("{path}: {problem}")]
    Document {
        /// Which.
        path: String,
        /// Why.
        problem: Box<ArchiveError>,
    },
}

impl ImageProblem {
    /// Names the document that cannot be read; a failing source stays one.
    pub(super) fn in_document(path: &str, problem: ArchiveError) -> ArchiveError {
        match problem {
            ArchiveError::Source(_) => problem,
            problem => Self::Document { path: path.to_owned(), problem: Box::new(problem) }.into(),
        }
    }
}
