//! Schemas of bodies as JSON Schema.

use keyway_jsonapi::camel_key;
use keyway_jsonapi::schema::{Form, Node};
use serde_json::{Map, Value, json};

/// An object with these members and no others.
pub(super) fn object(members: &[Node]) -> Value {
    let properties: Map<String, Value> =
        members.iter().map(|node| (camel_key(&node.name), member(node))).collect();
    let required: Vec<String> =
        members.iter().filter(|node| node.required).map(|node| camel_key(&node.name)).collect();
    let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// A member. A null that may be sent and is no value of its own counts as not sent.
fn member(node: &Node) -> Value {
    let schema = of(node);
    if node.required && !node.nullable { schema } else { or_null(schema) }
}

fn of(node: &Node) -> Value {
    match &node.form {
        Form::Object(members) => object(members),
        Form::List { item, min, max } => {
            let item = of(item);
            let mut schema = json!({ "type": "array", "items": item, "minItems": min });
            if *max != usize::MAX {
                schema["maxItems"] = json!(max);
            }
            schema
        }
        Form::Text if node.blank => json!({ "type": "string" }),
        Form::Text => json!({ "type": "string", "pattern": "\\S" }),
        Form::Uuid => json!({ "type": "string", "format": "uuid" }),
        Form::Integer => json!({ "type": "integer", "format": "int64" }),
        Form::Hundredths => json!({ "type": "number", "description": "Two decimals at most." }),
        Form::Boolean => json!({ "type": "boolean" }),
        Form::Time => json!({ "type": ["string", "integer"], "format": "date-time",
            "description": "ISO 8601, or seconds since 1970." }),
        Form::Metadata => json!({ "type": "object", "description": "Free, of bounded size and depth." }),
        Form::Texts => json!({ "type": "array", "items": { "type": "string" } }),
        Form::Any => json!({}),
        Form::Choice(choices) => json!({ "enum": choices }),
    }
}

/// The same, or null.
pub(super) fn or_null(mut schema: Value) -> Value {
    let Value::Object(members) = &mut schema else { return schema };
    if let Some(Value::Array(choices)) = members.get_mut("enum") {
        choices.push(Value::Null);
    }
    match members.get_mut("type") {
        Some(Value::Array(types)) => types.push("null".into()),
        Some(kind) => *kind = json!([kind, "null"]),
        None => {}
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_camel_cased_and_null_is_absence() {
        let members = [
            Node::new("old_password", Form::Text),
            Node::new("kind", Form::Choice(vec!["a".into()])).required(),
            Node::new("owner", Form::Uuid).required().nullable(),
            Node::new("any", Form::Any),
        ];
        let expected = json!({
            "type": "object",
            "properties": {
                "oldPassword": { "type": ["string", "null"], "pattern": "\\S" },
                "kind": { "enum": ["a"] },
                "owner": { "type": ["string", "null"], "format": "uuid" },
                "any": {},
            },
            "additionalProperties": false,
            "required": ["kind", "owner"],
        });
        assert_eq!(object(&members), expected);
    }
}
