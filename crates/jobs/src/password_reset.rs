//! `password.reset`: who forgot their password gets a token to choose another (`licensing.md` §2.2).
//!
//! The request only says which address was given, so that its answer does not tell whether there is such a user. The
//! token is in the mail and in what webhook endpoints that listen are told: what the user's row has is its digest.

use keyway_base::Secret;
use keyway_crypto::token::{self, AccountSecret};
use keyway_domain::event::Event;
use keyway_domain::resources::{Account, User};
use keyway_jsonapi::{Declared as _, Record, Scope, Value};
use keyway_store::{Changes, Job, retrying};
use serde_json::{Value as Json, json};

use crate::JobError;
use crate::mailer::{Mail, send};
use crate::runner::{Ended, Parts, end};

/// Gives the user a token, if there is one, and mails it.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let missing = || JobError::Payload { kind: job.kind.clone(), missing: "an address" };
    let email = job.payload.get("email").and_then(Json::as_str).ok_or_else(missing)?;
    let named = Scope::text("email", email).and(within(&job.payload));
    let Some(user) = parts.db.find(User::RESOURCE, job.account, &named).await? else {
        return Ok(Ended::Done);
    };
    let account = Scope::id("id", job.account);
    let Some(account) = parts.db.find(Account::RESOURCE, job.account, &account).await? else {
        return Ok(Ended::Done);
    };
    let account: Account = account.typed()?;
    let secret = AccountSecret::from_stored(account.secret.clone())?;
    let raw = token::password_reset();
    if job.payload.get("deliver") != Some(&Json::Bool(false)) {
        send(parts, job, mail_to(parts, &account, &user, &raw)).await?;
    }
    let mut after = user;
    let digest = token::digest(&secret, raw.expose()).as_bytes().to_vec();
    after.set("password_reset_digest", Value::Bytes(digest));
    after.set("password_reset_at", Value::Time(parts.clock.wall()));
    // What was mailed is not mailed again because others wrote at the same time.
    retrying(|| write_down(parts, job, &after, &raw)).await
}

/// Writes down which token the user has now, and that they have one.
async fn write_down(
    parts: &Parts,
    job: &Job,
    user: &Record,
    raw: &Secret<String>,
) -> Result<Ended, JobError> {
    let mut write = parts.db.begin().await?;
    if !write.update(user, &["password_reset_digest", "password_reset_at"]).await? {
        return Ok(Ended::Done);
    }
    if let Some(event) = Event::of(user, "password-reset") {
        // Whoever may have endpoints is not to become one of those who manage the account.
        let is_customer = user.get("role").as_text() == Some("user");
        let meta = if is_customer { json!({ "passwordResetToken": raw.expose() }) } else { json!({}) };
        keyway_events::record_with(&mut write, &event, &meta, parts.clock.wall()).await?;
    }
    end(write, job, Changes::none()).await
}

/// Where the user may be: in the environment of the request, and global admins anywhere.
fn within(payload: &Json) -> Scope {
    let global = Scope::IsNull("environment_id");
    let admins = global.clone().and(Scope::text("role", "admin"));
    let inside = payload.get("environment").and_then(Json::as_str).and_then(|id| id.parse().ok());
    let inside = inside.map_or(Scope::None, |id: keyway_base::RecordId| Scope::id("environment_id", id));
    let reads_global = payload.get("global") == Some(&Json::Bool(true));
    let readable = if reads_global { inside.or(global) } else { inside };
    readable.or(admins)
}

fn mail_to(parts: &Parts, account: &Account, user: &Record, raw: &Secret<String>) -> Option<Mail> {
    let api = parts.mailer.as_ref()?.api();
    let to = user.get("email").as_text()?.to_owned();
    let (name, raw, id, user) = (&account.name, raw.expose(), account.id, user.id());
    let text = format!(
        "Somebody, probably you, asked for a new password for {to} at {name}.\n\n\
         To choose one, use this token within 24 hours:\n\n    {raw}\n\n\
         An application that asks you for it sends it, with the new password, to\n\n\
         \x20   POST {api}/v1/accounts/{id}/users/{user}/actions/reset-password\n\
         \x20   {{\"meta\":{{\"passwordResetToken\":\"{raw}\",\"newPassword\":\"...\"}}}}\n\n\
         If it was not you, there is nothing to do: your password stays as it is.\n"
    );
    Some(Mail { to, subject: format!("Your password at {name}"), text })
}
