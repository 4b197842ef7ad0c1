//! Response bodies: bytes at hand, a blob, or several parts of one.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use keyway_blob::{BlobError, BlobStream};

/// The body of a response; its length is always known.
#[derive(Debug)]
pub struct Body(Content);

#[derive(Debug)]
enum Content {
    Bytes(Bytes),
    Blob(BlobStream),
    Parts { parts: VecDeque<Part>, remaining: u64 },
}

/// A piece of a multipart body.
#[derive(Debug)]
pub(crate) enum Part {
    /// A separator with the part's headers.
    Text(Bytes),
    /// The part's bytes.
    Blob(BlobStream),
}

impl Body {
    /// No bytes.
    pub const fn empty() -> Self {
        Self(Content::Bytes(Bytes::new()))
    }
    /// A blob, or a range of one.
    pub const fn blob(stream: BlobStream) -> Self {
        Self(Content::Blob(stream))
    }
    /// Pieces, one after the other.
    pub(crate) fn parts(parts: VecDeque<Part>) -> Self {
        let remaining = parts.iter().map(Part::len).sum();
        Self(Content::Parts { parts, remaining })
    }
    /// How many bytes are still to be sent.
    pub fn remaining(&self) -> u64 {
        match &self.0 {
            Content::Bytes(bytes) => bytes.len() as u64,
            Content::Blob(stream) => stream.remaining(),
            Content::Parts { remaining, .. } => *remaining,
        }
    }
    /// The bytes, where they are all at hand.
    pub(crate) const fn bytes(&self) -> Option<&Bytes> {
        if let Content::Bytes(bytes) = &self.0 { Some(bytes) } else { None }
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self(Content::Bytes(bytes.into()))
    }
}

impl Part {
    fn len(&self) -> u64 {
        match self {
            Self::Text(text) => text.len() as u64,
            Self::Blob(stream) => stream.remaining(),
        }
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = BlobError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BlobError>>> {
        let block = match &mut self.get_mut().0 {
            Content::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Content::Bytes(bytes) => Poll::Ready(Some(Ok(std::mem::take(bytes)))),
            Content::Blob(stream) => stream.poll_next(context),
            Content::Parts { parts, remaining } => poll_parts(parts, remaining, context),
        };
        block.map_ok(Frame::data)
    }

    fn is_end_stream(&self) -> bool {
        self.remaining() == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining())
    }
}

fn poll_parts(
    parts: &mut VecDeque<Part>,
    remaining: &mut u64,
    context: &mut Context<'_>,
) -> Poll<Option<Result<Bytes, BlobError>>> {
    while let Some(part) = parts.front_mut() {
        let block = match part {
            Part::Text(text) => Poll::Ready((!text.is_empty()).then(|| Ok(std::mem::take(text)))),
            Part::Blob(stream) => stream.poll_next(context),
        };
        match block {
            Poll::Ready(None) => drop(parts.pop_front()),
            Poll::Ready(Some(Ok(bytes))) => {
                *remaining = remaining.saturating_sub(bytes.len() as u64);
                return Poll::Ready(Some(Ok(bytes)));
            }
            other => return other,
        }
    }
    Poll::Ready(None)
}
