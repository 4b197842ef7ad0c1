//! Effects that an engine asks for, and what it is told about them.

use keyway_base::Secret;

use crate::{ContentEdit, ContentOutcome, Manifest, TokenWish};

/// An effect asked for by an operation with a body.
#[derive(Debug)]
pub enum Act {
    /// None: answer as a read.
    Read,
    /// Check a credential that came in the body and say whether it holds.
    LogIn {
        /// The user name as typed; decides nothing.
        user: String,
        /// A licence key or a token.
        password: Secret<String>,
    },
    /// Make the file that was sent an artifact of a published release. Only for operations that need
    /// [`crate::Need::Publisher`].
    Publish(Box<Publication>),
    /// Change what is published: everything that is asked for, or nothing. Only for operations that need
    /// [`crate::Need::Publisher`].
    Change {
        /// The package's *normalised* key.
        package: String,
        /// What is asked for; with nothing in it, the caller is only told whether they might.
        edits: Vec<Edit>,
    },
    /// Make a token of a content-addressed registry.
    Token(TokenWish),
    /// Change the content of a repository. Only for operations that need [`crate::Need::Publisher`].
    Content {
        /// The package's *normalised* key. The package is made when content is added and there is none.
        package: String,
        /// What is asked for.
        edit: ContentEdit,
    },
}

/// A file on its way to become an artifact, read and checked by its engine: all of it comes from the file itself,
/// or agrees with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The package's key as the vendor writes it. The package is made when there is none.
    pub package: String,
    /// The version, verbatim. The release is made when there is none; a draft is published.
    pub version: String,
    /// The name of the artifact.
    pub filename: String,
    /// Its type, without the dot.
    pub filetype: Option<&'static str>,
    /// What it is, as `Content-Type` says it.
    pub media_type: &'static str,
    /// The platform it is for.
    pub platform: Option<String>,
    /// A line about the package, kept as the description of a new release.
    pub description: Option<String>,
    /// Why not to use the version, when that is said from the start.
    pub notice: Option<String>,
    /// Movable names that are to mean this version from now on.
    pub tags: Vec<String>,
    /// Whether a version may have other files.
    pub files: Files,
    /// What rendering will need of it, as [`crate::Ingested`] has it.
    pub manifests: Vec<Manifest>,
}

/// How many files a version has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// One that the engine ingests.
    One,
    /// Any number, by name.
    Several,
    /// Any number, by name, while the version is spelled as the first was: `1.0` does not join `1.0.0`.
    SeveralOfSpelling,
}

/// A change to what is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Let a movable name mean a version.
    Tag {
        /// The name.
        tag: String,
        /// The version, as sent.
        version: String,
    },
    /// Take a movable name away.
    Untag {
        /// The name.
        tag: String,
    },
    /// Say why not to use a version, or that it may be used.
    Notice {
        /// The version, as sent.
        version: String,
        /// The reason; none lifts it.
        text: Option<String>,
    },
    /// Withdraw a version: no customer gets it any more, and its number is not used again.
    Withdraw {
        /// The version, as sent.
        version: String,
    },
    /// Withdraw every version.
    WithdrawAll,
}

/// What became of an [`Act`]. Refusals by the access rules come by [`crate::Engine::refuse`].
#[derive(Debug)]
pub enum Outcome {
    /// The credential holds; this is what the client is to send as a bearer from now on.
    LoggedIn {
        /// The credential to store.
        token: Secret<String>,
    },
    /// The file is an artifact now, and visible.
    Published {
        /// The package's key as it is stored.
        package: String,
        /// The version as it is stored.
        version: String,
        /// The artifact's name.
        filename: String,
    },
    /// Nothing was done: the name is taken.
    Exists {
        /// The package's key as it is stored.
        package: String,
        /// The version.
        version: String,
        /// The name of the file that was sent.
        filename: String,
        /// By what.
        by: Existing,
    },
    /// Everything that was asked for is done.
    Changed,
    /// What became of a request to a content-addressed registry.
    Content(ContentOutcome),
    /// What is to be changed is not here; the text says what.
    Absent(String),
    /// The body, or what it asks for, breaks a rule; the text says which.
    Invalid(String),
    /// The body has more bytes than this.
    TooLarge {
        /// The most there may be.
        limit: u64,
    },
}

/// What has the name of a file that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// The very same bytes.
    Same,
    /// Other bytes.
    Other,
    /// Bytes that were withdrawn or deleted: their name is not given out again.
    Gone,
}
