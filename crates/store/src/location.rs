//! Where a database is: a file, or a server named by a URL.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr as _;

use keyway_base::Secret;
use sqlx::postgres::PgConnectOptions;

/// Where a database is. Printed without its password.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// An SQLite file; it is made when it does not exist.
    File(PathBuf),
    /// A PostgreSQL server.
    Server(ServerUrl),
}

/// The URL of a PostgreSQL server, which may hold a password.
#[derive(Clone, PartialEq, Eq)]
pub struct ServerUrl(Secret<String>);

/// A text that names no database.
#[derive(Debug, thiserror::Error)]
pub enum LocationError {
    /// It begins as no URL of a database does.
    #[error("{0} is no database: write postgres://USER:PASSWORD@HOST/DATABASE or sqlite:///PATH/FILE")]
    Scheme(String),
    /// No file is named.
    #[error("{0} names no file: write sqlite:///PATH/FILE")]
    NoFile(String),
    /// The URL of a server is wrong.
    #[error("{url} cannot be used: {why}")]
    Url {
        /// The URL without its password.
        url: String,
        /// What is wrong.
        why: String,
    },
}

impl Location {
    /// Reads `postgres://…`, `postgresql://…` or `sqlite://…`.
    ///
    /// # Errors
    /// [`LocationError`] for anything else; it never holds a password.
    pub fn parse(text: &str) -> Result<Self, LocationError> {
        if text.starts_with("postgres://") || text.starts_with("postgresql://") {
            return ServerUrl::parse(text).map(Self::Server);
        }
        let Some(path) = text.strip_prefix("sqlite://") else {
            return Err(LocationError::Scheme(redacted(text)));
        };
        if path.is_empty() || path.ends_with('/') {
            return Err(LocationError::NoFile(text.to_owned()));
        }
        Ok(Self::File(PathBuf::from(path)))
    }

    /// Whether several servers may use it at once.
    pub const fn is_shared(&self) -> bool {
        matches!(self, Self::Server(_))
    }
}

impl ServerUrl {
    fn parse(text: &str) -> Result<Self, LocationError> {
        match PgConnectOptions::from_str(text) {
            Ok(_) => Ok(Self(Secret::new(text.to_owned()))),
            Err(cause) => Err(LocationError::Url { url: redacted(text), why: cause.to_string() }),
        }
    }

    /// How to connect.
    ///
    /// # Errors
    /// [`sqlx::Error`] for a URL that cannot be read, or names files that cannot.
    pub(crate) fn options(&self) -> Result<PgConnectOptions, sqlx::Error> {
        PgConnectOptions::from_str(self.0.expose())
    }
}

/// The URL with `***` for its password. Where the password holds characters that should have been escaped, it
/// rather hides too much.
fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (rest, query) = rest.split_once('?').map_or((rest, None), |(rest, query)| (rest, Some(query)));
    let place = match rest.rsplit_once('@') {
        Some((userinfo, host)) => match userinfo.split_once(':') {
            Some((user, _)) => format!("{user}:***@{host}"),
            None => format!("{userinfo}@{host}"),
        },
        None => rest.to_owned(),
    };
    let hide = |pair: &str| match pair.split_once('=') {
        Some((name, _)) if name.to_ascii_lowercase().contains("pass") => format!("{name}=***"),
        _ => pair.to_owned(),
    };
    let query = query.map(|query| format!("?{}", query.split('&').map(hide).collect::<Vec<_>>().join("&")));
    format!("{scheme}://{place}{}", query.unwrap_or_default())
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&redacted(self.0.expose()))
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Server(url) => url.fmt(f),
        }
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_servers_are_told_apart() {
        assert_eq!(Location::parse("sqlite:///var/k.db").unwrap(), Location::File("/var/k.db".into()));
        assert_eq!(Location::parse("sqlite://k.db").unwrap(), Location::File("k.db".into()));
        for url in ["postgres://db/keyway", "postgresql://u:p@db:5433/keyway?sslmode=require"] {
            assert!(Location::parse(url).unwrap().is_shared(), "{url}");
        }
        for wrong in
            ["", "keyway.db", "mysql://u:geheim@db/k", "sqlite://", "sqlite:///var/", "postgres://h:port/d"]
        {
            let error = Location::parse(wrong).unwrap_err().to_string();
            assert!(!error.contains("geheim"), "{error}");
        }
    }

    #[test]
    fn a_password_is_never_printed() {
        for (url, shown) in [
            ("postgres://u:geheim@db/k", "postgres://u:***@db/k"),
            ("postgres://u@db/k", "postgres://u@db/k"),
            (
                "postgres://db/k?user=u&password=geheim&sslmode=require",
                "postgres://db/k?user=u&password=***&sslmode=require",
            ),
            ("postgres://u:ge@he/im@db/k", "postgres://u:***@db/k"),
        ] {
            assert_eq!(redacted(url), shown);
            if let Ok(location) = Location::parse(url) {
                assert_eq!(location.to_string(), shown);
                assert_eq!(format!("{location:?}"), shown);
            }
        }
    }
}
