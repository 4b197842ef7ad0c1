//! Presigned URLs of S3 (AWS Signature Version 4, query form): a link that a client can use without a
//! credential of ours.
//!
//! The key of a day is derived once; a URL then costs two short hashes. Only the `host` header is signed and
//! the payload is not, so that any client can use the URL.

use aws_lc_rs::{digest, hmac};
use keyway_base::{Secret, Timestamp};

/// What identifies us to the object store. Roles add a session token, which travels in the URL.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The public half.
    pub access_key_id: String,
    /// The secret half.
    pub secret_access_key: Secret<String>,
    /// The token of a role's session.
    pub session_token: Option<Secret<String>>,
}

/// The key that one day's URLs in one region are signed with.
#[derive(Clone)]
pub struct DayKey {
    day: String,
    region: String,
    key: hmac::Key,
}

/// What a URL is to allow.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// Host, with the port where it is not the scheme's own.
    pub host: &'a str,
    /// The path as the store knows it, not yet escaped; begins with a slash.
    pub path: &'a str,
    /// Parameters beside the signature's own, not yet escaped.
    pub query: &'a [(&'a str, &'a str)],
    /// When it is signed.
    pub at: Timestamp,
    /// For how many seconds from then on it holds.
    pub seconds: u64,
}

impl DayKey {
    /// The key for the day of a moment.
    pub fn derive(secret: &Secret<String>, region: &str, at: Timestamp) -> Self {
        let day = day(at);
        let mut key = format!("AWS4{}", secret.expose()).into_bytes();
        for step in [day.as_str(), region, "s3", "aws4_request"] {
            key = mac(&hmac::Key::new(hmac::HMAC_SHA256, &key), step.as_bytes()).as_ref().to_vec();
        }
        Self { day, region: region.to_owned(), key: hmac::Key::new(hmac::HMAC_SHA256, &key) }
    }

    /// Whether it is the key for the day of this moment.
    pub fn is_for(&self, at: Timestamp) -> bool {
        day(at) == self.day
    }

    /// The path and query of a URL that allows a request made with these credentials.
    pub fn presign(&self, credentials: &Credentials, request: &Request<'_>) -> String {
        let at = request.at.to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string();
        let scope = format!("{}/{}/s3/aws4_request", self.day, self.region);
        let credential = format!("{}/{scope}", credentials.access_key_id);
        let seconds = request.seconds.to_string();
        let mut query = vec![
            ("X-Amz-Algorithm", "AWS4-HMAC-SHA256"),
            ("X-Amz-Credential", credential.as_str()),
            ("X-Amz-Date", at.as_str()),
            ("X-Amz-Expires", seconds.as_str()),
            ("X-Amz-SignedHeaders", "host"),
        ];
        query.extend(credentials.session_token.iter().map(|t| ("X-Amz-Security-Token", t.expose().as_str())));
        query.extend(request.query);
        let (path, query) = (escape(request.path, true), canonical_query(&query));
        let canonical =
            format!("{}\n{path}\n{query}\nhost:{}\n\nhost\nUNSIGNED-PAYLOAD", request.method, request.host);
        let hash = hex::encode(digest::digest(&digest::SHA256, canonical.as_bytes()));
        let text = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{hash}");
        let signature = hex::encode(mac(&self.key, text.as_bytes()));
        format!("{path}?{query}&X-Amz-Signature={signature}")
    }
}

impl std::fmt::Debug for DayKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DayKey({} {})", self.day, self.region)
    }
}

fn mac(key: &hmac::Key, message: &[u8]) -> hmac::Tag {
    hmac::sign(key, message)
}

fn day(at: Timestamp) -> String {
    at.to_jiff().strftime("%Y%m%d").to_string()
}

/// Escaped and in the order of the escaped names, then values.
fn canonical_query(parameters: &[(&str, &str)]) -> String {
    let escaped = parameters.iter().map(|(name, value)| (escape(name, false), escape(value, false)));
    let mut escaped: Vec<_> = escaped.collect();
    escaped.sort_unstable();
    let pairs: Vec<String> = escaped.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// Escapes everything but letters, digits and `-_.~`; in paths slashes stay too.
fn escape(text: &str, is_path: bool) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut escaped = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        let plain = byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) || (is_path && byte == b'/');
        if plain {
            escaped.push(char::from(byte));
        } else {
            escaped.push('%');
            for digit in [byte >> 4, byte & 15] {
                escaped.push(HEX.get(usize::from(digit)).map_or('0', |digit| char::from(*digit)));
            }
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn credentials(token: Option<&str>) -> Credentials {
        Credentials {
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned()),
            session_token: token.map(|token| Secret::new(token.to_owned())),
        }
    }

    /// 2013-05-24T00:00:00Z, the moment of the example in S3's documentation.
    const AT: Timestamp = Timestamp::from_micros(1_369_353_600_000_000);

    /// "Authenticating Requests: Using Query Parameters" in the documentation of S3.
    #[test]
    fn signs_as_the_documentation_does() {
        let credentials = credentials(None);
        let key = DayKey::derive(&credentials.secret_access_key, "us-east-1", AT);
        let request = Request {
            method: "GET",
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            query: &[],
            at: AT,
            seconds: 86400,
        };
        let expected = "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256\
            &X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request\
            &X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host\
            &X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert_eq!(key.presign(&credentials, &request), expected);
    }

    #[test]
    fn a_key_holds_for_its_day() {
        let key = DayKey::derive(&Secret::new("s".to_owned()), "eu-west-1", AT);
        assert!(key.is_for(AT.plus(Duration::from_secs(86_399))));
        assert!(!key.is_for(AT.plus(Duration::from_secs(86_400))));
    }

    #[test]
    fn odd_characters_are_escaped_once_and_the_token_is_signed() {
        let with = credentials(Some("a+b/c="));
        let key = DayKey::derive(&with.secret_access_key, "us-east-1", AT);
        let request = Request {
            method: "GET",
            host: "h",
            path: "/b/ä &+.txt",
            query: &[("response-content-type", "a/b; c")],
            at: AT,
            seconds: 60,
        };
        let url = key.presign(&with, &request);
        assert!(url.starts_with("/b/%C3%A4%20%26%2B.txt?X-Amz-Algorithm="), "{url}");
        assert!(url.contains("&X-Amz-Security-Token=a%2Bb%2Fc%3D&"), "{url}");
        assert!(url.contains("&response-content-type=a%2Fb%3B%20c&X-Amz-Signature="), "{url}");
        let without = key.presign(&credentials(None), &request);
        assert_ne!(url.rsplit_once('='), without.rsplit_once('='));
    }
}
