//! Endpoints for operators and load balancers (`licensing.md` §1.11): alive, ready, measured.

use std::time::Duration;

use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Method, Response, StatusCode};
use hyper::body::Incoming;

use crate::answer::{empty, text};
use crate::body::Body;
use crate::exchange::Exchange;
use crate::front::Front;
use crate::incoming::{BodyError, read_whole};
use crate::jsonapi::Boxed;
use crate::place::Operation;

/// Tells whether the parts behind the front end can work.
pub trait Readiness: Send + Sync + 'static {
    /// `Err` says in a few words what does not work (the database cannot be reached).
    fn check(&self) -> Boxed<'_, Result<(), String>>;
    /// How long the webhook that waits longest has been due. `Err` says why none is sent.
    fn webhook_latency(&self) -> Boxed<'_, Result<Duration, String>>;
}

/// How long a webhook may be due.
const WEBHOOK_LATENCY: Duration = Duration::from_secs(30);

/// The longest report of a browser.
const REPORT_BYTES: usize = 10 * 1024;

/// Answers a request.
pub(crate) async fn answer(
    front: &Front,
    exchange: &Exchange,
    operation: Operation,
    body: Incoming,
) -> Response<Body> {
    if operation == Operation::CspReports && *exchange.method() == Method::POST {
        return report(front, exchange, body).await;
    }
    if !matches!(*exchange.method(), Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here");
    }
    match operation {
        Operation::CspReports => text(StatusCode::METHOD_NOT_ALLOWED, "reports are sent here with POST"),
        Operation::Ping => empty(StatusCode::OK),
        Operation::Health => empty(StatusCode::NO_CONTENT),
        Operation::Webhooks => webhooks(front).await,
        Operation::Ready => ready(front).await,
        Operation::Metrics => {
            if let Ok(latency) = front.readiness.webhook_latency().await {
                front.telemetry.webhooks_due.set(latency.as_secs_f64());
            }
            let mut response = text(StatusCode::OK, front.telemetry.page(&front.catalog));
            let media_type = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(CONTENT_TYPE, media_type);
            response
        }
    }
}

/// Takes a browser's report of a page that tried to load something. It is for the log: nothing is done about it.
async fn report(front: &Front, exchange: &Exchange, body: Incoming) -> Response<Body> {
    let read = read_whole(body, exchange.headers(), REPORT_BYTES, front.settings.limits.body_time).await;
    match read {
        Ok(report) => {
            let report = String::from_utf8_lossy(&report);
            tracing::debug!(request = %exchange.id, report = %report.escape_debug(), "a browser reports");
            empty(StatusCode::ACCEPTED)
        }
        Err(BodyError::TooLarge) => text(StatusCode::PAYLOAD_TOO_LARGE, "the report is too long"),
        Err(error) => text(StatusCode::BAD_REQUEST, error.to_string()),
    }
}

/// Webhooks are sent, and none waits for long (`licensing.md` §1.11).
async fn webhooks(front: &Front) -> Response<Body> {
    match front.readiness.webhook_latency().await {
        Ok(latency) if latency < WEBHOOK_LATENCY => empty(StatusCode::NO_CONTENT),
        Ok(latency) => {
            let said = format!("the oldest webhook has been due for {} s", latency.as_secs());
            text(StatusCode::INTERNAL_SERVER_ERROR, said)
        }
        Err(why) => {
            tracing::warn!(%why, "the queue of webhooks cannot be read");
            text(StatusCode::INTERNAL_SERVER_ERROR, "the queue of webhooks cannot be read now")
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
