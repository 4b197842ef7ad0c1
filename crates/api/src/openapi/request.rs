//! Bodies of requests.

use keyway_jsonapi::schema::Node;
use keyway_jsonapi::{Attribute, Intent, Resource, Role, Roles, camel_key, schema_of};
use serde_json::{Value, json};

use super::{answer, form, operation};
use crate::endpoint::{Endpoint, Operation, Verb};
use crate::hooks::Hooks;

/// The body of an endpoint; none where it is not looked at.
pub(super) fn body(endpoint: &Endpoint) -> Option<Value> {
    let (members, _) = taken(endpoint)?;
    let required = members.iter().any(|member| member.required);
    let schema = json!({ "$ref": format!("#/components/schemas/{}", name(endpoint)) });
    Some(json!({ "required": required, "content": answer::documents(&schema) }))
}

/// The name and the schema of the body of an endpoint.
pub(super) fn schema(endpoint: &Endpoint) -> Option<(String, Value)> {
    let (members, resource) = taken(endpoint)?;
    let mut schema = form::object(&members);
    if let Some((resource, intent)) = resource {
        limit(&mut schema, resource, intent);
    }
    Some((name(endpoint), schema))
}

fn name(endpoint: &Endpoint) -> String {
    format!("{}-body", operation::name(endpoint))
}

fn taken(endpoint: &Endpoint) -> Option<Sent> {
    if endpoint.verb == Verb::Get || endpoint.ignores_body {
        return None;
    }
    Some(match (endpoint.operation, endpoint.contract.takes) {
        (_, Some(takes)) => (takes(), None),
        (Operation::Create(hooks), None) => sent(hooks, Intent::Create),
        (Operation::Update(hooks), None) => sent(hooks, Intent::Update),
        _ => return None,
    })
}

type Sent = (Vec<Node>, Option<(&'static Resource, Intent)>);

fn sent(hooks: &'static dyn Hooks, intent: Intent) -> Sent {
    let resource = hooks.resource();
    (schema_of(resource, Role::Admin, intent, &hooks.extra(intent)), Some((resource, intent)))
}

/// Adds what is checked of values once they fit the schema, and who may send them.
fn limit(schema: &mut Value, resource: &'static Resource, intent: Intent) {
    for attribute in resource.attributes {
        let pointer =
            format!("/properties/data/properties/attributes/properties/{}", camel_key(attribute.name));
        if let Some(schema) = schema.pointer_mut(&pointer) {
            limit_value(schema, attribute);
            let roles = if intent == Intent::Create { attribute.create } else { attribute.update };
            tell_roles(schema, roles);
        }
    }
    for relation in resource.relations {
        let pointer =
            format!("/properties/data/properties/relationships/properties/{}", camel_key(relation.name));
        if let Some(schema) = schema.pointer_mut(&pointer) {
            tell_roles(schema, relation.create);
        }
    }
}

fn limit_value(schema: &mut Value, attribute: &Attribute) {
    if let Some(max) = attribute.max {
        schema["maxLength"] = json!(max);
    }
    if let Some((min, max)) = attribute.range {
        let shown = |bound| attribute.json(&keyway_jsonapi::Value::Int(bound));
        schema["minimum"] = shown(min);
        schema["maximum"] = shown(max);
    }
    if let Some(texts) = attribute.one_of {
        let null = schema["type"].is_array().then_some(Value::Null);
        *schema = json!({ "enum": texts.iter().map(|text| json!(text)).chain(null).collect::<Vec<_>>() });
    }
}

/// Says who may send a member, where not everybody may.
fn tell_roles(schema: &mut Value, roles: Roles) {
    if roles == Roles::ALL {
        return;
    }
    let names: Vec<&str> =
        Role::ALL.into_iter().filter(|role| roles.contains(*role)).map(Role::as_str).collect();
    schema["x-sent-by"] = json!(names);
}
