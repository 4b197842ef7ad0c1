//! `POST /passwords` and `POST /users/:id/actions/reset-password` (`licensing.md` §2.2): for who forgot theirs.

use std::sync::Arc;
use std::time::Duration;

use keyway_access::Action;
use keyway_base::{Secret, Timestamp, constant_time_eq};
use keyway_crypto::token;
use keyway_domain::resources::User;
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{ApiError, Declared as _, Invalid, Record, Scope, Value};
use serde_json::json;

use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::{change, one};
use crate::licensing::user::{drop_tokens, forget_reset};
use crate::licensing::{Users, email, password};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::subject::Subject;
use crate::work::Work;

/// The job that looks for the user. It is enqueued whether there is one or not: the answer takes as long either way.
const RESET: &str = "password.reset";
/// How long a token for a new password holds.
const LIFETIME: Duration = Duration::from_hours(24);

/// Takes an address.
pub(crate) const ASK: Contract = Contract::taking(asking).gives(&[Given::new(204, Data::Empty)]);
/// Takes the token and the new password.
pub(crate) const RESET_WITH: Contract = Contract::taking(resetting);

/// `meta {email, deliver?}`.
fn asking() -> Vec<Node> {
    let members = vec![Node::new("email", Form::Text).required(), Node::new("deliver", Form::Boolean)];
    vec![Node::object("meta", members).required()]
}

/// `meta {passwordResetToken, newPassword}`.
fn resetting() -> Vec<Node> {
    let text = |name: &'static str| Node::new(name, Form::Text).required();
    let members = vec![text("password_reset_token"), text("new_password")];
    vec![Node::object("meta", members).required()]
}

/// Has a token for a new password sent to an address: always 204.
pub(crate) async fn ask(call: Arc<Call>) -> Outcome<Reply> {
    gate::authorize(&call, Action::UserPasswordReset, &Subject::None)?;
    check(&asking(), &call.body)?;
    let sent = |name: &str| call.meta().and_then(|meta| meta.get(name));
    let text = sent("email").and_then(serde_json::Value::as_str).unwrap_or_default();
    let Some(address) = email::mailable(text) else { return Ok(Reply::nothing()) };
    let environment = call.view.current().map(|id| id.to_string());
    let key = format!("{} {address}", environment.as_deref().unwrap_or_default());
    let payload = json!({
        "email": address,
        "environment": environment,
        "global": call.view.reads(None),
        "deliver": sent("deliver").and_then(serde_json::Value::as_bool).unwrap_or(true),
    });
    let mut work = Work::writing(&call).await?;
    work.enqueue_mail(RESET, key, payload).await?;
    work.commit().await?;
    Ok(Reply::nothing())
}

/// Sets a new password, given the token; all of the user's tokens are revoked.
pub(crate) async fn reset(call: Arc<Call>) -> Outcome<Reply> {
    gate::authorize(&call, Action::UserPasswordReset, &Subject::None)?;
    check(&resetting(), &call.body)?;
    let new = sent(&call, "new_password");
    let user = asked(&mut Work::reading(&call).await?).await?;
    if let Some((failure, detail)) = password::failure(new.expose()) {
        return Err(Refusal::invalid([Invalid::attribute("password", failure, detail)]));
    }
    let digest = password::digests(vec![new]).await?.into_iter().next();
    let mut work = Work::writing(&call).await?;
    let before = asked(&mut work).await?;
    if before.id() != user.id() {
        return Err(nobody(&call).into());
    }
    let mut after = before.clone();
    after.set("password_digest", digest.map_or(Value::Null, Value::Text));
    forget_reset(&mut after);
    change(&mut work, &before, &mut after).await?;
    drop_tokens(&mut work, after.id(), None).await?;
    let reply = Reply::data(one(&mut work, &Users, &after).await?);
    work.commit().await?;
    Ok(reply)
}

fn sent(call: &Call, name: &str) -> Secret<String> {
    let value = call.meta().and_then(|meta| meta.get(name)).and_then(serde_json::Value::as_str);
    Secret::new(value.unwrap_or_default().to_owned())
}

/// The user of the path, when the token is theirs and holds. Nobody learns whether there is such a user without it.
async fn asked(work: &mut Work) -> Outcome<Record> {
    let call = Arc::clone(&work.call);
    let admins = Scope::IsNull("environment_id").and(Scope::text("role", "admin"));
    let within = call.view.scope().or(admins);
    let user = Users.find(work, call.param(0), within).await?.ok_or_else(|| nobody(&call))?;
    let digest = token::digest(call.account.secret(), sent(&call, "password_reset_token").expose());
    let stored = user.get("password_reset_digest").as_bytes().unwrap_or_default();
    if !constant_time_eq(stored, digest.as_bytes()) {
        return Err(nobody(&call).into());
    }
    let asked_at = user.get("password_reset_at").as_time();
    if asked_at.is_none_or(|asked| has_ended(asked, call.now)) {
        let expired = ApiError::unauthorized("is expired", "TOKEN_EXPIRED");
        return Err(expired.pointer("/meta/passwordResetToken").into());
    }
    let is_managed = user.get("password_digest").is_null() && user.get("role").as_text() == Some("user");
    if call.account.protected && is_managed {
        return Err(ApiError::forbidden("ensure a token or license is present and valid").into());
    }
    Ok(user)
}

fn has_ended(asked: Timestamp, now: Timestamp) -> bool {
    asked.plus(LIFETIME) < now
}

fn nobody(call: &Call) -> ApiError {
    ApiError::not_found(User::RESOURCE.name, call.param(0))
}
