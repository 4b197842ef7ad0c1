//! What the binary tells the front end: plain data, checked when [`crate::Hosts`] and the server are made.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use keyway_access::Origin;
use keyway_base::Secret;
use keyway_catalog::Mode;

use crate::{Network, RateLimits};

/// Settings of the front end.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// One account or many: whether an engine's own host takes the account from the path.
    pub mode: Mode,
    /// The domain: the API is `api.DOMAIN`, engines are `ENGINE.pkg.DOMAIN`.
    pub domain: Option<String>,
    /// Where the world reaches this server, such as `https://keyway.example.com`; no path. Its scheme and port
    /// hold for the hosts of `domain` too.
    pub public_url: Option<String>,
    /// Proxies whose `X-Forwarded-*` headers are believed.
    pub trusted_proxies: Vec<Network>,
    /// The origin of the portal, whose pages may use the JSON:API with a session.
    pub portal: Option<Origin>,
    /// The public Python index that unknown names are sent on to, unless the account names its own.
    pub pypi_upstream: Option<String>,
    /// Whether logins to a registry that ask for it get a token to refresh others with, and leave the key out of the
    /// client's configuration.
    pub refresh_tokens: bool,
    /// Certificate and key; plain HTTP without.
    pub tls: Option<TlsPem>,
    /// How many requests client credentials may make of the JSON:API.
    pub rate_limits: RateLimits,
    /// Limits on connections and requests.
    pub limits: Limits,
    /// Which requests leave a line in the log.
    pub access_log: AccessLog,
}

/// A certificate chain and its key, as PEM.
#[derive(Debug, Clone)]
pub struct TlsPem {
    /// The chain, leaf first.
    pub certificate: Vec<u8>,
    /// The private key (PKCS #8, PKCS #1 or SEC 1).
    pub key: Secret<Vec<u8>>,
}

/// Which requests leave a line in the log. Failures of the server always do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLog {
    /// Only failures of the server.
    Off,
    /// One in so many.
    OneIn(NonZeroU32),
}

/// Limits that are built in from the start (DESIGN §13).
#[derive(Debug, Clone)]
pub struct Limits {
    /// The most bytes that a request's head may have, names and values together.
    pub header_bytes: usize,
    /// The most header fields.
    pub headers: usize,
    /// How long a client may take to send a request's head, and to begin the next one on a kept connection.
    pub header_time: Duration,
    /// How long a connection may go without a byte in either direction while a request is under way.
    pub idle_time: Duration,
    /// How long the body of a JSON request may take to arrive.
    pub body_time: Duration,
    /// How long a stream may stand still once the server is stopping.
    pub drain_time: Duration,
    /// The most connections at once; more wait in the kernel.
    pub connections: usize,
    /// The longest body of a JSON:API request, in bytes.
    pub json_bytes: usize,
    /// The longest upload, in bytes, where a URL does not say less.
    pub upload_bytes: u64,
    /// The largest blob of a container registry, in bytes, however many pieces it comes in.
    pub content_bytes: u64,
    /// How many different wrong credentials one address may try at once, before it has to wait.
    pub wrong_credentials: u32,
    /// How long it takes to be allowed one more try.
    pub wrong_credential_time: Duration,
    /// How many responses may be signed with RSA per second, over all accounts.
    pub rsa_signatures: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_bytes: 16 * 1024,
            headers: 100,
            header_time: Duration::from_secs(10),
            idle_time: Duration::from_secs(60),
            body_time: Duration::from_secs(30),
            drain_time: Duration::from_secs(10),
            connections: 10_000,
            json_bytes: 1 << 20,
            upload_bytes: 5 << 30,
            content_bytes: 5 << 40,
            wrong_credentials: 30,
            wrong_credential_time: Duration::from_secs(2),
            rsa_signatures: const { NonZeroU32::new(200).expect("200 is not zero") },
        }
    }
}

impl Settings {
    /// The settings of a server that was told nothing but where to listen.
    pub fn new(listen: SocketAddr) -> Self {
        Self {
            listen,
            mode: Mode::default(),
            domain: None,
            public_url: None,
            trusted_proxies: Vec::new(),
            portal: None,
            pypi_upstream: None,
            refresh_tokens: true,
            tls: None,
            rate_limits: RateLimits::default(),
            limits: Limits::default(),
            access_log: AccessLog::OneIn(NonZeroU32::MIN),
        }
    }
}
