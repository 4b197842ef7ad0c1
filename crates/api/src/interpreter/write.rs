//! What creating and changing have in common: taking in what was sent, and checking values.

use keyway_access::EnvironmentView;
use keyway_domain::resources;
use keyway_jsonapi::{
    Attribute, Failure, Input, Invalid, Linkage, Record, Relation, Resource, Shape, Value, metadata,
};

use crate::draft::Draft;
use crate::refusal::Outcome;
use crate::work::Work;

/// Words that may not be used as keys, codes, slugs, fingerprints or process ids (`licensing.md` §1.1).
const RESERVED: [&str; 2] = ["action", "actions"];

/// Puts the attributes and to-one relations that were sent into a record, and finds the records at the other
/// ends; an id that is nobody's is a failure.
pub(crate) async fn sent(
    work: &mut Work,
    before: Option<Record>,
    record: Record,
    input: Input,
) -> Outcome<Draft> {
    let mut draft = Draft { before, ..Draft::new(record, input) };
    let resource = draft.record.resource;
    for (name, value) in draft.input.attributes.clone() {
        if let Some(column) = resource.attributes.iter().find(|a| a.name == name).and_then(|a| a.column) {
            draft.record.set(column, value);
        }
    }
    for (name, linkage) in draft.input.relations.clone() {
        if let Some(relation) = resource.relations.iter().find(|relation| relation.name == name) {
            relate(work, &mut draft, relation, &linkage).await?;
        }
    }
    Ok(draft)
}

async fn relate(
    work: &mut Work,
    draft: &mut Draft,
    relation: &'static Relation,
    linkage: &Linkage,
) -> Outcome<()> {
    let Some(column) = relation.column else { return Ok(()) };
    let Linkage::One(identifier) = linkage else {
        draft.record.set(column, Value::Null);
        return Ok(());
    };
    draft.record.set(column, Value::Id(identifier.id));
    if let Some(kind) = relation.type_column {
        draft.record.set(kind, Value::Text(identifier.kind.clone()));
    }
    let Some(resource) = resource_of(&identifier.kind) else { return Ok(()) };
    match work.get(resource, identifier.id).await? {
        Some(record) => {
            if !associates(work.call.view, &record) {
                let detail = format!("must be compatible with {} environment", relation.name);
                draft.fail(Invalid::relation("environment", Failure::Inclusion, detail));
            }
            draft.related.push((relation.name, record));
        }
        None => draft.fail(Invalid::missing_relation(relation.name)),
    }
    Ok(())
}

/// The resource of a JSON:API type.
fn resource_of(kind: &str) -> Option<&'static Resource> {
    resources::ALL.iter().copied().find(|resource| resource.kind == kind)
}

/// Whether a record may be related to one that is made in this environment (`licensing.md` §5).
pub(crate) fn associates(view: EnvironmentView, record: &Record) -> bool {
    let global_admin = record.resource.kind == "users"
        && record.environment().is_none()
        && record.get("role").as_text() == Some("admin");
    view.reads(record.environment()) || global_admin
}

/// Checks the values that were sent against what the attributes declare.
pub(crate) fn check_values(draft: &mut Draft) {
    let resource = draft.record.resource;
    let sent: Vec<&'static str> = draft.input.attributes.iter().map(|(name, _)| *name).collect();
    for attribute in resource.attributes.iter().filter(|attribute| sent.contains(&attribute.name)) {
        let failure = draft.input.get(attribute.name).and_then(|value| check(attribute, value));
        draft.failures.extend(failure);
    }
}

/// Checks one value against what an attribute of a resource declares.
pub(crate) fn check_value(resource: &Resource, name: &str, value: &Value) -> Option<Invalid> {
    check(resource.attributes.iter().find(|attribute| attribute.name == name)?, value)
}

fn check(attribute: &Attribute, value: &Value) -> Option<Invalid> {
    match value {
        Value::Int(number) => check_number(attribute, *number),
        Value::Text(text) => check_text(attribute, text),
        Value::Json(json) if attribute.shape == Shape::Metadata => metadata::check_size(json),
        _ => None,
    }
}

fn check_number(attribute: &Attribute, number: i64) -> Option<Invalid> {
    let (min, max) = attribute.range?;
    let shown = |bound: i64| attribute.json(&Value::Int(bound));
    let fail = |detail: String| Some(Invalid::attribute(attribute.name, Failure::Comparison, detail));
    if number < min {
        return fail(format!("must be greater than or equal to {}", shown(min)));
    }
    if number > max {
        return fail(format!("must be less than or equal to {}", shown(max)));
    }
    None
}

fn check_text(attribute: &Attribute, text: &str) -> Option<Invalid> {
    let fail = |failure, detail: String| Some(Invalid::attribute(attribute.name, failure, detail));
    if let Some(max) = attribute.max.filter(|max| text.chars().count() > *max) {
        return fail(Failure::Kind("TOO_LONG"), format!("is too long (maximum is {max} characters)"));
    }
    if let Some(texts) = attribute.one_of.filter(|texts| !texts.contains(&text)) {
        return fail(Failure::Inclusion, format!("is not supported (must be one of {})", texts.join(", ")));
    }
    let names_records = matches!(attribute.name, "key" | "code" | "slug" | "tag" | "fingerprint" | "pid");
    if names_records && RESERVED.contains(&text.to_lowercase().as_str()) {
        return fail(Failure::Inclusion, "is reserved".to_owned());
    }
    None
}
