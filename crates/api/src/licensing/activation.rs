//! What may be activated (`licensing.md` §10.1): everything that stands in the way is told together.

use keyway_base::UserId;
use keyway_domain::machine::capacity::{Load, excesses};
use keyway_domain::machine::uniqueness::of_machines;
use keyway_domain::resources::{License, Machine, MachineLeasingStrategy, Policy};
use keyway_jsonapi::{Declared, Failure, Invalid, Scope, Value};

use super::license::attached_users;
use crate::draft::Draft;
use crate::refusal::Outcome;
use crate::work::Work;

/// What sums are taken of.
const SIZES: [&str; 3] = ["cores", "memory", "disk"];

/// Whether a new machine's fingerprint is its own, and its owner one of the licence's users. Takes the licence's
/// lock, under which its machines are counted afterwards.
pub(crate) async fn check_new(
    work: &mut Work,
    draft: &mut Draft,
    license: &License,
    policy: &Policy,
) -> Outcome<()> {
    work.lock_license(license.id).await?;
    check_fingerprint(work, draft, license, policy).await?;
    let owner = draft.related("owner").map(|owner| owner.id().into());
    if let Some(owner) = owner
        && !is_user(work, license, owner).await?
    {
        draft.fail(not_a_user());
    }
    Ok(())
}

async fn check_fingerprint(
    work: &mut Work,
    draft: &mut Draft,
    license: &License,
    policy: &Policy,
) -> Outcome<()> {
    let Some(fingerprint) = draft.text("fingerprint").map(str::to_owned) else { return Ok(()) };
    let named = Scope::text("fingerprint", &fingerprint);
    let among = of_machines(license, policy);
    if work.any(Machine::RESOURCE, &among.scope.and(named)).await? {
        draft.fail(Invalid::attribute("fingerprint", Failure::Kind("TAKEN"), among.detail));
    }
    if let Ok(id) = fingerprint.parse()
        && work.get(Machine::RESOURCE, id).await?.is_some()
    {
        let detail = "must not conflict with another machine's identifier (UUID)";
        draft.fail(Invalid::attribute("fingerprint", Failure::Kind("CONFLICT"), detail));
    }
    Ok(())
}

/// Whether a user owns the licence or is attached to it.
pub(crate) async fn is_user(work: &mut Work, license: &License, user: UserId) -> Outcome<bool> {
    Ok(license.owner_id == Some(user) || attached_users(work, license.id).await?.contains(&user))
}

/// The failure of an owner who is no user of the licence.
pub(crate) fn not_a_user() -> Invalid {
    Invalid::relation("owner", Failure::Kind("INVALID"), "must be a valid license user")
}

/// Whether there is room for the machine, or for what it has grown to, next to those that are counted with it.
pub(crate) async fn check_capacity(
    work: &mut Work,
    draft: &mut Draft,
    license: &License,
    policy: &Policy,
) -> Outcome<()> {
    let is_new = draft.before.is_none();
    let sizes = SIZES.map(|size| match draft.changed(size) {
        true => draft.record.get(size).as_int().unwrap_or(0),
        false => 0,
    });
    if !is_new {
        if sizes.iter().all(|size| *size == 0) {
            return Ok(());
        }
        work.lock_license(license.id).await?;
    }
    let owner = draft.record.get("owner_id").clone();
    let others = counted_with(license, policy, &owner).and(Scope::id("id", draft.record.id()).negate());
    let others = load(work, &others).await?;
    let [cores, memory, disk] = sizes;
    let machine = Load { count: i64::from(is_new), cores, memory, disk };
    for excess in excesses(license, policy, others, machine) {
        draft.fail(Invalid::base(excess.model, Failure::Kind("LIMIT_EXCEEDED"), excess.detail));
    }
    Ok(())
}

/// The machines that are counted together with one of this owner.
fn counted_with(license: &License, policy: &Policy, owner: &Value) -> Scope {
    let all = Scope::id("license_id", license.id);
    match (policy.machine_leasing_strategy, owner) {
        (MachineLeasingStrategy::PerLicense, _) => all,
        (MachineLeasingStrategy::PerUser, Value::Null) => all.and(Scope::IsNull("owner_id")),
        (MachineLeasingStrategy::PerUser, owner) => all.and(Scope::Is("owner_id", owner.clone())),
    }
}

/// What these machines come to.
pub(crate) async fn load(work: &mut Work, scope: &Scope) -> Outcome<Load> {
    let tallies = work.tally(Machine::RESOURCE, scope, "license_id", &SIZES).await?;
    let Some(tally) = tallies.first() else { return Ok(Load::default()) };
    let sum = |nth: usize| tally.sums.get(nth).copied().unwrap_or(0);
    Ok(Load { count: tally.count, cores: sum(0), memory: sum(1), disk: sum(2) })
}
