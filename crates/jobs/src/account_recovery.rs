//! `accounts.recover`: who forgot which accounts they have is mailed them (`licensing.md` §1.11).
//!
//! The request only says which address was given, so that its answer does not tell whether it has any. What is in the
//! mail is for who reads it alone: the accounts in which there is a user of the address.

use std::fmt::Write as _;

use keyway_domain::resources::{Account, User};
use keyway_jsonapi::{Declared as _, Scope};
use keyway_store::{Job, Order, Page};
use serde_json::Value;

use crate::JobError;
use crate::mailer::{Mail, send};
use crate::runner::{Ended, Parts};

/// How many accounts a mail lists.
const MOST: u32 = 100;

/// Mails the accounts of an address, if it has any.
pub(crate) async fn run(parts: &Parts, job: &Job) -> Result<Ended, JobError> {
    let missing = || JobError::Payload { kind: job.kind.clone(), missing: "an address" };
    let email = job.payload.get("email").and_then(Value::as_str).ok_or_else(missing)?;
    let theirs = Scope::has(User::RESOURCE.table, "account_id", Scope::text("email", email));
    let page = Page { order: Order::Asc, limit: Some(MOST), ..Page::default() };
    let accounts = parts.db.accounts_where(Account::RESOURCE, &theirs, &page).await?;
    let accounts = accounts.iter().map(|account| account.typed()).collect::<Result<Vec<Account>, _>>()?;
    send(parts, job, mail_to(parts, email, &accounts)).await?;
    Ok(Ended::Done)
}

fn mail_to(parts: &Parts, email: &str, accounts: &[Account]) -> Option<Mail> {
    let api = parts.mailer.as_ref().filter(|_| !accounts.is_empty())?.api();
    let mut text = format!(
        "Somebody, probably you, asked which accounts {email} has at {api}.\n\n\
         Requests name an account in their path, by its id or by its short name:\n"
    );
    for Account { id, name, slug, .. } in accounts {
        // Whoever founds an account chooses its name: it is one line.
        let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
        let _ = write!(text, "\n{name}\n    {api}/v1/accounts/{slug}\n    {api}/v1/accounts/{id}\n");
    }
    text.push_str("\nIf it was not you, there is nothing to do.\n");
    Some(Mail { to: email.to_owned(), subject: "Your accounts".to_owned(), text })
}
