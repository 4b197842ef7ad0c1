//! An object opened for reading, and ranges of it as streams with back-pressure: nothing is fetched before it is
//! asked for, and a stream that breaks goes on where it broke.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_s3::primitives::SdkBody;
use bytes::Bytes;
use http_body::Body as _;
use tokio::time::{Sleep, sleep};

use super::bucket::Bucket;
use crate::error::Trouble;
use crate::{BlobError, BlobKey};

/// How long the store may send nothing while we wait for it.
const STALL: Duration = Duration::from_secs(30);
/// How often a broken stream is taken up again where it gets no further.
const RESUMES: u32 = 3;
/// How many bytes are further.
const FURTHER: u64 = 1 << 20;

/// A blob's open object.
#[derive(Clone)]
pub struct OpenObject {
    bucket: Arc<Bucket>,
    key: BlobKey,
    len: u64,
    /// Its first bytes, which came with opening it.
    head: Bytes,
}

/// A range of an object as blocks.
pub(crate) struct ObjectStream {
    object: OpenObject,
    at: u64,
    end: u64,
    state: State,
    resumes: u32,
    /// Where it was taken up last.
    resumed_at: u64,
    stall: Option<Pin<Box<Sleep>>>,
}

type Asking = Pin<Box<dyn Future<Output = Result<SdkBody, BlobError>> + Send>>;

enum State {
    Idle,
    Asking(Asking),
    Reading(Pin<Box<SdkBody>>),
}

impl OpenObject {
    pub(crate) const fn new(bucket: Arc<Bucket>, key: BlobKey, len: u64, head: Bytes) -> Self {
        Self { bucket, key, len, head }
    }
    pub(crate) const fn len(&self) -> u64 {
        self.len
    }
    pub(crate) fn read_range(&self, at: u64, end: u64) -> ObjectStream {
        ObjectStream {
            object: self.clone(),
            at,
            end,
            state: State::Idle,
            resumes: 0,
            resumed_at: at,
            stall: None,
        }
    }
    /// What of a range is at hand.
    fn at_hand(&self, at: u64, end: u64) -> Option<Bytes> {
        let from = usize::try_from(at).ok().filter(|from| *from < self.head.len())?;
        let to = usize::try_from(end).unwrap_or(usize::MAX).min(self.head.len());
        (from < to).then(|| self.head.slice(from..to))
    }
    /// Bytes of a range, whole; for readers that block.
    pub(crate) async fn fetch(&self, at: u64, end: u64) -> Result<Bytes, BlobError> {
        match self.at_hand(at, end) {
            Some(bytes) => Ok(bytes),
            None => again(|| self.fetch_once(at, end)).await,
        }
    }
    async fn fetch_once(&self, at: u64, end: u64) -> Result<Bytes, BlobError> {
        let body = self.bucket.range(&self.key, at, end).await?;
        let bytes = body.collect().await;
        let bytes =
            bytes.map_err(|_| BlobError::remote("reading a blob", Trouble::Unreachable))?.into_bytes();
        if bytes.len() as u64 == end - at { Ok(bytes) } else { Err(self.short(at + bytes.len() as u64)) }
    }
    const fn short(&self, at: u64) -> BlobError {
        BlobError::Short { key: self.key, at }
    }
}

/// Reads again what broke off, as often as a stream is taken up; an answer that is an error was tried again by the
/// client already.
pub(crate) async fn again<T, F>(mut read: impl FnMut() -> F) -> Result<T, BlobError>
where
    F: Future<Output = Result<T, BlobError>>,
{
    for _ in 0..RESUMES {
        match read().await {
            Err(BlobError::Short { .. } | BlobError::Remote { source: None, .. }) => {}
            read => return read,
        }
    }
    read().await
}

impl ObjectStream {
    pub(crate) const fn remaining(&self) -> u64 {
        self.end - self.at
    }

    pub(crate) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BlobError>>> {
        loop {
            if self.at >= self.end {
                return Poll::Ready(None);
            }
            let step = match &mut self.state {
                State::Idle => match self.object.at_hand(self.at, self.end) {
                    Some(bytes) => Poll::Ready(Ok(Some(bytes))),
                    None => {
                        self.state = State::Asking(self.ask());
                        continue;
                    }
                },
                State::Asking(asking) => match asking.as_mut().poll(context) {
                    Poll::Ready(Ok(body)) => {
                        self.state = State::Reading(Box::pin(body));
                        continue;
                    }
                    // The client has tried again already.
                    Poll::Ready(Err(error)) => return self.end_with(error),
                    Poll::Pending => return Poll::Pending,
                },
                State::Reading(body) => match body.as_mut().poll_frame(context) {
                    Poll::Ready(Some(Ok(frame))) => Poll::Ready(Ok(frame.into_data().ok())),
                    Poll::Ready(Some(Err(_)) | None) => Poll::Ready(Err(())),
                    Poll::Pending => Poll::Pending,
                },
            };
            match step {
                Poll::Ready(Ok(bytes)) => match self.take(bytes) {
                    Some(bytes) => return Poll::Ready(Some(Ok(bytes))),
                    None => continue,
                },
                Poll::Ready(Err(())) => {}
                Poll::Pending => {
                    let stall = self.stall.get_or_insert_with(|| Box::pin(sleep(STALL)));
                    if stall.as_mut().poll(context).is_pending() {
                        return Poll::Pending;
                    }
                }
            }
            self.count_break();
            if self.resumes > RESUMES {
                let at = self.at;
                let error = self.object.short(at);
                return self.end_with(error);
            }
            self.state = State::Idle;
        }
    }

    fn count_break(&mut self) {
        if self.at - self.resumed_at >= FURTHER {
            self.resumes = 0;
        }
        self.resumes += 1;
        self.resumed_at = self.at;
        self.stall = None;
    }

    /// Counts bytes that came, cut to what was asked for.
    fn take(&mut self, bytes: Option<Bytes>) -> Option<Bytes> {
        self.stall = None;
        let mut bytes = bytes.filter(|bytes| !bytes.is_empty())?;
        bytes.truncate(usize::try_from(self.remaining()).unwrap_or(usize::MAX));
        self.at += bytes.len() as u64;
        Some(bytes)
    }

    fn ask(&self) -> Asking {
        let (object, at, end) = (self.object.clone(), self.at, self.end);
        Box::pin(async move { object.bucket.range(&object.key, at, end).await.map(|body| body.into_inner()) })
    }

    /// Nothing more comes after an error.
    fn end_with(&mut self, error: BlobError) -> Poll<Option<Result<Bytes, BlobError>>> {
        self.at = self.end;
        self.state = State::Idle;
        Poll::Ready(Some(Err(error)))
    }
}

impl std::fmt::Debug for OpenObject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OpenObject({} of {} bytes)", self.key, self.len)
    }
}

impl std::fmt::Debug for ObjectStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ObjectStream({} from {} to {})", self.object.key, self.at, self.end)
    }
}
