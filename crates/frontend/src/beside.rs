//! What clients of the JSON:API ask for among the artifacts of a product and no vendor uploaded: an engine may have it,
//! as electron-updater's feeds. The API goes first; where it finds nothing, the engine answers as on its own paths.

use bytes::Bytes;
use http::{HeaderName, Response, StatusCode};
use hyper::body::Incoming;
use keyway_engine::Beside;
use percent_encoding::percent_decode_str;

use crate::body::Body;
use crate::engines::{self, EnginePlace};
use crate::exchange::Exchange;
use crate::front::Front;
use crate::jsonapi::{self, Whose};
use crate::place::Root;

/// Why nothing is offered, for developers.
const DECISION: HeaderName = HeaderName::from_static("x-update-decision");

/// Where an engine may have what a request asks for.
pub(crate) struct Fallback {
    engine: &'static str,
    beside: Beside,
}

impl Fallback {
    /// That of a request for an artifact by its name and product.
    pub(crate) fn of(front: &Front, exchange: &Exchange) -> Option<Self> {
        if !matches!(exchange.method().as_str(), "GET" | "HEAD") {
            return None;
        }
        let (above, name) = exchange.path().rsplit_once('/')?;
        let above = above.strip_suffix("/artifacts")?;
        let is_of_account =
            |rest: &str| rest.strip_prefix("/accounts/").is_some_and(|rest| !rest.contains('/'));
        if !above.strip_prefix("/v1").is_some_and(|rest| rest.is_empty() || is_of_account(rest)) {
            return None;
        }
        let name = percent_decode_str(name).decode_utf8().ok()?;
        let product = exchange.parameter("product").filter(|product| !product.is_empty())?;
        let (engine, beside) = front.engines.beside_artifacts(&name, &product)?;
        Some(Self { engine, beside })
    }

    /// Answers the request: what the API has, else what the engine has, else what the API says, with the engine's
    /// reason.
    pub(crate) async fn answer(
        self,
        front: &Front,
        exchange: &Exchange,
        whose: Whose<'_>,
        body: Incoming,
    ) -> Response<Body> {
        let mut response = jsonapi::asked(front, exchange, whose, Bytes::new()).await;
        if response.status() != StatusCode::NOT_FOUND {
            return response;
        }
        let origin = front.hosts.origin_of(exchange.authority());
        let place = EnginePlace {
            engine: self.engine,
            rest: self.beside.path.into(),
            root: Root::long(origin, self.engine, whose.segment),
            host_account: whose.host_account,
        };
        let made = Box::pin(engines::answer(front, exchange, place, body)).await;
        if made.status().is_success() || made.status() == StatusCode::NOT_MODIFIED {
            return made;
        }
        if let Some(decision) = made.headers().get(DECISION) {
            response.headers_mut().insert(DECISION, decision.clone());
        }
        response
    }
}
