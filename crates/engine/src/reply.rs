//! What an engine answers; the front end carries it out.

use bytes::Bytes;
use http::header::{ALLOW, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use keyway_base::ContentDigest;

use crate::{BadPath, Denial, Told};

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// A rendered document: the front end adds ETag, compression, 304.
    Document(Document),
    /// The bytes of an artifact, by redirect or stream, with ranges.
    File(FileReply),
    /// A manifest of the package in the view, by its position in [`crate::Content::manifests`].
    Manifest(usize),
    /// A blob of the package in the view, by its position in [`crate::Content::blobs`].
    Blob(usize),
    /// A blob that the view does not have, for a caller who sees everything: it may be here although no manifest
    /// refers to it yet.
    Unlisted(ContentDigest),
    /// A finished answer: errors, pings, redirects.
    Plain(Plain),
    /// The answer to an updater's poll, and what is noted of it.
    Update(Box<Update>),
}

/// The answer to an updater's poll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// In the words of the client.
    pub answer: Plain,
    /// What it was told.
    pub told: Told,
}

impl Update {
    /// A refusal in words; see [`Plain::refused`].
    pub fn refused(denial: &Denial) -> Self {
        Self { answer: Plain::refused(denial), told: Told::refused(denial) }
    }
}

/// A document rendered from a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Media type with parameters, as in `Content-Type`.
    pub media_type: &'static str,
    /// The body.
    pub body: Bytes,
    /// How clients may keep it.
    pub caching: Caching,
    /// How it goes over the wire.
    pub transfer: Transfer,
    /// The `Vary` value (`Accept, Authorization, Accept-Encoding` unless the engine says otherwise).
    pub vary: &'static str,
}

/// How a document goes over the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Transfer {
    /// Compressed where the client takes that, under a tag of our choice.
    #[default]
    Negotiated,
    /// As it is: it is compressed already.
    Packed,
    /// As it is, whole or from an offset on. Its tag is the MD5 of the whole, in hex: Bundler compares that with
    /// its own copy and asks for what was appended to it.
    Appended,
}

/// How a client may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caching {
    /// `private, no-cache`: keep, but ask each time (304 is cheap).
    Revalidate,
    /// `private, max-age=N`.
    Private(u32),
    /// `private, max-age=31536000, immutable`: bytes that never change under this URL.
    Immutable,
    /// `no-store`.
    NoStore,
}

/// Serve an artifact of the package in the view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileReply {
    /// Position of the release in the snapshot.
    pub release: usize,
    /// Position of the artifact in the release.
    pub artifact: usize,
    /// Media type for `Content-Type`; the artifact's own when `None`.
    pub media_type: Option<&'static str>,
    /// Whether to send `Content-Disposition: attachment` with the file's name.
    pub attachment: bool,
}

/// An answer that needs nothing more than to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plain {
    /// The status.
    pub status: StatusCode,
    /// Headers beside the ones that every answer carries.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The body; empty for none.
    pub body: Bytes,
    /// A reason phrase for HTTP/1.1, for clients that show nothing else (printable ASCII only).
    pub reason: Option<String>,
}

impl Plain {
    /// An empty answer with a status.
    pub fn status(status: StatusCode) -> Self {
        Self { status, headers: Vec::new(), body: Bytes::new(), reason: None }
    }
    /// A text for a person whose client prints the body, or the reason phrase and nothing else: it is both.
    pub fn said(status: StatusCode, text: &str) -> Self {
        Self::status(status)
            .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
            .body("text/plain; charset=utf-8", format!("{text}\n"))
            .reason(text)
    }
    /// A refusal in words, for updaters, of which few show more than that something failed: a developer finds the
    /// reason in the body, in the reason phrase, and in `X-Update-Decision`.
    pub fn refused(denial: &Denial) -> Self {
        let (name, value) = Told::refused(denial).header();
        Self::said(denial.reason.updater_status(), &denial.message).for_denial(denial).with(name, value)
    }
    /// What is not here, in words.
    pub fn not_found(what: &str, name: &str) -> Self {
        Self::said(StatusCode::NOT_FOUND, &format!("there is no {what} {name:?} here, or none for you"))
    }
    /// A request outside an updater's grammar, in words; `usage` says what there is.
    pub fn bad_path(bad: &BadPath, usage: &str) -> Self {
        match bad {
            BadPath::Unknown => Self::said(StatusCode::NOT_FOUND, usage),
            BadPath::Method => Self::said(StatusCode::METHOD_NOT_ALLOWED, "updates are read here only")
                .with(ALLOW, HeaderValue::from_static("GET, HEAD")),
            BadPath::Malformed(detail) => Self::said(StatusCode::BAD_REQUEST, detail),
        }
    }
    /// Adds what the client of a refusal needs beside its text: when to try again, and with 401 a challenge,
    /// unless the engine gave one of its own.
    #[must_use]
    pub fn for_denial(mut self, denial: &Denial) -> Self {
        let challenged = self.headers.iter().any(|(name, _)| *name == WWW_AUTHENTICATE);
        if self.status == StatusCode::UNAUTHORIZED && !challenged {
            // Basic, since browsers ask for a key then, and wget sends none before it is asked.
            self = self.with(WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"keygen\""));
        }
        match denial.reason.retry_after() {
            Some(seconds) => self.with(RETRY_AFTER, HeaderValue::from(seconds)),
            None => self,
        }
    }
    /// Adds a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }
    /// Sets body and media type.
    #[must_use]
    pub fn body(mut self, media_type: &'static str, body: impl Into<Bytes>) -> Self {
        self.headers.push((http::header::CONTENT_TYPE, HeaderValue::from_static(media_type)));
        self.body = body.into();
        self
    }
    /// Sets the reason phrase: anything that is not printable ASCII becomes `?`, and 200 bytes are enough.
    #[must_use]
    pub fn reason(mut self, text: &str) -> Self {
        let phrase = text.chars().take(200).map(|c| if (' '..='~').contains(&c) { c } else { '?' });
        self.reason = Some(phrase.collect());
        self
    }
}

impl From<Plain> for Reply {
    fn from(plain: Plain) -> Self {
        Self::Plain(plain)
    }
}

impl From<Update> for Reply {
    fn from(update: Update) -> Self {
        Self::Update(Box::new(update))
    }
}
