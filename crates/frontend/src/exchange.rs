//! One request as the surfaces see it: who asks, what for, and on which connection.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use http::header::HOST;
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Version};
use keyway_access::{CredentialError, Origin, Presented, Surface, credentials};
use keyway_base::RequestId;
use keyway_catalog::Mode;
use percent_encoding::percent_decode_str;

use crate::hosts::Arrival;
use crate::network::client_of;
use crate::url_token;
use crate::{Network, Settings};

/// The header that selects an environment.
static ENVIRONMENT: HeaderName = HeaderName::from_static("keygen-environment");

/// The ends of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Connection {
    /// The other end.
    pub peer: SocketAddr,
    /// Our end.
    pub local: SocketAddr,
    /// Whether TLS is spoken here.
    pub tls: bool,
}

/// A request's head with what was made of it.
#[derive(Debug)]
pub(crate) struct Exchange {
    /// Names the request in answers and logs.
    pub(crate) id: RequestId,
    /// When it arrived, on the monotonic clock.
    pub(crate) arrived: Duration,
    /// Whose request it is.
    pub(crate) client: IpAddr,
    /// One account or many.
    pub(crate) mode: Mode,
    /// The origin of the portal, where one of its pages asks.
    pub(crate) portal: Option<HeaderValue>,
    /// The head as received.
    pub(crate) head: Parts,
    /// The host that trusted proxies say the client asked for.
    forwarded_host: Option<String>,
    connection: Connection,
    https: bool,
    /// What it presents to engines, once somebody has asked.
    presented: OnceLock<Result<Presented, CredentialError>>,
}

/// What is wrong with a head before it is known where it leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BadHead {
    /// Its fields have more bytes than allowed: 431.
    TooLarge,
    /// No host, or several: 400.
    Host,
}

impl Exchange {
    /// Reads a head.
    pub(crate) fn new(
        id: RequestId,
        arrived: Duration,
        connection: Connection,
        head: Parts,
        settings: &Settings,
    ) -> Result<Self, BadHead> {
        if header_bytes(&head) > settings.limits.header_bytes {
            return Err(BadHead::TooLarge);
        }
        let trusted: &[Network] = &settings.trusted_proxies;
        let (client, forwarded) = client_of(connection.peer.ip(), &head.headers, trusted);
        let https = forwarded.https.unwrap_or(connection.tls);
        let forwarded_host = forwarded.host.map(str::to_owned);
        if forwarded_host.is_none() {
            authority(&head)?;
        }
        let (mode, presented) = (settings.mode, OnceLock::new());
        let portal = settings.portal.as_ref().filter(|portal| portal.asks(&head.headers));
        let portal = portal.and_then(Origin::header);
        Ok(Self { id, arrived, client, mode, portal, head, forwarded_host, connection, https, presented })
    }

    pub(crate) fn arrival(&self) -> Arrival<'_> {
        Arrival { authority: self.authority(), local: self.connection.local.ip(), https: self.https }
    }
    /// The host that the client asked for, as received.
    pub(crate) fn authority(&self) -> &str {
        self.forwarded_host.as_deref().unwrap_or_else(|| authority(&self.head).unwrap_or_default())
    }
    pub(crate) fn method(&self) -> &Method {
        &self.head.method
    }
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.head.headers
    }
    /// The raw path.
    pub(crate) fn path(&self) -> &str {
        self.head.uri.path()
    }
    /// The raw query; empty without one.
    pub(crate) fn query(&self) -> &str {
        self.head.uri.query().unwrap_or_default()
    }
    /// Path and query as received.
    pub(crate) fn target(&self) -> &str {
        self.head.uri.path_and_query().map_or("/", |target| target.as_str())
    }
    pub(crate) fn is_http2(&self) -> bool {
        self.head.version == Version::HTTP_2
    }
    /// A query parameter's first value, decoded; `None` when it is absent or not UTF-8.
    pub(crate) fn parameter(&self, name: &str) -> Option<Cow<'_, str>> {
        if self.query().is_empty() {
            return None;
        }
        let pairs = self.query().split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let value = pairs.into_iter().find(|(key, _)| *key == name)?.1;
        percent_decode_str(value).decode_utf8().ok()
    }
    /// What it presents to an engine: in its header, its query or its path.
    pub(crate) fn presented(&self) -> Result<&Presented, CredentialError> {
        let read = || match credentials(self.headers(), self.query(), Surface::Engine)? {
            Presented::Anonymous => Ok(url_token::presented(self.path()).unwrap_or(Presented::Anonymous)),
            presented => Ok(presented),
        };
        self.presented.get_or_init(read).as_ref().map_err(|error| *error)
    }
    /// The environment that its header selects.
    pub(crate) fn environment_header(&self) -> Option<&str> {
        self.headers().get(&ENVIRONMENT).and_then(|value| value.to_str().ok())
    }
    /// Whether header or query select an environment.
    pub(crate) fn names_environment(&self) -> bool {
        self.environment_header().is_some() || self.parameter("environment").is_some()
    }
    /// A header's value, when it is there and is text.
    pub(crate) fn header(&self, name: &'static str) -> Option<&str> {
        self.headers().get(name).and_then(|value| value.to_str().ok())
    }
}

fn header_bytes(head: &Parts) -> usize {
    // Name, colon, space, value, line end.
    let fields = head.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    fields.sum::<usize>() + head.uri.path_and_query().map_or(0, |target| target.as_str().len())
}

/// The host of the request's target, else of its `Host` header, of which there must be just one (RFC 9112 §3.2);
/// before HTTP/1.1 there may be none, which is no host of ours: load balancers ask for readiness so.
fn authority(head: &Parts) -> Result<&str, BadHead> {
    if let Some(authority) = head.uri.authority() {
        return Ok(authority.as_str());
    }
    let mut hosts = head.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => host.to_str().map_err(|_| BadHead::Host),
        (None, _) if head.version < Version::HTTP_11 => Ok(""),
        _ => Err(BadHead::Host),
    }
}
