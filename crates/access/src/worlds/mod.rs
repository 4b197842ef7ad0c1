//! Random small worlds for property tests: an account with everything that access depends on, the callers in
//! it, and its package snapshots. Kept out of releases by the feature `worlds`; the store runs the same worlds
//! through SQL.

mod blank;
mod callers;
mod dice;
mod snapshots;
mod webhook;

pub use blank::Blank;
pub use dice::Dice;

use std::collections::BTreeMap;
use std::time::Duration;

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_domain::resources as r;
use keyway_jsonapi::{Declared, Record};

use crate::{EnvironmentView, Rows};

/// An account and what is in it.
#[derive(Debug, Default)]
pub struct World {
    /// Environments: the first isolated, the second shared.
    pub environments: Vec<r::Environment>,
    /// Groups.
    pub groups: Vec<r::Group>,
    /// Users; the first is a global admin.
    pub users: Vec<r::User>,
    /// Who owns groups.
    pub group_owners: Vec<r::GroupOwner>,
    /// Products.
    pub products: Vec<r::Product>,
    /// Entitlements.
    pub entitlements: Vec<r::Entitlement>,
    /// Policies.
    pub policies: Vec<r::Policy>,
    /// What policies entitle to.
    pub policy_entitlements: Vec<r::PolicyEntitlement>,
    /// Keys that wait in the pools of policies.
    pub keys: Vec<r::PoolKey>,
    /// Licences.
    pub licenses: Vec<r::License>,
    /// What licences entitle to.
    pub license_entitlements: Vec<r::LicenseEntitlement>,
    /// Users attached to licences.
    pub license_users: Vec<r::LicenseUser>,
    /// Where licences are in use.
    pub machines: Vec<r::Machine>,
    /// Parts of machines.
    pub components: Vec<r::Component>,
    /// What runs on machines.
    pub processes: Vec<r::Process>,
    /// One token per bearer.
    pub tokens: Vec<r::Token>,
    /// Packages.
    pub packages: Vec<r::Package>,
    /// Releases.
    pub releases: Vec<r::Release>,
    /// What releases ask for.
    pub constraints: Vec<r::Constraint>,
    /// How releases are handed out.
    pub rollouts: Vec<r::Rollout>,
    /// Artifacts.
    pub artifacts: Vec<r::Artifact>,
    /// Where events are told to.
    pub webhook_endpoints: Vec<r::WebhookEndpoint>,
    /// What they were told.
    pub webhook_events: Vec<r::WebhookEvent>,
    /// Engines, platforms, arches and channels.
    pub lookups: Vec<Record>,
    tables: BTreeMap<&'static str, Vec<Record>>,
}

/// The account of every world.
pub fn account() -> AccountId {
    Blank::id(0).into()
}

/// The time in every world. Expiries and release dates lie around it, some of them on the same moment.
pub const NOW: Timestamp = Timestamp::from_micros(1_790_000_000_000_000);

/// A number of days after (before, when negative) the time of the world.
pub fn day(days: i64) -> Timestamp {
    Timestamp::from_micros(NOW.as_micros() + days * 86_400_000_000)
}

/// Just after a moment.
pub fn just_after(moment: Timestamp) -> Timestamp {
    moment.plus(Duration::from_micros(1))
}

impl World {
    /// The world of a seed.
    pub fn random(seed: u64) -> Self {
        let mut world = Self::default();
        let dice = &mut Dice::new(seed);
        world.add_bearers(dice);
        world.add_licenses(dice);
        world.add_releases(dice);
        world.add_machines(dice);
        world.add_tokens();
        world.add_webhooks();
        world.index();
        world
    }

    /// Fills what [`Rows`] answers from. To be called again after changes.
    pub fn index(&mut self) {
        self.tables.clear();
        for record in self.records() {
            self.tables.entry(record.resource.table).or_default().push(record);
        }
    }

    /// Every record, in an order in which each refers only to earlier ones.
    pub fn records(&self) -> Vec<Record> {
        fn all<T: Declared + Clone>(typed: &[T]) -> impl Iterator<Item = Record> {
            typed.iter().cloned().map(T::into_record)
        }
        let mut records: Vec<Record> = Vec::new();
        records.extend(all(&self.environments));
        records.extend(all(&self.groups));
        records.extend(all(&self.users));
        records.extend(all(&self.group_owners));
        records.extend(all(&self.products));
        records.extend(all(&self.entitlements));
        records.extend(all(&self.policies));
        records.extend(all(&self.policy_entitlements));
        records.extend(all(&self.keys));
        records.extend(all(&self.licenses));
        records.extend(all(&self.license_entitlements));
        records.extend(all(&self.license_users));
        records.extend(all(&self.machines));
        records.extend(all(&self.components));
        records.extend(all(&self.processes));
        records.extend(all(&self.tokens));
        records.extend(self.lookups.iter().cloned());
        records.extend(all(&self.packages));
        records.extend(all(&self.releases));
        records.extend(all(&self.constraints));
        records.extend(all(&self.rollouts));
        records.extend(all(&self.artifacts));
        records.extend(all(&self.webhook_endpoints));
        records.extend(all(&self.webhook_events));
        records
    }

    /// Every view a request can have.
    pub fn views(&self) -> Vec<EnvironmentView> {
        let named = self.environments.iter().map(|environment| EnvironmentView::of(Some(environment)));
        std::iter::once(EnvironmentView::Global).chain(named).collect()
    }

    fn add_bearers(&mut self, dice: &mut Dice) {
        let mut blank = Blank::starting_at(1);
        self.environments = vec![
            blank.environment("isolated", r::IsolationStrategy::Isolated),
            blank.environment("shared", r::IsolationStrategy::Shared),
        ];
        let environments: Vec<_> =
            [None].into_iter().chain(self.environments.iter().map(|e| Some(e.id.into()))).collect();
        for _ in 0..2 {
            let mut group = blank.group();
            group.environment_id = *dice.pick(&environments);
            self.groups.push(group);
        }
        self.users.push(blank.user(r::UserRole::Admin));
        for _ in 0..3 {
            let mut user = blank.user(r::UserRole::User);
            user.environment_id = *dice.pick(&environments);
            user.banned_at = dice.one_in(6).then_some(day(-1));
            user.group_id = self.some_group(dice);
            let owned = dice.one_in(2).then(|| blank.group_owner(dice.pick(&self.groups), user.id.into()));
            self.group_owners.extend(owned);
            self.users.push(user);
        }
        use r::DistributionStrategy::{Closed, Licensed, Open};
        for _ in 0..3 {
            let mut product = blank.product(*dice.pick(&[Licensed, Licensed, Licensed, Open, Open, Closed]));
            product.environment_id = *dice.pick(&environments);
            self.products.push(product);
        }
        self.entitlements = ["alpha", "beta", "gamma"].map(|code| blank.entitlement(code)).into();
    }

    fn add_licenses(&mut self, dice: &mut Dice) {
        let mut blank = Blank::starting_at(40);
        use r::ExpirationStrategy::{Allow, Maintain, Restrict, Revoke};
        for _ in 0..4 {
            let mut policy = blank.policy(dice.pick(&self.products));
            policy.expiration_strategy = *dice.pick(&[Restrict, Revoke, Maintain, Allow]);
            policy.pinned_channel = dice.pick(&[None, None, Some("beta")]).map(str::to_owned);
            policy.pinned_constraint = dice.pick(&[None, None, Some("124")]).map(str::to_owned);
            if dice.one_in(3) {
                self.policy_entitlements
                    .push(blank.policy_entitlement(&policy, dice.pick(&self.entitlements)));
            }
            self.keys.push(blank.key(&policy));
            self.policies.push(policy);
        }
        for _ in 0..6 {
            let mut license = blank.license(dice.pick(&self.policies));
            license.owner_id =
                dice.pick(&[None, Some(1), Some(2), Some(3)]).map(|at: usize| self.user_id(at));
            license.expiry = *dice.pick(&[None, Some(day(-5)), Some(NOW), Some(day(5))]);
            license.suspended = dice.one_in(6);
            license.group_id = self.some_group(dice);
            license.pinned_channel = dice.pick(&[None, None, Some("stable")]).map(str::to_owned);
            let held = self.entitlements.iter().filter(|_| dice.one_in(2)).collect::<Vec<_>>();
            self.license_entitlements
                .extend(held.into_iter().map(|of| blank.license_entitlement(&license, of)));
            let attached = dice.pick(&[None, Some(1), Some(2), Some(3)]).map(|at: usize| self.user_id(at));
            if let Some(user) = attached.filter(|user| license.owner_id != Some(*user)) {
                self.license_users.push(blank.license_user(&license, user));
            }
            self.licenses.push(license);
        }
    }

    fn some_group(&self, dice: &mut Dice) -> Option<keyway_base::GroupId> {
        let at = *dice.pick(&[None, Some(0), Some(1)]);
        at.and_then(|at: usize| self.groups.get(at)).map(|group| group.id.into())
    }

    fn add_machines(&mut self, dice: &mut Dice) {
        let mut blank = Blank::starting_at(300);
        for _ in 0..6 {
            let mut machine = blank.machine(dice.pick(&self.licenses));
            machine.owner_id = dice.pick(&[None, None, Some(1), Some(2)]).map(|at: usize| self.user_id(at));
            self.components.push(blank.component(&machine));
            self.processes.push(blank.process(&machine));
            self.machines.push(machine);
        }
    }

    fn user_id(&self, at: usize) -> keyway_base::UserId {
        self.users.get(at).map_or(Blank::id(0), |user| user.id).into()
    }

    fn add_releases(&mut self, dice: &mut Dice) {
        let mut blank = Blank::starting_at(120);
        for engine in [Some("npm"), Some("pypi"), None] {
            self.packages.push(blank.package(dice.pick(&self.products), engine));
        }
        use r::ReleaseStatus::{Draft, Published, Yanked};
        for _ in 0..9 {
            let mut release = match dice
                .pick(&[Some(0), Some(1), Some(2), None])
                .and_then(|at: usize| self.packages.get(at))
            {
                Some(package) => blank.release_of(package),
                None => blank.release(dice.pick(&self.products)),
            };
            release.status = *dice.pick(&[Published, Published, Published, Published, Draft, Yanked]);
            release.channel = (*dice.pick(&["stable", "stable", "beta"])).to_owned();
            release.created_at = *dice.pick(&[day(-10), day(-5), just_after(day(-5)), day(-1), NOW]);
            release.backdated_at =
                *dice.pick(&[None, None, None, Some(day(-9)), Some(day(-5)), Some(day(-4))]);
            let needs = if dice.one_in(2) { 0 } else { 1 + usize::from(dice.one_in(3)) };
            let asked: Vec<_> =
                self.entitlements.iter().skip(usize::from(dice.one_in(2))).take(needs).collect();
            self.constraints.extend(asked.into_iter().map(|of| blank.constraint(&release, of)));
            if dice.one_in(2) {
                self.rollouts.push(rolled_out(dice, blank.rollout(&release)));
            }
            let mut artifact = blank.artifact(&release);
            artifact.status = *dice.pick(&[r::ArtifactStatus::Uploaded, r::ArtifactStatus::Waiting]);
            artifact.platform = Some((*dice.pick(&["linux", "darwin"])).to_owned());
            self.artifacts.push(artifact);
            self.releases.push(release);
        }
        self.lookups = blank.lookups();
    }

    fn add_tokens(&mut self) {
        let mut blank = Blank::starting_at(200);
        let users = self.users.iter().map(|of| (r::BearerType::User, of.id, of.environment_id));
        let products = self.products.iter().map(|of| (r::BearerType::Product, of.id, of.environment_id));
        let licenses = self.licenses.iter().map(|of| (r::BearerType::License, of.id, of.environment_id));
        let environments =
            self.environments.iter().map(|of| (r::BearerType::Environment, of.id, Some(of.id.into())));
        let bearers = users.chain(products).chain(licenses).chain(environments);
        self.tokens = bearers.map(|(kind, id, environment)| blank.token(kind, id, environment)).collect();
    }
}

impl World {
    /// An endpoint for each product and one for all, with what it was told.
    pub fn add_webhooks(&mut self) {
        let mut blank = Blank::starting_at(400);
        let products = self.products.iter().map(|product| (product.environment_id, Some(product.id.into())));
        for (environment, product) in products.chain([(None, None)]) {
            let endpoint = blank.webhook_endpoint(environment, product);
            self.webhook_events.push(blank.webhook_event(&endpoint));
            self.webhook_endpoints.push(endpoint);
        }
    }
}

/// A rollout of some kind: to some, to all from now on, not yet, growing, paused.
fn rolled_out(dice: &mut Dice, rollout: r::Rollout) -> r::Rollout {
    let percentage = *dice.pick(&[0, 1_000, 5_000, 10_000]);
    let (starts_at, ends_at) =
        *dice.pick(&[(None, None), (Some(NOW), None), (Some(day(1)), None), (Some(day(-1)), Some(day(1)))]);
    let paused_at = dice.one_in(4).then_some(NOW);
    r::Rollout { percentage, starts_at, ends_at, paused_at, ..rollout }
}

impl Rows for World {
    fn rows(&self, table: &str) -> &[Record] {
        self.tables.get(table).map_or(&[], Vec::as_slice)
    }
}

/// The ids of records.
pub fn ids<'a>(records: impl IntoIterator<Item = &'a Record>) -> std::collections::BTreeSet<RecordId> {
    records.into_iter().map(Record::id).collect()
}
