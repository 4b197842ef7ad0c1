//! `POST /users/:id/actions/ban` and `unban` (`licensing.md` §11). Both are idempotent.

use std::sync::Arc;

use keyway_access::Action;
use keyway_jsonapi::Value;

use crate::call::Call;
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::{change, find, one};
use crate::licensing::Users;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// Bans a user: authentication stops, owned licences are banned with them.
pub(crate) async fn ban(call: Arc<Call>) -> Outcome<Reply> {
    let now = call.now;
    set(call, Action::UserBan, Value::Time(now), "banned").await
}

/// Takes a ban back.
pub(crate) async fn unban(call: Arc<Call>) -> Outcome<Reply> {
    set(call, Action::UserUnban, Value::Null, "unbanned").await
}

async fn set(call: Arc<Call>, action: Action, banned: Value, event: &str) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let user = find(&mut work, &Users, call.param(0)).await?;
    let subject = Users.subject(&mut work, &user).await?;
    gate::authorize(&call, action, &subject)?;
    let mut after = user.clone();
    if user.get("banned_at").is_null() != banned.is_null() {
        after.set("banned_at", banned);
        change(&mut work, &user, &mut after).await?;
    }
    work.log(&after, event).await?;
    let reply = Reply::data(one(&mut work, &Users, &after).await?);
    work.commit().await?;
    Ok(reply)
}
