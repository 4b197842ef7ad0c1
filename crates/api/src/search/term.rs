//! What can be searched for, and how each attribute is compared.

use keyway_base::RecordId;
use keyway_jsonapi::{Scope, Value};

use crate::distribution::Releases;
use crate::hooks::Hooks;
use crate::licensing::{Entitlements, Groups, Licenses, Machines, Policies, Products, Users};
use crate::log::RequestLogs;

/// A type that can be searched.
pub(super) struct Target {
    /// Its rules.
    pub(super) hooks: &'static dyn Hooks,
    /// Its attributes, by their folded names.
    pub(super) terms: &'static [(&'static str, Term)],
}

/// How an attribute is compared with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Term {
    /// The id: equal to a whole UUID, else a part of it.
    Id,
    /// A part of this column's text.
    Part(&'static str),
    /// The whole of this column's text.
    Whole(&'static str),
    /// A part of a user's first and last name.
    FullName,
    /// The record of this table that this column points at, by its id or a part of its name.
    Named(&'static str, &'static str),
    /// The user that this column points at, by id or a part of name or e-mail.
    Person(&'static str),
    /// A licence's owner or one of its licensees.
    Licensee,
    /// A machine's owner, or who owns or uses its licence.
    MachineUser,
    /// What the licence of a machine has.
    OfLicense(&'static Self),
    /// The record of any type that this column points at, by id or a part of its name or e-mail.
    Anything(&'static str),
    /// The members of the metadata; not a text.
    Metadata,
}

pub(super) static TARGETS: &[Target] = &[
    Target {
        hooks: &Users,
        terms: &[
            ("id", Term::Id),
            ("email", Term::Part("email")),
            ("first_name", Term::Part("first_name")),
            ("last_name", Term::Part("last_name")),
            ("full_name", Term::FullName),
            ("name", Term::FullName),
            ("role", Term::Part("role")),
            ("metadata", Term::Metadata),
        ],
    },
    Target {
        hooks: &Licenses,
        terms: &[
            ("id", Term::Id),
            ("key", Term::Whole("key")),
            ("name", Term::Part("name")),
            ("owner", Term::Person("owner_id")),
            ("user", Term::Licensee),
            ("product", Term::Named("products", "product_id")),
            ("policy", Term::Named("policies", "policy_id")),
            ("metadata", Term::Metadata),
        ],
    },
    Target {
        hooks: &Machines,
        terms: &[
            ("id", Term::Id),
            ("fingerprint", Term::Part("fingerprint")),
            ("name", Term::Part("name")),
            ("license", Term::Named("licenses", "license_id")),
            ("owner", Term::Person("owner_id")),
            ("user", Term::MachineUser),
            ("product", Term::Named("products", "product_id")),
            ("policy", Term::OfLicense(&Term::Named("policies", "policy_id"))),
            ("metadata", Term::Metadata),
        ],
    },
    Target {
        hooks: &Products,
        terms: &[("id", Term::Id), ("name", Term::Part("name")), ("metadata", Term::Metadata)],
    },
    Target {
        hooks: &Policies,
        terms: &[
            ("id", Term::Id),
            ("name", Term::Part("name")),
            ("product", Term::Named("products", "product_id")),
            ("metadata", Term::Metadata),
        ],
    },
    Target {
        hooks: &Entitlements,
        terms: &[("id", Term::Id), ("code", Term::Part("code")), ("name", Term::Part("name"))],
    },
    Target { hooks: &Groups, terms: &[("name", Term::Part("name"))] },
    Target {
        hooks: &Releases,
        terms: &[
            ("id", Term::Id),
            ("version", Term::Part("version")),
            ("tag", Term::Part("tag")),
            ("product", Term::Named("products", "product_id")),
            ("metadata", Term::Metadata),
        ],
    },
    Target {
        hooks: &RequestLogs,
        terms: &[
            ("id", Term::Id),
            ("requestor", Term::Anything("requestor_id")),
            ("resource", Term::Anything("resource_id")),
            ("method", Term::Part("method")),
            ("status", Term::Part("status")),
            ("url", Term::Part("url")),
            ("ip", Term::Part("ip")),
        ],
    },
];

/// The tables of what has a name.
const NAMED: &[&str] = &[
    "entitlements",
    "environments",
    "groups",
    "licenses",
    "machines",
    "packages",
    "policies",
    "products",
    "releases",
];

impl Term {
    /// The records for which the text fits.
    pub(super) fn scope(self, text: &str) -> Scope {
        match self {
            Self::Id => id("id", text),
            Self::Part(column) => part(column, text),
            Self::Whole(column) => Scope::text(column, text),
            Self::FullName => full_name(text),
            Self::Named(table, column) => related(column, text, || {
                id(column, text).or(Scope::belongs(table, column, part("name", text)))
            }),
            Self::Person(column) => person(column, text),
            Self::Licensee => {
                let attached = Scope::has("license_users", "license_id", person("user_id", text));
                person("owner_id", text).or(attached)
            }
            Self::MachineUser => person("owner_id", text).or(Self::OfLicense(&Self::Licensee).scope(text)),
            Self::OfLicense(term) => Scope::belongs("licenses", "license_id", term.scope(text)),
            Self::Anything(column) => related(column, text, || {
                let named = NAMED.iter().map(|table| Scope::belongs(table, column, part("name", text)));
                named.fold(person(column, text), Scope::or)
            }),
            Self::Metadata => Scope::None,
        }
    }
}

/// The longest text that anything is looked for by; nothing that is searched is as long.
const LONGEST: usize = 16 * 1024;
/// The longest pair of names, and the most words they may have.
const LONGEST_NAME: usize = 1024;
const WORDS: usize = 16;

fn part(column: &'static str, text: &str) -> Scope {
    if text.len() > LONGEST { Scope::None } else { Scope::Contains(column, text.to_owned()) }
}

fn id(column: &'static str, text: &str) -> Scope {
    related(column, text, || part(column, text))
}

/// A whole UUID is compared as it is.
fn related(column: &'static str, text: &str, otherwise: impl FnOnce() -> Scope) -> Scope {
    match text.parse::<RecordId>() {
        Ok(id) => Scope::Is(column, Value::Id(id)),
        Err(_) => otherwise(),
    }
}

fn person(column: &'static str, text: &str) -> Scope {
    related(column, text, || {
        let named = part("email", text).or(full_name(text));
        id(column, text).or(Scope::belongs("users", column, named))
    })
}

/// Within one of the names, or across the space between them.
fn full_name(text: &str) -> Scope {
    if text.len() > LONGEST_NAME {
        return Scope::None;
    }
    let across = text.match_indices(' ').take(WORDS).filter_map(|(at, _)| {
        let (first, last) = (text.get(..at)?, text.get(at + 1..)?);
        Some(part("first_name", first).and(part("last_name", last)))
    });
    across.fold(part("first_name", text).or(part("last_name", text)), Scope::or)
}
