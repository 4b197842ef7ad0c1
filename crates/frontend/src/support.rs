//! The way to the test-support endpoint, in servers that are built to be tested. It is asked before anything is
//! known of an account, and nothing that it does is limited or counted.

use std::sync::Arc;
use std::time::Duration;

use http::header::{DATE, HeaderValue};
use http::{Response, StatusCode};
use hyper::body::Incoming;
use keyway_base::Timestamp;

use crate::answer::text;
use crate::body::Body;
use crate::exchange::Exchange;
use crate::front::Front;
use crate::incoming::read_whole;
use crate::{ApiAnswerBody, ApiCall, JsonApi};

/// Where the endpoint is.
const ROOT: &str = "/v1/_test";
/// The longest body: fixtures of a large scenario.
const BODY: usize = 64 << 20;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(30);

/// Whether a request is for the endpoint.
pub(crate) fn is_meant(exchange: &Exchange) -> bool {
    let below = exchange.path().strip_prefix(ROOT);
    below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// Hands the request on. A reset forgets what the front end counts, too.
pub(crate) async fn answer(
    front: &Front,
    support: &Arc<dyn JsonApi>,
    exchange: &Exchange,
    body: Incoming,
) -> Response<Body> {
    let Ok(body) = read_whole(body, exchange.headers(), BODY, BODY_TIME).await else {
        return text(StatusCode::BAD_REQUEST, "the request body is incomplete or too large");
    };
    if exchange.path() == "/v1/_test/reset" {
        front.wrong_credentials.forget();
        front.rates.forget();
    }
    let call = ApiCall {
        method: exchange.method().clone(),
        path: exchange.path().to_owned(),
        query: exchange.query().to_owned(),
        headers: exchange.headers().clone(),
        body,
        peer: exchange.client,
        request_id: exchange.id,
    };
    let answer = support.handle(call).await;
    let body = match answer.body {
        ApiAnswerBody::Bytes(bytes) => Body::from(bytes),
        ApiAnswerBody::File { .. } => Body::empty(),
    };
    let mut response = Response::new(body);
    *response.status_mut() = answer.status;
    *response.headers_mut() = answer.headers;
    response
}

/// Dates an answer by the server's own clock, which may stand still. Hyper knows only the system's.
pub(crate) fn date(now: Timestamp, response: &mut Response<Body>) {
    if let Ok(date) = HeaderValue::from_str(&now.http_date()) {
        response.headers_mut().entry(DATE).or_insert(date);
    }
}
