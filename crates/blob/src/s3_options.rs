//! Where an object store is, read from `s3://bucket/prefix?endpoint=…&region=…`.

use std::fmt;
use std::sync::Arc;

use keyway_base::Clock;
use keyway_crypto::sigv4::Credentials;
use percent_encoding::percent_decode_str;

use crate::S3Role;

/// How an object store is set up.
#[derive(Clone)]
pub struct S3Options {
    /// The bucket.
    pub bucket: String,
    /// What every key of ours begins with: empty, or a path that ends with a slash.
    pub prefix: String,
    /// Where we reach the store, scheme included; `None` is Amazon's own in the region.
    pub endpoint: Option<String>,
    /// Where clients reach it, when that is another address.
    pub public_endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Whether the bucket is the first segment of the path, and not part of the host.
    pub path_style: bool,
    /// Who we are, unless a role lends credentials.
    pub credentials: Credentials,
    /// The role that lends credentials, and the time by which they end.
    pub role: Option<(S3Role, Arc<dyn Clock>)>,
    /// Bytes of memory for small blobs.
    pub memory: u64,
}

/// What is wrong with the URL of an object store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum S3UrlError {
    /// Not of the form.
    #[error("it must look like s3://bucket/prefix?endpoint=https://host&region=name")]
    Form,
    /// The URL holds credentials.
    #[error("it may not hold credentials: they have settings of their own")]
    Credentials,
    /// The bucket's name is impossible.
    #[error("'{0}' is not the name of a bucket")]
    Bucket(String),
    /// The prefix has characters that keys of ours do not have.
    #[error("the prefix '{0}' may hold letters, digits and ._-/ only")]
    Prefix(String),
    /// An option that there is not.
    #[error("there is no option '{0}': there are endpoint, public_endpoint, region and path_style")]
    Option(String),
    /// An option's value makes no sense.
    #[error("{name} is '{value}', which is not {wanted}")]
    Value {
        /// The option.
        name: &'static str,
        /// Its value.
        value: String,
        /// What it should have been.
        wanted: &'static str,
    },
}

impl S3Options {
    /// Reads the URL of a store.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(url: &str, credentials: Credentials) -> Result<Self, S3UrlError> {
        let rest = url.strip_prefix("s3://").ok_or(S3UrlError::Form)?;
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        if place.contains('@') {
            return Err(S3UrlError::Credentials);
        }
        let (bucket, prefix) = place.split_once('/').unwrap_or((place, ""));
        let mut options = Self {
            bucket: bucket_name(bucket)?,
            prefix: prefix_of(prefix)?,
            endpoint: None,
            public_endpoint: None,
            region: "us-east-1".to_owned(),
            path_style: false,
            credentials,
            role: None,
            memory: 32 << 20,
        };
        let mut path_style = None;
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(|| S3UrlError::Option(pair.to_owned()))?;
            let value = percent_decode_str(value).decode_utf8_lossy().into_owned();
            match name {
                "endpoint" => options.endpoint = Some(endpoint("endpoint", value)?),
                "public_endpoint" => options.public_endpoint = Some(endpoint("public_endpoint", value)?),
                "region" => options.region = region(value)?,
                "path_style" => path_style = Some(yes_or_no("path_style", value)?),
                other => return Err(S3UrlError::Option(other.to_owned())),
            }
        }
        options.path_style = path_style.unwrap_or(options.endpoint.is_some());
        Ok(options)
    }

    /// Scheme and host (with port) that clients use for this bucket, and what precedes keys in the path.
    pub(crate) fn public_place(&self) -> (String, String, String) {
        let amazon = format!("https://s3.{}.amazonaws.com", self.region);
        let endpoint = self.public_endpoint.as_deref().or(self.endpoint.as_deref()).unwrap_or(&amazon);
        let (scheme, host) = endpoint.split_once("://").unwrap_or(("https", endpoint));
        if self.path_style {
            (scheme.to_owned(), host.to_owned(), format!("/{}/", self.bucket))
        } else {
            (scheme.to_owned(), format!("{}.{host}", self.bucket), "/".to_owned())
        }
    }

    /// The DNS name or address that clients send bytes to and fetch them from, without a port.
    pub fn public_host(&self) -> String {
        let (_, host, _) = self.public_place();
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name.to_owned(),
            _ => host,
        }
    }
}

impl fmt::Debug for S3Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "S3Options({self})")
    }
}

/// The place in words for messages; never the credentials.
impl fmt::Display for S3Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = self.endpoint.as_deref().unwrap_or("Amazon S3");
        write!(f, "bucket '{}' at {at} in {}", self.bucket, self.region)
    }
}

fn bucket_name(name: &str) -> Result<String, S3UrlError> {
    let fits = (3..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'.');
    if fits { Ok(name.to_owned()) } else { Err(S3UrlError::Bucket(name.to_owned())) }
}

fn prefix_of(text: &str) -> Result<String, S3UrlError> {
    let trimmed = text.trim_matches('/');
    let plain = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    };
    match trimmed {
        "" => Ok(String::new()),
        _ if trimmed.split('/').all(plain) => Ok(format!("{trimmed}/")),
        _ => Err(S3UrlError::Prefix(text.to_owned())),
    }
}

fn endpoint(name: &'static str, value: String) -> Result<String, S3UrlError> {
    let value = value.trim_end_matches('/').to_owned();
    let host = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    match host {
        Some(host) if !host.is_empty() && !host.contains(['/', '?', '#', '@', ' ']) => Ok(value),
        _ => Err(S3UrlError::Value { name, value, wanted: "a URL such as https://host:port without a path" }),
    }
}

fn region(value: String) -> Result<String, S3UrlError> {
    let fits = !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    if fits {
        Ok(value)
    } else {
        Err(S3UrlError::Value { name: "region", value, wanted: "the name of a region" })
    }
}

fn yes_or_no(name: &'static str, value: String) -> Result<bool, S3UrlError> {
    match value.as_str() {
        "true" => Ok(true),
        "false" => Ok(false),
        _ => Err(S3UrlError::Value { name, value, wanted: "true or false" }),
    }
}

#[cfg(test)]
mod tests {
    use keyway_base::Secret;

    use super::*;

    fn parse(url: &str) -> Result<S3Options, S3UrlError> {
        let credentials = Credentials {
            access_key_id: "id".to_owned(),
            secret_access_key: Secret::new("hush".to_owned()),
            session_token: None,
        };
        S3Options::parse(url, credentials)
    }

    #[test]
    fn a_bucket_alone_is_at_amazon() {
        let options = parse("s3://acme-files").unwrap();
        assert_eq!((options.prefix.as_str(), options.path_style), ("", false));
        assert_eq!(options.public_host(), "acme-files.s3.us-east-1.amazonaws.com");
        assert!(!format!("{options:?} {options}").contains("hush"));
    }

    #[test]
    fn an_endpoint_has_the_bucket_in_the_path() {
        let options =
            parse("s3://acme/keyway/eu/?endpoint=https%3A%2F%2Fs3.example.com:8333/&region=eu-1").unwrap();
        assert_eq!(options.prefix, "keyway/eu/");
        assert_eq!(options.endpoint.as_deref(), Some("https://s3.example.com:8333"));
        assert_eq!(options.public_place().2, "/acme/");
        assert_eq!(options.public_host(), "s3.example.com");
        let options = parse("s3://acme?endpoint=http://s3.example.com&path_style=false").unwrap();
        assert_eq!(options.public_host(), "acme.s3.example.com");
        let options =
            parse("s3://acme?endpoint=http://10.0.0.1&public_endpoint=https://files.example.com").unwrap();
        assert_eq!(options.public_host(), "files.example.com");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (url, expected) in [
            ("https://acme", "must look like"),
            ("s3://id:secret@acme", "may not hold credentials"),
            ("s3://", "'' is not the name"),
            ("s3://Acme", "'Acme' is not the name"),
            ("s3://acme/a b", "prefix"),
            ("s3://acme/a/../b", "prefix"),
            ("s3://acme?endpont=http://x", "no option 'endpont'"),
            ("s3://acme?endpoint=x", "endpoint is 'x'"),
            ("s3://acme?endpoint=http://x/path", "without a path"),
            ("s3://acme?region=", "region is ''"),
            ("s3://acme?path_style=yes", "true or false"),
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.contains(expected), "{url}: {error}");
        }
    }
}
