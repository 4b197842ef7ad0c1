//! The settings of an object store, and whether clients can be sent there (DESIGN §9 "storage host").

use std::net::IpAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use keyway_base::Secret;
use keyway_blob::{ContainerToken, S3Options, S3Role};
use keyway_crypto::sigv4::Credentials;

use crate::clock::SystemClock;

use super::{Layers, Settings, optional};

/// How files reach clients when they are in an object store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Clients are sent to the store.
    Redirect,
    /// Every byte passes through the server.
    Stream,
    /// Redirects, where they work.
    Auto,
}

/// Settings that other tools' variables stand in for.
pub(super) const STAND_INS: &[(&str, &str)] = &[
    ("AWS_ACCESS_KEY_ID", "s3_access_key_id"),
    ("AWS_SECRET_ACCESS_KEY", "s3_secret_access_key"),
    ("AWS_SESSION_TOKEN", "s3_session_token"),
    ("AWS_ROLE_ARN", "s3_role_arn"),
    ("AWS_ROLE_SESSION_NAME", "s3_role_session"),
    ("AWS_WEB_IDENTITY_TOKEN_FILE", "s3_web_identity_token_file"),
    ("AWS_ENDPOINT_URL_STS", "s3_sts_endpoint"),
    ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "s3_container_credentials"),
    ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "s3_container_credentials"),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "s3_container_token"),
    ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "s3_container_token_file"),
];

/// Settings whose values are never shown.
pub(crate) const SECRETS: &[&str] =
    &["s3_secret_access_key", "s3_session_token", "s3_container_token", "mail"];

/// The object store, when there is one.
pub(super) fn object_store(layers: &Layers) -> Result<Option<S3Options>> {
    let (url, source) = layers.get("blobs");
    if url.is_empty() {
        return Ok(None);
    }
    if !cfg!(feature = "s3") {
        bail!("setting 'blobs' ({source}): this build leaves S3 out; build with the feature s3");
    }
    if optional(layers, "s3_access_key_id").is_none()
        && let Some(role) = role(layers)?
    {
        return of_role(url, role).map(Some).with_context(|| format!("setting 'blobs' ({source})"));
    }
    let need = |name: &'static str, variable: &str| match optional(layers, name) {
        Some(value) => Ok(value.to_owned()),
        None => bail!(
            "setting 'blobs' is set but '{name}' is not: set it, or the variable {variable}, or give the server a role"
        ),
    };
    let credentials = Credentials {
        access_key_id: need("s3_access_key_id", "AWS_ACCESS_KEY_ID")?,
        secret_access_key: Secret::new(need("s3_secret_access_key", "AWS_SECRET_ACCESS_KEY")?),
        session_token: optional(layers, "s3_session_token").map(|token| Secret::new(token.to_owned())),
    };
    match S3Options::parse(url, credentials) {
        Ok(options) => Ok(Some(options)),
        Err(error) => bail!("setting 'blobs' ({source}): {error}"),
    }
}

/// The role that lends credentials, where the settings or AWS's own variables name one.
fn role(layers: &Layers) -> Result<Option<S3Role>> {
    let text = |name| optional(layers, name).map(str::to_owned);
    if let Some(file) = text("s3_web_identity_token_file") {
        let Some(role) = text("s3_role_arn") else {
            bail!(
                "setting 's3_web_identity_token_file' is set but 's3_role_arn' is not: set it, or AWS_ROLE_ARN"
            );
        };
        let session = text("s3_role_session").unwrap_or_else(|| "keyway".to_owned());
        let endpoint = text("s3_sts_endpoint").unwrap_or_default();
        return Ok(Some(S3Role::WebIdentity { token_file: file.into(), role, session, endpoint }));
    }
    if let Some(place) = text("s3_container_credentials") {
        let token = match (text("s3_container_token_file"), text("s3_container_token")) {
            (Some(file), _) => ContainerToken::File(file.into()),
            (None, Some(token)) => ContainerToken::Given(Secret::new(token)),
            (None, None) => ContainerToken::Absent,
        };
        return Ok(Some(S3Role::container(&place, token).context("setting 's3_container_credentials'")?));
    }
    let instance = text("s3_instance_metadata").map(|url| url.trim_end_matches('/').to_owned());
    Ok(instance.map(|endpoint| S3Role::Instance { endpoint }))
}

/// A store whose credentials a role lends.
fn of_role(url: &str, mut role: S3Role) -> Result<S3Options> {
    if !cfg!(feature = "s3-roles") {
        bail!("this build leaves roles out: set 's3_access_key_id', or build with the feature s3-roles");
    }
    let none = Credentials {
        access_key_id: String::new(),
        secret_access_key: Secret::new(String::new()),
        session_token: None,
    };
    let mut options = S3Options::parse(url, none)?;
    if let S3Role::WebIdentity { endpoint, .. } = &mut role {
        if endpoint.is_empty() {
            *endpoint = format!("https://sts.{}.amazonaws.com", options.region);
        }
        *endpoint = endpoint.trim_end_matches('/').to_owned();
    }
    options.role = Some((role, Arc::new(SystemClock)));
    Ok(options)
}

pub(super) fn delivery(layers: &Layers) -> Result<Delivery> {
    Ok(match super::one_of(layers, "delivery", &["auto", "redirect", "stream"])? {
        "redirect" => Delivery::Redirect,
        "stream" => Delivery::Stream,
        _ => Delivery::Auto,
    })
}

impl Settings {
    /// Whether clients are sent to the object store, with what keeps them from it in a word for the log.
    ///
    /// # Errors
    /// When they are to be sent there and that would break, naming the settings to change.
    pub(crate) fn sends_to_store(&self) -> Result<(bool, Option<String>)> {
        let Some(store) = &self.object_store else {
            if self.delivery == Delivery::Redirect {
                bail!(
                    "setting 'delivery' is 'redirect', but there is no object store: set 'blobs', or leave 'delivery' out"
                );
            }
            return Ok((false, None));
        };
        let trouble = trouble_with(&store.public_host(), &self.own_hosts());
        match (self.delivery, trouble) {
            (Delivery::Stream, _) => Ok((false, None)),
            (Delivery::Redirect, Some(trouble)) => bail!(
                "setting 'delivery' is 'redirect', but {trouble}: give the object store a DNS name of its own \
                 (public_endpoint in 'blobs'), or set 'delivery' to 'stream'"
            ),
            (Delivery::Auto, Some(trouble)) => Ok((false, Some(trouble))),
            (_, None) => Ok((true, None)),
        }
    }

    /// The names that clients reach this server by.
    fn own_hosts(&self) -> Vec<String> {
        let host = |url: &str| {
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            let authority = rest.split('/').next().unwrap_or(rest);
            match authority.rsplit_once(':') {
                Some((name, port)) if port.parse::<u16>().is_ok() => name.to_ascii_lowercase(),
                _ => authority.to_ascii_lowercase(),
            }
        };
        let mut hosts: Vec<String> = self.public_url.iter().map(|url| host(url)).collect();
        hosts
            .extend(self.domain.iter().flat_map(|domain| [format!("api.{domain}"), format!("pkg.{domain}")]));
        if hosts.is_empty() {
            hosts.push(host(&self.local_url()));
        }
        hosts
    }
}

/// Why clients cannot be sent to a storage host: those that carry a credential on to the same name or below it
/// are refused there, and leak it.
fn trouble_with(storage: &str, own: &[String]) -> Option<String> {
    let storage = storage.trim_end_matches('.').to_ascii_lowercase();
    if storage.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Some(format!("the object store's host {storage} is an address and not a DNS name"));
    }
    own.iter().find_map(|host| {
        if storage == *host {
            Some(format!("the object store has the name of this server, {host}"))
        } else if storage.ends_with(&format!(".{host}")) {
            Some(format!("the object store's host {storage} is below this server's, {host}"))
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::KNOWN;
    use super::*;

    fn settings(flags: &[(&'static str, &str)]) -> Result<Settings> {
        let mut layers = Layers::defaults(KNOWN);
        let flags: Vec<_> = flags.iter().map(|(name, value)| (*name, Some((*value).to_owned()))).collect();
        layers.flags("--", &flags);
        Settings::parse(&layers)
    }

    const KEYS: [(&str, &str); 2] = [("s3_access_key_id", "id"), ("s3_secret_access_key", "hush")];

    fn sends(blobs: &str, delivery: &'static str, more: &[(&'static str, &str)]) -> Result<bool> {
        let mut flags = vec![("blobs", blobs), ("delivery", delivery)];
        flags.extend(KEYS);
        flags.extend(more);
        settings(&flags)?.sends_to_store().map(|(sends, _)| sends)
    }

    #[test]
    fn clients_are_sent_to_a_host_of_another_name() {
        let domain = [("domain", "acme.com")];
        for (endpoint, more, works) in [
            ("https://s3.example.com", &domain[..], true),
            ("https://s3.acme.com", &domain, true),
            ("https://s3.api.acme.com", &domain, false),
            ("https://s3.pkg.acme.com", &domain, false),
            ("https://api.acme.com:9000", &domain, false),
            ("https://10.0.0.1:9000", &domain, false),
            ("https://[::1]:9000", &domain, false),
            ("https://get.acme.com:9000", &[("public_url", "https://Get.acme.com")], false),
            ("https://files.acme.com", &[("public_url", "https://get.acme.com:8443")], true),
            ("http://localhost:9000", &[], true),
            ("http://127.0.0.1:9000", &[], false),
        ] {
            let blobs = format!("s3://acme?endpoint={endpoint}");
            assert_eq!(sends(&blobs, "auto", more).unwrap(), works, "{endpoint}");
            assert!(!sends(&blobs, "stream", more).unwrap());
            match sends(&blobs, "redirect", more) {
                Ok(sends) => assert!(sends && works, "{endpoint}"),
                Err(error) => {
                    let text = error.to_string();
                    assert!(
                        !works && text.contains("'delivery'") && text.contains("public_endpoint"),
                        "{text}"
                    );
                }
            }
        }
        let inside = "s3://acme?endpoint=http://10.0.0.1&public_endpoint=https://files.example.com";
        assert!(sends(inside, "redirect", &domain).unwrap());
    }

    #[test]
    fn what_is_missing_is_named() {
        let error = settings(&[("blobs", "s3://acme")]).unwrap_err().to_string();
        assert!(error.contains("s3_access_key_id") && error.contains("AWS_ACCESS_KEY_ID"), "{error}");
        let error = settings(&[("delivery", "redirect")]).unwrap().sends_to_store().unwrap_err().to_string();
        assert!(error.contains("'delivery'") && error.contains("'blobs'"), "{error}");
        let error = sends("s3://Acme", "auto", &[]).unwrap_err().to_string();
        assert!(error.contains("'blobs'") && error.contains("'Acme'"), "{error}");
    }
}
