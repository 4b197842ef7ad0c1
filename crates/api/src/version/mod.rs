//! API versions (`licensing.md` §1.9, `distribution.md` §11): which one a request speaks, and what its documents
//! and bodies look like. Operations know the current version only; each difference is a pure function on what
//! goes over the wire, so an older version is rendered by undoing one difference after the other, newest first.

mod documents;
mod error;
mod first;
mod license;
mod machine;
mod metadata;
mod policy;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::endpoint::{Endpoint, Verb};

pub(crate) use first::{FILE_ATTRIBUTES, take_file};

/// A supported version, by its minor number: 1.0 to 1.8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ApiVersion(u8);

/// Where a document or body belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Route {
    /// The method.
    pub(crate) verb: Verb,
    /// The path's template.
    pub(crate) path: &'static str,
}

/// One difference between a version and the next.
struct Difference {
    /// The last version that has it.
    until: ApiVersion,
    /// Turns a document of the next version into one of this.
    document: fn(&mut Value, Route),
    /// Turns a body of this version into one of the next.
    body: fn(&mut Map<String, Value>, Route),
}

/// Every difference, newest first.
const DIFFERENCES: &[Difference] = &[
    Difference { until: ApiVersion(7), document: error::credentials, body: none },
    Difference { until: ApiVersion(6), document: policy::leasing, body: policy::accept_leasing },
    Difference { until: ApiVersion(5), document: license::owner, body: license::accept_user },
    Difference { until: ApiVersion(5), document: machine::user, body: none },
    Difference { until: ApiVersion(4), document: metadata::snake_case, body: none },
    Difference { until: ApiVersion(3), document: policy::fingerprints, body: policy::accept_fingerprints },
    Difference { until: ApiVersion(2), document: machine::unstarted, body: policy::first_ping },
    Difference { until: ApiVersion(1), document: license::validity, body: none },
    Difference { until: ApiVersion(1), document: policy::concurrent, body: policy::accept_concurrent },
    Difference { until: ApiVersion(0), document: first::release, body: none },
    Difference { until: ApiVersion(0), document: first::artifact, body: none },
];

fn none(_: &mut Map<String, Value>, _: Route) {}

impl ApiVersion {
    /// The version whose documents the interpreter makes.
    pub(crate) const CURRENT: Self = Self(8);

    /// Reads `1.8` or `v1.8`; `None` for versions that are not supported.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let minor = text.strip_prefix('v').unwrap_or(text).strip_prefix("1.")?;
        let number = minor.parse().ok().filter(|number| *number <= Self::CURRENT.0)?;
        (minor.len() == 1).then_some(Self(number))
    }
    /// Whether this is 1.0, where a release is one file.
    pub(crate) const fn is_first(self) -> bool {
        self.0 == 0
    }
    /// Whether a machine's user is its licence's owner: until 1.5.
    pub(crate) const fn is_without_machine_owners(self) -> bool {
        self.0 <= 5
    }
    /// Turns a document of the current version into one of this version.
    pub(crate) fn render(self, mut document: Value, route: Option<Route>) -> Value {
        if let Some(route) = route {
            let differences = DIFFERENCES.iter().filter(|difference| self <= difference.until);
            differences.for_each(|difference| (difference.document)(&mut document, route));
        }
        document
    }
    /// Turns a body of this version, its keys folded, into one of the current version.
    pub(crate) fn accept(self, body: &mut Map<String, Value>, route: Route) {
        let differences = DIFFERENCES.iter().rev().filter(|difference| self <= difference.until);
        differences.for_each(|difference| (difference.body)(body, route));
    }
    /// Whether the names of headers that carry ids end in `-Id`: until 1.3.
    pub(crate) const fn has_suffixed_ids(self) -> bool {
        self.0 <= 3
    }
    /// Its name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self.0 {
            0 => "1.0",
            1 => "1.1",
            2 => "1.2",
            3 => "1.3",
            4 => "1.4",
            5 => "1.5",
            6 => "1.6",
            7 => "1.7",
            _ => "1.8",
        }
    }
}

impl Route {
    /// The route of an endpoint.
    pub(crate) const fn of(endpoint: &Endpoint) -> Self {
        Self { verb: endpoint.verb, path: endpoint.path }
    }
    /// Whether this is one of the ways to create (`POST` of the collection) or change (`PATCH` of one).
    fn writes(self, collection: &str) -> bool {
        let of_one = || self.path.strip_prefix(collection) == Some("/{id}");
        match self.verb {
            Verb::Post => self.path == collection,
            Verb::Patch => of_one(),
            _ => false,
        }
    }
    /// Whether this creates a record of a collection.
    fn creates(self, collection: &str) -> bool {
        self.verb == Verb::Post && self.path == collection
    }
}

impl std::fmt::Display for ApiVersion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
