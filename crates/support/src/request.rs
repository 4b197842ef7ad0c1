//! What comes in and goes out, whatever carries it.

use bytes::Bytes;
use http::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value as Json};

use crate::SupportError;

/// A request to the endpoint.
#[derive(Debug)]
pub struct SupportRequest {
    /// The method.
    pub method: Method,
    /// The raw path, from `/v1/_test` on.
    pub path: String,
    /// The raw query.
    pub query: String,
    /// The `Authorization` header, if there is one.
    pub authorization: Option<String>,
    /// The whole body.
    pub body: Bytes,
}

impl SupportRequest {
    /// The body; none counts as `{}`.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, SupportError> {
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        let malformed =
            |error| SupportError::Malformed(format!("the body is not as the endpoint asks: {error}"));
        // an object first: structs would be read from arrays, too
        let object: Map<String, Json> = serde_json::from_slice(body).map_err(malformed)?;
        serde_json::from_value(Json::Object(object)).map_err(malformed)
    }
    /// A parameter of the query. Types and ids need no decoding.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        let pairs = self.query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(known, value)| *known == name && !value.is_empty()).map(|(_, value)| value).next()
    }
}

/// The answer to it.
#[derive(Debug)]
pub struct SupportAnswer {
    /// The status.
    pub status: StatusCode,
    /// The body; none with 204.
    pub body: Option<Json>,
}

impl SupportAnswer {
    pub(crate) const fn ok(body: Json) -> Self {
        Self { status: StatusCode::OK, body: Some(body) }
    }
    pub(crate) fn failed(error: &SupportError) -> Self {
        let body = serde_json::json!({ "error": error.to_string() });
        Self { status: error.status(), body: Some(body) }
    }
}
