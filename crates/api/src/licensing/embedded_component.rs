//! Components that come with a new machine (`licensing.md` §10.1).

use keyway_base::RecordId;
use keyway_domain::machine::uniqueness::of_components;
use keyway_domain::resources::{Component, License, Policy};
use keyway_jsonapi::schema::{Form, Node};
use keyway_jsonapi::{Declared, Failure, Invalid, Linkage, Record, Scope, Value, metadata};
use serde_json::{Value as Json, json};

use crate::draft::Draft;
use crate::refusal::Outcome;
use crate::work::Work;

/// How many a machine may come with.
const MAX: usize = 20;
/// The relation that they come in.
const RELATION: &str = "components";

/// A component that is asked for.
pub(crate) struct Wanted {
    fingerprint: String,
    name: String,
    metadata: Json,
}

/// The schema of a list of components to be made. How many there may be is checked later, as a validation.
pub(crate) fn schema() -> Node {
    let attributes = vec![
        Node::new("fingerprint", Form::Text).required(),
        Node::new("name", Form::Text).required(),
        Node::new("metadata", Form::Metadata),
    ];
    let attributes = Node::object("attributes", attributes).required();
    let item = Node::object("component", vec![Node::kind(&["components"]), attributes]);
    Node::new("data", Form::List { item: Box::new(item), min: 0, max: usize::MAX })
}

/// The components in a body that fits [`schema`].
pub(crate) fn wanted(draft: &Draft) -> Vec<Wanted> {
    let Some(Linkage::Many(items)) = draft.input.relation(RELATION) else { return Vec::new() };
    let read = |item: &Json| {
        let text = |name: &str| Some(item.get("attributes")?.get(name)?.as_str()?.to_owned());
        let metadata = item.get("attributes")?.get("metadata").filter(|metadata| !metadata.is_null());
        Some(Wanted {
            fingerprint: text("fingerprint")?,
            name: text("name")?,
            metadata: metadata.cloned().unwrap_or_else(|| json!({})),
        })
    };
    items.iter().filter_map(read).collect()
}

/// Whether each has a fingerprint of its own, within the request and where its policy asks for it.
pub(crate) async fn check(
    work: &mut Work,
    draft: &mut Draft,
    license: &License,
    policy: &Policy,
) -> Outcome<()> {
    let all = wanted(draft);
    if all.len() > MAX {
        draft.fail(Invalid::relation(RELATION, Failure::Kind("TOO_LONG"), "too many records"));
        return Ok(());
    }
    for (index, component) in all.iter().enumerate() {
        let alike = all.iter().filter(|other| other.fingerprint == component.fingerprint).count();
        if alike > 1 {
            let failure = Failure::Kind("CONFLICT");
            let detail = "conflicts with another component";
            draft.fail(Invalid::nested(RELATION, index, "fingerprint", failure, detail));
        }
        let (name, fingerprint) = (Value::Text(component.name.clone()), &component.fingerprint);
        for (attribute, value) in [("fingerprint", Value::Text(fingerprint.clone())), ("name", name)] {
            let failure = crate::interpreter::check_value(Component::RESOURCE, attribute, &value);
            draft.failures.extend(failure.map(|failure| failure.embedded(RELATION, index)));
        }
        let failure = metadata::check_size(&component.metadata);
        draft.failures.extend(failure.map(|failure| failure.embedded(RELATION, index)));
        if let Some(failure) = taken(work, license, policy, fingerprint).await? {
            draft.fail(failure.embedded(RELATION, index));
        }
    }
    Ok(())
}

/// The failure of a fingerprint that another component has where it must be unique.
pub(crate) async fn taken(
    work: &mut Work,
    license: &License,
    policy: &Policy,
    fingerprint: &str,
) -> Outcome<Option<Invalid>> {
    let Some(among) = of_components(license, policy) else { return Ok(None) };
    let named = among.scope.and(Scope::text("fingerprint", fingerprint));
    let taken = work.any(Component::RESOURCE, &named).await?;
    Ok(taken.then(|| Invalid::attribute("fingerprint", Failure::Kind("TAKEN"), among.detail)))
}

/// Makes the components of a machine that was made.
pub(crate) async fn insert(work: &mut Work, draft: &Draft) -> Outcome<()> {
    let machine = &draft.record;
    for component in wanted(draft) {
        let id = RecordId::generate(work.now());
        let mut record =
            Record::new(Component::RESOURCE, id, work.account(), machine.environment(), work.now());
        for column in ["product_id", "license_id"] {
            record.set(column, machine.get(column).clone());
        }
        record.set("machine_id", Value::Id(machine.id()));
        record.set("fingerprint", Value::Text(component.fingerprint));
        record.set("name", Value::Text(component.name));
        record.set("metadata", Value::Json(component.metadata));
        work.insert(&record).await?;
    }
    Ok(())
}
