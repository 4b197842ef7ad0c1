//! Everything about a licence that validation looks at, gathered.

use std::collections::BTreeSet;

use keyway_access::{LicenseGrant, LicenseRecords, Principal, Who, listed};
use keyway_base::{EntitlementId, RecordId, UserId};
use keyway_domain::license::validation::{EnvironmentFacts, Facts, Person, ValidationScope};
use keyway_domain::permission::Permissions;
use keyway_domain::resources::{
    Artifact, Entitlement, Environment, License, LicenseEntitlement, Policy, PolicyEntitlement, Release, User,
};
use keyway_jsonapi::{Declared, Record, Role, Scope};

use super::license_state::policy_of;
use super::validation_machines::Fleet;
use crate::licensing::license::attached_users;
use crate::refusal::Outcome;
use crate::work::Work;

/// The owned form of [`Facts`].
pub(crate) struct Gathered {
    pub(super) license: License,
    pub(super) policy: Policy,
    pub(super) owner: Option<Person>,
    pub(super) licensees: Vec<Person>,
    /// The users attached beside the owner.
    pub(super) users: Vec<UserId>,
    /// The entitlements of licence and policy.
    pub(super) held: BTreeSet<RecordId>,
    entitlements: Vec<String>,
    environment: Option<EnvironmentFacts>,
    /// Its machines, as far as they are looked at.
    pub(super) fleet: Fleet,
    /// Whether the scope's checksum is that of an artifact the licence may have.
    pub(crate) has_checksum: bool,
    /// Whether the scope's version is that of a release the licence may have.
    pub(crate) has_version: bool,
}

impl Gathered {
    /// Gathers what of a licence decides with this scope.
    pub(crate) async fn of(
        work: &mut Work,
        record: &Record,
        scope: Option<&ValidationScope>,
    ) -> Outcome<Self> {
        let mut gathered = Self::without_machines(work, record).await?;
        let people: Vec<&Person> = gathered.owner.iter().chain(&gathered.licensees).collect();
        gathered.fleet = Fleet::of(work, (&gathered.license, &gathered.policy), &people, scope).await?;
        if let Some(scope) = scope {
            gathered.look_for_releases(work, scope).await?;
        }
        Ok(gathered)
    }

    /// Gathers what decides with any scope, but for the licence's machines and releases.
    pub(super) async fn without_machines(work: &mut Work, record: &Record) -> Outcome<Self> {
        let license: License = record.typed()?;
        let policy = policy_of(work, record).await?;
        let owner = match license.owner_id {
            Some(id) => work.get(User::RESOURCE, id.into()).await?,
            None => None,
        };
        let users = attached_users(work, record.id()).await?;
        let licensees = work.all_of(User::RESOURCE, users.iter().map(|id| (*id).into())).await?;
        let held = held(work, record).await?;
        let codes = work.all_of(Entitlement::RESOURCE, held.iter().copied()).await?;
        let environment = match record.environment() {
            Some(id) => work.get(Environment::RESOURCE, id.into()).await?,
            None => None,
        };
        Ok(Self {
            owner: owner.as_ref().map(person),
            licensees: licensees.iter().map(person).collect(),
            users,
            entitlements: codes.iter().filter_map(|e| e.get("code").as_text()).map(str::to_owned).collect(),
            held,
            environment: environment.as_ref().map(environment_facts),
            fleet: Fleet::default(),
            license,
            policy,
            has_checksum: false,
            has_version: false,
        })
    }

    /// The borrowed form.
    pub(crate) fn facts(&self) -> Facts<'_> {
        Facts {
            license: &self.license,
            policy: &self.policy,
            owner: self.owner.as_ref(),
            licensees: &self.licensees,
            entitlements: &self.entitlements,
            environment: self.environment.as_ref(),
            machines: &self.fleet.named,
            is_activated: self.fleet.is_activated,
            counts: self.fleet.counts,
            has_checksum: self.has_checksum,
            has_version: self.has_version,
        }
    }

    /// Whether the licence may have a release of the scope's version, an artifact of its checksum.
    async fn look_for_releases(&mut self, work: &mut Work, scope: &ValidationScope) -> Outcome<()> {
        if scope.checksum.is_none() && scope.version.is_none() {
            return Ok(());
        }
        let owner = match self.license.owner_id {
            Some(id) => work.get(User::RESOURCE, id.into()).await?,
            None => None,
        };
        let records = LicenseRecords {
            license: self.license.clone(),
            policy: self.policy.clone(),
            owner: owner.map(|owner| owner.typed()).transpose()?,
            users: self.users.clone(),
            entitlements: self.held.iter().copied().map(EntitlementId::from).collect(),
        };
        let principal = Principal {
            account: work.account(),
            view: work.call.view,
            role: Role::License,
            who: Who::License(self.license.id.into()),
            token: None,
            bearer_permissions: Permissions::NONE,
            permissions: Permissions::NONE,
            grants: vec![LicenseGrant::of(records)],
        };
        let (view, now) = (work.call.view, work.now());
        let product = Scope::id("product_id", self.license.product_id);
        if let Some(version) = &scope.version {
            let named = Scope::text("version", version).or(Scope::text("version_key", version));
            let visible = listed(&principal, Release::RESOURCE, &view, now);
            self.has_version = work.any(Release::RESOURCE, &visible.and(product.clone()).and(named)).await?;
        }
        if let Some(checksum) = &scope.checksum {
            let named = Scope::text("checksum", checksum);
            let of_product = Scope::belongs("releases", "release_id", product);
            let visible = listed(&principal, Artifact::RESOURCE, &view, now);
            self.has_checksum = work.any(Artifact::RESOURCE, &visible.and(of_product).and(named)).await?;
        }
        Ok(())
    }
}

/// The entitlements of the licence and of its policy.
async fn held(work: &mut Work, license: &Record) -> Outcome<BTreeSet<RecordId>> {
    let own = work.all(LicenseEntitlement::RESOURCE, &Scope::id("license_id", license.id())).await?;
    let inherited = match license.get("policy_id").as_id() {
        Some(policy) => work.all(PolicyEntitlement::RESOURCE, &Scope::id("policy_id", policy)).await?,
        None => Vec::new(),
    };
    Ok(own.iter().chain(&inherited).filter_map(|join| join.get("entitlement_id").as_id()).collect())
}

/// A user as scopes name them.
pub(super) fn person(user: &Record) -> Person {
    Person {
        id: user.id(),
        email: user.get("email").as_text().unwrap_or_default().to_owned(),
        banned: !user.get("banned_at").is_null(),
    }
}

fn environment_facts(environment: &Record) -> EnvironmentFacts {
    let code = environment.get("code").as_text().unwrap_or_default().to_owned();
    EnvironmentFacts { id: environment.id(), code }
}
