//! `POST /users/:id/second-factors`, `PATCH` and `DELETE /users/:id/second-factors/:id` (`licensing.md` §11). Who
//! makes one gives the user's password, who changes one a one-time password of it.

use std::sync::Arc;

use keyway_access::Action;
use keyway_base::{RecordId, Secret};
use keyway_crypto::totp::TotpSecret;
use keyway_domain::resources::SecondFactor;
use keyway_jsonapi::schema::{Form, Node};
use keyway_jsonapi::{ApiError, Declared, Extra, Intent, Record, Role, Scope, Value, parse, schema_of};

use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::{change, find, find_in, located, one, remove};
use crate::licensing::second_factor::{is_enabled, of_user, spend};
use crate::licensing::user::wrong_password;
use crate::licensing::{SecondFactors, Users, password};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::touch;
use crate::work::Work;

/// Making one.
pub(crate) const CREATE: Contract =
    Contract::taking(|| schema_of(SecondFactor::RESOURCE, Role::Admin, Intent::Create, &creation()))
        .gives(&[Given::new(201, Data::One(SecondFactor::RESOURCE)).located()]);
/// Changing one.
pub(crate) const UPDATE: Contract =
    Contract::taking(|| schema_of(SecondFactor::RESOURCE, Role::Admin, Intent::Update, &proof()))
        .gives(&[Given::new(200, Data::One(SecondFactor::RESOURCE))]);
/// Removing one.
pub(crate) const DELETE: Contract =
    Contract::taking(|| schema_of(SecondFactor::RESOURCE, Role::Admin, Intent::Update, &removal()));

/// Makes a factor, which is off: 201. There is one for each user.
pub(crate) async fn create(call: Arc<Call>) -> Outcome<Reply> {
    parse(SecondFactor::RESOURCE, call.role(), Intent::Create, &creation(), &call.body)?;
    let proven = proven_password(&call).await?;
    let mut work = Work::writing(&call).await?;
    let user = permitted(&mut work, Action::UserSecondFactorsCreate).await?;
    match of_user(&mut work, user.id()).await? {
        Some(mut factor) if is_enabled(&factor) => demand_code(&mut factor, &work)?,
        _ if proven.is_none() || proven.as_deref() != user.get("password_digest").as_text() => {
            return Err(wrong_password("/meta/password").into());
        }
        _ => {}
    }
    let factor = begun(&call, &user);
    work.insert(&factor).await?;
    touch::record(&mut work, None, Some(&factor)).await?;
    work.log(&factor, "created").await?;
    let object = one(&mut work, &SecondFactors, &factor).await?;
    let reply = located(&work, &factor, object);
    work.commit().await?;
    Ok(reply)
}

/// Turns a factor on or off.
pub(crate) async fn update(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let before = found(&mut work, Action::UserSecondFactorsUpdate).await?;
    let input = parse(SecondFactor::RESOURCE, call.role(), Intent::Update, &proof(), &call.body)?;
    let mut after = before.clone();
    demand_code(&mut after, &work)?;
    if let Some(enabled) = input.get("enabled") {
        after.set("enabled", enabled.clone());
    }
    change(&mut work, &before, &mut after).await?;
    if is_enabled(&before) != is_enabled(&after) {
        work.log(&after, if is_enabled(&after) { "enabled" } else { "disabled" }).await?;
    }
    let reply = Reply::data(one(&mut work, &SecondFactors, &after).await?);
    work.commit().await?;
    Ok(reply)
}

/// Removes a factor.
pub(crate) async fn delete(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let mut factor = found(&mut work, Action::UserSecondFactorsDelete).await?;
    parse(SecondFactor::RESOURCE, call.role(), Intent::Update, &removal(), &call.body)?;
    if is_enabled(&factor) {
        demand_code(&mut factor, &work)?;
    }
    remove(&mut work, &SecondFactors, &factor, SecondFactors.deletion()).await?;
    work.commit().await?;
    Ok(Reply::nothing())
}

/// What the body of a creation has beside the factor.
fn creation() -> Extra {
    Extra { meta: meta(&["password", "otp"]), optional: true, ..Extra::default() }
}

/// That of a change.
fn proof() -> Extra {
    Extra { meta: meta(&["otp"]), ..Extra::default() }
}

/// That of a removal.
fn removal() -> Extra {
    Extra { optional: true, ..proof() }
}

/// Texts that `meta` may have.
fn meta(names: &[&'static str]) -> Vec<Node> {
    names.iter().map(|name| Node::new(*name, Form::Text)).collect()
}

fn sent<'a>(call: &'a Call, name: &str) -> Option<&'a str> {
    call.meta().and_then(|meta| meta.get(name)).and_then(serde_json::Value::as_str)
}

/// The user that the path names, once the caller may do this to their factor.
async fn permitted(work: &mut Work, action: Action) -> Outcome<Record> {
    let call = Arc::clone(&work.call);
    let user = find(work, &Users, call.param(0)).await?;
    let subject = Users.subject(work, &user).await?;
    gate::authorize(&call, action, &subject)?;
    Ok(user)
}

/// The factor that the path names, likewise.
async fn found(work: &mut Work, action: Action) -> Outcome<Record> {
    let call = Arc::clone(&work.call);
    let user = find(work, &Users, call.param(0)).await?;
    let factor =
        find_in(work, &SecondFactors, call.param(1), Scope::None, Scope::id("user_id", user.id())).await?;
    permitted(work, action).await?;
    Ok(factor)
}

/// The digest of the user's password, when that was sent. It is compared outside the transaction that writes.
async fn proven_password(call: &Arc<Call>) -> Outcome<Option<String>> {
    let mut work = Work::reading(call).await?;
    let user = permitted(&mut work, Action::UserSecondFactorsCreate).await?;
    drop(work);
    let stored = user.get("password_digest").as_text().map(str::to_owned);
    let (Some(given), Some(stored)) = (sent(call, "password"), stored) else { return Ok(None) };
    let right = password::is_right(Secret::new(given.to_owned()), stored.clone()).await?;
    Ok(right.then_some(stored))
}

/// Uses up the one-time password that was sent.
fn demand_code(factor: &mut Record, work: &Work) -> Outcome<()> {
    let code = sent(&work.call, "otp").unwrap_or_default();
    if spend(factor, code, work)? {
        return Ok(());
    }
    Err(ApiError::unauthorized("second factor must be valid", "OTP_INVALID").pointer("/meta/otp").into())
}

/// A new factor of a user, where the user is.
fn begun(call: &Call, user: &Record) -> Record {
    let id = RecordId::generate(call.now);
    let mut factor = Record::new(SecondFactor::RESOURCE, id, call.account.id, user.environment(), call.now);
    factor.set("user_id", Value::Id(user.id()));
    factor.set("secret", Value::Text(TotpSecret::generate().text().into_inner()));
    factor.set("enabled", Value::Bool(false));
    factor
}
