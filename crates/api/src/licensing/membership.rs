//! Being in a group (`licensing.md` §6): who gets into which, and how many may.

use keyway_base::RecordId;
use keyway_domain::resources::Group;
use keyway_jsonapi::{Declared, Failure, Invalid, Record, Scope, Value};

use crate::draft::Draft;
use crate::interpreter::associates;
use crate::refusal::Outcome;
use crate::work::Work;

/// Puts a new record into the group it names, or else into the first of these that fits, if that has room.
pub(crate) async fn join(work: &mut Work, draft: &mut Draft, inherited: &[Value]) -> Outcome<()> {
    let named = draft.record.get("group_id").as_id();
    let group = match named {
        Some(_) => draft.related("group").cloned(),
        None => first_fitting(work, inherited).await?,
    };
    let Some(group) = group else { return Ok(()) };
    draft.record.set("group_id", Value::Id(group.id()));
    let failure = overfull(work, &draft.record, &group).await?;
    draft.failures.extend(failure);
    Ok(())
}

/// The first group that exists and can be referred to from where the request works.
async fn first_fitting(work: &mut Work, candidates: &[Value]) -> Outcome<Option<Record>> {
    for id in candidates.iter().filter_map(Value::as_id) {
        let found = work.get(Group::RESOURCE, id).await?;
        if let Some(group) = found.filter(|group| associates(work.call.view, group)) {
            return Ok(Some(group));
        }
    }
    Ok(None)
}

/// The failure of a record that gets into a group with no room for it. The group is locked before its members are
/// counted. Limits that were lowered since do not put anybody out.
pub(crate) async fn overfull(work: &mut Work, member: &Record, group: &Record) -> Outcome<Option<Invalid>> {
    let (column, kind, noun) = match member.resource.table {
        "users" => ("max_users", "USER_LIMIT_EXCEEDED", "user"),
        "licenses" => ("max_licenses", "LICENSE_LIMIT_EXCEEDED", "license"),
        _ => ("max_machines", "MACHINE_LIMIT_EXCEEDED", "machine"),
    };
    let Value::Int(limit) = *group.get(column) else { return Ok(None) };
    work.lock_group(group.id()).await?;
    let others = others(member.id(), group.id());
    let count = work.count(member.resource, &others).await?.saturating_add(1);
    let fits = u64::try_from(limit).is_ok_and(|limit| count <= limit);
    let detail = || format!("{noun} count has exceeded maximum allowed by current group ({limit})");
    Ok((!fits).then(|| Invalid::relation("group", Failure::Kind(kind), detail())))
}

/// The other members of a group.
fn others(member: RecordId, group: RecordId) -> Scope {
    Scope::id("group_id", group).and(Scope::id("id", member).negate())
}
