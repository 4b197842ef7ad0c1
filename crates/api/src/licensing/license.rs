//! Licences (`licensing.md` §8).

use keyway_access::Action;
use keyway_base::{RecordId, UserId};
use keyway_domain::license::{limits, status};
use keyway_domain::pin::constraint_failure;
use keyway_domain::resources::{ExpirationBasis, License, LicenseUser, Machine, Policy, User};
use keyway_jsonapi::document::{Extras, to_json};
use keyway_jsonapi::{Declared, Failure, Field, Invalid, Record, Resource, Role, Scope, Value};
use keyway_store::Tally;
use serde_json::json;

use super::expiry::started;
use super::setting::default_permissions;
use super::{cascade, license_key, membership, permissions, pool_key};
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::refusal::{Outcome, Refusal};
use crate::subject::Subject;
use crate::work::Work;

/// The rules of licences.
pub(crate) struct Licenses;

impl Hooks for Licenses {
    fn resource(&self) -> &'static Resource {
        License::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::LicenseList,
            show: Action::LicenseShow,
            create: Action::LicenseCreate,
            update: Action::LicenseUpdate,
            delete: Action::LicenseDelete,
        }
    }
    fn subject<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move { subject(work, record, None).await })
    }
    fn new_subject<'a>(&'a self, _: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        Box::pin(async move {
            let environment = draft.record.environment();
            // Without a policy nobody can tell whose licence it would be.
            let Some(policy) = draft.related("policy") else { return Ok(Subject::Within(environment)) };
            let owner = draft.record.get("owner_id").as_id().map(UserId::from);
            Ok(Subject::NewLicense { environment, policy: Box::new(policy.typed()?), owner })
        })
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            permissions::check(draft, Role::License);
            let failure = draft.text("pinned_constraint").and_then(constraint_failure);
            draft.failures.extend(failure);
            if draft.before.is_none() {
                prepare_new(work, draft).await?;
            }
            Ok(())
        })
    }
    fn show_once(&self, draft: &Draft, object: &mut serde_json::Value) {
        let key = draft.key.as_ref().and_then(|(_, made)| made.once.as_ref());
        if let (Some(key), Some(attributes)) = (key, object.get_mut("attributes")) {
            attributes["key"] = key.expose().as_str().into();
        }
    }
    fn deleting<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, ()> {
        Box::pin(async move { cascade::license(work, record).await })
    }
    fn describe<'a>(&'a self, work: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        Box::pin(async move { describe(work, records).await })
    }
}

/// The facts about a licence, moving to another policy or not.
pub(crate) async fn subject(work: &mut Work, record: &Record, to: Option<Policy>) -> Outcome<Subject> {
    let license: License = record.typed()?;
    let policy = work.need(Policy::RESOURCE, license.policy_id.into()).await?;
    let users = attached_users(work, record.id()).await?;
    Ok(Subject::License {
        license: Box::new(license),
        policy: Box::new(policy.typed()?),
        users,
        moving_to: to.map(Box::new),
    })
}

/// The users attached to a licence beside its owner.
pub(crate) async fn attached_users(work: &mut Work, license: RecordId) -> Outcome<Vec<UserId>> {
    let joins = work.all(LicenseUser::RESOURCE, &Scope::id("license_id", license)).await?;
    Ok(joins.iter().filter_map(|join| join.get("user_id").as_id()).map(Into::into).collect())
}

async fn prepare_new(work: &mut Work, draft: &mut Draft) -> Outcome<()> {
    super::default_metadata(draft);
    draft.default("suspended", Value::Bool(false));
    if draft.record.get("permissions").is_null() {
        let granted = default_permissions(work, Role::License).await?;
        draft.record.set("permissions", Value::Json(granted.to_json()));
    }
    let owner = draft.related("owner").or(draft.related("user"));
    let owners = owner.map_or(Value::Null, |owner| owner.get("group_id").clone());
    membership::join(work, draft, &[owners]).await?;
    draft.record.set("uses", Value::Int(0));
    draft.record.set("lock", Value::Int(0));
    let Some(policy) = draft.related("policy") else { return Ok(()) };
    let policy: Policy = policy.typed()?;
    draft.record.set("product_id", policy.product_id.into_value());
    let expiry = draft.record.get("expiry").as_time();
    if let Some(started) = started(expiry, &policy, ExpirationBasis::Creation, work.now()) {
        draft.record.set("expiry", Value::Time(started));
    }
    if policy.use_pool && draft.text("key").is_none() {
        return from_pool(work, draft, policy.id).await;
    }
    license_key::prepare(work, draft, &policy).await
}

/// The licence gets the key on top of the pool.
async fn from_pool(work: &mut Work, draft: &mut Draft, policy: RecordId) -> Outcome<()> {
    match pool_key::pop(work, policy).await? {
        Some(key) => draft.record.set("key", key.get("key").clone()),
        None => draft.fail(Invalid::relation("policy", Failure::Kind("POOL_EMPTY"), "pool is empty")),
    }
    Ok(())
}

/// What a page of licences shows, with one query for each kind of related record.
async fn describe(work: &mut Work, records: &[Record]) -> Outcome<Vec<Extras>> {
    let ids = |column: &'static str| records.iter().filter_map(move |record| record.get(column).as_id());
    let policies = work.all_of(Policy::RESOURCE, ids("policy_id")).await?;
    let owners = work.all_of(User::RESOURCE, ids("owner_id")).await?;
    let own: Vec<Value> = records.iter().map(|record| Value::Id(record.id())).collect();
    let joins = work.all(LicenseUser::RESOURCE, &Scope::In("license_id", own)).await?;
    let own: Vec<Value> = records.iter().map(|record| Value::Id(record.id())).collect();
    let in_use = Scope::In("license_id", own);
    let machines = work.tally(Machine::RESOURCE, &in_use, "license_id", &["cores", "memory", "disk"]).await?;
    let now = work.now();
    let mut all = Vec::with_capacity(records.len());
    for record in records {
        let license: License = record.typed()?;
        let policy = policies.iter().find(|policy| policy.id() == license.policy_id.into());
        let policy = policy.ok_or_else(|| Refusal::Broken("a licence has no policy".to_owned()))?;
        let owner = license.owner_id.and_then(|id| owners.iter().find(|owner| owner.id() == id.into()));
        let banned = owner.is_some_and(|owner| !owner.get("banned_at").is_null());
        let attached = joins.iter().filter(|join| join.get("license_id").as_id() == Some(license.id)).count();
        let mut extras = shown(&license, &policy.typed()?, status::status(&license, banned, now));
        let count = attached + usize::from(license.owner_id.is_some());
        extras.relation_meta.push(("users", json!({ "count": count })));
        let machines = machines.iter().find(|tally| tally.of == license.id);
        extras.relation_meta.push(("machines", machines_meta(machines)));
        all.push(extras);
    }
    Ok(all)
}

/// How many machines a licence has, and what they have together.
fn machines_meta(machines: Option<&Tally>) -> serde_json::Value {
    let sum = |nth: usize| machines.and_then(|tally| tally.sums.get(nth)).copied().unwrap_or(0);
    let count = machines.map_or(0, |tally| tally.count);
    json!({ "cores": sum(0), "memory": sum(1), "disk": sum(2), "count": count })
}

/// What is read through the policy.
fn shown(license: &License, policy: &Policy, status: status::Status) -> Extras {
    let limits = limits::effective(license, policy);
    let mut extras = Extras::default();
    if policy.encrypted {
        // What is stored is a digest, of use to nobody.
        extras.omitted.push("key");
    }
    extras.attribute("status", status.as_str());
    extras.attribute("scheme", policy.scheme.map(|scheme| scheme.as_str()));
    extras.attribute("encrypted", policy.encrypted);
    extras.attribute("strict", policy.strict);
    extras.attribute("floating", policy.floating);
    extras.attribute("protected", license.protected.unwrap_or(policy.protected));
    extras.attribute("max_machines", limits.machines);
    extras.attribute("max_processes", limits.processes);
    extras.attribute("max_users", limits.users);
    extras.attribute("max_cores", limits.cores);
    extras.attribute("max_memory", limits.memory);
    extras.attribute("max_disk", limits.disk);
    extras.attribute("max_uses", limits.uses);
    let pinned = |own: &Option<String>, policy: &Option<String>| own.clone().or_else(|| policy.clone());
    extras.attribute("pinned_channel", pinned(&license.pinned_channel, &policy.pinned_channel));
    extras.attribute("pinned_constraint", pinned(&license.pinned_constraint, &policy.pinned_constraint));
    extras.attribute("require_heartbeat", policy.require_heartbeat);
    extras.attribute("require_check_in", policy.require_check_in);
    extras.attribute("next_check_in", to_json(&status::next_check_in(license, policy).into_value()));
    extras
}
