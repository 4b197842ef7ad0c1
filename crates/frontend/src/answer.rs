//! Answers that are not an engine's: texts for people and operators, JSON:API errors, engines' plain replies.

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use hyper::ext::ReasonPhrase;
use keyway_base::RequestId;
use keyway_engine::Plain;
use keyway_jsonapi::{ApiError, MediaType};

use crate::body::Body;

/// `Cache-Control` of answers that must not be kept.
pub(crate) const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    response
}

/// A line of text.
pub(crate) fn text(status: StatusCode, text: impl Into<String>) -> Response<Body> {
    let mut response = empty(status);
    let mut text = text.into();
    text.push('\n');
    *response.body_mut() = Body::from(text);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// A JSON:API error, in the media type that the request accepts.
pub(crate) fn api_error(error: &ApiError, accept: Option<&str>, request: RequestId) -> Response<Body> {
    let mut response = empty(error.status);
    let body = error.body(&request.to_string());
    *response.body_mut() = Body::from(body.to_string());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MediaType::negotiate_any(accept).header()));
    if let Some(seconds) = error.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(scheme) = &error.challenge
        && let Ok(value) = HeaderValue::try_from(format!("{scheme} realm=\"keygen\""))
    {
        headers.insert(WWW_AUTHENTICATE, value);
    }
    response
}

/// An engine's finished answer.
pub(crate) fn plain(plain: &Plain) -> Response<Body> {
    let Plain { status, headers, body, reason } = plain;
    let mut response = Response::new(Body::from(body.clone()));
    *response.status_mut() = *status;
    // with those that every answer has
    response.headers_mut().reserve(headers.len() + 2);
    for (name, value) in headers {
        response.headers_mut().append(name, value.clone());
    }
    response.headers_mut().entry(CACHE_CONTROL).or_insert(NO_STORE);
    let reason = reason.as_deref().and_then(|reason| ReasonPhrase::try_from(reason.as_bytes()).ok());
    if let Some(reason) = reason {
        response.extensions_mut().insert(reason);
    }
    response
}

/// Sends a client on to a URL that is only for it, and only for now.
pub(crate) fn see_other(url: &str) -> Option<Response<Body>> {
    let mut response = empty(StatusCode::SEE_OTHER);
    response.headers_mut().insert(LOCATION, HeaderValue::try_from(url).ok()?);
    response.headers_mut().insert(CACHE_CONTROL, NO_STORE);
    Some(response)
}
