//! Signed URLs of the embedded store (DESIGN §8): downloads with ranges, uploads streamed to staging.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use http::header::{ALLOW, CONTENT_TYPE, ETAG, HeaderValue};
use http::{Method, Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use keyway_base::{AccountId, BlobName, LicenseId};
use keyway_blob::{BlobError, BlobKey, Staged};
use keyway_crypto::digest::Sha256;
use keyway_crypto::signed_url::{self, Grant, GrantError};
use keyway_domain::event::{Download, Origin};
use keyway_engine::{Denial, Outcome};
use tokio::time::timeout;

use crate::Push;
use crate::answer::{NO_STORE, text};
use crate::body::Body;
use crate::exchange::Exchange;
use crate::file::{FileAnswer, FileFacts};
use crate::front::Front;
use crate::incoming::{announced, discard};
use crate::jsonapi::Boxed;

/// What stands behind signed URLs and pushes: whether they are still good, and what becomes of uploads.
pub trait Uploads: Send + Sync + 'static {
    /// Whether the one a URL was given to may still use it, and whether what it is for is still wanted. Asked
    /// before any byte is read or sent.
    fn admit<'a>(&'a self, grant: &'a Grant) -> Boxed<'a, Result<(), Refusal>>;
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

/// The uploads under way, so that two of one artifact do not both end well.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<HashSet<String>>);

/// One upload under way; it is over when this is dropped.
struct Claim {
    front: Arc<Front>,
    what: String,
}

impl Claim {
    fn of(front: &Arc<Front>, what: String) -> Option<Self> {
        let mut under_way = front.under_way.0.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.insert(what.clone()).then(|| Self { front: Arc::clone(front), what })
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.front.under_way.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.what);
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
        Method::PUT => upload(front, exchange, token, body).await,
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
fn read(front: &Front, token: &str, method: signed_url::Method) -> Result<Grant, Refusal> {
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
        tag: key.name(),
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

async fn upload(
    front: &Arc<Front>,
    exchange: &Exchange,
    token: &str,
    body: Incoming,
) -> Result<Response<Body>, Refusal> {
    match begin(front, token).await {
        Ok((grant, claim)) => finish(front, exchange, grant, claim, body).await,
        Err(refusal) => {
            discard(body, exchange.headers()).await;
            Err(refusal)
        }
    }
}

async fn begin(front: &Arc<Front>, token: &str) -> Result<(Grant, Claim), Refusal> {
    let grant = read(front, token, signed_url::Method::Put)?;
    front.uploads.admit(&grant).await?;
    let what = grant.artifact.map_or_else(|| grant.blob.clone(), |artifact| artifact.to_string());
    let claim = Claim::of(front, what).ok_or_else(|| {
        Refusal::new(
            StatusCode::CONFLICT,
            "another upload of this artifact is under way: try again when it has ended",
        )
    })?;
    Ok((grant, claim))
}

async fn finish(
    front: &Arc<Front>,
    exchange: &Exchange,
    grant: Grant,
    claim: Claim,
    body: Incoming,
) -> Result<Response<Body>, Refusal> {
    let limit = grant.length_cap.unwrap_or(u64::MAX).min(front.settings.limits.upload_bytes);
    let staged = stage(front, exchange, grant.account, limit, body).await?;
    let tag = format!("\"{}\"", staged.digests().md5);
    let uploads = Arc::clone(&front.uploads);
    // A task of its own: the client may hang up now, the upload is complete.
    let taken = tokio::spawn(async move {
        let taken = uploads.uploaded(grant, staged).await;
        drop(claim);
        taken
    });
    taken.await.map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))??;
    let mut response = crate::answer::empty(StatusCode::OK);
    // What object stores answer: some clients compare it.
    if let Ok(tag) = HeaderValue::try_from(tag) {
        response.headers_mut().insert(ETAG, tag);
    }
    response.headers_mut().remove(CONTENT_TYPE);
    Ok(response)
}

/// Streams a body to staging. Whatever goes wrong, nothing is left.
async fn stage(
    front: &Front,
    exchange: &Exchange,
    account: AccountId,
    limit: u64,
    mut body: Incoming,
) -> Result<Staged, Refusal> {
    let mut staging = match front.blobs.stage(account, limit, announced(exchange.headers())).await {
        Ok(staging) => staging,
        Err(error) => {
            discard(body, exchange.headers()).await;
            return Err(refusal_of(error));
        }
    };
    let still = front.settings.limits.idle_time;
    while let Some(frame) = timeout(still, body.frame()).await.map_err(|_| stood_still())? {
        let frame = frame.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the upload was cut short"))?;
        let Ok(data) = frame.into_data() else { continue };
        if let Err(error) = staging.write(data).await {
            discard(body, exchange.headers()).await;
            return Err(refusal_of(error));
        }
    }
    staging.finish().await.map_err(refusal_of)
}

fn stood_still() -> Refusal {
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "the upload stood still for too long")
}

fn refusal_of(error: BlobError) -> Refusal {
    let status = match &error {
        BlobError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        BlobError::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    Refusal::new(status, error.to_string())
}
