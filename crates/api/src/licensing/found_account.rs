//! `POST /accounts` (`licensing.md` §4.1): anybody founds an account, with its first admins.

use http::{StatusCode, header};
use keyway_base::{RecordId, Secret};
use keyway_crypto::account_keys::AccountKeys;
use keyway_domain::account::slug_of;
use keyway_domain::event::{Event, Origin};
use keyway_domain::resources::Account;
use keyway_domain::touch::{Mutation, Related, touches};
use keyway_jsonapi::document::{record_path, resource_object};
use keyway_jsonapi::schema::Node;
use keyway_jsonapi::{
    ApiError, Declared, Extra, Failure, Input, Intent, Invalid, Record, Role, Scope, Value, parse, schema_of,
};
use keyway_store::{Changes, Inserted, retrying};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use super::{account, embedded_admin, password};
use crate::contract::{Contract, Data, Given};
use crate::draft::Draft;
use crate::endpoint::Outside;
use crate::interpreter::{below, check_values};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::work::taken;

/// Keys take a second of a core and strangers may ask for them: one account is made at a time, a few wait.
static MAKING: Semaphore = Semaphore::const_new(1);
static WAITING: Semaphore = Semaphore::const_new(8);

/// Takes the account with its admins, and gives it.
pub(crate) const CONTRACT: Contract =
    Contract::taking(|| schema_of(Account::RESOURCE, Role::Anonymous, Intent::Create, &extra()))
        .gives(&[Given::new(201, Data::One(Account::RESOURCE)).located()]);

/// Founds an account.
pub(crate) async fn found_account(outside: Outside) -> Outcome<Reply> {
    let input = parse(Account::RESOURCE, Role::Anonymous, Intent::Create, &extra(), &outside.body)?;
    let mut admins = embedded_admin::wanted(&input, outside.now)?;
    let mut founded = draft(input, &admins, &outside);
    let mut failures: Vec<Invalid> = std::mem::take(&mut founded.failures);
    failures.extend(embedded_admin::check(&mut admins));
    if !failures.is_empty() {
        return Err(Refusal::invalid(failures));
    }
    refuse_taken(&founded.record, &outside).await?;
    let keys = make_keys(&mut admins).await?;
    founded.record.set("secret", Value::Text(keys.stored().secret.expose().clone()));
    founded.record.set("keys", Value::Text(keys.to_text().into_inner()));
    let admins: Vec<Record> = admins.into_iter().map(|admin| admin.record).collect();
    retrying(|| store(&outside, &founded.record, &admins)).await?;
    let object = resource_object(&founded.record, &account::extras(&founded.record, &keys), below);
    let url = format!("{}{}", outside.api.parts().public.api, record_path(&founded.record));
    Ok(Reply::data(object).status(StatusCode::CREATED).header(header::LOCATION, &url))
}

/// What the body has beside the account.
fn extra() -> Extra {
    // That there is an admin is checked later, as a validation.
    Extra { many: vec![("admins", embedded_admin::schema(0)), ("plan", plan_schema())], ..Extra::default() }
}

/// What `plan.data` is, which means nothing here.
fn plan_schema() -> Node {
    Node::identifier("data", &["plans"])
}

/// The account, named after the host of the first admin's address unless it was given names.
fn draft(input: Input, admins: &[Draft], outside: &Outside) -> Draft {
    let id = RecordId::generate(outside.now);
    let mut draft =
        embedded_admin::begun(Record::new(Account::RESOURCE, id, id.into(), None, outside.now), input);
    let address = admins.first().and_then(|admin| admin.text("email")).unwrap_or_default();
    let host = address.rsplit('@').next().unwrap_or_default();
    draft.default("name", Value::Text(host.to_owned()));
    draft.default("slug", Value::Text(slug_of(host)));
    draft.default("protected", Value::Bool(false));
    draft.record.set("api_version", Value::Text(outside.version.to_string()));
    check_values(&mut draft);
    account::check(&mut draft);
    if admins.is_empty() {
        let detail = "is too short (minimum is 1 admin)";
        draft.fail(Invalid::relation("admins", Failure::Kind("TOO_SHORT"), detail));
    }
    draft
}

/// Refuses a slug that is somebody's before anything costly is done for it.
async fn refuse_taken(account: &Record, outside: &Outside) -> Outcome<()> {
    let slug = account.get("slug").as_text().unwrap_or_default();
    let scope = Scope::IsCaseless("slug", slug.to_owned());
    match outside.api.parts().db.account(Account::RESOURCE, &scope).await? {
        Some(_) => Err(Refusal::invalid([Invalid::taken("slug")])),
        None => Ok(()),
    }
}

/// Makes the account's keys and the digests of its admins' passwords.
async fn make_keys(admins: &mut [Draft]) -> Outcome<AccountKeys> {
    let broken = |error: &dyn std::fmt::Display| Refusal::Broken(format!("keys could not be made: {error}"));
    let _waiting = WAITING.try_acquire().map_err(|_| ApiError::too_many_requests(10))?;
    let _making = MAKING.acquire().await.map_err(|error| broken(&error))?;
    for admin in admins {
        let Some(given) = embedded_admin::sent_password(admin).map(|given| Secret::new(given.to_owned()))
        else {
            continue;
        };
        if let Some(digest) = password::digests(vec![given]).await?.pop() {
            admin.record.set("password_digest", Value::Text(digest));
        }
    }
    let keys = spawn_blocking(AccountKeys::generate).await.map_err(|error| broken(&error))?;
    keys.map_err(|error| broken(&error))
}

/// Stores all of it, or nothing.
async fn store(outside: &Outside, account: &Record, admins: &[Record]) -> Outcome<()> {
    let origin = Origin { who: None, request: Some(outside.request_id) };
    let mut write = outside.api.parts().db.begin().await?;
    let mut slots = std::collections::BTreeSet::new();
    let owned = admins.iter().cloned().map(|mut admin| {
        admin.set("account_id", Value::Id(account.id()));
        admin
    });
    for record in std::iter::once(account.clone()).chain(owned) {
        if let Inserted::Conflict(index) = write.insert(&record).await? {
            return Err(taken(record.resource, index));
        }
        slots.extend(touches(Mutation { before: None, after: Some(&record) }, &Related::default()));
        if let Some(event) = Event::of(&record, "created") {
            keyway_events::record(&mut write, &event, &origin, outside.now).await?;
        }
    }
    Ok(write.commit(Changes::of(account.account(), slots)).await?)
}
