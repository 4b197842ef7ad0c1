//! `POST /recover` (`licensing.md` §1.11): for who forgot which accounts they have.

use keyway_base::AccountId;
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_store::{Changes, NewJob, StoreError, retrying};
use serde_json::{Value, json};

use crate::contract::{Contract, Data, Given};
use crate::endpoint::Outside;
use crate::licensing::email;
use crate::refusal::Outcome;
use crate::reply::Reply;

/// The job that looks for the accounts. It is enqueued whether there are any or not: the answer takes as long either
/// way.
const RECOVER: &str = "accounts.recover";

/// Takes an address.
pub(crate) const CONTRACT: Contract = Contract::taking(asking).gives(&[Given::new(204, Data::Empty)]);

/// `meta {type: "account", email}`.
fn asking() -> Vec<Node> {
    let members = vec![Node::kind(&["accounts"]), Node::new("email", Form::Text).required()];
    vec![Node::object("meta", members).required()]
}

/// Has the accounts of an address sent to it: always 204.
pub(crate) async fn recover(outside: Outside) -> Outcome<Reply> {
    check(&asking(), &outside.body)?;
    let sent = outside.body.get("meta").and_then(|meta| meta.get("email")).and_then(Value::as_str);
    let Some(address) = email::mailable(sent.unwrap_or_default()) else { return Ok(Reply::nothing()) };
    let payload = json!({ "email": address });
    let (kind, account, run_at) = (RECOVER.to_owned(), AccountId::NOBODY, outside.now);
    let job = NewJob { kind, key: address, account, payload, run_at };
    retrying(|| enqueue(&outside, &job)).await?;
    outside.api.parts().wake_jobs.notify_one();
    Ok(Reply::nothing())
}

/// Adds the job to the lane of mail that is no account's.
async fn enqueue(outside: &Outside, job: &NewJob) -> Result<(), StoreError> {
    let mut write = outside.api.parts().db.begin().await?;
    write.enqueue_in(job.account.into(), job).await?;
    write.commit(Changes::none()).await
}
