//! Request bodies: read whole within limits, or thrown away so that the client lives to read the answer.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use tokio::time::timeout;

/// The most bytes that are read only to be thrown away.
const DISCARD: u64 = 64 << 20;
/// How long that may take.
const DISCARD_TIME: Duration = Duration::from_secs(10);

/// Why a body was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum BodyError {
    /// It has more bytes than allowed.
    #[error("the body is larger than allowed")]
    TooLarge,
    /// It ended before it was complete, or was not well formed.
    #[error("the body is incomplete")]
    Cut,
    /// It took too long.
    #[error("the body took too long to arrive")]
    Slow,
}

/// Reads a whole body of at most `limit` bytes. What is longer is read to its end and dropped, within reason: a
/// client that is still sending would not see the answer otherwise.
pub(crate) async fn read_whole(
    body: Incoming,
    headers: &HeaderMap,
    limit: usize,
    time: Duration,
) -> Result<Bytes, BodyError> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let announced = announced(headers);
    if announced.is_some_and(|announced| announced > limit as u64) {
        discard(body, headers).await;
        return Err(BodyError::TooLarge);
    }
    timeout(time, collect(body, headers, limit)).await.unwrap_or(Err(BodyError::Slow))
}

async fn collect(mut body: Incoming, headers: &HeaderMap, limit: usize) -> Result<Bytes, BodyError> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame.map_err(|_| BodyError::Cut)?.into_data() else { continue };
        if first.len() + all.len() + data.len() > limit {
            discard(body, headers).await;
            return Err(BodyError::TooLarge);
        }
        if first.is_empty() && all.is_empty() {
            first = data;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&data);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// The announced length of a body.
pub(crate) fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads a body without keeping it, unless the client waits to be asked for it.
pub(crate) async fn discard(mut body: Incoming, headers: &HeaderMap) {
    if headers.contains_key(EXPECT) || announced(headers).is_some_and(|announced| announced > DISCARD) {
        return;
    }
    let drain = async {
        let mut dropped = 0;
        while let Some(Ok(frame)) = body.frame().await {
            dropped += frame.data_ref().map_or(0, |data| data.len() as u64);
            if dropped > DISCARD {
                break;
            }
        }
    };
    // Whether it came to its end or not, the answer follows.
    let _ = timeout(DISCARD_TIME, drain).await;
}

/// Reads a body to its end without keeping it while the request is answered: a client that is still sending sees
/// the answer, and its connection lives on.
pub(crate) fn drop_beside(mut body: Incoming) {
    tokio::spawn(async move { while let Some(Ok(_)) = body.frame().await {} });
}
