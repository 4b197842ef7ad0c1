//! Endpoints for operators and load balancers (`licensing.md` §1.11): alive, ready, measured.

use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, Response, StatusCode};

use crate::answer::{empty, text};
use crate::body::Body;
use crate::exchange::Exchange;
use crate::front::Front;
use crate::jsonapi::Boxed;
use crate::place::Operation;

/// Tells whether the parts behind the front end can work.
pub trait Readiness: Send + Sync + 'static {
    /// `Err` says in a few words what does not work (the database cannot be reached).
    fn check(&self) -> Boxed<'_, Result<(), String>>;
}

/// Answers a request.
pub(crate) async fn answer(front: &Front, exchange: &Exchange, operation: Operation) -> Response<Body> {
    if !matches!(*exchange.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here");
    }
    match operation {
        Operation::Ping => empty(StatusCode::OK),
        Operation::Health => empty(StatusCode::NO_CONTENT),
        Operation::Ready => ready(front).await,
        Operation::Metrics => {
            let mut response = text(StatusCode::OK, front.telemetry.page(&front.catalog));
            let media_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, media_type);
            response
        }
    }
}

/// Ready: the database answers and uploads have room.
async fn ready(front: &Front) -> Response<Body> {
    let stopping = front.stopping().then(|| "the server is stopping".to_owned());
    let database = front.readiness.check().await.err();
    let room = front.blobs.check().await.err().map(|error| error.to_string());
    let troubles: Vec<String> = [stopping, database, room].into_iter().flatten().collect();
    if troubles.is_empty() {
        return text(StatusCode::OK, "ready");
    }
    let mut response = text(StatusCode::SERVICE_UNAVAILABLE, troubles.join("\n"));
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("2"));
    response
}
