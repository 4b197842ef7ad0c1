//! `POST /licenses/:id/actions/generate-download-token`: a token for updaters that can send no header, to be put into
//! the address that they ask (`updaters.md` §0.4). It reads the licence's releases, does nothing else, and ends soon.

use std::sync::Arc;
use std::time::Duration;

use keyway_access::Action;
use keyway_crypto::token::TokenKind;
use keyway_domain::resources::AuthenticationStrategy::{Mixed, Token as ByToken};
use keyway_domain::resources::{BearerType, Token, User};
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{ApiError, Declared, Record, Role, Scope, Value};
use serde_json::json;

use super::license_state::{permitted, policy_of};
use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::interpreter::located;
use crate::licensing::generate::generate_for_address;
use crate::licensing::token::Bearer;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::touch;
use crate::work::Work;

/// How long a token holds unless `meta.ttl` says otherwise, in seconds.
const HOUR: i64 = 60 * 60;
/// How long it may hold at least and at most: updaters of the system ask rarely, and nobody renews their address.
const LIFETIMES: std::ops::RangeInclusive<i64> = 60..=30 * 24 * HOUR;

/// How many a bearer has at a time; the oldest makes room.
const LIVE: usize = 100;

/// Takes a time to live, and gives the token with the path that it makes.
pub(crate) const CONTRACT: Contract =
    Contract::taking(schema)
        .gives(&[Given::new(201, Data::One(Token::RESOURCE)).meta(meta_schema).located()]);

/// Makes a token that may stand in an address.
pub(crate) async fn generate(call: Arc<Call>) -> Outcome<Reply> {
    let (mut work, license) = permitted(&call, Action::LicenseDownloadTokenGenerate).await?;
    let lifetime = lifetime(&call)?;
    let policy = policy_of(&mut work, &license).await?;
    let bearer = bearer(&mut work, license).await?;
    if bearer.kind == BearerType::License && !matches!(policy.authentication_strategy, ByToken | Mixed) {
        let detail = "cannot have a download token because the policy does not let licenses authenticate by token \
                      (set its authenticationStrategy to TOKEN or MIXED)";
        return Err(ApiError::unprocessable(detail).into());
    }
    forget(&mut work, &bearer).await?;
    let generated = generate_for_address(&mut work, &bearer, lifetime).await?;
    let object = generated.object();
    let segment = object.pointer("/attributes/token").and_then(|token| token.as_str()).unwrap_or_default();
    let meta = json!({ "path": format!("/k/{segment}") });
    let reply = located(&work, &generated.record, object).with("meta", meta);
    work.commit().await?;
    Ok(reply)
}

/// `meta {ttl?}`.
fn schema() -> Vec<Node> {
    vec![Node::object("meta", vec![Node::new("ttl", Form::Integer)])]
}

fn meta_schema() -> serde_json::Value {
    json!({ "type": "object", "required": ["path"], "properties": { "path": { "type": "string" } } })
}

fn lifetime(call: &Call) -> Result<Duration, ApiError> {
    check(&schema(), &call.body)?;
    let sent = call.meta().and_then(|meta| meta.get("ttl")).and_then(serde_json::Value::as_i64);
    let seconds = sent.unwrap_or(HOUR);
    if !LIFETIMES.contains(&seconds) {
        let detail = format!("must be between {} and {} seconds", LIFETIMES.start(), LIFETIMES.end());
        return Err(ApiError::schema("/meta/ttl".to_owned(), detail));
    }
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}

/// Whose the token is: a user's own, since it has to end with their access to the licence, and else the licence's.
async fn bearer(work: &mut Work, license: Record) -> Outcome<Bearer> {
    let user = work.call.principal.bearer_id().filter(|_| work.call.principal.role == Role::User);
    match user {
        Some(user) => {
            let user = work.need(User::RESOURCE, user).await?;
            Bearer::of(work, BearerType::User, user).await
        }
        None => Bearer::of(work, BearerType::License, license).await,
    }
}

/// An application asks for a token at each start: those of its bearer that have ended are of no more use, and neither
/// are the oldest of very many.
async fn forget(work: &mut Work, bearer: &Bearer) -> Outcome<()> {
    let now = work.call.now;
    let own = Scope::id("bearer_id", bearer.record.id())
        .and(Scope::text("bearer_type", bearer.kind.as_str()))
        .and(Scope::text("kind", TokenKind::Download.as_str()));
    let ended = own.clone().and(Scope::Lt("expiry", Value::Time(now)));
    work.delete_where(Token::RESOURCE, &ended).await?;
    let mut left = work.all(Token::RESOURCE, &own).await?;
    // ids grow with time
    left.sort_by_key(|token| std::cmp::Reverse(token.id()));
    for token in left.iter().skip(LIVE - 1) {
        work.delete(token).await?;
        touch::record(work, Some(token), None).await?;
    }
    Ok(())
}
