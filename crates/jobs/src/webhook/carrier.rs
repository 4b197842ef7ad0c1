//! What carries a webhook to its endpoint and brings the answer back.

use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Uri};

use super::trouble::Trouble;

/// An answer, when there is one.
pub type Carried<'a> = Pin<Box<dyn Future<Output = Result<Answer, Trouble>> + Send + 'a>>;

/// Carries requests to endpoints. How long that may take is the caller's business.
pub trait Carrier: Send + Sync + 'static {
    /// Sends a request and waits for the answer.
    fn carry(&self, outgoing: Outgoing) -> Carried<'_>;
}

/// What is sent: a `POST`.
#[derive(Debug)]
pub struct Outgoing {
    /// Where to.
    pub url: Uri,
    /// All headers but the host.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The event.
    pub body: Bytes,
}

/// What an endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `None` when it was too long.
    pub body: Option<String>,
}
