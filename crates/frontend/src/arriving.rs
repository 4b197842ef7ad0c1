//! Bytes that arrive at signed URLs of ours: a whole file, or a part of one. They are streamed to the blob store as
//! fast as it takes them, and never gathered here.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::header::{CONTENT_TYPE, ETAG, HeaderValue};
use http::{Response, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use keyway_base::AccountId;
use keyway_blob::{BlobError, InParts, PartStaging, Staged, Staging};
use keyway_crypto::signed_url::{self, Grant};
use tokio::time::timeout;

use crate::Refusal;
use crate::answer::empty;
use crate::blobs::read;
use crate::body::Body;
use crate::exchange::Exchange;
use crate::front::Front;
use crate::incoming::{announced, discard};

/// The uploads under way, so that two of one artifact do not both end well.
#[derive(Debug, Default)]
pub(crate) struct UnderWay(Mutex<HashSet<String>>);

/// One upload under way; it is over when this is dropped.
struct Claim {
    front: Arc<Front>,
    what: String,
}

/// What is about to arrive.
enum Awaited {
    Whole(Box<Grant>, Claim),
    Part(InParts, PartStaging),
}

/// What takes bytes as they come.
trait Takes: Send {
    fn take(&mut self, bytes: Bytes) -> impl Future<Output = Result<(), BlobError>> + Send;
}

impl Takes for Staging {
    async fn take(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.write(bytes).await
    }
}

impl Takes for PartStaging {
    async fn take(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.write(bytes).await
    }
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

/// Takes what a client puts to a signed URL.
pub(crate) async fn put(
    front: &Arc<Front>,
    exchange: &Exchange,
    token: &str,
    body: Incoming,
) -> Result<Response<Body>, Refusal> {
    match begin(front, exchange, token).await {
        Ok(Awaited::Whole(grant, claim)) => whole(front, exchange, *grant, claim, body).await,
        Ok(Awaited::Part(upload, staging)) => part(front, exchange, &upload, staging, body).await,
        Err(refusal) => {
            discard(body, exchange.headers()).await;
            Err(refusal)
        }
    }
}

async fn begin(front: &Arc<Front>, exchange: &Exchange, token: &str) -> Result<Awaited, Refusal> {
    let grant = read(front, token, signed_url::Method::Put)?;
    if let Some(number) = grant.part {
        let upload = front.uploads.part(&grant).await?;
        check_announced(exchange, &upload, number)?;
        let staging = front.blobs.stage_part(&upload, number).await.map_err(refusal_of)?;
        return Ok(Awaited::Part(upload, staging));
    }
    front.uploads.admit(&grant).await?;
    let what = grant.artifact.map_or_else(|| grant.blob.clone(), |artifact| artifact.to_string());
    let claim = Claim::of(front, what).ok_or_else(|| {
        Refusal::new(
            StatusCode::CONFLICT,
            "another upload of this artifact is under way: try again when it has ended",
        )
    })?;
    Ok(Awaited::Whole(Box::new(grant), claim))
}

/// A part that is announced with a wrong length is refused before one that is there already is given up for it.
fn check_announced(exchange: &Exchange, upload: &InParts, number: u32) -> Result<(), Refusal> {
    match (announced(exchange.headers()), upload.part_len(number)) {
        (Some(got), Some(expected)) if got != expected => {
            Err(refusal_of(BlobError::PartLength { number, expected, got }))
        }
        _ => Ok(()),
    }
}

async fn whole(
    front: &Arc<Front>,
    exchange: &Exchange,
    grant: Grant,
    claim: Claim,
    body: Incoming,
) -> Result<Response<Body>, Refusal> {
    let limit = grant.length_cap.unwrap_or(u64::MAX).min(front.settings.limits.upload_bytes);
    let staged = stage(front, exchange, grant.account, limit, body).await?;
    let tag = staged.digests().md5.to_string();
    let uploads = Arc::clone(&front.uploads);
    // A task of its own: the client may hang up now, the upload is complete.
    let taken = tokio::spawn(async move {
        let taken = uploads.uploaded(grant, staged).await;
        drop(claim);
        taken
    });
    taken.await.map_err(|error| Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, error.to_string()))??;
    Ok(tagged(&tag))
}

/// Streams a body to staging. Whatever goes wrong, nothing is left.
async fn stage(
    front: &Front,
    exchange: &Exchange,
    account: AccountId,
    limit: u64,
    body: Incoming,
) -> Result<Staged, Refusal> {
    let mut staging = match front.blobs.stage(account, limit, announced(exchange.headers())).await {
        Ok(staging) => staging,
        Err(error) => {
            discard(body, exchange.headers()).await;
            return Err(refusal_of(error));
        }
    };
    pump(front, exchange, body, &mut staging).await?;
    staging.finish().await.map_err(refusal_of)
}

/// Takes a part. Its answer says that it is safe.
async fn part(
    front: &Front,
    exchange: &Exchange,
    upload: &InParts,
    mut staging: PartStaging,
    body: Incoming,
) -> Result<Response<Body>, Refusal> {
    pump(front, exchange, body, &mut staging).await?;
    let part = staging.finish().await.map_err(refusal_of)?;
    tracing::debug!(blob = %upload.key, number = part.number, "a part is here");
    Ok(tagged(&part.tag))
}

/// Hands a body on, block by block.
async fn pump(
    front: &Front,
    exchange: &Exchange,
    mut body: Incoming,
    to: &mut impl Takes,
) -> Result<(), Refusal> {
    let still = front.settings.limits.idle_time;
    while let Some(frame) = timeout(still, body.frame()).await.map_err(|_| stood_still())? {
        let frame = frame.map_err(|_| Refusal::new(StatusCode::BAD_REQUEST, "the upload was cut short"))?;
        let Ok(data) = frame.into_data() else { continue };
        if let Err(error) = to.take(data).await {
            discard(body, exchange.headers()).await;
            return Err(refusal_of(error));
        }
    }
    Ok(())
}

/// What object stores answer: clients compare it, and name it when they complete an upload in parts.
fn tagged(tag: &str) -> Response<Body> {
    let mut response = empty(StatusCode::OK);
    if let Ok(tag) = HeaderValue::try_from(format!("\"{tag}\"")) {
        response.headers_mut().insert(ETAG, tag);
    }
    response.headers_mut().remove(CONTENT_TYPE);
    response
}

fn stood_still() -> Refusal {
    Refusal::new(StatusCode::REQUEST_TIMEOUT, "the upload stood still for too long")
}

fn refusal_of(error: BlobError) -> Refusal {
    let status = match &error {
        BlobError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        BlobError::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
        BlobError::PartLength { .. } | BlobError::NoPart { .. } => StatusCode::BAD_REQUEST,
        BlobError::PartBusy(_) => StatusCode::CONFLICT,
        BlobError::NoUpload(_) => {
            return Refusal::new(StatusCode::CONFLICT, "the upload is complete, or was ended");
        }
        _ => StatusCode::SERVICE_UNAVAILABLE,
    };
    Refusal::new(status, error.to_string())
}
