//! `POST /users/:id/actions/update-password` (`licensing.md` §2.2): by the user alone.

use std::sync::Arc;

use keyway_access::Action;
use keyway_base::Secret;
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{Invalid, Record, Value};

use crate::call::Call;
use crate::contract::Contract;
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::{change, find, one};
use crate::licensing::user::{drop_tokens, forget_reset, token_in_use, wrong_password};
use crate::licensing::{Users, password};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::work::Work;

/// Takes both passwords.
pub(crate) const CONTRACT: Contract = Contract::taking(schema).codes(&["PASSWORD_INVALID"]);

/// Changes the caller's password, given the old one; their other tokens are revoked.
pub(crate) async fn update_password(call: Arc<Call>) -> Outcome<Reply> {
    let (user, old, new) = read(&call).await?;
    let stored = user.get("password_digest").as_text().map(str::to_owned);
    let right = match stored.clone() {
        Some(stored) => password::is_right(old, stored).await?,
        None => false,
    };
    if !right {
        return Err(wrong_password("/meta/oldPassword").into());
    }
    if let Some((failure, detail)) = password::failure(new.expose()) {
        return Err(Refusal::invalid([Invalid::attribute("password", failure, detail)]));
    }
    let digest = password::digests(vec![new]).await?.into_iter().next();
    let mut work = Work::writing(&call).await?;
    let before = work.need(user.resource, user.id()).await?;
    if before.get("password_digest").as_text().map(str::to_owned) != stored {
        return Err(wrong_password("/meta/oldPassword").into());
    }
    let mut after = before.clone();
    after.set("password_digest", digest.map_or(Value::Null, Value::Text));
    forget_reset(&mut after);
    change(&mut work, &before, &mut after).await?;
    drop_tokens(&mut work, after.id(), token_in_use(&call)).await?;
    let reply = Reply::data(one(&mut work, &Users, &after).await?);
    work.commit().await?;
    Ok(reply)
}

/// `meta {oldPassword?, newPassword}`.
fn schema() -> Vec<Node> {
    let members =
        vec![Node::new("old_password", Form::Text), Node::new("new_password", Form::Text).required()];
    vec![Node::object("meta", members).required()]
}

/// The user and both passwords, once the caller may try.
async fn read(call: &Arc<Call>) -> Outcome<(Record, Secret<String>, Secret<String>)> {
    let mut work = Work::reading(call).await?;
    let user = find(&mut work, &Users, call.param(0)).await?;
    let subject = Users.subject(&mut work, &user).await?;
    gate::authorize(call, Action::UserPasswordUpdate, &subject)?;
    check(&schema(), &call.body)?;
    let text = |name: &str| {
        let value = call.meta().and_then(|meta| meta.get(name)).and_then(serde_json::Value::as_str);
        Secret::new(value.unwrap_or_default().to_owned())
    };
    Ok((user, text("old_password"), text("new_password")))
}
