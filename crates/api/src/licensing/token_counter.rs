//! How many machines a licence's token has activated and deactivated, and may (`licensing.md` §2.1).

use keyway_domain::resources::Token;
use keyway_jsonapi::{Declared, Failure, Invalid, Record, Role, Value};

use crate::draft::Draft;
use crate::refusal::{Outcome, Refusal};
use crate::work::Work;

/// A counter of tokens, and the column of its limit.
pub(crate) type Counter = (&'static str, &'static str);

/// Machines made.
pub(crate) const ACTIVATIONS: Counter = ("activations", "max_activations");
/// Machines done away with.
pub(crate) const DEACTIVATIONS: Counter = ("deactivations", "max_deactivations");

/// The licence's token in use, if one is.
async fn token(work: &mut Work) -> Outcome<Option<Record>> {
    let principal = &work.call.principal;
    let used = principal.token.as_ref().filter(|_| principal.role == Role::License);
    match used.map(|token| token.id) {
        Some(id) => work.get(Token::RESOURCE, id.into()).await,
        None => Ok(None),
    }
}

async fn failure(work: &mut Work, (counter, limit): Counter) -> Outcome<Option<Invalid>> {
    let Some(token) = token(work).await? else { return Ok(None) };
    let count = token.get(counter).as_int().unwrap_or(0);
    let exceeded = token.get(limit).as_int().filter(|limit| count >= *limit);
    Ok(exceeded.map(|limit| {
        let detail = format!("exceeds maximum allowed ({limit})");
        Invalid::attribute(counter, Failure::Kind("LIMIT_EXCEEDED"), detail)
    }))
}

/// Notes the failure of a counter that is at its limit.
pub(crate) async fn check(work: &mut Work, draft: &mut Draft, counter: Counter) -> Outcome<()> {
    let failure = failure(work, counter).await?;
    draft.failures.extend(failure);
    Ok(())
}

/// Refuses a counter that is at its limit.
pub(crate) async fn refuse(work: &mut Work, counter: Counter) -> Outcome<()> {
    match failure(work, counter).await? {
        Some(failure) => Err(Refusal::invalid([failure])),
        None => Ok(()),
    }
}

/// Counts one more.
pub(crate) async fn count(work: &mut Work, (counter, _): Counter) -> Outcome<()> {
    let Some(mut token) = token(work).await? else { return Ok(()) };
    let count = token.get(counter).as_int().unwrap_or(0);
    token.set(counter, Value::Int(count.saturating_add(1)));
    work.update(&token, &[counter]).await
}
