//! What validation looks at: the licence and all that belongs to it, and what the client claims.

use keyway_base::{RecordId, Timestamp};

use crate::machine::heartbeat::{Heartbeat, HeartbeatStatus};
use crate::resources::{License, Policy};

/// Everything about the licence.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The licence.
    pub license: &'a License,
    /// Its policy.
    pub policy: &'a Policy,
    /// Its owner, if any.
    pub owner: Option<&'a Person>,
    /// Users attached beside the owner.
    pub licensees: &'a [Person],
    /// Codes of the entitlements of licence and policy.
    pub entitlements: &'a [String],
    /// Its environment, if any.
    pub environment: Option<&'a EnvironmentFacts>,
    /// Its machines.
    pub machines: &'a [MachineFacts],
    /// Whether a published, uploaded artifact that the licence may have carries the scope's checksum.
    pub has_checksum: bool,
    /// Whether a published release that the licence may have carries the scope's version.
    pub has_version: bool,
}

/// A user, as scopes name them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The user's id.
    pub id: RecordId,
    /// The user's e-mail, lower-case.
    pub email: String,
    /// Whether the user is banned.
    pub banned: bool,
}

impl Person {
    /// Whether a scope's text names this user, by id or e-mail.
    pub(super) fn is(&self, name: &str) -> bool {
        self.email == name.trim().to_lowercase() || name.parse() == Ok(self.id)
    }
}

/// An environment, as scopes name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentFacts {
    /// Its id.
    pub id: RecordId,
    /// Its code.
    pub code: String,
}

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineFacts {
    /// Its id.
    pub id: RecordId,
    /// Its fingerprint.
    pub fingerprint: String,
    /// Its owner, if any.
    pub owner: Option<Person>,
    /// Cores, if known.
    pub cores: Option<i64>,
    /// Memory, if known.
    pub memory: Option<i64>,
    /// Disk, if known.
    pub disk: Option<i64>,
    /// When it was activated.
    pub created: Timestamp,
    /// When it last pinged.
    pub last_heartbeat: Option<Timestamp>,
    /// How many processes it runs.
    pub processes: i64,
    /// Its components.
    pub components: Vec<ComponentFacts>,
}

/// A component of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentFacts {
    /// Its fingerprint.
    pub fingerprint: String,
}

impl MachineFacts {
    /// The state of its heartbeat under a policy.
    pub fn heartbeat(&self, policy: &Policy, now: Timestamp) -> HeartbeatStatus {
        Heartbeat::under(policy, self.created, self.last_heartbeat).status(now)
    }
}

/// What the client claims (`meta.scope`). An absent member is `None`; where null has a meaning of its own it
/// is `Some(None)`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ValidationScope {
    /// Environment id or code; null is global.
    pub environment: Option<Option<String>>,
    /// Product id.
    pub product: Option<String>,
    /// Policy id.
    pub policy: Option<String>,
    /// User id or e-mail; null matches a licence without an owner.
    pub user: Option<Option<String>>,
    /// Machine id.
    pub machine: Option<String>,
    /// One fingerprint; wins over `fingerprints`.
    pub fingerprint: Option<String>,
    /// Several fingerprints; nulls are dropped.
    pub fingerprints: Option<Vec<Option<String>>>,
    /// Component fingerprints.
    pub components: Option<Vec<String>>,
    /// Entitlement codes.
    pub entitlements: Option<Vec<String>>,
    /// Checksum of the release artifact in use.
    pub checksum: Option<String>,
    /// Version of the release in use.
    pub version: Option<String>,
}

impl ValidationScope {
    /// The user named by the scope, when it names one.
    pub(super) fn user(&self) -> Option<&str> {
        self.user.as_ref().and_then(Option::as_deref)
    }
    /// The fingerprints in question, distinct, in order; `None` when the scope names none.
    pub(super) fn fingerprints(&self) -> Option<Vec<&str>> {
        if let Some(one) = &self.fingerprint {
            return Some(if one.is_empty() { Vec::new() } else { vec![one] });
        }
        let several = self.fingerprints.as_ref()?.iter().flatten();
        let mut distinct: Vec<&str> = Vec::new();
        several.for_each(|text| {
            if !distinct.contains(&text.as_str()) {
                distinct.push(text);
            }
        });
        Some(distinct)
    }
}
