//! The way to the test-support endpoint, in servers that are built to be tested. It is asked before anything is
//! known of an account, and nothing that it does is limited or counted.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE, HeaderValue};
use http::{HeaderMap, Method, Response, StatusCode};
use hyper::body::Incoming;
use keyway_base::Timestamp;

use crate::Boxed;
use crate::answer::text;
use crate::body::Body;
use crate::exchange::Exchange;
use crate::front::Front;
use crate::incoming::read_whole;

/// Where the endpoint is.
const ROOT: &str = "/v1/_test";
/// The longest body: fixtures of a large scenario.
const BODY: usize = 64 << 20;
/// How long a body may take.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The endpoint as the front end knows it.
pub trait TestSupport: Send + Sync + 'static {
    /// Answers a request: a status, and a JSON body, which may be empty.
    fn answer(&self, call: TestCall) -> Boxed<'_, (StatusCode, Bytes)>;
}

/// A request to the endpoint.
#[derive(Debug)]
pub struct TestCall {
    /// The method.
    pub method: Method,
    /// The raw path.
    pub path: String,
    /// The raw query.
    pub query: String,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

/// Whether a request is for the endpoint.
pub(crate) fn is_meant(exchange: &Exchange) -> bool {
    let below = exchange.path().strip_prefix(ROOT);
    below.is_some_and(|below| below.is_empty() || below.starts_with('/'))
}

/// Hands the request on. A reset forgets what the front end counts, too.
pub(crate) async fn answer(
    front: &Front,
    support: &Arc<dyn TestSupport>,
    exchange: &Exchange,
    body: Incoming,
) -> Response<Body> {
    let Ok(body) = read_whole(body, exchange.headers(), BODY, BODY_TIME).await else {
        return text(StatusCode::BAD_REQUEST, "the request body is incomplete or too large");
    };
    if exchange.path() == "/v1/_test/reset" {
        front.wrong_credentials.forget();
        front.pulled.forget();
        front.upgraded.forget();
        front.telemetry.seen.forget();
        front.rates.forget();
    }
    let call = TestCall {
        method: exchange.method().clone(),
        path: exchange.path().to_owned(),
        query: exchange.query().to_owned(),
        headers: exchange.headers().clone(),
        body,
    };
    let (status, body) = support.answer(call).await;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Dates an answer by the server's own clock, which may stand still. Hyper knows only the system's.
pub(crate) fn date(now: Timestamp, response: &mut Response<Body>) {
    if let Ok(date) = HeaderValue::from_str(&now.http_date()) {
        response.headers_mut().entry(DATE).or_insert(date);
    }
}
