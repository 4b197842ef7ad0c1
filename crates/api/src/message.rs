//! What the front end hands in and what it gets back.

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use keyway_base::{AccountId, ArtifactId, RequestId};
use keyway_domain::request::Asked;

/// A request to the JSON:API.
#[derive(Debug, Clone)]
pub struct ApiRequest {
    /// The method.
    pub method: Method,
    /// The raw path, still percent-encoded, starting with `/v1`; of a short link it is not looked at.
    pub path: String,
    /// The short link that is asked for, if it is one.
    pub short_link: Option<ShortLink>,
    /// The raw query string without its `?`; empty when there is none.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body. The front end holds it to [`BODY_LIMIT`].
    pub body: Bytes,
    /// Where the request came from.
    pub peer: IpAddr,
    /// The account whose own host the request named, if the host is one.
    pub host_account: Option<AccountId>,
    /// Names the request in answers and logs.
    pub request_id: RequestId,
}

/// A path on a host of short links (`distribution.md` §10).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShortLink {
    /// The account segment, still percent-encoded, where there can be many.
    pub account: Option<String>,
    /// What follows the account, still percent-encoded.
    pub below: String,
}

/// The longest body of a JSON:API request, in bytes. The front end answers 413 beyond it.
pub const BODY_LIMIT: usize = 1 << 20;

/// An answer of the JSON:API.
#[derive(Debug)]
pub struct ApiResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers, but for those that every answer of the server has (`Date`, signatures, rate limits).
    pub headers: HeaderMap,
    /// The body.
    pub body: ApiBody,
    /// What the log is to be told of the request, if it is to be logged.
    pub asked: Option<Asked>,
}

/// The body of an answer.
#[derive(Debug)]
pub enum ApiBody {
    /// These bytes; none for HEAD and 204.
    Bytes(Bytes),
    /// The bytes of an artifact, with ranges: the front end answers 206, 304 or 416 as the request's
    /// `Range` and conditions say.
    File(ApiFile),
}

/// An artifact to be served from the blob store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiFile {
    /// The artifact.
    pub artifact: ArtifactId,
    /// The blob that holds its bytes.
    pub blob: String,
    /// Its name, for `Content-Disposition`.
    pub filename: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
    /// The hex SHA-256 of its bytes: the strong `ETag`.
    pub etag: String,
}

impl ApiResponse {
    /// An answer without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: ApiBody::Bytes(Bytes::new()), asked: None }
    }
    /// The body's bytes; none when it is a file.
    pub const fn bytes(&self) -> Option<&Bytes> {
        match &self.body {
            ApiBody::Bytes(bytes) => Some(bytes),
            ApiBody::File(_) => None,
        }
    }
    /// Sets a header whose value is text of ours; a text that no header can hold is left out.
    pub(crate) fn header(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }
}
