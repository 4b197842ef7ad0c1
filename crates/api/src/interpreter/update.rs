//! `PATCH` and `PUT /things/:id`: authorization 403, schema 400, validation 422 (users: schema first).

use std::sync::Arc;

use keyway_domain::event::Event;
use keyway_jsonapi::{Column, Intent, Record, Value, parse};

use crate::call::Call;
use crate::draft::Draft;
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::{check_values, find, one, sent};
use crate::licensing::password;
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::touch;
use crate::work::Work;

/// Changes a record as the body says.
pub(crate) async fn update(call: Arc<Call>, hooks: &'static dyn Hooks) -> Outcome<Reply> {
    match attempt(&call, hooks, Vec::new()).await {
        Err(Refusal::NeedsDigests(passwords)) => {
            attempt(&call, hooks, password::digests(passwords).await?).await
        }
        done => done,
    }
}

async fn attempt(call: &Arc<Call>, hooks: &'static dyn Hooks, digests: Vec<String>) -> Outcome<Reply> {
    let mut work = Work::writing(call).await?;
    let record = find(&mut work, hooks, call.param(0)).await?;
    let read = || {
        let extra = hooks.extra(Intent::Update);
        parse(hooks.resource(), hooks.role(call), Intent::Update, &extra, &call.body)
    };
    let early = if hooks.schema_first() { Some(read()?) } else { None };
    let subject = hooks.subject(&mut work, &record).await?;
    gate::authorize(call, hooks.actions().update, &subject)?;
    let input = match early {
        Some(input) => input,
        None => read()?,
    };
    let mut draft = sent(&mut work, Some(record.clone()), record, input).await?;
    draft.digests = digests;
    check_values(&mut draft);
    hooks.prepare(&mut work, &mut draft).await?;
    if !draft.failures.is_empty() {
        return Err(Refusal::invalid(draft.failures));
    }
    save(&mut work, hooks, &mut draft).await?;
    let reply = Reply::data(one(&mut work, hooks, &draft.record).await?);
    work.commit().await?;
    Ok(reply)
}

/// Writes the columns that changed, and the time of it.
pub(crate) async fn save(work: &mut Work, hooks: &dyn Hooks, draft: &mut Draft) -> Outcome<()> {
    let mut changed: Vec<&'static str> = changed_columns(draft);
    if !changed.is_empty() {
        draft.record.set("updated_at", Value::Time(work.now()));
        changed.push("updated_at");
        work.update(&draft.record, &changed).await?;
    }
    hooks.saved(work, draft).await?;
    touch::record(work, draft.before.as_ref(), Some(&draft.record)).await?;
    let event = draft.before.as_ref().and_then(|before| Event::updated(before, &draft.record));
    work.log_any(&draft.record, event).await
}

fn changed_columns(draft: &Draft) -> Vec<&'static str> {
    let columns: &'static [Column] = draft.record.resource.columns;
    columns.iter().map(|column| column.name).filter(|name| draft.changed(name)).collect()
}

/// Changes columns of a record outside the standard update: actions such as suspending.
pub(crate) async fn change(work: &mut Work, before: &Record, after: &mut Record) -> Outcome<()> {
    let columns = before.resource.columns.iter().map(|column| column.name);
    let mut changed: Vec<&'static str> = columns.filter(|name| before.get(name) != after.get(name)).collect();
    if changed.is_empty() {
        return Ok(());
    }
    after.set("updated_at", Value::Time(work.now()));
    changed.push("updated_at");
    work.update(after, &changed).await?;
    touch::record(work, Some(before), Some(after)).await
}
