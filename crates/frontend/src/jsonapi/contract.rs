//! What the JSON:API is to the front end: requests in, whole answers out.

use std::net::IpAddr;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use keyway_base::{AccountId, RequestId};
use keyway_blob::BlobKey;
use keyway_crypto::digest::Sha256;
use keyway_domain::request::{Answered, Asked};
use keyway_jsonapi::ApiError;

/// A future that can be named.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The JSON:API as the front end knows it.
pub trait JsonApi: Send + Sync + 'static {
    /// Answers a request. Never fails: failures are answers. It is done to the end, so that a client that hangs up cuts
    /// nothing short.
    fn handle(&self, call: ApiCall) -> Boxed<'_, ApiAnswer>;
    /// Whether what is sent as the body of a request is not looked at, and may be of any length.
    fn ignores_body(&self, method: &Method, path: &str) -> bool;
    /// The answer to a request that is refused before its operation is looked at: the error, with the headers of
    /// every other answer. The call has no body.
    fn refuse(&self, call: ApiCall, error: ApiError) -> Boxed<'_, ApiAnswer>;
    /// Writes a request down that was answered, without anybody's waiting for it; `false` when it is lost.
    fn log(&self, request: Answered) -> bool;
}

/// A request to the JSON:API.
#[derive(Debug)]
pub struct ApiCall {
    /// The method.
    pub method: Method,
    /// The raw path, beginning with `/v1` unless it is a short link.
    pub path: String,
    /// The short link that the path is, if it is one.
    pub short_link: Option<ShortLink>,
    /// The raw query; empty without one.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// Whose request it is.
    pub peer: IpAddr,
    /// The account whose own host the request named, if the host is one.
    pub host_account: Option<AccountId>,
    /// Names the request in answers and logs.
    pub request_id: RequestId,
}

/// A path on a host of short links.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortLink {
    /// The account segment, as received, where there can be many.
    pub account: Option<String>,
    /// What follows the account, as received.
    pub below: String,
}

/// An answer of the JSON:API.
#[derive(Debug)]
pub struct ApiAnswer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: ApiAnswerBody,
    /// What the log is to be told of the request, if it is to be logged.
    pub asked: Option<Asked>,
}

/// The body of an answer.
#[derive(Debug)]
pub enum ApiAnswerBody {
    /// Bytes; none for an answer without a body.
    Bytes(Bytes),
    /// An artifact's bytes, with ranges.
    File {
        /// The blob that holds them.
        blob: BlobKey,
        /// Their digest.
        digest: Option<Sha256>,
        /// The name to save them under.
        filename: String,
        /// Their media type.
        content_type: String,
        /// Their size in bytes.
        size: u64,
    },
}
