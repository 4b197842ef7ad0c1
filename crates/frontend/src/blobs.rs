//! Signed URLs of the embedded store (DESIGN §8): downloads with ranges, uploads streamed to staging.

use std::sync::Arc;

use http::header::{ALLOW, HeaderValue};
use http::{Method, Response, StatusCode};
use hyper::body::Incoming;
use keyway_base::{AccountId, BlobName, LicenseId};
use keyway_blob::{BlobError, BlobKey, InParts, Staged};
use keyway_crypto::digest::Sha256;
use keyway_crypto::signed_url::{self, Grant, GrantError};
use keyway_domain::event::{Download, Origin, Upgrade};
use keyway_engine::{Denial, Outcome};

use crate::Push;
use crate::answer::{NO_STORE, text};
use crate::arriving;
use crate::body::Body;
use crate::exchange::Exchange;
use crate::file::{FileAnswer, FileFacts, FileTag};
use crate::front::Front;
use crate::jsonapi::Boxed;
use crate::range::Backwards;

/// What stands behind signed URLs and pushes: whether they are still good, and what becomes of uploads.
pub trait Uploads: Send + Sync + 'static {
    /// Whether the one a URL was given to may still use it, and whether what it is for is still wanted. Asked
    /// before any byte is read or sent.
    fn admit<'a>(&'a self, grant: &'a Grant) -> Boxed<'a, Result<(), Refusal>>;
    /// The upload that a URL is for a part of; otherwise as [`Uploads::admit`].
    fn part<'a>(&'a self, grant: &'a Grant) -> Boxed<'a, Result<InParts, Refusal>>;
    /// Takes a complete upload. It runs in a task of its own. When two uploads of one artifact arrive, the
    /// second is refused with [`StatusCode::CONFLICT`].
    fn uploaded(&self, grant: Grant, staged: Staged) -> Boxed<'_, Result<(), Refusal>>;
    /// An engine is about to serve the first file to a licence whose time starts with it
    /// (`distribution.md` §8, FROM_FIRST_DOWNLOAD).
    fn downloaded(&self, account: AccountId, license: LicenseId) -> Boxed<'_, Result<(), Refusal>>;
    /// A publisher asks for something with the tools of an ecosystem. It runs in a task of its own.
    fn push(&self, push: Push) -> Boxed<'_, Result<Outcome, Denial>>;
    /// An engine serves a file. Nothing waits for this.
    fn served(&self, served: Served);
    /// An updater is led to a release. Nothing waits for this.
    fn upgraded(&self, upgrade: Upgrade, origin: Origin);
}

/// A file that an engine serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Served {
    /// Which file.
    pub download: Download,
    /// The engine's key.
    pub engine: &'static str,
    /// To whom, in which request.
    pub origin: Origin,
}

/// Why a signed URL is not honoured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// The status.
    pub status: StatusCode,
    /// What happened, in a sentence without a full stop.
    pub text: String,
}

impl Refusal {
    /// A refusal with a status and a reason.
    pub fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }
}

/// Answers a request.
pub(crate) async fn answer(
    front: &Arc<Front>,
    exchange: &Exchange,
    token: &str,
    body: Incoming,
) -> Response<Body> {
    let answered = match *exchange.method() {
        Method::GET | Method::HEAD => download(front, exchange, token).await,
        Method::PUT => arriving::put(front, exchange, token, body).await,
        _ => {
            let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "a signed URL is for GET, HEAD or PUT");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, PUT"));
            return response;
        }
    };
    answered.unwrap_or_else(|refusal| {
        if refusal.status.is_server_error() {
            tracing::error!(request = %exchange.id, reason = %refusal, "a signed URL could not be honoured");
        }
        text(refusal.status, refusal.text)
    })
}

/// The grant in a token, for this method.
pub(crate) fn read(front: &Front, token: &str, method: signed_url::Method) -> Result<Grant, Refusal> {
    let grant = front.urls.read(token, front.clock.wall()).map_err(|error| match error {
        GrantError::Expired => Refusal::new(StatusCode::FORBIDDEN, "this URL has expired: ask for a new one"),
        _ => Refusal::new(StatusCode::FORBIDDEN, "this URL is not valid"),
    })?;
    if grant.method == method {
        return Ok(grant);
    }
    Err(Refusal::new(StatusCode::FORBIDDEN, "this URL was signed for another method"))
}

async fn download(front: &Front, exchange: &Exchange, token: &str) -> Result<Response<Body>, Refusal> {
    let grant = read(front, token, signed_url::Method::Get)?;
    front.uploads.admit(&grant).await?;
    let key: BlobKey = grant.blob.parse().map_err(|_| gone())?;
    let blob = front.blobs.read(&key).await.map_err(|error| match error {
        BlobError::Absent(_) => gone(),
        error => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.to_string()),
    })?;
    let media_type = grant.content_type.as_deref().unwrap_or("application/octet-stream");
    let facts = FileFacts {
        tag: FileTag::Blob(key.name()),
        backwards: Backwards::Ignored,
        digest: match key.name() {
            BlobName::Digest(digest) => Some(Sha256::new(digest)),
            BlobName::Random(_) => None,
        },
        size: blob.len(),
        media_type,
        save_as: grant.filename.as_deref(),
        caching: NO_STORE,
    };
    let answer = FileAnswer::of(exchange.method(), exchange.headers(), &facts);
    Ok(if answer.needs_bytes() {
        answer.with_bytes(&blob, media_type, exchange.id)
    } else {
        answer.without_bytes()
    })
}

fn gone() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "the file is not here any more")
}
