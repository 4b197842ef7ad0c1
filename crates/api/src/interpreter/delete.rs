//! `DELETE /things/:id`.

use std::sync::Arc;

use keyway_jsonapi::Record;

use crate::call::Call;
use crate::event::declared;
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::find;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::touch;
use crate::work::Work;

/// Deletes a record and what depends on it.
pub(crate) async fn delete(call: Arc<Call>, hooks: &'static dyn Hooks) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let record = find(&mut work, hooks, call.param(0)).await?;
    let subject = hooks.subject(&mut work, &record).await?;
    gate::authorize(&call, hooks.actions().delete, &subject)?;
    remove(&mut work, hooks, &record, hooks.deletion()).await?;
    work.commit().await?;
    Ok(Reply::nothing())
}

/// Deletes a record that the caller may delete; `event` is what its resource calls that.
pub(crate) async fn remove(work: &mut Work, hooks: &dyn Hooks, record: &Record, event: &str) -> Outcome<()> {
    let event = match record.resource.events {
        [] => None,
        _ => Some(declared(record, event)?),
    };
    // While there is something to show.
    let told = match &event {
        Some(event) => work.tellings(record, event.name(), None).await?,
        None => Vec::new(),
    };
    hooks.deleting(work, record).await?;
    work.delete(record).await?;
    touch::record(work, Some(record), None).await?;
    match &event {
        Some(event) => work.log_told(event, &told).await,
        None => Ok(()),
    }
}
