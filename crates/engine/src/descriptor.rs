//! What the house must know of an engine without asking it: routing, challenges, docs, limits.

use keyway_versions::Scheme;

/// An engine's fixed facts.
#[derive(Debug)]
pub struct Descriptor {
    /// The engine's key: host label, path segment, metric label (`npm`).
    pub key: &'static str,
    /// The name people use (`npm`, `PyPI`, `Raw`).
    pub name: &'static str,
    /// How versions of its packages are read and ordered.
    pub scheme: Scheme,
    /// What a 401 says.
    pub challenge: Challenge,
    /// Whether HTTP/2 may be offered on its host (denial text travels in the reason phrase on PyPI).
    pub http2: bool,
    /// Normalises a package key to the form that look-ups use.
    pub normalise: fn(&str) -> Result<String, KeyError>,
    /// Upload file-name endings (lower case, with the dot) that [`crate::Engine::ingest`] reads; other files
    /// are kept as they are.
    pub ingests: &'static [&'static str],
    /// The largest body that an operation with a body may have, in bytes.
    pub body_limit: usize,
    /// The movable name that means the newest stable version unless clients of the ecosystem put it elsewhere
    /// (npm's `latest`): a version that they publish without it does not move it.
    pub newest_tag: Option<&'static str>,
    /// Whether its clients follow a redirect to a file on another host and leave their credential behind. Files
    /// are streamed to clients that do not.
    pub redirects: bool,
    /// Whether its clients speak to a registry at the root of a host: `/v2/…`, where the account's segment is the
    /// first of a repository's name, and `/token`, whose tokens they send.
    pub registry: bool,
    /// Whether its clients are updaters, whose polls are alike: what a request asks for is in its path and query then,
    /// and no header says any of it but which installation asks.
    pub updates: bool,
    /// A line for the customer's shell that sets the client up; `{base}`, `{host}`, `{key}` are filled in.
    pub setup: &'static str,
}

impl Descriptor {
    /// Whether uploads of this name are read by [`crate::Engine::ingest`].
    pub fn reads(&self, filename: &str) -> bool {
        let name = filename.to_lowercase();
        self.ingests.iter().any(|ending| name.ends_with(ending))
    }
}

/// The `WWW-Authenticate` value of a 401.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Challenge {
    /// `Basic realm="keygen"`: clients that ask for a user name and password.
    Basic,
    /// `Bearer realm="keygen"`.
    Bearer,
    /// `License realm="keygen"`: a scheme of our own, so that npm shows our text instead of its own.
    License,
}

/// A package key that its ecosystem forbids; the text names the rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(pub String);

/// The longest package key (`distribution.md` §5.1).
const MAX_KEY: usize = 255;

/// A package's key, unchanged, where its ecosystem has no rules: any text that can be typed into an address.
///
/// # Errors
/// [`KeyError`] for the empty text, more than 255 characters, and control characters.
pub fn plain_key(key: &str) -> Result<String, KeyError> {
    if key.is_empty() || key.chars().count() > MAX_KEY || key.chars().any(char::is_control) {
        return Err(KeyError(format!(
            "a package key has 1 to {MAX_KEY} characters and no control characters"
        )));
    }
    Ok(key.to_owned())
}
