//! A part that passes through us to the bucket, as a stream: it is never whole in memory, so it cannot be sent
//! again by us; the client does.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::bucket::Bucket;
use super::parts::lost;
use super::trouble::failed;
use crate::error::Trouble;
use crate::{BlobError, InParts};

const DOING: &str = "sending a part of an upload";
/// How long the store may take nothing while we have something for it.
const STALL: Duration = Duration::from_secs(60);
/// How many pieces wait to be sent.
const WAITING: usize = 4;

/// A part on its way. Dropping it before its end makes the store see it cut short.
#[derive(Debug)]
pub(crate) struct ObjectPart {
    pieces: mpsc::Sender<Bytes>,
    sending: JoinHandle<Result<String, BlobError>>,
}

/// What is sent, as it comes.
struct Pieces {
    pieces: mpsc::Receiver<Bytes>,
    remaining: u64,
}

/// The one who sent the part went away.
#[derive(Debug, thiserror::Error)]
#[error("the part was cut short")]
struct Cut;

impl ObjectPart {
    pub(crate) fn start(bucket: Arc<Bucket>, upload: &InParts, number: u32, expected: u64) -> Self {
        let (pieces, receiver) = mpsc::channel(WAITING);
        let body = Pieces { pieces: receiver, remaining: expected };
        let call = bucket.client.upload_part().bucket(&bucket.name).key(bucket.object_key(&upload.key));
        let call = call.upload_id(&upload.id).part_number(i32::try_from(number).unwrap_or(i32::MAX));
        let call = call.content_length(i64::try_from(expected).unwrap_or(i64::MAX));
        let call = call.body(ByteStream::new(SdkBody::from_body_1_x(body)));
        // A part may take as long as its sender does; the front end watches for those who stand still.
        let patient = aws_sdk_s3::config::timeout::TimeoutConfig::builder()
            .disable_operation_attempt_timeout()
            .disable_read_timeout()
            .build();
        let key = upload.key;
        let sending = tokio::spawn(async move {
            let patient = aws_sdk_s3::config::Builder::new().timeout_config(patient);
            let sent = call.customize().config_override(patient).send().await;
            let sent = sent.map_err(failed(DOING)).map_err(lost(key))?;
            let tag = sent.e_tag.ok_or(BlobError::remote(DOING, Trouble::Failed))?;
            Ok(tag.trim_matches('"').to_owned())
        });
        Self { pieces, sending }
    }

    /// Takes the next bytes. Waits when the store is slower than the client.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        match timeout(STALL, self.pieces.send(bytes)).await {
            Ok(Ok(())) => return Ok(()),
            // The store has ended it: say why.
            Ok(Err(_)) => {}
            Err(_) => return Err(BlobError::remote(DOING, Trouble::Unreachable)),
        }
        match (&mut self.sending).await {
            Ok(Err(error)) => Err(error),
            Ok(Ok(_)) => Err(BlobError::remote(DOING, Trouble::Failed)),
            Err(_) => Err(BlobError::Stopping),
        }
    }

    /// The tag of the part, once the store has it.
    pub(crate) async fn finish(self) -> Result<String, BlobError> {
        drop(self.pieces);
        let sent = timeout(STALL, self.sending).await;
        sent.map_err(|_| BlobError::remote(DOING, Trouble::Unreachable))?.map_err(|_| BlobError::Stopping)?
    }
}

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        let this = self.get_mut();
        if this.remaining == 0 {
            return Poll::Ready(None);
        }
        this.pieces.poll_recv(context).map(|piece| match piece {
            Some(piece) => {
                this.remaining = this.remaining.saturating_sub(piece.len() as u64);
                Some(Ok(Frame::data(piece)))
            }
            None => Some(Err(Cut)),
        })
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
