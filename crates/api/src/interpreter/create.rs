//! `POST /things`: schema 400, authorization 403, validation 422, then one insertion.

use std::sync::Arc;

use keyway_base::RecordId;
use keyway_domain::event::Event;
use keyway_domain::license::key::{Made, Making};
use keyway_jsonapi::{Failure, Input, Intent, Invalid, Linkage, Record, Value, parse};

use crate::call::Call;
use crate::draft::Draft;
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::{check_values, located, one, sent};
use crate::licensing::{license_key, password};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::touch;
use crate::work::Work;

/// Creates a record from the body.
pub(crate) async fn create(call: Arc<Call>, hooks: &'static dyn Hooks) -> Outcome<Reply> {
    let extra = hooks.extra(Intent::Create);
    let input = parse(hooks.resource(), hooks.role(&call), Intent::Create, &extra, &call.body)?;
    let id = input.id.unwrap_or_else(|| RecordId::generate(call.now));
    let mut ready = Ready::default();
    loop {
        match attempt(&call, hooks, id, input.clone(), ready.clone()).await {
            Err(Refusal::NeedsDigests(passwords)) => ready.digests = password::digests(passwords).await?,
            Err(Refusal::NeedsKey(making)) => ready.key = Some(license_key::made(&call, *making).await?),
            done => return done,
        }
    }
}

/// What takes too long to be made while the transaction is open. The operation starts over with it.
#[derive(Clone, Default)]
struct Ready {
    digests: Vec<String>,
    key: Option<(Making, Made)>,
}

async fn attempt(
    call: &Arc<Call>,
    hooks: &'static dyn Hooks,
    id: RecordId,
    input: Input,
    ready: Ready,
) -> Outcome<Reply> {
    let mut work = Work::writing(call).await?;
    let draft = draft(&mut work, hooks, id, input, Vec::new(), ready).await?;
    let mut object = one(&mut work, hooks, &draft.record).await?;
    hooks.show_once(&draft, &mut object);
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
    let id = input.id.unwrap_or_else(|| RecordId::generate(work.now()));
    Ok(draft(work, hooks, id, input, columns, Ready::default()).await?.record)
}

/// Decides, checks and inserts.
async fn draft(
    work: &mut Work,
    hooks: &dyn Hooks,
    id: RecordId,
    input: Input,
    columns: Vec<(&'static str, Value)>,
    ready: Ready,
) -> Outcome<Draft> {
    let call = Arc::clone(&work.call);
    check_environment(&call, &input)?;
    let record = Record::new(hooks.resource(), id, call.account.id, call.view.current(), call.now);
    let mut draft = sent(work, None, record, input).await?;
    draft.digests = ready.digests;
    draft.key = ready.key;
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
    work.log_any(&draft.record, Event::of(&draft.record, "created")).await?;
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
