//! `PUT /tokens/:id` and `PUT /tokens` (`licensing.md` §2.1): a new secret, the same id.

use std::sync::Arc;

use keyway_access::Action;
use keyway_jsonapi::{ApiError, Record};

use crate::call::Call;
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::find;
use crate::licensing::{Tokens, generate};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// Regenerates the token that the path names.
pub(crate) async fn named(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let token = find(&mut work, &Tokens, call.param(0)).await?;
    regenerate(work, token).await
}

/// Regenerates the token in use; there is none when a licence's key is.
pub(crate) async fn own(call: Arc<Call>) -> Outcome<Reply> {
    let id = call.principal.token.as_ref().map(|token| token.id);
    let id = id.ok_or_else(|| ApiError::not_found_detail("The requested token was not found"))?;
    let mut work = Work::writing(&call).await?;
    let token = find(&mut work, &Tokens, &id.to_string()).await?;
    regenerate(work, token).await
}

async fn regenerate(mut work: Work, token: Record) -> Outcome<Reply> {
    let subject = Tokens.subject(&mut work, &token).await?;
    gate::authorize(&work.call, Action::TokenRegenerate, &subject)?;
    let generated = generate::regenerate(&mut work, token).await?;
    work.commit().await?;
    Ok(Reply::data(generated.object()))
}
