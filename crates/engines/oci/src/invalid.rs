//! What breaks a rule inside a path of the grammar. It is told without asking who asks: it says nothing about what
//! there is.

use http::StatusCode;
use http::header::ALLOW;
use keyway_base::ContentDigestError;
use keyway_engine::Plain;

use crate::name::RULE;
use crate::refusal::{error, header};

/// A rule that a request breaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Invalid {
    /// The repository's name.
    Name,
    /// A digest, or its algorithm.
    Digest(ContentDigestError),
    /// A tag that is to be written.
    Tag,
    /// A tag that is to be read: there is none.
    UnknownTag,
    /// More tags for one manifest than are taken.
    TooManyTags {
        /// The most there may be.
        most: usize,
    },
    /// The id of an upload.
    Upload,
    /// The length of a page.
    Number,
    /// The method.
    Method {
        /// Those that there are.
        allow: Vec<&'static str>,
    },
}

impl Invalid {
    /// What the client is told.
    pub(crate) fn plain(&self) -> Plain {
        let bad = |code, message: &str| error(StatusCode::BAD_REQUEST, code, message);
        match self {
            Self::Name => bad("NAME_INVALID", RULE),
            Self::Digest(rule) => bad("DIGEST_INVALID", &rule.to_string()),
            Self::Tag => bad(
                "TAG_INVALID",
                "a tag is at most 128 letters, digits, '_', '.' and '-', and does not begin with '.' or '-'",
            ),
            Self::UnknownTag => {
                error(StatusCode::NOT_FOUND, "MANIFEST_UNKNOWN", "no manifest can have such a tag")
            }
            Self::TooManyTags { most } => {
                let message =
                    format!("a manifest is pushed with {most} tags at most: push it again for more");
                error(StatusCode::URI_TOO_LONG, "TAG_INVALID", &message)
            }
            Self::Upload => {
                error(StatusCode::NOT_FOUND, "BLOB_UPLOAD_UNKNOWN", "there is no upload with such an id")
            }
            Self::Number => bad(
                "PAGINATION_NUMBER_INVALID",
                "the parameter n is a number of entries, in digits: give one, or leave it out",
            ),
            Self::Method { allow } => {
                let allow = allow.join(", ");
                let message = format!("this path takes {allow} only");
                error(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", &message).with(ALLOW, header(&allow))
            }
        }
    }
}
