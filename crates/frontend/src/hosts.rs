//! Which hosts are ours, and the public base of each (DESIGN §9: documents carry the configured base; the
//! received host is used on the listen address only, where no one else can have chosen it).

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};

use keyway_catalog::Mode;
use keyway_engine::{Descriptor, Engines};

use crate::Settings;

/// The hosts that a server answers for.
#[derive(Debug)]
pub struct Hosts {
    mode: Mode,
    shape: Origin,
    domain: Option<String>,
    /// Names that reach the API, each with its public origin.
    named: Vec<Named>,
    /// Names that belong to one engine.
    engines: Vec<EngineHost>,
    primary: String,
}

#[derive(Debug)]
struct Named {
    host: String,
    origin: String,
}

/// The host of one engine.
#[derive(Debug)]
pub(crate) struct EngineHost {
    pub(crate) engine: &'static Descriptor,
    host: String,
    /// The engine's public root, without a trailing slash.
    pub(crate) base: String,
}

/// A setting about hosts that makes no sense.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostsError {
    /// Not `http(s)://host[:port]`.
    #[error("public URL {0:?} must be http:// or https:// with a host and nothing after it")]
    PublicUrl(String),
    /// Not a domain name.
    #[error("domain {0:?} must be a domain name, without scheme, port or path")]
    Domain(String),
}

/// Where a request arrived, as far as hosts are concerned.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// The `Host` header (or `:authority`) as received.
    pub authority: &'a str,
    /// The local address of the connection.
    pub local: IpAddr,
    /// Whether the client spoke TLS.
    pub https: bool,
}

/// Whose host a request named.
#[derive(Debug)]
pub(crate) enum Site<'h> {
    /// An engine's own.
    Engine(&'h EngineHost),
    /// One that reaches the API and, by path, the engines; its public origin.
    Api(&'h str),
    /// One of short links to releases and their files; the API's public origin.
    Short(&'h str),
    /// Any other name below the domain, which reaches all but accounts themselves; the API's public origin.
    Below(&'h str),
    /// The listen address itself, by number or as `localhost`; its origin, made from the parts of the host.
    Listen(String),
    /// Not ours.
    Stranger,
}

impl Hosts {
    /// Reads the settings' hosts.
    ///
    /// # Errors
    /// [`HostsError`] names the setting that makes no sense.
    pub fn new(settings: &Settings, engines: Engines) -> Result<Self, HostsError> {
        let public = settings.public_url.as_deref().map(Origin::of_url).transpose()?;
        let domain = settings.domain.as_deref().map(read_domain).transpose()?;
        let fallback = Origin::of_listen(settings.listen, settings.tls.is_some());
        let shape = public.as_ref().unwrap_or(&fallback).clone();
        let mut hosts = Self {
            mode: settings.mode,
            shape: shape.clone(),
            domain,
            named: Vec::new(),
            engines: Vec::new(),
            primary: fallback.text(),
        };
        if let Some(domain) = hosts.domain.clone() {
            hosts.add(&shape.at(&format!("api.{domain}")));
            hosts.engines = engines
                .iter()
                .map(|engine| {
                    let engine = engine.descriptor();
                    let origin = shape.at(&format!("{}.pkg.{domain}", engine.key));
                    EngineHost { engine, base: origin.text(), host: origin.host }
                })
                .collect();
        }
        if let Some(public) = &public {
            hosts.add(public);
        }
        Ok(hosts)
    }

    /// The public base that URLs of ours begin with when no request says otherwise: `public_url`, else the API's
    /// host, else the listen address.
    pub fn public_base(&self) -> &str {
        &self.primary
    }

    /// The public root of an engine: its own host, else the long form below [`Hosts::public_base`].
    pub fn engine_base(&self, key: &str) -> String {
        let host = self.engines.iter().find(|host| host.engine.key == key);
        host.map_or_else(|| format!("{}/v1/engines/{key}", self.primary), |host| host.base.clone())
    }

    /// Whether an engine's own host takes the account from the path.
    pub(crate) fn names_accounts(&self) -> bool {
        self.mode == Mode::Multiplayer
    }

    /// The host that a request named, as accounts' own hosts are written: in lower case, without a port.
    pub(crate) fn asked_for<'a>(authority: &'a str) -> Option<Cow<'a, str>> {
        let (host, _) = split_authority(authority)?;
        Some(lower(host.strip_suffix('.').unwrap_or(host)))
    }

    /// The public origin of a host that is an account's own: with the scheme and port of the others.
    pub(crate) fn origin_of(&self, host: &str) -> String {
        self.shape.at(host).text()
    }

    /// Whether HTTP/2 may be offered to a client that names this host in its TLS greeting.
    pub(crate) fn offers_http2(&self, server_name: &str) -> bool {
        let host = self.engines.iter().find(|host| host.host.eq_ignore_ascii_case(server_name));
        host.is_none_or(|host| host.engine.http2)
    }

    fn add(&mut self, origin: &Origin) {
        self.primary = origin.text();
        self.named.push(Named { host: origin.host.clone(), origin: origin.text() });
    }

    /// Whose host a request named.
    pub(crate) fn site(&self, arrival: &Arrival<'_>) -> Site<'_> {
        let Some((host, port)) = split_authority(arrival.authority) else { return Site::Stranger };
        let host = lower(host.strip_suffix('.').unwrap_or(host));
        if let Some(engine) = self.engines.iter().find(|engine| engine.host == *host) {
            return Site::Engine(engine);
        }
        if let Some(named) = self.named.iter().find(|named| named.host == *host) {
            return Site::Api(&named.origin);
        }
        if is_listen_address(&host, arrival.local) {
            let scheme = if arrival.https { "https" } else { "http" };
            let colon = if port.is_some() { ":" } else { "" };
            let port = port.map_or_else(String::new, |port| port.to_string());
            return Site::Listen([scheme, "://", &host, colon, &port].concat());
        }
        match self.below_domain(&host) {
            Some("get." | "bin.") => Site::Short(&self.primary),
            Some(_) => Site::Below(&self.primary),
            None => Site::Stranger,
        }
    }

    /// What stands before the domain. Any subdomain reaches the API (`distribution.md` §1), but a name below `pkg.`
    /// without an engine is a mistake that should be seen.
    fn below_domain<'a>(&self, host: &'a str) -> Option<&'a str> {
        let sub = host.strip_suffix(self.domain.as_deref()?)?;
        Some(sub).filter(|sub| sub.is_empty() || (sub.ends_with('.') && !sub.ends_with(".pkg.")))
    }
}

/// Scheme, host and port of a URL.
#[derive(Debug, Clone)]
struct Origin {
    scheme: &'static str,
    host: String,
    port: Option<u16>,
}

impl Origin {
    fn of_url(url: &str) -> Result<Self, HostsError> {
        let error = || HostsError::PublicUrl(url.to_owned());
        let trimmed = url.trim_end_matches('/');
        let (scheme, authority) = match trimmed.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("https") => ("https", rest),
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => ("http", rest),
            _ => return Err(error()),
        };
        let (host, port) = split_authority(authority).ok_or_else(error)?;
        Ok(Self { scheme, host: lower(host).into_owned(), port })
    }

    fn of_listen(listen: SocketAddr, tls: bool) -> Self {
        let address = match listen.ip() {
            ip if ip.is_unspecified() && ip.is_ipv4() => IpAddr::from([127, 0, 0, 1]),
            ip if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
            ip => ip,
        };
        let host = if address.is_ipv6() { format!("[{address}]") } else { address.to_string() };
        let (scheme, usual) = if tls { ("https", 443) } else { ("http", 80) };
        Self { scheme, host, port: Some(listen.port()).filter(|port| *port != usual) }
    }

    fn at(&self, host: &str) -> Self {
        Self { host: host.to_owned(), ..self.clone() }
    }

    fn text(&self) -> String {
        let port = self.port.map_or_else(String::new, |port| format!(":{port}"));
        format!("{}://{}{port}", self.scheme, self.host)
    }
}

fn read_domain(text: &str) -> Result<String, HostsError> {
    let domain = text.trim_matches('.').to_ascii_lowercase();
    if is_name(&domain) { Ok(domain) } else { Err(HostsError::Domain(text.to_owned())) }
}

fn is_name(host: &str) -> bool {
    let mut before = b'.';
    let fits = host.bytes().all(|byte| {
        let fits =
            byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_') || byte == b'.' && before != b'.';
        before = byte;
        fits
    });
    fits && before != b'.' && host.len() <= 253
}

/// Splits `host[:port]`; `None` for anything that is not a name or an address, user information included.
fn split_authority(authority: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = match port {
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().ok()?)
        }
        Some("") | None => None,
        Some(_) => return None,
    };
    let is_literal = |text: &str| text.parse::<std::net::Ipv6Addr>().is_ok();
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let fits = literal.map_or_else(|| is_name(host.strip_suffix('.').unwrap_or(host)), is_literal);
    fits.then_some((host, port))
}

/// The address that was connected to, by number; or a name that only ever means the client's own machine.
fn is_listen_address(host: &str, local: IpAddr) -> bool {
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match literal.parse::<IpAddr>() {
        Ok(address) => address.is_loopback() || address == local.to_canonical(),
        Err(_) => host == "localhost",
    }
}

fn lower(host: &str) -> Cow<'_, str> {
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        host.to_ascii_lowercase().into()
    } else {
        host.into()
    }
}
