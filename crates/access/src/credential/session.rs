//! Sessions of a portal (`licensing.md` §2): cookies that count only for pages of one origin. What is in them is sealed,
//! and read elsewhere.

use std::fmt;
use std::str::FromStr;

use http::header::{COOKIE, HeaderMap, ORIGIN};
use http::{HeaderValue, Uri};
use keyway_base::{EnvironmentId, Secret};

use super::{Credential, CredentialScheme};

/// What the name of every session's cookie begins with.
const NAME: &str = "session_id";

/// An origin as browsers write it: scheme, host, and the port where it is not the usual one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin(String);

/// A text that is no origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an origin such as https://portal.example.com: a scheme, a host and perhaps a port")]
pub struct OriginError;

impl Origin {
    /// Whether the page that asks is of this origin.
    pub fn asks(&self, headers: &HeaderMap) -> bool {
        let mut values = headers.get_all(ORIGIN).iter();
        values.next().is_some_and(|value| value.as_bytes() == self.0.as_bytes()) && values.next().is_none()
    }
    /// Whether its pages come encrypted.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https:")
    }
    /// As the value of a header.
    pub fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Self, OriginError> {
        let uri: Uri = text.parse().map_err(|_| OriginError)?;
        let (Some(scheme @ ("http" | "https")), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(OriginError);
        };
        let bare = !authority.as_str().contains('@') && !authority.host().is_empty();
        if !bare || uri.path() != "/" || uri.query().is_some() {
            return Err(OriginError);
        }
        let host = authority.host().to_ascii_lowercase();
        let usual = if scheme == "https" { 443 } else { 80 };
        Ok(Self(match authority.port_u16().filter(|port| *port != usual) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        }))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of the cookie of a session in an environment.
pub fn session_cookie(environment: Option<EnvironmentId>) -> String {
    environment.map_or_else(|| NAME.to_owned(), |id| format!("{NAME}.{id}"))
}

/// The session that a page of the portal sends along: the cookie of this name. Cookies come with whatever page a browser
/// is on, so those of other origins count for nothing.
pub fn session(headers: &HeaderMap, portal: Option<&Origin>, name: &str) -> Option<Credential> {
    if !portal?.asks(headers) {
        return None;
    }
    let lines = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let (_, value) = pairs.find(|(found, value)| *found == name && !value.is_empty())?;
    let secret = Secret::new(value.to_owned());
    Some(Credential { scheme: CredentialScheme::Session, secret, user: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Presented, Surface, credentials};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn origins_are_written_as_browsers_write_them() {
        for (text, expected) in [
            ("https://portal.example.com", Some("https://portal.example.com")),
            ("https://Portal.Example.com:443/", Some("https://portal.example.com")),
            ("http://localhost:3000", Some("http://localhost:3000")),
            ("http://127.0.0.1:80", Some("http://127.0.0.1")),
            ("https://[::1]:8443", Some("https://[::1]:8443")),
            ("portal.example.com", None),
            ("https://portal.example.com/app", None),
            ("https://portal.example.com?x", None),
            ("https://me@portal.example.com", None),
            ("ftp://portal.example.com", None),
            ("*", None),
            ("null", None),
            ("", None),
        ] {
            let read = text.parse::<Origin>().map(|origin| origin.to_string()).ok();
            assert_eq!(read.as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_cookie_counts_from_the_portal_alone() {
        const HERE: &str = "https://portal.example.com";
        let portal: Origin = HERE.parse().unwrap();
        let value = |pairs: &[(&'static str, &str)], name| {
            session(&headers(pairs), Some(&portal), name).map(|found| found.secret.into_inner())
        };
        let one = "session_id";
        assert_eq!(value(&[("origin", HERE), ("cookie", "a=b; session_id=x")], one).as_deref(), Some("x"));
        assert_eq!(
            value(&[("origin", HERE), ("cookie", "a=b"), ("cookie", "session_id=x=")], one).as_deref(),
            Some("x=")
        );
        for pairs in [
            &[("cookie", "session_id=x")][..],
            &[("origin", "null"), ("cookie", "session_id=x")],
            &[("origin", "https://portal.example.com.evil.example"), ("cookie", "session_id=x")],
            &[("origin", "http://portal.example.com"), ("cookie", "session_id=x")],
            &[("origin", "https://portal.example.com:8443"), ("cookie", "session_id=x")],
            &[("origin", HERE), ("origin", HERE), ("cookie", "session_id=x")],
            &[("origin", HERE), ("cookie", "session_id.e=x")],
            &[("origin", HERE), ("cookie", "session_id=; session_ids=x")],
            &[("origin", HERE), ("referer", HERE)],
        ] {
            assert_eq!(value(pairs, one), None, "{pairs:?}");
        }
        assert_eq!(
            value(&[("origin", HERE), ("cookie", "session_ids=y; session_id.e=x")], "session_id.e")
                .as_deref(),
            Some("x")
        );
        let sent = headers(&[("origin", HERE), ("cookie", "session_id=x")]);
        assert_eq!(session(&sent, None, one), None, "there is no portal");
    }

    #[test]
    fn it_counts_more_than_the_query_and_less_than_the_header() {
        let cookie = || {
            Some(Credential {
                scheme: CredentialScheme::Session,
                secret: Secret::new("x".into()),
                user: None,
            })
        };
        for (authorization, query, expected) in [
            ("Bearer t", "", CredentialScheme::Bearer),
            ("Basic bGljZW5zZTpr", "token=q", CredentialScheme::BasicLicense),
            ("", "token=q", CredentialScheme::Session),
            ("", "auth=license:q", CredentialScheme::Session),
            ("", "", CredentialScheme::Session),
        ] {
            let sent = headers(&[("authorization", authorization)]);
            let presented = credentials(&sent, query, Surface::Api).unwrap().or_session(cookie());
            assert_eq!(presented.credential().unwrap().scheme, expected, "{authorization} ?{query}");
        }
        let presented = credentials(&HeaderMap::new(), "token=q", Surface::Api).unwrap().or_session(None);
        assert_eq!(presented.credential().unwrap().scheme, CredentialScheme::QueryToken);
        assert_eq!(Presented::Anonymous.or_session(None), Presented::Anonymous);
    }
}
