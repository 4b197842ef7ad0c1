//! `GET /me` and `GET /profile` (`licensing.md` §2.2): who am I?

use std::sync::Arc;

use keyway_access::{Action, AuthFailure, Who};
use keyway_base::RecordId;
use keyway_domain::resources::{Environment, License, Product, Token, User};
use keyway_jsonapi::{ApiError, Declared, Resource};
use serde_json::{Value, json};

use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::one;
use crate::licensing::{Environments, Licenses, Products, Tokens, Users};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::subject::Subject;
use crate::work::Work;

/// Gives the caller.
pub(crate) const CONTRACT: Contract = Contract::giving(&[Given::new(200, Data::Either(BEARERS))]);

const BEARERS: &[&Resource] = &[User::RESOURCE, Product::RESOURCE, Environment::RESOURCE, License::RESOURCE];

/// The caller; the token is included when one was used.
pub(crate) async fn me(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let bearer = bearer(&mut work).await?;
    let token = match &call.principal.token {
        Some(token) => {
            let token = work.get(Token::RESOURCE, token.id.into()).await?;
            Some(token.ok_or_else(|| vanished(&call))?)
        }
        None => None,
    };
    let reply = Reply::data(bearer);
    Ok(match token {
        Some(token) => {
            let token = one(&mut work, &Tokens, &token).await?;
            reply.with("included", Value::Array(vec![token]))
        }
        None => reply,
    })
}

/// The caller, with the id of the token in `meta`.
pub(crate) async fn profile(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let mut bearer = bearer(&mut work).await?;
    if let (Some(token), Value::Object(object)) = (&call.principal.token, &mut bearer) {
        object.insert("meta".to_owned(), json!({ "tokenId": token.id.to_string() }));
    }
    Ok(Reply::data(bearer))
}

async fn bearer(work: &mut Work) -> Outcome<Value> {
    let call = Arc::clone(&work.call);
    gate::authorize(&call, Action::ProfileShow, &Subject::None)?;
    let (hooks, id): (&dyn Hooks, RecordId) = match &call.principal.who {
        Who::User(user) => (&Users, user.id.into()),
        Who::Product(id) => (&Products, (*id).into()),
        Who::Environment(id) => (&Environments, (*id).into()),
        Who::License(id) => (&Licenses, (*id).into()),
        Who::Anonymous => return Err(ApiError::token_missing().into()),
    };
    let record = work.get(hooks.resource(), id).await?;
    one(work, hooks, &record.ok_or_else(|| vanished(&call))?).await
}

/// Token or bearer were deleted beside the server a moment ago, and the caller is cached still.
fn vanished(call: &Call) -> Refusal {
    gate::unauthenticated(&AuthFailure::TOKEN_INVALID, call.presented.challenge()).into()
}
