//! The server's settings: read from defaults, file, environment and flags (in rising order of strength), then
//! parsed once. A wrong or contradictory setting ends the start with a message that names it.

mod known;
mod layers;
mod object_store;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use keyway_access::{Origin, OriginError};
use keyway_base::Secret;
use keyway_blob::S3Options;
use keyway_catalog::Mode;
use keyway_frontend::{Network, RateLimits};
use keyway_jobs::{Mailer, MailerError};
use keyway_store::Location;

pub(crate) use known::KNOWN;
pub(crate) use layers::{Known, Layers};
pub(crate) use object_store::{Delivery, SECRETS};

/// Whose settings are read: where they begin in the environment and on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Whose {
    variables: &'static str,
    flags: &'static str,
}

impl Whose {
    /// The server's that a command is about.
    pub(crate) const OURS: Self = Self { variables: "KEYWAY_", flags: "--" };
    /// The installation's that is moved.
    pub(crate) const SOURCE: Self = Self { variables: "KEYWAY_FROM_", flags: "--from-" };
    /// The installation's that it becomes.
    pub(crate) const TARGET: Self = Self { variables: "KEYWAY_", flags: "--to-" };
}

/// The settings, parsed.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) listen: SocketAddr,
    pub(crate) data: PathBuf,
    pub(crate) database: Location,
    pub(crate) database_connections: u32,
    pub(crate) mode: Mode,
    pub(crate) account: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) public_url: Option<String>,
    pub(crate) trusted_proxies: Vec<Network>,
    pub(crate) pypi_upstream: Option<String>,
    pub(crate) oci_refresh_tokens: bool,
    pub(crate) rate_limits: RateLimits,
    pub(crate) tls: Option<Tls>,
    pub(crate) object_store: Option<S3Options>,
    pub(crate) delivery: Delivery,
    pub(crate) account_name: String,
    pub(crate) admin_email: String,
    pub(crate) cache_bytes: u64,
    pub(crate) disk_reserve: u64,
    pub(crate) event_log_days: u32,
    pub(crate) webhook_private_addresses: bool,
    /// How many days requests are logged; none are with 0.
    pub(crate) request_log_days: u32,
    pub(crate) portal_origin: Option<Origin>,
    pub(crate) mail: Option<Mail>,
    pub(crate) json_log: bool,
    pub(crate) log_level: tracing::Level,
    pub(crate) stop_seconds: u64,
    /// Whether tests may set up what they like.
    #[cfg(feature = "test-support")]
    pub(crate) under_test: Option<crate::test_support::UnderTest>,
}

/// Certificate and key files.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    pub(crate) cert: PathBuf,
    pub(crate) key: PathBuf,
}

/// Where mail goes, and from whom it comes.
#[derive(Debug, Clone)]
pub(crate) struct Mail {
    place: Secret<String>,
    from: String,
}

impl Mail {
    /// What sends it; links in it lead to this API.
    ///
    /// # Errors
    /// The place or the sender makes no sense.
    pub(crate) fn mailer(&self, api: &str) -> Result<Mailer, MailerError> {
        Mailer::at(self.place.expose(), &self.from, api)
    }
}

impl Settings {
    /// Reads all layers.
    ///
    /// # Errors
    /// The first thing that is wrong, naming the setting and where its value came from.
    pub(crate) fn load(
        whose: Whose,
        config: Option<&Path>,
        flags: &[(&'static str, Option<String>)],
    ) -> Result<(Self, Layers)> {
        let mut layers = Layers::defaults(KNOWN);
        let variable = format!("{}CONFIG", whose.variables);
        let named = std::env::vars().find(|(name, _)| *name == variable).map(|(_, path)| PathBuf::from(path));
        if let Some(path) = config.or(named.as_deref()) {
            layers.file(KNOWN, path)?;
        }
        layers.environment(KNOWN, whose.variables, std::env::vars())?;
        layers.stand_ins(object_store::STAND_INS, std::env::vars());
        layers.flags(whose.flags, flags);
        Ok((Self::parse(&layers)?, layers))
    }

    /// Parses the layered texts.
    ///
    /// # Errors
    /// The first setting that is wrong or contradicts another.
    pub(crate) fn parse(layers: &Layers) -> Result<Self> {
        let public_url =
            optional(layers, "public_url").map(|url| base_url("public_url", url, layers)).transpose()?;
        let domain = optional(layers, "domain").map(|name| host_name(name, layers)).transpose()?;
        let data = PathBuf::from(required(layers, "data")?);
        Ok(Self {
            listen: parsed(layers, "listen", "an address and port such as 127.0.0.1:7788")?,
            database: database(layers, &data)?,
            database_connections: parsed(layers, "database_connections", "a number of connections")?,
            data,
            mode: parsed(layers, "mode", "singleplayer or multiplayer")?,
            account: optional(layers, "account").map(str::to_owned),
            domain,
            public_url,
            trusted_proxies: proxies(layers)?,
            pypi_upstream: optional(layers, "pypi_upstream")
                .map(|url| base_url("pypi_upstream", url, layers))
                .transpose()?,
            oci_refresh_tokens: one_of(layers, "oci_refresh_tokens", &["on", "off"])? == "on",
            rate_limits: rate_limits(layers)?,
            tls: tls(layers)?,
            object_store: object_store::object_store(layers)?,
            delivery: object_store::delivery(layers)?,
            account_name: required(layers, "account_name")?.to_owned(),
            admin_email: required(layers, "admin_email")?.to_lowercase(),
            cache_bytes: parsed::<u64>(layers, "cache_mib", "a number of MiB")?.saturating_mul(1 << 20),
            disk_reserve: parsed::<u64>(layers, "disk_reserve_mib", "a number of MiB")?
                .saturating_mul(1 << 20),
            event_log_days: parsed(layers, "event_log_days", "a number of days")?,
            webhook_private_addresses: one_of(layers, "webhook_private_addresses", &["on", "off"])? == "on",
            request_log_days: parsed(layers, "request_log_days", "a number of days")?,
            portal_origin: portal_origin(layers)?,
            mail: mail(layers)?,
            json_log: one_of(layers, "log", &["text", "json"])? == "json",
            log_level: parsed(layers, "log_level", "error, warn, info, debug or trace")?,
            stop_seconds: parsed(layers, "stop_seconds", "a number of seconds")?,
            #[cfg(feature = "test-support")]
            under_test: None,
        })
    }

    /// Whether anything is kept in the data directory: the database, or the files.
    pub(crate) const fn keeps_data(&self) -> bool {
        !self.database.is_shared() || self.object_store.is_none()
    }

    /// Whether the first start makes an account. A server under test begins empty.
    pub(crate) fn makes_account(&self) -> bool {
        #[cfg(feature = "test-support")]
        return self.under_test.is_none() && matches!(self.mode, Mode::Singleplayer);
        #[cfg(not(feature = "test-support"))]
        return matches!(self.mode, Mode::Singleplayer);
    }

    /// Whether paths may name any account in either mode: so it is for servers under test.
    pub(crate) const fn is_lenient(&self) -> bool {
        #[cfg(feature = "test-support")]
        return self.under_test.is_some();
        #[cfg(not(feature = "test-support"))]
        return false;
    }

    /// The base URL of links when nobody configured one: what the listen address answers to.
    pub(crate) fn local_url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let host = match self.listen.ip() {
            ip if ip.is_unspecified() => "127.0.0.1".to_owned(),
            IpAddr::V6(ip) => format!("[{ip}]"),
            IpAddr::V4(ip) => ip.to_string(),
        };
        format!("{scheme}://{host}:{}", self.listen.port())
    }
}

/// The embedded database, unless another is named.
fn database(layers: &Layers, data: &Path) -> Result<Location> {
    let (value, source) = layers.get("database");
    if value.is_empty() {
        return Ok(Location::File(data.join("keyway.db")));
    }
    Location::parse(value).with_context(|| format!("setting 'database' ({source})"))
}

fn optional<'l>(layers: &'l Layers, name: &str) -> Option<&'l str> {
    let (value, _) = layers.get(name);
    (!value.is_empty()).then_some(value)
}

fn required<'l>(layers: &'l Layers, name: &str) -> Result<&'l str> {
    let source = layers.get(name).1;
    optional(layers, name).with_context(|| format!("setting '{name}' ({source}) may not be empty"))
}

fn parsed<T: std::str::FromStr>(layers: &Layers, name: &str, wanted: &str) -> Result<T> {
    let (value, source) = layers.get(name);
    value
        .parse()
        .ok()
        .with_context(|| format!("setting '{name}' ({source}) is '{value}', which is not {wanted}"))
}

fn one_of<'l>(layers: &'l Layers, name: &str, allowed: &[&str]) -> Result<&'l str> {
    let (value, source) = layers.get(name);
    if !allowed.contains(&value) {
        bail!("setting '{name}' ({source}) is '{value}'; it must be one of: {}", allowed.join(", "));
    }
    Ok(value)
}

fn base_url(name: &str, url: &str, layers: &Layers) -> Result<String> {
    let source = layers.get(name).1;
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    let Some(rest) = rest.filter(|rest| !rest.is_empty() && !rest.starts_with('/')) else {
        bail!("setting '{name}' ({source}) is '{url}', which is not an http or https URL");
    };
    if rest.contains(['?', '#', '@', ' ']) {
        bail!("setting '{name}' ({source}) is '{url}'; it may hold neither credentials nor a query");
    }
    Ok(url.trim_end_matches('/').to_owned())
}

fn host_name(name: &str, layers: &Layers) -> Result<String> {
    let source = layers.get("domain").1;
    let label =
        |l: &str| !l.is_empty() && l.len() <= 63 && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if !name.split('.').all(label) {
        bail!("setting 'domain' ({source}) is '{name}', which is not a DNS name such as example.com");
    }
    Ok(name.to_ascii_lowercase())
}

fn proxies(layers: &Layers) -> Result<Vec<Network>> {
    let (value, source) = layers.get("trusted_proxies");
    let parse = |text: &str| {
        text.parse::<Network>().ok().with_context(|| {
            format!("setting 'trusted_proxies' ({source}): '{text}' is neither an address nor a network such as 10.0.0.0/8")
        })
    };
    value.split(',').map(str::trim).filter(|text| !text.is_empty()).map(parse).collect()
}

fn rate_limits(layers: &Layers) -> Result<RateLimits> {
    let (value, source) = layers.get("rate_limits");
    value.parse().with_context(|| format!("setting 'rate_limits' ({source})"))
}

fn tls(layers: &Layers) -> Result<Option<Tls>> {
    match (optional(layers, "tls_cert"), optional(layers, "tls_key")) {
        (Some(cert), Some(key)) => Ok(Some(Tls { cert: cert.into(), key: key.into() })),
        (None, None) => Ok(None),
        (Some(_), None) => bail!("setting 'tls_cert' is set but 'tls_key' is not: TLS needs both"),
        (None, Some(_)) => bail!("setting 'tls_key' is set but 'tls_cert' is not: TLS needs both"),
    }
}

fn portal_origin(layers: &Layers) -> Result<Option<Origin>> {
    let Some(text) = optional(layers, "portal_origin") else { return Ok(None) };
    let source = layers.get("portal_origin").1;
    let origin = text.parse().map_err(|error: OriginError| {
        anyhow::anyhow!("setting 'portal_origin' ({source}) is '{text}': it {error}")
    })?;
    Ok(Some(origin))
}

fn mail(layers: &Layers) -> Result<Option<Mail>> {
    let (Some(place), from) = (optional(layers, "mail"), optional(layers, "mail_from")) else {
        return Ok(None);
    };
    let source = layers.get("mail").1;
    let from = from.with_context(|| format!("setting 'mail' ({source}) is set but 'mail_from' is not"))?;
    let mail = Mail { place: Secret::new(place.to_owned()), from: from.to_owned() };
    match mail.mailer("") {
        Ok(_) => Ok(Some(mail)),
        Err(MailerError::Place) => bail!("setting 'mail' ({source}) {}", MailerError::Place),
        Err(MailerError::From) => {
            bail!(
                "setting 'mail_from' ({}) is '{}': it {}",
                layers.get("mail_from").1,
                mail.from,
                MailerError::From
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(flags: &[(&'static str, &str)]) -> Result<Settings> {
        let mut layers = Layers::defaults(KNOWN);
        let flags: Vec<_> = flags.iter().map(|(name, value)| (*name, Some((*value).to_owned()))).collect();
        layers.flags("--", &flags);
        Settings::parse(&layers)
    }

    #[test]
    fn the_defaults_are_a_working_server() {
        let settings = with(&[]).unwrap();
        assert!(settings.listen.ip().is_loopback());
        assert_eq!(settings.local_url(), "http://127.0.0.1:7788");
        assert!(settings.tls.is_none() && settings.pypi_upstream.is_none());
    }

    #[test]
    fn wrong_and_contradictory_settings_are_named() {
        for (name, value, expected) in [
            ("listen", "nowhere", "'listen' (flag --listen) is 'nowhere'"),
            ("public_url", "example.com", "'public_url'"),
            ("public_url", "https://u:p@example.com", "credentials"),
            ("domain", "exa mple.com", "'domain'"),
            ("domain", "example.com:8080", "'domain'"),
            ("trusted_proxies", "10.0.0.0/99", "10.0.0.0/99"),
            ("oci_refresh_tokens", "maybe", "on, off"),
            ("rate_limits", "many", "'rate_limits' (flag --rate-limits)"),
            (
                "database",
                "mysql://u:geheim@x",
                "'database' (flag --database): mysql://u:***@x is no database",
            ),
            ("blobs", "s3://bucket", "'s3_access_key_id' is not"),
            ("delivery", "maybe", "auto, redirect, stream"),
            ("tls_cert", "a.pem", "'tls_key' is not"),
            ("portal_origin", "portal.example.com", "'portal_origin' (flag --portal-origin)"),
            ("mail", "smtp://u:geheim@x", "'mail_from' is not"),
            ("mode", "single", "'mode' (flag --mode) is 'single', which is not singleplayer or multiplayer"),
            ("log", "xml", "text, json"),
            ("data", "", "'data'"),
        ] {
            let error = format!("{:#}", with(&[(name, value)]).unwrap_err());
            assert!(error.contains(expected), "{name}={value}: {error}");
        }
    }

    #[test]
    fn mail_needs_a_place_and_a_sender_and_no_error_tells_the_password() {
        let error = |place, from| format!("{:#}", with(&[("mail", place), ("mail_from", from)]).unwrap_err());
        let said = error("smpt://u:geheim@x", "a@example.com");
        assert!(said.contains("'mail' (flag --mail) must be smtp://") && !said.contains("geheim"), "{said}");
        assert!(error("file:x", "Acme").contains("'mail_from' (flag --mail-from) is 'Acme'"));
        assert!(with(&[("mail", "file:x"), ("mail_from", "a@example.com")]).unwrap().mail.is_some());
        assert!(with(&[("mail_from", "a@example.com")]).unwrap().mail.is_none());
    }

    #[test]
    fn trims_a_trailing_slash_of_the_public_url() {
        let settings = with(&[("public_url", "https://get.example.com/")]).unwrap();
        assert_eq!(settings.public_url.as_deref(), Some("https://get.example.com"));
    }
}
