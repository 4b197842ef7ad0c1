//! What validation looks at: the licence and all that belongs to it, and what the client claims.

use std::collections::HashSet;

use keyway_base::{RecordId, Timestamp};
use keyway_jsonapi::Scope;

use crate::machine::capacity::Load;
use crate::machine::heartbeat::{Heartbeat, HeartbeatStatus};
use crate::resources::{License, MachineLeasingStrategy, Policy, ProcessLeasingStrategy};

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
    /// Those of its machines that the scope names, oldest first.
    pub machines: &'a [MachineFacts],
    /// Whether it has any machine. Looked at only where the scope names some.
    pub is_activated: bool,
    /// What is held against its limits. Looked at only where the policy is strict.
    pub counts: Counts,
    /// Whether a published, uploaded artifact that the licence may have carries the scope's checksum.
    pub has_checksum: bool,
    /// Whether a published release that the licence may have carries the scope's version.
    pub has_version: bool,
}

/// What a licence's machines come to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All of its machines.
    pub total: i64,
    /// The machines that are counted: those of [`Leased::machines`].
    pub counted: Load,
    /// The processes that are counted: those of [`Leased::processes`]. Of one machine alone they are its own.
    pub processes: i64,
}

/// Whose machines or processes are counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leased {
    /// All of the licence.
    All,
    /// Those of one user.
    By(RecordId),
    /// Those that are nobody's.
    ByNobody,
    /// Those of one machine alone.
    OfMachine,
}

impl Leased {
    /// The machines that are counted for a licence of these people under a scope.
    pub fn machines<'p>(
        policy: &Policy,
        people: impl IntoIterator<Item = &'p Person>,
        scope: Option<&ValidationScope>,
    ) -> Self {
        match policy.machine_leasing_strategy {
            MachineLeasingStrategy::PerLicense => Self::All,
            MachineLeasingStrategy::PerUser => Self::by_user(people, scope),
        }
    }
    /// The processes.
    pub fn processes<'p>(
        policy: &Policy,
        people: impl IntoIterator<Item = &'p Person>,
        scope: Option<&ValidationScope>,
    ) -> Self {
        match policy.process_leasing_strategy {
            ProcessLeasingStrategy::PerLicense => Self::All,
            ProcessLeasingStrategy::PerMachine => Self::OfMachine,
            ProcessLeasingStrategy::PerUser => Self::by_user(people, scope),
        }
    }
    /// The scoped user's; without a user scope, nobody's.
    fn by_user<'p>(people: impl IntoIterator<Item = &'p Person>, scope: Option<&ValidationScope>) -> Self {
        let user = scope.and_then(ValidationScope::user);
        let person = user.and_then(|user| people.into_iter().find(|person| person.is(user)));
        person.map_or(Self::ByNobody, |person| Self::By(person.id))
    }
    /// Whether a machine of this owner is one of them.
    pub fn holds(self, owner: Option<RecordId>) -> bool {
        match self {
            Self::All => true,
            Self::By(user) => owner == Some(user),
            Self::ByNobody => owner.is_none(),
            Self::OfMachine => false,
        }
    }
    /// These machines, as a condition on their rows.
    pub fn scope(self) -> Scope {
        match self {
            Self::All => Scope::All,
            Self::By(user) => Scope::id("owner_id", user),
            Self::ByNobody => Scope::IsNull("owner_id"),
            Self::OfMachine => Scope::None,
        }
    }
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
    /// When it was activated.
    pub created: Timestamp,
    /// When it last pinged.
    pub last_heartbeat: Option<Timestamp>,
    /// How many processes it runs. Looked at only where they are counted by the machine.
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
    /// Whether it names machines, found or not.
    pub fn names_machines(&self) -> bool {
        self.machine.is_some() || self.fingerprint.is_some() || self.fingerprints.is_some()
    }
    /// The fingerprints in question, distinct, in order; `None` when the scope names none.
    pub fn fingerprints(&self) -> Option<Vec<&str>> {
        if let Some(one) = &self.fingerprint {
            return Some(if one.is_empty() { Vec::new() } else { vec![one] });
        }
        let several = self.fingerprints.as_ref()?.iter().flatten().map(String::as_str);
        let mut seen = HashSet::new();
        Some(several.filter(|text| seen.insert(*text)).collect())
    }
}
