//! The grammar of the registry's URLs (`npm-pypi.md` §1.1).

use std::borrow::Cow;

use http::Method;
use keyway_engine::{Accept, BadPath, Head, decode_segment};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::name::PackageName;

/// The media type of the abbreviated packument.
pub(crate) const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";

/// More segments than any path of the grammar has.
const MOST_SEGMENTS: usize = 12;

/// How many search results a client gets when it does not say, and at most.
const SEARCH_SIZE: (usize, usize) = (20, 250);

/// A parsed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// `GET /-/ping`.
    Ping,
    /// `GET /-/whoami`.
    WhoAmI,
    /// `GET /-/npm/v1/keys`.
    Keys,
    /// `POST /-/npm/v1/security/advisories/bulk`.
    Advisories,
    /// `POST /-/npm/v1/security/audits` and what lies below it.
    Audit,
    /// `PUT /-/user/org.couchdb.user:{user}`.
    LogIn {
        /// The user name, as typed.
        user: String,
    },
    /// `PUT /{name}`: publish, or deprecate.
    Put {
        /// The package.
        name: PackageName,
    },
    /// `PUT /{name}/-rev/{rev}`: the first half of unpublishing a version. Revisions decide nothing.
    Revise {
        /// The package.
        name: PackageName,
    },
    /// `DELETE /{name}/-rev/{rev}`.
    Unpublish {
        /// The package.
        name: PackageName,
    },
    /// `DELETE /{name}/-/{basename}-{version}.tgz/-rev/{rev}`.
    UnpublishVersion {
        /// The package.
        name: PackageName,
        /// The version that the file name holds, not checked yet.
        version: String,
    },
    /// `PUT /-/package/{name}/dist-tags/{tag}`.
    PutTag {
        /// The package.
        name: PackageName,
        /// The tag, not checked yet.
        tag: String,
    },
    /// `DELETE /-/package/{name}/dist-tags/{tag}`.
    DeleteTag {
        /// The package.
        name: PackageName,
        /// The tag, not checked yet.
        tag: String,
    },
    /// `GET /-/v1/search`.
    Search(Search),
    /// `GET /-/package/{name}/dist-tags`.
    DistTags {
        /// The package.
        name: PackageName,
    },
    /// `GET /{name}`.
    Packument {
        /// The package.
        name: PackageName,
        /// Which document.
        form: Form,
    },
    /// `GET /{name}/{version or tag}`.
    Manifest {
        /// The package.
        name: PackageName,
        /// A version or a dist-tag, decoded.
        selector: String,
    },
    /// `GET /{name}/-/{basename}-{version}.tgz`.
    Tarball {
        /// The package.
        name: PackageName,
        /// The version that the file name holds, not checked yet.
        version: String,
    },
}

/// Which packument a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The full document, as `application/json`.
    Full,
    /// The abbreviated one, as `application/vnd.npm.install-v1+json`.
    Abbreviated,
}

/// What to search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    /// Words that a name has to contain, lower case; empty finds everything.
    pub text: String,
    /// How many results to skip.
    pub from: usize,
    /// How many results to show.
    pub size: usize,
}

impl Op {
    /// Parses a request head.
    ///
    /// # Errors
    /// [`BadPath`] when path or method are outside the grammar.
    pub fn parse(head: &Head<'_>) -> Result<Self, BadPath> {
        let mut decoded = [const { Cow::Borrowed("") }; MOST_SEGMENTS];
        let mut count = 0;
        for segment in head.segments() {
            *decoded.get_mut(count).ok_or(BadPath::Unknown)? = decode_segment(segment)?;
            count += 1;
        }
        let segments = decoded.each_ref().map(AsRef::as_ref);
        match segments.get(..count).unwrap_or_default() {
            ["-", rest @ ..] => Self::service(head, rest),
            [""] => Err(BadPath::Unknown),
            segments => Self::package(head, segments),
        }
    }

    /// Endpoints below `/-/`.
    fn service(head: &Head<'_>, path: &[&str]) -> Result<Self, BadPath> {
        let (method, op) = match path {
            ["ping"] => (Method::GET, Self::Ping),
            ["whoami"] => (Method::GET, Self::WhoAmI),
            ["npm", "v1", "keys"] => (Method::GET, Self::Keys),
            ["npm", "v1", "security", "advisories", "bulk"] => (Method::POST, Self::Advisories),
            ["npm", "v1", "security", "audits"] | ["npm", "v1", "security", "audits", "quick"] => {
                (Method::POST, Self::Audit)
            }
            ["v1", "search"] => (Method::GET, Self::Search(Search::read(head.query))),
            ["user", user] | ["user", user, "-rev", _] => (Method::PUT, Self::log_in(user)?),
            ["package", rest @ ..] => return Self::dist_tags(head, rest),
            _ => return Err(BadPath::Unknown),
        };
        let fits = if method == Method::GET { head.is_read() } else { *head.method == method };
        if fits { Ok(op) } else { Err(BadPath::Method) }
    }

    fn log_in(user: &str) -> Result<Self, BadPath> {
        let user = user.strip_prefix("org.couchdb.user:").ok_or(BadPath::Unknown)?;
        Ok(Self::LogIn { user: user.to_owned() })
    }

    fn dist_tags(head: &Head<'_>, path: &[&str]) -> Result<Self, BadPath> {
        let (name, rest) = split_name(path)?;
        match rest {
            ["dist-tags"] if head.is_read() => Ok(Self::DistTags { name }),
            ["dist-tags", tag] if *head.method == Method::PUT || *head.method == Method::POST => {
                Ok(Self::PutTag { name, tag: (*tag).to_owned() })
            }
            ["dist-tags", tag] if *head.method == Method::DELETE => {
                Ok(Self::DeleteTag { name, tag: (*tag).to_owned() })
            }
            ["dist-tags"] | ["dist-tags", _] if !head.is_read() => Err(BadPath::Method),
            _ => Err(BadPath::Unknown),
        }
    }

    /// Endpoints below a package's name.
    fn package(head: &Head<'_>, path: &[&str]) -> Result<Self, BadPath> {
        if !head.is_read() {
            return Self::writing(head, path);
        }
        let (name, rest) = split_name(path)?;
        match rest {
            [] => Ok(Self::Packument { name, form: Form::of(head) }),
            ["-", file] => {
                let version = version_of(&name, file).ok_or(BadPath::Unknown)?.to_owned();
                Ok(Self::Tarball { name, version })
            }
            [selector] if !selector.is_empty() && !matches!(*selector, "-" | "." | "..") => {
                Ok(Self::Manifest { name, selector: (*selector).to_owned() })
            }
            _ => Err(BadPath::Unknown),
        }
    }

    /// What is written below a package's name.
    fn writing(head: &Head<'_>, path: &[&str]) -> Result<Self, BadPath> {
        if let (&Method::DELETE, [before @ .., "-", file, "-rev", _]) = (head.method, path) {
            let name = last_name(before)?;
            let version = version_of(&name, file).ok_or(BadPath::Unknown)?.to_owned();
            return Ok(Self::UnpublishVersion { name, version });
        }
        let (name, rest) = split_name(path)?;
        match (head.method, rest) {
            (&Method::PUT, []) => Ok(Self::Put { name }),
            (&Method::PUT, ["-rev", _]) => Ok(Self::Revise { name }),
            (&Method::DELETE, ["-rev", _]) => Ok(Self::Unpublish { name }),
            _ => Err(BadPath::Method),
        }
    }

    /// The operation's canonical path below the engine's root, with its query. Parsing it (with the
    /// operation's method and `Accept`) gives the operation back.
    pub fn path(&self) -> String {
        match self {
            Self::Ping => "/-/ping".to_owned(),
            Self::WhoAmI => "/-/whoami".to_owned(),
            Self::Keys => "/-/npm/v1/keys".to_owned(),
            Self::Advisories => "/-/npm/v1/security/advisories/bulk".to_owned(),
            Self::Audit => "/-/npm/v1/security/audits".to_owned(),
            Self::LogIn { user } => format!("/-/user/org.couchdb.user:{}", encode(user)),
            Self::Search(search) => {
                format!(
                    "/-/v1/search?text={}&size={}&from={}",
                    encode(&search.text),
                    search.size,
                    search.from
                )
            }
            Self::Put { name } => format!("/{name}"),
            Self::Revise { name } | Self::Unpublish { name } => format!("/{name}/-rev/1-0"),
            Self::UnpublishVersion { name, version } => {
                format!("/{name}/-/{}-{}.tgz/-rev/1-0", encode(name.basename()), encode(version))
            }
            Self::PutTag { name, tag } | Self::DeleteTag { name, tag } => {
                format!("/-/package/{}/dist-tags/{}", name.as_str().replace('/', "%2f"), encode(tag))
            }
            Self::DistTags { name } => format!("/-/package/{}/dist-tags", name.as_str().replace('/', "%2f")),
            Self::Packument { name, .. } => format!("/{name}"),
            Self::Manifest { name, selector } => format!("/{name}/{}", encode(selector)),
            Self::Tarball { name, version } => {
                format!("/{name}/-/{}-{}.tgz", encode(name.basename()), encode(version))
            }
        }
    }

    /// The method that the operation is asked for with.
    pub const fn method(&self) -> Method {
        match self {
            Self::Advisories | Self::Audit => Method::POST,
            Self::LogIn { .. } | Self::Put { .. } | Self::Revise { .. } | Self::PutTag { .. } => Method::PUT,
            Self::Unpublish { .. } | Self::UnpublishVersion { .. } | Self::DeleteTag { .. } => Method::DELETE,
            _ => Method::GET,
        }
    }
}

impl Form {
    /// The abbreviated form only where it is asked for by name and no less than the full one; deno sends
    /// `*/*`, yarn 4 nothing (§1.2). Clients that are about to write need the full one.
    fn of(head: &Head<'_>) -> Self {
        let accept = Accept::of(head);
        let full = accept.named("application/json").unwrap_or(0);
        let writes = query_value(head.query, "write").is_some_and(|value| value == "true");
        match accept.named(ABBREVIATED) {
            Some(quality) if quality >= full && !writes => Self::Abbreviated,
            _ => Self::Full,
        }
    }
}

impl Search {
    fn read(query: &str) -> Self {
        let number = |key| query_value(query, key).and_then(|value| value.parse().ok());
        let (default, most) = SEARCH_SIZE;
        Self {
            text: query_value(query, "text").unwrap_or_default().to_lowercase(),
            from: number("from").unwrap_or(0),
            size: number("size").unwrap_or(default).min(most),
        }
    }
}

/// Takes the name off the front of a path: one segment, or two where the scope's slash was not encoded.
fn split_name<'s, 'p>(path: &'s [&'p str]) -> Result<(PackageName, &'s [&'p str]), BadPath> {
    let malformed = |error: keyway_engine::KeyError| BadPath::Malformed(error.0);
    match path {
        [scope, base, rest @ ..] if scope.starts_with('@') && !scope.contains('/') => {
            Ok((PackageName::parse(&format!("{scope}/{base}")).map_err(malformed)?, rest))
        }
        [name, rest @ ..] => Ok((PackageName::parse(name).map_err(malformed)?, rest)),
        [] => Err(BadPath::Unknown),
    }
}

/// The name at the end of a path: npm asks for the path of a tarball's URL below the registry's own, which is twice
/// the registry's where that has a path.
fn last_name(path: &[&str]) -> Result<PackageName, BadPath> {
    let malformed = |error: keyway_engine::KeyError| BadPath::Malformed(error.0);
    match path {
        [.., scope, base] if scope.starts_with('@') && !scope.contains('/') => {
            PackageName::parse(&format!("{scope}/{base}")).map_err(malformed)
        }
        [.., name] => PackageName::parse(name).map_err(malformed),
        [] => Err(BadPath::Unknown),
    }
}

/// The version in a tarball's file name.
fn version_of<'f>(name: &PackageName, file: &'f str) -> Option<&'f str> {
    let version = file.strip_prefix(name.basename())?.strip_prefix('-')?.strip_suffix(".tgz")?;
    (!version.is_empty() && !version.contains('/')).then_some(version)
}

/// A query value, decoded as forms are (`+` is a space); control characters are dropped.
fn query_value(query: &str, key: &str) -> Option<String> {
    if query.is_empty() {
        return None;
    }
    let (_, value) = query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .find(|(name, _)| *name == key)?;
    let spaced = value.replace('+', " ");
    Some(percent_decode_str(&spaced).decode_utf8_lossy().chars().filter(|c| !c.is_control()).collect())
}

/// What may stand in a path segment or a query value as it is.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'@');

/// Percent-encodes a path segment or a query value.
fn encode(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}

#[cfg(test)]
mod tests;
