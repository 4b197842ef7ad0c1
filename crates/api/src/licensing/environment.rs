//! Environments (`licensing.md` §5). They have no environment of their own.

use keyway_access::Action;
use keyway_base::{EnvironmentId, RecordId};
use keyway_domain::permission::Granted;
use keyway_domain::resources::{Environment, IsolationStrategy, User};
use keyway_jsonapi::schema::{Form, Node};
use keyway_jsonapi::{Declared, Extra, Failure, Intent, Invalid, Linkage, Record, Resource, Value};

use super::{cascade, code, email, password};
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::refusal::{Outcome, Refusal};
use crate::subject::Subject;
use crate::touch;
use crate::work::Work;

/// The rules of environments.
pub(crate) struct Environments;

impl Hooks for Environments {
    fn resource(&self) -> &'static Resource {
        Environment::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::EnvironmentList,
            show: Action::EnvironmentShow,
            create: Action::EnvironmentCreate,
            update: Action::EnvironmentUpdate,
            delete: Action::EnvironmentDelete,
        }
    }
    fn extra(&self, _: Intent) -> Extra {
        Extra { many: vec![("admins", admins())], ..Extra::default() }
    }
    fn subject<'a>(&'a self, _: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move { Ok(Subject::Environment(Box::new(record.typed()?))) })
    }
    fn new_subject<'a>(&'a self, _: &'a mut Work, _: &'a Draft) -> Step<'a, Subject> {
        crate::hooks::done(Subject::None)
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            draft.record.set("environment_id", Value::Null);
            draft.default("isolation_strategy", Value::Text(IsolationStrategy::Isolated.as_str().to_owned()));
            draft.default("permissions", Value::Json(Granted::Wildcard.to_json()));
            code::check(draft);
            prepare_admins(work, draft)
        })
    }
    fn saved<'a>(&'a self, work: &'a mut Work, draft: &'a Draft) -> Step<'a, ()> {
        Box::pin(async move { create_admins(work, draft).await })
    }
    fn deleting<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, ()> {
        Box::pin(async move { cascade::environment(work, record).await })
    }
}

/// `relationships.admins.data[]`: embedded users, ten at most.
fn admins() -> Node {
    let attributes = vec![
        Node::new("email", Form::Text).required(),
        Node::new("password", Form::Text).nullable(),
        Node::new("first_name", Form::Text).nullable(),
        Node::new("last_name", Form::Text).nullable(),
        Node::new("metadata", Form::Metadata),
    ];
    let attributes = Node::object("attributes", attributes).required();
    let item = Node::object("", vec![Node::kind(&["users"]), attributes]);
    Node::new("data", Form::List { item: Box::new(item), min: 1, max: 10 })
}

/// The embedded admins' attributes.
fn embedded(draft: &Draft) -> Vec<&serde_json::Value> {
    let Some(Linkage::Many(items)) = draft.input.relation("admins") else { return Vec::new() };
    items.iter().filter_map(|item| item.get("attributes")).collect()
}

/// Checks the embedded admins and asks for the digests of their passwords.
fn prepare_admins(_: &mut Work, draft: &mut Draft) -> Outcome<()> {
    let mut failures = Vec::new();
    let mut passwords = Vec::new();
    for (index, attributes) in embedded(draft).into_iter().enumerate() {
        let text = |name: &str| attributes.get(name).and_then(serde_json::Value::as_str);
        if !text("email").is_some_and(email::is_valid) {
            let failure = Failure::Kind("INVALID");
            failures.push(Invalid::nested("admins", index, "email", failure, "must be a valid email"));
        }
        if let Some(given) = text("password") {
            if let Some((failure, detail)) = password::failure(given) {
                failures.push(Invalid::nested("admins", index, "password", failure, detail));
            }
            passwords.push(given.to_owned());
        }
    }
    draft.failures.extend(failures);
    password::demand(draft, passwords)
}

async fn create_admins(work: &mut Work, draft: &Draft) -> Outcome<()> {
    if draft.before.is_some() {
        return Ok(());
    }
    let environment = EnvironmentId::from(draft.record.id());
    let mut digests = draft.digests.iter();
    for attributes in embedded(draft) {
        let text = |name: &str| attributes.get(name).and_then(serde_json::Value::as_str);
        let id = RecordId::generate(work.now());
        let mut user = Record::new(User::RESOURCE, id, work.account(), Some(environment), work.now());
        user.set("email", Value::Text(email::normal(text("email").unwrap_or_default())));
        for name in ["first_name", "last_name"] {
            user.set(name, text(name).map_or(Value::Null, |text| Value::Text(text.to_owned())));
        }
        if text("password").is_some() {
            let digest = digests.next().ok_or_else(|| Refusal::Broken("a digest is missing".to_owned()))?;
            user.set("password_digest", Value::Text(digest.clone()));
        }
        user.set("role", Value::Text("admin".to_owned()));
        user.set("permissions", Value::Json(Granted::Wildcard.to_json()));
        let metadata = attributes.get("metadata").cloned().unwrap_or_else(|| serde_json::json!({}));
        user.set("metadata", Value::Json(metadata));
        work.insert(&user).await?;
        touch::record(work, None, Some(&user)).await?;
    }
    Ok(())
}
