//! The grammar: polls in three forms, and the files that answers lead to (`updaters.md` §1.1).

use keyway_engine::{BadPath, BadPoll, Head, Poll, Query, ReleaseFile, decode_segment};

use crate::bundle::Bundle;
use crate::target::Target;

/// The document of every target.
const STATIC: &str = "latest.json";

/// A parsed request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Op {
    /// `/{package}?platform=…` and `/{package}/{target}/{arch}/{version}`: one installation asks.
    Update {
        /// The package's key.
        package: String,
        /// What is asked.
        asked: Result<Asked, Unread>,
    },
    /// `/{package}/latest.json`: the newest release for every target.
    Latest {
        /// The package's key.
        package: String,
        /// What is asked.
        poll: Result<Poll, BadPoll>,
    },
    /// A file. Its name is one segment: there is none with a slash.
    File(ReleaseFile),
}

/// What an installation asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// What it runs on.
    pub target: Target,
    /// What it runs, and would take.
    pub poll: Poll,
}

/// A poll that cannot be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unread {
    /// A parameter is not there.
    Missing(&'static str),
    /// One makes no sense.
    Bad(BadPoll),
}

impl Op {
    /// Parses a request head.
    ///
    /// # Errors
    /// [`BadPath`] when path or method are outside the grammar.
    pub fn parse(head: &Head<'_>) -> Result<Self, BadPath> {
        let segments = head.segments().map(decode_segment).collect::<Result<Vec<_>, _>>()?;
        if segments.iter().any(|segment| segment.is_empty()) {
            return Err(BadPath::Unknown);
        }
        let query = Query(head.query);
        let op = match segments.as_slice() {
            [package] => {
                let asked = Asked::in_query(query);
                Self::Update { package: package.to_string(), asked }
            }
            [package, document] if document == STATIC => {
                Self::Latest { package: package.to_string(), poll: Poll::read(None, query) }
            }
            [_, _, filename] if filename.contains('/') => return Err(BadPath::Unknown),
            [package, version, filename] => Self::File(ReleaseFile::read(&[package, version, filename])?),
            [package, platform, arch, version] => {
                let asked = Asked::of(platform, arch, version, query);
                Self::Update { package: package.to_string(), asked }
            }
            _ => return Err(BadPath::Unknown),
        };
        if head.is_read() { Ok(op) } else { Err(BadPath::Method) }
    }

    /// The key of the package that it is about.
    pub fn package(&self) -> &str {
        match self {
            Self::Update { package, .. } | Self::Latest { package, .. } => package,
            Self::File(file) => &file.package,
        }
    }
}

impl Asked {
    /// The form whose names are all in the query, in upstream's words or in Tauri's.
    fn in_query(query: Query<'_>) -> Result<Self, Unread> {
        let given = |names: [&'static str; 2]| {
            let mut values = names.iter().flat_map(|name| query.all(name));
            let [first, _] = names;
            values.find(|value| !value.is_empty()).ok_or(Unread::Missing(first))
        };
        let platform = given(["platform", "target"])?;
        let arch = given(["arch", "arch"])?;
        let version = given(["version", "current_version"])?;
        Self::of(&platform, &arch, &version, query)
    }

    fn of(platform: &str, arch: &str, version: &str, query: Query<'_>) -> Result<Self, Unread> {
        // A `+` that was not encoded reads as a space, which no version has.
        let poll = Poll::read(Some(&version.replace(' ', "+")), query).map_err(Unread::Bad)?;
        let bundle = query.first("bundle_type").or_else(|| query.first("bundle"));
        let bundle = bundle.and_then(|name| Bundle::named(&name));
        Ok(Self { target: Target { platform: platform.to_owned(), arch: arch.to_owned(), bundle }, poll })
    }
}

#[cfg(test)]
mod tests;
