//! Lists: of everything the caller may know, or of what is below a record.

use std::sync::Arc;

use keyway_jsonapi::links::{Paged, links};
use keyway_jsonapi::{Direction, Paging, Part, Record, Scope};
use keyway_store::{Order, Page, Sort};
use serde_json::Value;

use crate::call::Call;
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::{Nested, find, several};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// `GET /things`.
pub(crate) async fn list(call: Arc<Call>, hooks: &'static dyn Hooks) -> Outcome<Reply> {
    let paging = Paging::of(&call.query)?;
    let mut work = Work::reading(&call).await?;
    let scope = listed(&call, hooks, Scope::None, Scope::All);
    let subject = hooks.list_subject(&mut work, &scope).await?;
    gate::authorize(&call, hooks.actions().list, &subject)?;
    hooks.check_query(&call)?;
    page_of(&mut work, hooks, &scope, &paging).await
}

/// `GET /things/:id/others`.
pub(crate) async fn children(call: Arc<Call>, nested: &'static Nested) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let parent = find(&mut work, nested.parent, call.param(0)).await?;
    let paging = Paging::of(&call.query)?;
    let opened = gate::opened(&call, nested.parent.resource());
    let scope = listed(&call, nested.child, opened, (nested.scope)(&parent));
    let (action, subject) = match nested.action {
        Some(action) => (action, nested.parent.subject(&mut work, &parent).await?),
        None => (nested.child.actions().list, nested.child.list_subject(&mut work, &scope).await?),
    };
    gate::authorize(&call, action, &subject)?;
    page_of(&mut work, nested.child, &scope, &paging).await
}

/// What the caller may know, by itself or because a parent opens it, and the query asks for.
fn listed(call: &Call, hooks: &dyn Hooks, opened: Scope, scope: Scope) -> Scope {
    let context = call.filter_context();
    let filters = hooks.resource().filters.iter().filter_map(|filter| {
        let value = call.query.get(filter.name)?;
        (filter.scope)(value, &context)
    });
    let visible = gate::listed(call, hooks.resource()).or(opened);
    filters.fold(visible.and(scope).and(hooks.list_default(call)), Scope::and)
}

/// One page of the records of a scope, with its links.
pub(crate) async fn page_of(
    work: &mut Work,
    hooks: &dyn Hooks,
    scope: &Scope,
    paging: &Paging,
) -> Outcome<Reply> {
    let mut records = work.list(hooks.resource(), scope, &page(paging)).await?;
    let has_more = records.len() > usize::try_from(paging.size()).unwrap_or(usize::MAX);
    if has_more {
        records.pop();
    }
    let total = match paging.part {
        Part::Number { .. } if hooks.is_counted() => Some(work.count(hooks.resource(), scope).await?),
        Part::Limit(_) | Part::Number { .. } | Part::Cursor { .. } => None,
    };
    let next = records.last().map(Record::id).filter(|_| has_more);
    let paged = Paged { total, shown: records.len(), next };
    let objects = several(work, hooks, &records).await?;
    let reply = Reply::data(Value::Array(objects));
    let call = &work.call;
    Ok(match links(&call.canonical_path(), &call.query, paging, &paged) {
        Some(links) => reply.with("links", links),
        None => reply,
    })
}

fn page(paging: &Paging) -> Page {
    let order = match paging.direction {
        Direction::Ascending => Order::Asc,
        Direction::Descending => Order::Desc,
    };
    let (offset, after) = match paging.part {
        Part::Limit(_) => (0, None),
        Part::Number { number, size } => (number.saturating_sub(1).saturating_mul(size), None),
        Part::Cursor { after, .. } => (0, after),
    };
    // one more than is shown tells whether a page is the last one
    let peek = u32::from(matches!(paging.part, Part::Cursor { .. }));
    Page { order, limit: Some(paging.size() + peek), offset, after, sort: Sort::Created }
}
