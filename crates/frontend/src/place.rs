//! Which surface a request is for: a pure function of host, raw path and settings (DESIGN §3.1).
//!
//! The path is split before it is decoded, and whatever a decoder further down could trip over (NUL and other
//! control characters, bytes that are not UTF-8, `..`) is refused here, once.

use std::borrow::Cow;

use keyway_engine::{AnyEngine, Descriptor, Engines};
use percent_encoding::percent_decode_str;

use crate::hosts::{Arrival, EngineHost, Hosts, Site};
use crate::url_token;

/// The surface that a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place<'a> {
    /// The JSON:API, with the whole path.
    Api {
        /// The account segment, as received, where the path has one.
        account: Option<&'a str>,
    },
    /// A short link to a release or one of its files (`distribution.md` §10).
    ShortLink {
        /// The account segment, as received, where there can be many.
        account: Option<&'a str>,
        /// What follows the account, as received.
        below: &'a str,
    },
    /// A package engine.
    Engine {
        /// The engine's key.
        engine: &'static str,
        /// The raw path below the engine's root, beginning with `/`.
        rest: Cow<'a, str>,
        /// Where the engine's root is.
        root: Root<'a>,
    },
    /// A signed URL of the embedded blob store.
    Blob {
        /// Its token.
        token: &'a str,
    },
    /// An endpoint for operators.
    Operation(Operation),
    /// The host is not ours.
    UnknownHost,
    /// The path leads nowhere.
    UnknownPath,
    /// The path holds what no path of ours may hold.
    BadPath,
}

/// Where an engine is reached, but for how the account is spelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root<'a> {
    /// The public origin of the host.
    origin: Cow<'a, str>,
    /// The engine's key.
    engine: &'static str,
    /// The account segment as received, where the path has one.
    pub account: Option<&'a str>,
    /// The download token below it, where the path has one.
    pub token: Option<&'a str>,
    /// Which of its roots it is.
    pub kind: RootKind,
}

/// The roots that an engine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RootKind {
    /// The root of the engine's own host.
    OwnHost,
    /// `/v1/…/engines/{engine}` on a host that reaches everything.
    Long,
    /// `/v2/` and `/token` on any host, for the clients of registries.
    Registry {
        /// Whether repository names begin with an account.
        names_accounts: bool,
    },
}

impl<'a> Root<'a> {
    /// The root of an engine on a host that reaches everything, as its public origin says.
    pub(crate) fn long(origin: String, engine: &'static str, account: Option<&'a str>) -> Self {
        Self { origin: Cow::Owned(origin), engine, account, token: None, kind: RootKind::Long }
    }
}

impl Root<'_> {
    /// Where the engine is reached.
    pub fn site(&self) -> keyway_engine::Site<'_> {
        keyway_engine::Site { origin: &self.origin, account: self.account }
    }
    /// Whether the path has to name an account and does not.
    pub fn lacks_account(&self) -> bool {
        self.account.is_none() && self.kind == RootKind::Registry { names_accounts: true }
    }
    /// The engine's public root, without a trailing slash; `account` stands where the path has an account.
    pub fn base(&self, account: &str) -> Cow<'_, str> {
        let Self { origin, engine, .. } = self;
        let base: Cow<'_, str> = match (self.kind, self.account) {
            (RootKind::Long, None) => [origin, "/v1/engines/", engine].concat().into(),
            (RootKind::Long, Some(_)) => {
                [origin, "/v1/accounts/", account, "/engines/", engine].concat().into()
            }
            (_, None) => Cow::Borrowed(origin),
            (_, Some(_)) => [origin, "/", account].concat().into(),
        };
        match self.token {
            Some(token) => url_token::below(&base, token).into(),
            None => base,
        }
    }
}

/// An endpoint for operators and load balancers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// `/v1/ping`: 200 whenever the process lives.
    Ping,
    /// `/v1/health`: 204 whenever the process lives.
    Health,
    /// Whether webhooks are sent in time.
    Webhooks,
    /// `/-/ready`: whether requests can be answered and uploads taken.
    Ready,
    /// `/metrics`, on the listen address only.
    Metrics,
    /// `/-/csp-reports`: what browsers tell of pages that tried to load something.
    CspReports,
}

/// Finds the surface.
pub fn place<'a>(hosts: &'a Hosts, engines: Engines, arrival: &Arrival<'_>, path: &'a str) -> Place<'a> {
    if !is_clean(path) {
        return Place::BadPath;
    }
    match hosts.site(arrival) {
        Site::Engine(host) => on_engine(host, hosts.names_accounts(), path),
        Site::Api(origin) => {
            let origin = Cow::Borrowed(origin);
            registry(engines, &origin, hosts.names_accounts(), path)
                .unwrap_or_else(|| on_origin(engines, origin, path))
        }
        Site::Short(origin) => match on_origin(engines, Cow::Borrowed(origin), path) {
            Place::UnknownPath => short_link(hosts.names_accounts(), path),
            place => place,
        },
        Site::Below(_) if is_an_account(path) => Place::UnknownPath,
        Site::Below(origin) => on_origin(engines, Cow::Borrowed(origin), path),
        Site::Listen(_) if path == "/metrics" => Place::Operation(Operation::Metrics),
        Site::Listen(origin) => {
            let origin = Cow::Owned(origin);
            registry(engines, &origin, hosts.names_accounts(), path)
                .unwrap_or_else(|| on_origin(engines, origin, path))
        }
        Site::Stranger => operation(path).map_or(Place::UnknownHost, Place::Operation),
    }
}

/// Finds the surface on a host that is an account's own, whose public origin is given. The path was found clean.
pub(crate) fn place_on_own_host<'a>(engines: Engines, origin: String, path: &'a str) -> Place<'a> {
    let origin = Cow::Owned(origin);
    registry(engines, &origin, false, path).unwrap_or_else(|| on_origin(engines, origin, path))
}

/// `/token`, `/v2/` and what is below it, which clients of registries ask for at the root of a host. Where there are
/// many accounts, the first segment of a repository's name is one; `/token` and what is about no repository have none.
fn registry<'a>(
    engines: Engines,
    origin: &Cow<'a, str>,
    names_accounts: bool,
    path: &'a str,
) -> Option<Place<'a>> {
    let below = path.strip_prefix("/v2").filter(|below| below.is_empty() || below.starts_with('/'));
    if below.is_none() && path != "/token" {
        return None;
    }
    let engine = engines.iter().map(AnyEngine::descriptor).find(|engine| engine.registry)?;
    Some(registry_of(engine, origin.clone(), names_accounts, path))
}

fn registry_of<'a>(
    engine: &'static Descriptor,
    origin: Cow<'a, str>,
    names_accounts: bool,
    path: &'a str,
) -> Place<'a> {
    let named = path.strip_prefix("/v2/").filter(|_| names_accounts).and_then(|name| name.split_once('/'));
    let named =
        named.filter(|(account, rest)| is_plain(account) && !account.starts_with('_') && !rest.is_empty());
    let (account, rest) = match named {
        Some((account, rest)) => (Some(account), ["/v2/", rest].concat().into()),
        None => (None, Cow::Borrowed(path)),
    };
    let kind = RootKind::Registry { names_accounts };
    Place::Engine {
        engine: engine.key,
        rest,
        root: Root { origin, engine: engine.key, account, token: None, kind },
    }
}

/// Paths of an engine's own host: the first segment is the account where there are many.
fn on_engine<'a>(host: &'a EngineHost, names_accounts: bool, path: &'a str) -> Place<'a> {
    if host.engine.registry {
        return registry_of(host.engine, Cow::Borrowed(&host.base), names_accounts, path);
    }
    let engine = host.engine.key;
    let below = path.strip_prefix('/').unwrap_or(path);
    let (account, rest) = if names_accounts && !below.is_empty() {
        let (account, rest) = below.split_at(below.find('/').unwrap_or(below.len()));
        (Some(account), if rest.is_empty() { "/" } else { rest })
    } else {
        (None, path)
    };
    if account.is_some_and(|account| !is_plain(account)) {
        return Place::UnknownPath;
    }
    let kind = RootKind::OwnHost;
    let (token, rest) = url_token::split(rest);
    let root = Root { origin: Cow::Borrowed(&host.base), engine, account, token, kind };
    Place::Engine { engine, rest: Cow::Borrowed(rest), root }
}

/// Paths of a host that reaches everything.
fn on_origin<'a>(engines: Engines, origin: Cow<'a, str>, path: &'a str) -> Place<'a> {
    if let Some(operation) = operation(path) {
        return Place::Operation(operation);
    }
    if let Some(token) = path.strip_prefix("/-/blobs/") {
        return Place::Blob { token };
    }
    if let Some(account) = analytics(path) {
        return Place::Api { account };
    }
    let Some(below) = path.strip_prefix("/v1").filter(|below| below.is_empty() || below.starts_with('/'))
    else {
        return Place::UnknownPath;
    };
    match engine_form(engines, below) {
        Some((engine, account, rest)) => {
            let (token, rest) = url_token::split(rest);
            let (engine, rest) = (engine.key, Cow::Borrowed(rest));
            Place::Engine {
                engine,
                rest,
                root: Root { origin, engine, account, token, kind: RootKind::Long },
            }
        }
        None => Place::Api { account: account_of(below) },
    }
}

/// Paths of a host of short links that are no others: the first segment is the account where there are many.
fn short_link(names_accounts: bool, path: &str) -> Place<'_> {
    let below = path.strip_prefix('/').unwrap_or(path);
    if !names_accounts {
        return Place::ShortLink { account: None, below };
    }
    match below.split_once('/').unwrap_or((below, "")) {
        ("", _) => Place::UnknownPath,
        (account, below) => Place::ShortLink { account: Some(account), below },
    }
}

/// Whether a path is that of an account or of all of them: these answer on the API's own host only
/// (`distribution.md` §1).
fn is_an_account(path: &str) -> bool {
    let path = path.strip_suffix('/').unwrap_or(path);
    path.strip_prefix("/v1/accounts").is_some_and(|rest| match rest.strip_prefix('/') {
        Some(account) => !account.contains('/'),
        None => rest.is_empty(),
    })
}

/// The account segment, if there is one, of a path to analytics, which are no part of the public API.
fn analytics(path: &str) -> Option<Option<&str>> {
    let below = path.strip_prefix("/-")?;
    let account = account_of(below);
    let rest = match account {
        Some(account) => below.strip_prefix("/accounts/")?.strip_prefix(account)?,
        None => below,
    };
    rest.starts_with("/analytics/").then_some(account)
}

/// The account segment of a path below `/v1`.
fn account_of(below: &str) -> Option<&str> {
    let rest = below.strip_prefix("/accounts/")?;
    rest.split('/').next().filter(|account| !account.is_empty())
}

/// `/engines/{engine}/…` and `/accounts/{account}/engines/{engine}/…`. Without a slash after the engine it is
/// the JSON:API's description of the engine.
fn engine_form(engines: Engines, below: &str) -> Option<(&'static Descriptor, Option<&str>, &str)> {
    let (account, below) = match below.strip_prefix("/accounts/") {
        Some(rest) => {
            let (account, _) = rest.split_once('/')?;
            (Some(account), rest.strip_prefix(account)?)
        }
        None => (None, below),
    };
    if account.is_some_and(|account| !is_plain(account)) {
        return None;
    }
    let rest = below.strip_prefix("/engines/")?;
    let (key, _) = rest.split_once('/')?;
    // registries name their accounts in another place
    let engine = engines.get(key).filter(|engine| !engine.descriptor().registry)?;
    Some((engine.descriptor(), account, rest.strip_prefix(key)?))
}

/// Whether an account segment can stand in a URL in a document as it is.
fn is_plain(segment: &str) -> bool {
    !segment.is_empty()
        && segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}

fn operation(path: &str) -> Option<Operation> {
    match path {
        "/v1/ping" => Some(Operation::Ping),
        "/v1/health" => Some(Operation::Health),
        "/v1/health/webhooks" => Some(Operation::Webhooks),
        "/-/ready" => Some(Operation::Ready),
        "/-/csp-reports" => Some(Operation::CspReports),
        _ => {
            let account = path.strip_prefix("/v1/accounts/")?.strip_suffix("/ping")?;
            is_plain(account).then_some(Operation::Ping)
        }
    }
}

/// Whether a raw path begins with a slash and every segment decodes to text that is safe to handle: UTF-8, no
/// control characters, no `.` or `..` between slashes of either kind, however they are spelled.
fn is_clean(path: &str) -> bool {
    if !path.starts_with('/') {
        return false;
    }
    is_harmless_ascii(path)
        || path.split('/').all(|segment| {
            let Ok(decoded) = percent_decode_str(segment).decode_utf8() else { return false };
            let climbs = decoded.split(['/', '\\']).any(|part| part == ".." || part == ".");
            !climbs && !decoded.chars().any(char::is_control)
        })
}

/// Whether a path decodes to graphic ASCII without a segment that begins with a dot: almost every path does, and
/// is told so without making a copy of it.
fn is_harmless_ascii(path: &str) -> bool {
    let mut bytes = path.bytes();
    let mut after_slash = false;
    while let Some(byte) = bytes.next() {
        let decoded = match byte {
            b'%' => match (bytes.next().and_then(hex_digit), bytes.next().and_then(hex_digit)) {
                (Some(high), Some(low)) => high << 4 | low,
                _ => return false,
            },
            byte => byte,
        };
        if !decoded.is_ascii_graphic() || decoded == b'\\' || after_slash && decoded == b'.' {
            return false;
        }
        after_slash = decoded == b'/';
    }
    true
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests;
