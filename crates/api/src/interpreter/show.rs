//! Reading one record, by itself or through another.

use std::sync::Arc;

use keyway_access::Action;
use keyway_jsonapi::{ApiError, Record, Scope};

use crate::call::Call;
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::{Nested, Related, one};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// The record that a path segment names, if the caller may know of it.
///
/// # Errors
/// 404 outside the visible scope.
pub(crate) async fn find(work: &mut Work, hooks: &dyn Hooks, name: &str) -> Outcome<Record> {
    find_in(work, hooks, name, Scope::None, Scope::All).await
}

/// The same, among the records of a scope, of which some may be opened to the caller.
pub(crate) async fn find_in(
    work: &mut Work,
    hooks: &dyn Hooks,
    name: &str,
    opened: Scope,
    scope: Scope,
) -> Outcome<Record> {
    let visible = gate::visible(&work.call, hooks.resource()).or(opened);
    let found = hooks.find(work, name, visible.and(scope)).await?;
    let found = found.ok_or_else(|| ApiError::not_found(hooks.resource().name, name))?;
    // only the first one found counts
    let _ = work.call.about.set((found.resource.kind, found.id()));
    Ok(found)
}

/// `GET /things/:id`.
pub(crate) async fn show(call: Arc<Call>, hooks: &'static dyn Hooks) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let record = find(&mut work, hooks, call.param(0)).await?;
    permit(&mut work, hooks, hooks.actions().show, &record).await?;
    Ok(Reply::data(one(&mut work, hooks, &record).await?))
}

/// `GET /things/:id/others/:id`.
pub(crate) async fn child(call: Arc<Call>, nested: &'static Nested) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let parent = find(&mut work, nested.parent, call.param(0)).await?;
    let opened = gate::opened(&call, nested.parent.resource());
    let record = find_in(&mut work, nested.child, call.param(1), opened, (nested.scope)(&parent)).await?;
    match nested.action {
        Some(action) => permit(&mut work, nested.parent, action, &parent).await?,
        None => permit(&mut work, nested.child, nested.child.actions().show, &record).await?,
    }
    Ok(Reply::data(one(&mut work, nested.child, &record).await?))
}

/// `GET /things/:id/other`.
pub(crate) async fn related(call: Arc<Call>, related: &'static Related) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let parent = find(&mut work, related.parent, call.param(0)).await?;
    permit(&mut work, related.parent, related.action, &parent).await?;
    let record = work.referred(&parent, related.column, related.child.resource()).await?;
    // What was deleted is nothing, even before a job has removed what refers to it.
    let Some(record) = record else { return Ok(Reply::data(serde_json::Value::Null)) };
    Ok(Reply::data(one(&mut work, related.child, &record).await?))
}

/// Asks for an action on a record.
async fn permit(work: &mut Work, hooks: &dyn Hooks, action: Action, record: &Record) -> Outcome<()> {
    let subject = hooks.subject(work, record).await?;
    gate::authorize(&work.call, action, &subject)?;
    Ok(())
}
