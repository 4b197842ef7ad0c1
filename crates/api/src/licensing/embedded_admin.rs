//! Admins that come with what they are to manage: a new account, or a new environment (`licensing.md` §4.1, §5).

use keyway_base::{RecordId, Timestamp};
use keyway_domain::resources::{User, UserRole};
use keyway_jsonapi::schema::{Form, Node};
use keyway_jsonapi::{Declared, Extra, Failure, Input, Intent, Invalid, Linkage, Record, Role, Value, parse};
use serde_json::{Value as Json, json};

use super::{email, password};
use crate::draft::Draft;
use crate::interpreter::check_values;
use crate::refusal::Outcome;

/// The relation that they come in.
const RELATION: &str = "admins";
/// The most that come at a time.
const MOST: usize = 10;

/// What `admins.data` is: so many users at least.
pub(crate) fn schema(least: usize) -> Node {
    let attributes = vec![
        Node::new("email", Form::Text).required(),
        Node::new("password", Form::Text).nullable(),
        Node::new("first_name", Form::Text).nullable(),
        Node::new("last_name", Form::Text).nullable(),
        Node::new("metadata", Form::Metadata),
    ];
    let attributes = Node::object("attributes", attributes).required();
    let item = Node::object("admin", vec![Node::kind(&["users"]), attributes]);
    Node::new("data", Form::List { item: Box::new(item), min: least, max: MOST })
}

/// The admins in a body that fits [`schema`]. Whose they are, and where, is set when that is known.
pub(crate) fn wanted(input: &Input, now: Timestamp) -> Outcome<Vec<Draft>> {
    let Some(Linkage::Many(items)) = input.relation(RELATION) else { return Ok(Vec::new()) };
    let read = |item: &Json| {
        let body = [("data".to_owned(), item.clone())].into_iter().collect();
        let input = parse(User::RESOURCE, Role::Admin, Intent::Create, &Extra::default(), &body)?;
        Ok(admin(input, now))
    };
    items.iter().map(read).collect()
}

fn admin(input: Input, now: Timestamp) -> Draft {
    let id = RecordId::generate(now);
    let mut draft = begun(Record::new(User::RESOURCE, id, id.into(), None, now), input);
    draft.record.set("role", Value::Text(UserRole::Admin.as_str().to_owned()));
    draft.record.set("permissions", Value::Json(json!(["*"])));
    super::default_metadata(&mut draft);
    let normal = draft.text("email").map(email::normal).unwrap_or_default();
    draft.record.set("email", Value::Text(normal));
    draft
}

/// A new record with the attributes that were sent.
pub(crate) fn begun(mut record: Record, input: Input) -> Draft {
    for (name, value) in &input.attributes {
        let attribute = record.resource.attributes.iter().find(|attribute| attribute.name == *name);
        if let Some(column) = attribute.and_then(|attribute| attribute.column) {
            record.set(column, value.clone());
        }
    }
    Draft::new(record, input)
}

/// What is wrong with them, each failure at its own.
pub(crate) fn check(admins: &mut [Draft]) -> Vec<Invalid> {
    let mut failures = Vec::new();
    let mut seen = Vec::new();
    for (index, admin) in admins.iter_mut().enumerate() {
        check_values(admin);
        let address = admin.text("email").unwrap_or_default().to_owned();
        if !email::is_valid(&address) {
            admin.fail(Invalid::attribute("email", Failure::Kind("INVALID"), "must be a valid email"));
        } else if seen.contains(&address) {
            admin.fail(taken());
        }
        seen.push(address);
        if let Some((failure, detail)) = sent_password(admin).and_then(password::failure) {
            admin.fail(Invalid::attribute("password", failure, detail));
        }
        failures.extend(admin.failures.drain(..).map(|failure| at(index, failure)));
    }
    failures
}

/// The failure of an address that is somebody's.
pub(crate) fn taken() -> Invalid {
    Invalid::taken("email")
}

/// The failure of an admin as one of what they came with.
pub(crate) fn at(index: usize, failure: Invalid) -> Invalid {
    failure.embedded(RELATION, index)
}

/// The password that was sent for one.
pub(crate) fn sent_password(admin: &Draft) -> Option<&str> {
    admin.input.get("password").and_then(Value::as_text)
}
