//! What the server makes of a type's name.

use keyway_domain::resources::{ALL, Account, Arch, Channel, Engine, Platform};
use keyway_jsonapi::{Declared, Resource};

use crate::SupportError;

/// Types that the server has no table for and does well without: kept beside it, so that tests which only need
/// them to be there can be set up.
const KEPT: &[&str] = &["plans", "filetypes", "event_types", SESSIONS];

/// Types of which nothing is here.
const FOREIGN: &[&str] = &["descriptors"];

/// Sessions of a portal: of those there are no rows, but the cookies of kept ones can be minted.
pub(crate) const SESSIONS: &str = "sessions";

/// A type as the server knows it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Notion {
    /// A resource with a table.
    Stored(&'static Resource),
    /// One that is only kept for the tests.
    Kept(&'static str),
}

impl Notion {
    /// Reads a type's name: the table's, which the fixtures share.
    pub(crate) fn of(kind: &str) -> Result<Self, SupportError> {
        if let Some(resource) = ALL.iter().find(|resource| resource.table == kind) {
            return Ok(Self::Stored(resource));
        }
        if let Some(kept) = KEPT.iter().find(|kept| **kept == kind) {
            return Ok(Self::Kept(kept));
        }
        if FOREIGN.contains(&kind) || kind.ends_with("_sparks") {
            return Err(SupportError::Impossible(format!("this server has no notion of {kind}")));
        }
        Err(SupportError::Malformed(format!("{kind:?} is not a type of record")))
    }
}

/// Whether records of the type are named by their key: found or made as a side effect of others.
pub(crate) fn is_keyed(resource: &Resource) -> bool {
    [Engine::RESOURCE, Platform::RESOURCE, Arch::RESOURCE, Channel::RESOURCE].contains(&resource)
}

/// Whether it is the accounts.
pub(crate) fn is_account(resource: &Resource) -> bool {
    resource == Account::RESOURCE
}
