//! The front end itself: everything that requests are answered with, and the way of a request through it.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{CONTENT_LENGTH, HeaderValue};
use http::{HeaderName, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use keyway_access::Credential;
use keyway_base::{AccountId, Clock, RequestId};
use keyway_blob::{BlobStore, Urls};
use keyway_catalog::Catalog;
use keyway_engine::Engines;
use keyway_jsonapi::ApiError;
use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::access_log::{self, AccessRecord, Records, Writer, access_log, masked};
use crate::answer::text;
use crate::arriving::UnderWay;
use crate::body::Body;
use crate::engines::EnginePlace;
use crate::exchange::{BadHead, Exchange};
use crate::failures::WrongCredentials;
use crate::firsts::Firsts;
use crate::jsonapi::{Whose, rescued};
use crate::place::place_on_own_host;
use crate::polls::Polls;
use crate::rates::Rates;
use crate::request_id::RequestIds;
use crate::signature::RsaCap;
use crate::telemetry::{API, BLOBS, NOWHERE, OPERATIONS};
use crate::url_token;
use crate::{
    Connection, Hosts, HostsError, JsonApi, Place, Readiness, Registry, Settings, Telemetry, Uploads, blobs,
    engines, jsonapi, operations, place,
};

/// What a front end is made of.
pub struct FrontParts {
    /// The settings.
    pub settings: Settings,
    /// The engines it serves.
    pub engines: Engines,
    /// What the read path holds.
    pub catalog: Arc<Catalog>,
    /// Where bytes are.
    pub blobs: BlobStore,
    /// Signed URLs.
    pub urls: Arc<Urls>,
    /// The JSON:API.
    pub api: Arc<dyn JsonApi>,
    /// What stands behind signed URLs.
    pub uploads: Arc<dyn Uploads>,
    /// What keeps the repositories of container registries.
    pub registry: Arc<dyn Registry>,
    /// Whether the parts behind can work.
    pub readiness: Arc<dyn Readiness>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where requests are counted.
    pub telemetry: Arc<Telemetry>,
    /// What answers `/v1/_test…`, if anything does.
    #[cfg(feature = "test-support")]
    pub support: Option<Arc<dyn crate::TestSupport>>,
}

/// The header that names a request.
static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// How many pulls and upgrades are remembered as noted: those of a fleet of a million.
const NOTED: usize = 2 * 1024 * 1024;

/// A front end.
pub(crate) struct Front {
    pub(crate) settings: Settings,
    pub(crate) hosts: Hosts,
    pub(crate) engines: Engines,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) blobs: BlobStore,
    pub(crate) urls: Arc<Urls>,
    pub(crate) api: Arc<dyn JsonApi>,
    pub(crate) uploads: Arc<dyn Uploads>,
    pub(crate) registry: Arc<dyn Registry>,
    pub(crate) readiness: Arc<dyn Readiness>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) telemetry: Arc<Telemetry>,
    pub(crate) wrong_credentials: WrongCredentials,
    /// Pulls of images that were noted.
    pub(crate) pulled: Firsts,
    /// Upgrades that were noted.
    pub(crate) upgraded: Firsts,
    /// Polls of updaters that came before.
    pub(crate) polls: Polls,
    pub(crate) rates: Rates,
    pub(crate) rsa: RsaCap,
    pub(crate) under_way: UnderWay,
    #[cfg(feature = "test-support")]
    pub(crate) support: Option<Arc<dyn crate::TestSupport>>,
    ids: RequestIds,
    records: Records,
    stopping: AtomicBool,
}

impl Front {
    /// Puts the parts together; the second value writes the access log.
    pub(crate) fn new(parts: FrontParts) -> Result<(Arc<Self>, Writer), HostsError> {
        let hosts = Hosts::new(&parts.settings, parts.engines)?;
        let (records, writer) = access_log(parts.settings.access_log);
        let front = Self {
            hosts,
            wrong_credentials: WrongCredentials::new(&parts.settings.limits),
            pulled: Firsts::holding(NOTED),
            upgraded: Firsts::holding(NOTED),
            polls: Polls::default(),
            rates: Rates::new(parts.settings.rate_limits.clone()),
            rsa: RsaCap::new(parts.settings.limits.rsa_signatures),
            under_way: UnderWay::default(),
            #[cfg(feature = "test-support")]
            support: parts.support,
            ids: RequestIds::default(),
            records,
            stopping: AtomicBool::new(false),
            settings: parts.settings,
            engines: parts.engines,
            catalog: parts.catalog,
            blobs: parts.blobs,
            urls: parts.urls,
            api: parts.api,
            uploads: parts.uploads,
            registry: parts.registry,
            readiness: parts.readiness,
            clock: parts.clock,
            telemetry: parts.telemetry,
        };
        Ok((Arc::new(front), writer))
    }

    /// Answers a request.
    pub(crate) async fn handle(
        self: Arc<Self>,
        connection: Connection,
        request: Request<Incoming>,
    ) -> Response<Body> {
        let started = self.clock.monotonic();
        let id = self.ids.next(self.clock.wall());
        let (head, body) = request.into_parts();
        let is_head = head.method == Method::HEAD;
        let exchange = match Exchange::new(id, started, connection, head, &self.settings) {
            Ok(exchange) => exchange,
            Err(bad) => {
                let mut response = bad_head(bad);
                self.count(&mut response, NOWHERE, id, is_head, started);
                return response;
            }
        };
        let (surface, mut response) = self.route(&exchange, body).await;
        let took = self.count(&mut response, surface, id, is_head, started);
        let (status, bytes) = (response.status(), response.body().remaining());
        if access_log::is_written() && self.records.wants(status.as_u16()) {
            let path = exchange.path();
            let path =
                if surface == API || surface == BLOBS { masked(path) } else { url_token::masked(path) };
            let (client, method, status) = (exchange.client, exchange.head.method, status.as_u16());
            let record = AccessRecord { id, client, surface, method, path, status, bytes, took };
            if !self.records.push(record) {
                self.telemetry.dropped_lines.increment(1);
            }
        }
        response
    }

    /// Gives an answer what every answer carries and counts it; gives back how long it took.
    fn count(
        &self,
        response: &mut Response<Body>,
        surface: &'static str,
        id: RequestId,
        is_head: bool,
        started: Duration,
    ) -> Duration {
        finish(response, id, is_head);
        #[cfg(feature = "test-support")]
        crate::support::date(self.clock.wall(), response);
        let took = self.clock.monotonic().saturating_sub(started);
        self.telemetry.count(surface, response.status(), took, response.body().remaining());
        took
    }

    /// Finds the surface and lets it answer.
    async fn route(self: &Arc<Self>, exchange: &Exchange, body: Incoming) -> (&'static str, Response<Body>) {
        // What is large and not the hot path is boxed: a request's future is moved about as a whole.
        #[cfg(feature = "test-support")]
        if let Some(support) = self.support.as_ref().filter(|_| crate::support::is_meant(exchange)) {
            return (OPERATIONS, Box::pin(crate::support::answer(self, support, exchange, body)).await);
        }
        let mut host_account = None;
        let mut place = place(&self.hosts, self.engines, &exchange.arrival(), exchange.path());
        if place == Place::UnknownHost {
            match Box::pin(self.own_host(exchange)).await {
                Ok(Some((account, own))) => (host_account, place) = (Some(account), own),
                Ok(None) => {}
                Err(error) => return (NOWHERE, rescued(exchange, &error)),
            }
        }
        match place {
            Place::Api { account } => {
                let whose = Whose { host_account, segment: account, short_link: None };
                (API, Box::pin(jsonapi::answer(self, exchange, whose, body)).await)
            }
            Place::ShortLink { account, below } => {
                let whose = Whose { host_account, segment: account, short_link: Some(below) };
                (API, Box::pin(jsonapi::answer(self, exchange, whose, body)).await)
            }
            Place::Engine { engine, rest, root } => {
                let place = EnginePlace { engine, rest, root, host_account };
                (engine, engines::answer(self, exchange, place, body).await)
            }
            Place::Blob { token } => (BLOBS, Box::pin(blobs::answer(self, exchange, token, body)).await),
            Place::Operation(operation) => {
                (OPERATIONS, Box::pin(operations::answer(self, exchange, operation, body)).await)
            }
            Place::UnknownHost => (NOWHERE, unknown_host(exchange)),
            Place::UnknownPath => (NOWHERE, rescued(exchange, &ApiError::unknown_endpoint())),
            Place::BadPath => (NOWHERE, rescued(exchange, &bad_path(exchange.path()))),
        }
    }

    /// The place on a host that is an account's own.
    async fn own_host<'e>(&self, exchange: &'e Exchange) -> Result<Option<(AccountId, Place<'e>)>, ApiError> {
        let Some(host) = Hosts::asked_for(exchange.authority()) else { return Ok(None) };
        let account = self.catalog.account_of_host(&host).await.map_err(|error| {
            tracing::warn!(request = %exchange.id, %error, "a host cannot be looked up now");
            ApiError::unavailable()
        })?;
        Ok(account.map(|account| {
            let origin = self.hosts.origin_of(&host);
            (account.id, place_on_own_host(self.engines, origin, exchange.path()))
        }))
    }

    /// Counts a wrong credential.
    pub(crate) fn wrong(&self, account: AccountId, client: IpAddr, credential: &Credential) {
        self.telemetry.wrong_credentials.increment(1);
        self.wrong_credentials.count(account, client, credential, self.clock.monotonic());
    }

    /// Whether the server is on its way down.
    pub(crate) fn stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }
    /// Makes readiness false from now on.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }
}

/// What is wrong with a path that no surface takes: bytes that are no text, or where it leads.
fn bad_path(path: &str) -> ApiError {
    let is_text = percent_decode_str(path).decode_utf8().is_ok_and(|decoded| !decoded.contains('\0'));
    if is_text { ApiError::uri_invalid() } else { ApiError::encoding_invalid() }
}

fn bad_head(bad: BadHead) -> Response<Body> {
    match bad {
        BadHead::TooLarge => {
            text(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "the request's headers are too large")
        }
        BadHead::Host => text(StatusCode::BAD_REQUEST, "the request must name one host"),
    }
}

fn unknown_host(exchange: &Exchange) -> Response<Body> {
    let host: String = exchange.authority().chars().filter(char::is_ascii_graphic).take(100).collect();
    let line = format!(
        "this server does not answer for {host}: its operator names its hosts with --domain and --public-url"
    );
    text(StatusCode::MISDIRECTED_REQUEST, line)
}

/// What every answer carries.
fn finish(response: &mut Response<Body>, id: RequestId, is_head: bool) {
    let mut text = Uuid::encode_buffer();
    if let Ok(id) = HeaderValue::from_str(id.uuid().as_hyphenated().encode_lower(&mut text)) {
        response.headers_mut().insert(&REQUEST_ID, id);
    }
    let bytes = response.body().remaining();
    if is_head && bytes > 0 {
        response.headers_mut().entry(CONTENT_LENGTH).or_insert(HeaderValue::from(bytes));
        *response.body_mut() = Body::empty();
    }
}
#[cfg(test)]
mod tests {
    use super::*;

    fn future_size<A, B, C, F>(_: impl Fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    /// Every request moves its future about: whoever makes it large makes every request slow.
    #[test]
    fn the_future_of_a_request_stays_small() {
        let size = future_size(Front::handle);
        assert!(size <= 4096, "{size} bytes: box what is large and rare");
    }
}
