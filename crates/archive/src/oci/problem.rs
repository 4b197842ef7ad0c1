//! What can be wrong with a manifest.

use std::fmt;

use crate::Quoted;

/// What is wrong with a manifest or an index; reads on from "the manifest …".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestProblem {
    /// More bytes than any client expects to work.
    #[error("is larger than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// Docker's schema 1.
    #[error("has schema version 1, which is no longer taken: push the image again with a current client")]
    Schema1,
    /// Some other schema version.
    #[error("has a schemaVersion other than 2")]
    SchemaVersion,
    /// Two media types for one document.
    #[error("is sent as {sent}, but its own mediaType is {own}")]
    MediaTypes {
        /// The one it came with.
        sent: Quoted,
        /// The one in it.
        own: Quoted,
    },
    /// A member that belongs to another kind of document (CVE-2021-41190).
    #[error("is of type {media_type}, but has '{key}'")]
    Contradiction {
        /// What it is said to be.
        media_type: Quoted,
        /// What it must not have then.
        key: &'static str,
    },
    /// Neither an image nor an index.
    #[error("has neither 'config' and 'layers' nor 'manifests'")]
    Shapeless,
    /// A member that has to be there.
    #[error("has no '{0}'")]
    Missing(Place),
    /// A member that is not what it should be.
    #[error("is wrong at '{place}': that is not {expected}")]
    Wrong {
        /// Where.
        place: Place,
        /// What it should be.
        expected: &'static str,
    },
    /// A name that some readers take for another one: they ignore the case of letters.
    #[error("has {key} where some clients would read '{known}'")]
    LetterCase {
        /// The name.
        key: Quoted,
        /// What it would be taken for.
        known: &'static str,
    },
    /// Too many descriptors.
    #[error("has more than {limit} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

impl ManifestProblem {
    /// A document that is called two things.
    pub(super) fn media_types(sent: &str, own: &str) -> Self {
        Self::MediaTypes { sent: Quoted::new(sent), own: Quoted::new(own) }
    }
}

/// Where in a manifest: `layers[3].digest`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub(super) parent: Option<(&'static str, Option<usize>)>,
    pub(super) key: &'static str,
}

impl Place {
    pub(super) const fn root(key: &'static str) -> Self {
        Self { parent: None, key }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parent {
            None => f.write_str(self.key),
            Some((list, Some(at))) => write!(f, "{list}[{at}].{}", self.key),
            Some((member, None)) => write!(f, "{member}.{}", self.key),
        }
    }
}
