//! What the clients of a content-addressed registry ask for beside reading: tokens with scopes, uploads that grow
//! in pieces, manifests, mounts and deletions (`spec/oci.md` §1.1, §2.1).

use bytes::Bytes;
use keyway_base::{ContentAlgorithm, ContentDigest, RecordId, Secret, Timestamp};

/// What may be done in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Actions {
    /// Read.
    pub pull: bool,
    /// Add.
    pub push: bool,
    /// Take away.
    pub delete: bool,
}

impl Actions {
    /// Everything.
    pub const ALL: Self = Self { pull: true, push: true, delete: true };
    /// To read and no more.
    pub const PULL: Self = Self { pull: true, push: false, delete: false };

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self {
            pull: self.pull && other.pull,
            push: self.push && other.push,
            delete: self.delete && other.delete,
        }
    }
    /// What is in either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self {
            pull: self.pull || other.pull,
            push: self.push || other.push,
            delete: self.delete || other.delete,
        }
    }
    /// Whether nothing may be done.
    pub const fn is_none(self) -> bool {
        !(self.pull || self.push || self.delete)
    }
    /// Whether these include all of those.
    pub fn cover(self, needed: Self) -> bool {
        self.and(needed) == needed
    }
}

/// A repository, and what is to be done there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scope {
    /// The repository. Clients spell it with the account's segment where names have one ([`TokenWish`]); what an
    /// operation asks for ([`crate::Engine::scope`]) is without.
    pub repository: String,
    /// What is to be done.
    pub actions: Actions,
}

/// A client asks for a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenWish {
    /// For what, [`Self::MOST_SCOPES`] repositories at most. Less may be given.
    pub scopes: Vec<Scope>,
    /// Whether a refresh token is wanted too.
    pub refresh: bool,
    /// Who asks.
    pub asker: TokenAsker,
}

impl TokenWish {
    /// The most repositories that one token is good for: more do not fit into a header.
    pub const MOST_SCOPES: usize = 32;
}

/// How a client that asks for a token says who it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenAsker {
    /// By the request's `Authorization`; without one it is anonymous.
    Head,
    /// By a user name, which decides nothing but the account where there are many, and a licence key or token.
    Password {
        /// The user name.
        user: String,
        /// The licence key or token.
        password: Secret<String>,
    },
    /// By a refresh token.
    Refresh(Secret<String>),
}

/// A token that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Minted {
    /// The token.
    pub token: Secret<String>,
    /// A refresh token, where one was asked for and is given.
    pub refresh: Option<Secret<String>>,
    /// What the token is good for: what was asked for, as far as the caller may.
    pub scopes: Vec<Scope>,
    /// When it was made.
    pub issued: Timestamp,
    /// For how many seconds it is good.
    pub expires_in: u32,
}

/// A piece of an upload that grows: the body, which may be empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The package's *normalised* key. The package is made when there is none.
    pub package: String,
    /// The upload that it belongs to; without one, an upload begins.
    pub upload: Option<RecordId>,
    /// How a new upload is hashed.
    pub algorithm: ContentAlgorithm,
    /// Its first and last byte in the whole, where the client says so. Without, it is what comes next.
    pub span: Option<(u64, u64)>,
    /// What the whole hashes to, when this is its last piece.
    pub completes: Option<ContentDigest>,
}

/// Where a blob that is to be mounted lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountFrom {
    /// In any repository that the caller may read.
    Any,
    /// In the repository of this *normalised* key.
    Named(String),
    /// In none that the caller may look into here: it is not found.
    Nowhere,
}

/// A change to the content of a repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentEdit {
    /// Add a blob that another repository has, else begin an upload.
    Mount {
        /// The blob.
        digest: ContentDigest,
        /// The repository that has it.
        from: MountFrom,
        /// How the upload is hashed that begins otherwise.
        algorithm: ContentAlgorithm,
    },
    /// End an upload and forget what came of it.
    Cancel {
        /// The upload.
        upload: RecordId,
    },
    /// Add a manifest, and let tags name it.
    Manifest(Box<NewManifest>),
    /// Take a tag away. With the tag of a release that is out, the release is withdrawn.
    Untag {
        /// The tag.
        tag: String,
    },
    /// Take a manifest away, with every tag that names it.
    DeleteManifest {
        /// The manifest.
        digest: ContentDigest,
    },
    /// Take a blob away.
    DeleteBlob {
        /// The blob.
        digest: ContentDigest,
    },
}

/// A manifest that was sent, read and checked by its engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewManifest {
    /// Its digest: of these bytes, whatever the client said.
    pub digest: ContentDigest,
    /// Its media type, as sent.
    pub media_type: String,
    /// Its bytes, as sent.
    pub bytes: Bytes,
    /// What it is an artifact of.
    pub artifact_type: Option<String>,
    /// The manifest that it is about, whether that is here or not.
    pub subject: Option<ContentDigest>,
    /// Its annotations, as a JSON object.
    pub annotations: Option<String>,
    /// The blobs that it refers to and that must be here.
    pub blobs: Vec<ContentDigest>,
    /// Blobs that it refers to and that may be elsewhere (layers that are not to be distributed).
    pub foreign: Vec<ContentDigest>,
    /// The manifests that it lists, which must be here before it.
    pub manifests: Vec<ContentDigest>,
    /// The tags that are to name it, with the versions that they are.
    pub tags: Vec<NewTag>,
}

/// A tag that is to name a manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTag {
    /// The tag.
    pub name: String,
    /// The version that it is (`v1.2.3` is `1.2.3`, `1.0.0_5` is `1.0.0+5`): it makes a release. Without, it moves.
    pub version: Option<String>,
}

/// What became of a request to a content-addressed registry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ContentOutcome {
    /// A token was made.
    Token(Box<Minted>),
    /// An upload has begun, has grown, or stands so.
    Upload {
        /// The upload.
        id: RecordId,
        /// How many bytes it has.
        size: u64,
    },
    /// The blob is in the repository.
    Blob {
        /// The blob.
        digest: ContentDigest,
    },
    /// The manifest is in the repository, and the tags name it.
    Manifest {
        /// Its digest.
        digest: ContentDigest,
        /// The manifest that it is about: clients ask for a word that its referrers are listed.
        subject: Option<ContentDigest>,
    },
    /// What was to go is gone.
    Deleted,
    /// There is no such upload here, or it is somebody else's.
    UploadUnknown,
    /// A piece does not begin where the upload ends.
    OutOfOrder {
        /// The upload.
        id: RecordId,
        /// How many bytes it has.
        size: u64,
    },
    /// Another piece of the upload is on its way.
    Busy {
        /// The upload.
        id: RecordId,
    },
    /// A piece has another length than its span.
    WrongSize,
    /// The bytes hash to something else.
    WrongDigest {
        /// What they hash to.
        found: ContentDigest,
    },
    /// There is no such blob here.
    BlobUnknown,
    /// There is no such manifest or tag here.
    ManifestUnknown,
    /// A manifest refers to blobs that are not here.
    BlobsMissing(Vec<ContentDigest>),
    /// An index lists manifests that are not here.
    ManifestsMissing(Vec<ContentDigest>),
    /// A blob cannot go while a manifest refers to it.
    BlobInUse,
    /// A manifest cannot go while an index refers to it that belongs to a release that is out.
    ManifestInUse,
    /// The tag belongs to a release that is out, and means another manifest.
    TagReleased {
        /// The tag.
        tag: String,
        /// The version of the release.
        version: String,
        /// Whether the release was withdrawn or deleted: its number is not used again.
        gone: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_meet_and_join() {
        let push = Actions { push: true, ..Actions::default() };
        assert_eq!(Actions::ALL.and(Actions::PULL), Actions::PULL);
        assert!(Actions::PULL.and(push).is_none());
        assert_eq!(Actions::PULL.or(push), Actions { pull: true, push: true, delete: false });
        assert!(Actions::ALL.cover(push) && !Actions::PULL.cover(push));
        assert!(Actions::default().cover(Actions::default()));
    }
}
