//! `POST /things`: schema 400, authorization 403, validation 422, then one insertion.

use std::sync::Arc;

use keyway_base::RecordId;
use keyway_domain::event::Event;
use keyway_jsonapi::{Failure, Input, Intent, Invalid, Linkage, Record, Value, parse};

use crate::call::Call;
use crate::draft::Draft;
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::{check_values, located, one, sent};
use crate::licensing::password;
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::touch;
use crate::work::Work;

/// Creates a record from the body.
pub(crate) async fn create(call: Arc<Call>, hooks: &'static dyn Hooks) -> Outcome<Reply> {
    let extra = hooks.extra(&call, Intent::Create);
    let input = parse(hooks.resource(), hooks.role(&call), Intent::Create, &extra, &call.body)?;
    match attempt(&call, hooks, input.clone(), Vec::new()).await {
        Err(Refusal::NeedsDigests(passwords)) => {
            attempt(&call, hooks, input, password::digests(passwords).await?).await
        }
        done => done,
    }
}

async fn attempt(
    call: &Arc<Call>,
    hooks: &'static dyn Hooks,
    input: Input,
    digests: Vec<String>,
) -> Outcome<Reply> {
    let mut work = Work::writing(call).await?;
    let draft = draft(&mut work, hooks, input, Vec::new(), digests).await?;
    let object = one(&mut work, hooks, &draft.record).await?;
    let reply = located(&work, &draft.record, object);
    work.commit().await?;
    Ok(reply)
}

/// Creates a record in a transaction by the same rules: the client's input, and columns that no client may send.
pub(crate) async fn make(
    work: &mut Work,
    hooks: &dyn Hooks,
    input: Input,
    columns: Vec<(&'static str, Value)>,
) -> Outcome<Record> {
    Ok(draft(work, hooks, input, columns, Vec::new()).await?.record)
}

/// Decides, checks and inserts.
async fn draft(
    work: &mut Work,
    hooks: &dyn Hooks,
    input: Input,
    columns: Vec<(&'static str, Value)>,
    digests: Vec<String>,
) -> Outcome<Draft> {
    let call = Arc::clone(&work.call);
    let id = input.id.unwrap_or_else(|| RecordId::generate(call.now));
    check_environment(&call, &input)?;
    let record = Record::new(hooks.resource(), id, call.account.id, call.view.current(), call.now);
    let mut draft = sent(work, None, record, input).await?;
    draft.digests = digests;
    for (column, value) in columns {
        draft.record.set(column, value);
    }
    let subject = hooks.new_subject(work, &draft).await?;
    gate::authorize(&call, hooks.actions().create, &subject)?;
    check_values(&mut draft);
    hooks.prepare(work, &mut draft).await?;
    check_id(work, &mut draft).await?;
    if !draft.failures.is_empty() {
        return Err(Refusal::invalid(draft.failures));
    }
    work.insert(&draft.record).await?;
    hooks.saved(work, &draft).await?;
    touch::record(work, None, Some(&draft.record)).await?;
    work.log_any(Event::of(&draft.record, "created")).await?;
    Ok(draft)
}

/// An explicit environment must be the current one (`licensing.md` §5).
pub(crate) fn check_environment(call: &Call, input: &Input) -> Outcome<()> {
    let named = match input.relation("environment") {
        None => return Ok(()),
        Some(Linkage::One(identifier)) => Some(identifier.id),
        Some(_) => None,
    };
    if named == call.view.current().map(Into::into) {
        return Ok(());
    }
    let reason = "record environment is not compatible with the current environment";
    Err(keyway_jsonapi::ApiError::forbidden(reason).into())
}

/// A chosen id must be nobody's.
async fn check_id(work: &mut Work, draft: &mut Draft) -> Outcome<()> {
    let Some(id) = draft.input.id else { return Ok(()) };
    if work.get(draft.record.resource, id).await?.is_some() {
        let detail = "must not conflict with another record's identifier (UUID)";
        draft.fail(Invalid::id(Failure::Kind("CONFLICT"), detail));
    }
    Ok(())
}
