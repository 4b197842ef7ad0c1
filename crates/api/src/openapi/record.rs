//! Resources as they are shown, as JSON Schema.

use keyway_jsonapi::{Attribute, Relation, Resource, Shape, camel_key};
use serde_json::{Map, Value, json};

use super::form::or_null;

/// The schemas of a resource: the object, a document with one, a document with a list.
pub(super) fn schemas(resource: &'static Resource) -> Map<String, Value> {
    let own = json!({ "$ref": reference(resource) });
    let mut list = document(&json!({ "type": "array", "items": own }));
    list["properties"]["links"] = json!({ "$ref": "#/components/schemas/pages" });
    Map::from_iter([
        (resource.kind.to_owned(), object(resource)),
        (one(resource), document(&own)),
        (maybe(resource), document(&json!({ "anyOf": [own, { "type": "null" }] }))),
        (many(resource), list),
    ])
}

/// The name of a document with one record.
pub(super) fn one(resource: &Resource) -> String {
    format!("{}-document", resource.kind)
}
/// The name of a document with one record or null.
pub(super) fn maybe(resource: &Resource) -> String {
    format!("{}-or-null", resource.kind)
}
/// The name of a document with a list.
pub(super) fn many(resource: &Resource) -> String {
    format!("{}-list", resource.kind)
}

/// Where a resource's schema is.
pub(super) fn reference(resource: &Resource) -> String {
    format!("#/components/schemas/{}", resource.kind)
}

/// A document with such `data`.
pub(super) fn document(data: &Value) -> Value {
    json!({ "type": "object", "required": ["data"], "properties": { "data": data } })
}

fn object(resource: &'static Resource) -> Value {
    json!({
        "type": "object",
        "required": ["id", "type", "attributes", "relationships", "links"],
        "properties": {
            "id": { "type": "string", "format": "uuid" },
            "type": { "const": resource.kind },
            "attributes": attributes(resource),
            "relationships": relationships(resource),
            "links": { "type": "object", "required": ["self"], "additionalProperties": { "type": ["string", "null"] } },
            "meta": { "type": "object" },
        },
        "additionalProperties": false,
    })
}

fn attributes(resource: &'static Resource) -> Value {
    let shown = resource.attributes.iter().filter(|attribute| attribute.shown);
    let mut properties: Map<String, Value> =
        shown.map(|attribute| (camel_key(attribute.name), value(resource, attribute))).collect();
    for name in ["created", "updated"] {
        properties.insert(name.to_owned(), json!({ "type": "string", "format": "date-time" }));
    }
    json!({
        "type": "object",
        "required": ["created", "updated"],
        "properties": properties,
        "additionalProperties": false,
    })
}

/// What an attribute is shown as. What is computed may be null, and what has a column where that may be.
fn value(resource: &Resource, attribute: &Attribute) -> Value {
    let schema = shape(attribute.shape);
    let column = resource.columns.iter().find(|column| Some(column.name) == attribute.column);
    let nullable = attribute.nullable || column.is_none_or(|column| column.nullable);
    let schema = if nullable { or_null(schema) } else { schema };
    with_writers(schema, attribute)
}

/// The JSON Schema of a shape.
pub(super) fn shape(shape: Shape) -> Value {
    match shape {
        Shape::Text => json!({ "type": "string" }),
        Shape::Integer => json!({ "type": "integer", "format": "int64" }),
        Shape::Hundredths => json!({ "type": "number" }),
        Shape::Boolean => json!({ "type": "boolean" }),
        Shape::Time => json!({ "type": "string", "format": "date-time" }),
        Shape::Metadata => json!({ "type": "object" }),
        Shape::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Shape::Any => json!({}),
    }
}

/// Marks what nobody may send.
fn with_writers(mut schema: Value, attribute: &Attribute) -> Value {
    if attribute.create.is_empty() && attribute.update.is_empty() {
        schema["readOnly"] = true.into();
    }
    schema
}

fn relationships(resource: &'static Resource) -> Value {
    let mut properties = Map::new();
    if resource.kind != "accounts" {
        properties.insert("account".to_owned(), to_one(&["accounts"], false));
    }
    if !matches!(resource.kind, "accounts" | "environments") {
        properties.insert("environment".to_owned(), to_one(&["environments"], true));
    }
    for relation in resource.relations.iter().filter(|relation| relation.shown) {
        properties.insert(camel_key(relation.name), relationship(resource, relation));
    }
    let required: Vec<String> = properties.keys().cloned().collect();
    json!({ "type": "object", "required": required, "properties": properties, "additionalProperties": false })
}

fn relationship(resource: &Resource, relation: &Relation) -> Value {
    let Some(column) = relation.column else {
        return json!({ "$ref": "#/components/schemas/to-many" });
    };
    let nullable = resource.columns.iter().any(|known| known.name == column && known.nullable);
    match relation.type_column {
        Some(_) => to_one(&[], nullable),
        None => to_one(&[relation.kind], nullable),
    }
}

/// A relation to one of these types; of any where none is named.
fn to_one(kinds: &[&str], nullable: bool) -> Value {
    let kind = if kinds.is_empty() { json!({ "type": "string" }) } else { json!({ "enum": kinds }) };
    let data = json!({
        "type": "object",
        "required": ["type", "id"],
        "properties": { "type": kind, "id": { "type": "string", "format": "uuid" } },
        "additionalProperties": false,
    });
    let data = if nullable { or_null(data) } else { data };
    json!({
        "type": "object",
        "required": ["links", "data"],
        "properties": {
            "links": { "$ref": "#/components/schemas/related" },
            "data": data,
            "meta": { "type": "object" },
        },
        "additionalProperties": false,
    })
}
