//! `POST /licenses/:id/actions/generate-download-token`: a token for updaters that can send no header, to be put into
//! the address that they ask (`updaters.md` §0.4). It reads the licence's releases, does nothing else, and ends soon.

use std::sync::Arc;
use std::time::Duration;

use keyway_access::Action;
use keyway_crypto::token::TokenKind;
use keyway_domain::resources::AuthenticationStrategy::{Mixed, Token as ByToken};
use keyway_domain::resources::{BearerType, Token};
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{ApiError, Declared, Record, Scope, Value};
use serde_json::json;

use super::license_state::{permitted, policy_of};
use crate::call::Call;
use crate::interpreter::located;
use crate::licensing::generate::generate_for_address;
use crate::licensing::token::Bearer;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// How long a token holds unless `meta.ttl` says otherwise, in seconds.
const HOUR: i64 = 60 * 60;
/// How long it may hold at least and at most: updaters of the system ask rarely, and nobody renews their address.
const LIFETIMES: std::ops::RangeInclusive<i64> = 60..=30 * 24 * HOUR;

/// Makes a token that may stand in an address.
pub(crate) async fn generate(call: Arc<Call>) -> Outcome<Reply> {
    let (mut work, license) = permitted(&call, Action::LicenseDownloadTokenGenerate).await?;
    let lifetime = lifetime(&call)?;
    let policy = policy_of(&mut work, &license).await?;
    if !matches!(policy.authentication_strategy, ByToken | Mixed) {
        let detail = "cannot have a download token because the policy does not let licenses authenticate by token \
                      (set its authenticationStrategy to TOKEN or MIXED)";
        return Err(ApiError::unprocessable(detail).into());
    }
    forget_ended(&mut work, &license).await?;
    let bearer = Bearer::of(&mut work, BearerType::License, license).await?;
    let generated = generate_for_address(&mut work, &bearer, lifetime).await?;
    let object = generated.object();
    let segment = object.pointer("/attributes/token").and_then(|token| token.as_str()).unwrap_or_default();
    let meta = json!({ "path": format!("/k/{segment}") });
    let reply = located(&work, &generated.record, object).with("meta", meta);
    work.commit().await?;
    Ok(reply)
}

fn lifetime(call: &Call) -> Result<Duration, ApiError> {
    check(&[Node::object("meta", vec![Node::new("ttl", Form::Integer)])], &call.body)?;
    let sent = call.meta().and_then(|meta| meta.get("ttl")).and_then(serde_json::Value::as_i64);
    let seconds = sent.unwrap_or(HOUR);
    if !LIFETIMES.contains(&seconds) {
        let detail = format!("must be between {} and {} seconds", LIFETIMES.start(), LIFETIMES.end());
        return Err(ApiError::schema("/meta/ttl".to_owned(), detail));
    }
    Ok(Duration::from_secs(seconds.unsigned_abs()))
}

/// An application asks for a token at each start: those of the licence that have ended are of no more use.
async fn forget_ended(work: &mut Work, license: &Record) -> Outcome<()> {
    let now = work.call.now;
    let ended = Scope::id("bearer_id", license.id())
        .and(Scope::text("bearer_type", BearerType::License.as_str()))
        .and(Scope::text("kind", TokenKind::Download.as_str()))
        .and(Scope::Lt("expiry", Value::Time(now)));
    work.delete_where(Token::RESOURCE, &ended).await?;
    Ok(())
}
