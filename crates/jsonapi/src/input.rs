//! What a client sends to create or change a record: the schema that follows from a [`Resource`], and the
//! values once they fit it.

use keyway_base::RecordId;
use serde_json::Map;
use serde_json::Value as Json;

use crate::schema::{Form, Node, check, to_time};
use crate::{ApiError, Attribute, Relation, Resource, Role, Shape, Value, hundredths};

/// Whether a record comes into being or changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intent {
    /// POST.
    Create,
    /// PATCH and PUT.
    Update,
}

/// One end of a relation, as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier {
    /// The JSON:API type, in the plural.
    pub kind: String,
    /// The id.
    pub id: RecordId,
}

/// A relation, as sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Linkage {
    /// `null`.
    Nothing,
    /// One record.
    One(Identifier),
    /// Embedded records or identifiers, as they are.
    Many(Vec<Json>),
}

/// A body that fits its schema.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Input {
    /// The id that the client chose.
    pub id: Option<RecordId>,
    /// The attributes that were sent, by folded name. A null that means nothing is left out.
    pub attributes: Vec<(&'static str, Value)>,
    /// The relations that were sent, by folded name.
    pub relations: Vec<(&'static str, Linkage)>,
    /// The `meta` member.
    pub meta: Map<String, Json>,
}

impl Input {
    /// An attribute that was sent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.attributes.iter().find(|(known, _)| *known == name).map(|(_, value)| value)
    }
    /// A relation that was sent.
    pub fn relation(&self, name: &str) -> Option<&Linkage> {
        self.relations.iter().find(|(known, _)| *known == name).map(|(_, linkage)| linkage)
    }
    /// The id of a to-one relation that was sent and is not null.
    pub fn related(&self, name: &str) -> Option<RecordId> {
        match self.relation(name)? {
            Linkage::One(identifier) => Some(identifier.id),
            Linkage::Nothing | Linkage::Many(_) => None,
        }
    }
}

/// What a body may have beside what the resource declares.
#[derive(Debug, Default)]
pub struct Extra {
    /// Schemas of to-many relations, by name: what `data` of each is.
    pub many: Vec<(&'static str, Node)>,
    /// Members of `meta`.
    pub meta: Vec<Node>,
    /// Attributes that this endpoint lets the caller send though the declaration does not.
    pub attributes: Vec<&'static str>,
    /// Whether nothing at all may be sent (`POST /tokens` without a body).
    pub optional: bool,
}

/// Reads a body as a record of `resource` sent by `role`.
///
/// # Errors
/// 400 with the first failure (`licensing.md` §1.2).
pub fn parse(
    resource: &'static Resource,
    role: Role,
    intent: Intent,
    extra: &Extra,
    body: &Map<String, Json>,
) -> Result<Input, ApiError> {
    check(&schema(resource, role, intent, extra), body)?;
    let data = body.get("data").and_then(Json::as_object);
    let part = |name: &str| data.and_then(|data| data.get(name)).and_then(Json::as_object);
    let id = data.and_then(|data| data.get("id")).and_then(Json::as_str).and_then(|text| text.parse().ok());
    let attributes = part("attributes").map(|sent| attributes(resource, sent)).unwrap_or_default();
    let relations = part("relationships").map(|sent| relations(resource, sent)).unwrap_or_default();
    let meta = body.get("meta").and_then(Json::as_object).cloned().unwrap_or_default();
    Ok(Input { id: id.filter(|_| intent == Intent::Create), attributes, relations, meta })
}

/// The schema of a body (public for the API description and tests).
pub fn schema(resource: &'static Resource, role: Role, intent: Intent, extra: &Extra) -> Vec<Node> {
    let attributes: Vec<Node> = resource
        .attributes
        .iter()
        .filter(|attribute| sendable(attribute, intent) || extra.attributes.contains(&attribute.name))
        .map(|attribute| node(attribute, role, intent, extra))
        .collect();
    let mut data = vec![Node::kind(&[resource.kind])];
    if intent == Intent::Update || !resource.client_id.is_empty() {
        let permitted = intent == Intent::Update || resource.client_id.contains(role);
        data.push(Node::new("id", Form::Uuid).permitted(permitted));
    }
    let needed = |nodes: &[Node]| nodes.iter().any(|node| node.required);
    let with = |name: &'static str, nodes: Vec<Node>| {
        let required = needed(&nodes);
        let node = Node::object(name, nodes);
        if required { node.required() } else { node }
    };
    data.push(with("attributes", attributes));
    if intent == Intent::Create {
        data.push(with("relationships", relation_nodes(resource, role, extra)));
    }
    let data = Node::object("data", data);
    let mut root = vec![if extra.optional { data } else { data.required() }];
    if !extra.meta.is_empty() {
        root.push(with("meta", extra.meta.clone()));
    }
    root
}

fn sendable(attribute: &Attribute, intent: Intent) -> bool {
    let roles = if intent == Intent::Create { attribute.create } else { attribute.update };
    !roles.is_empty()
}

fn node(attribute: &Attribute, role: Role, intent: Intent, extra: &Extra) -> Node {
    let roles = if intent == Intent::Create { attribute.create } else { attribute.update };
    let form = match (attribute.shape, attribute.schema_one_of) {
        (_, Some(choices)) => Form::Choice(choices.iter().map(|text| (*text).into()).collect()),
        (Shape::Text, None) => Form::Text,
        (Shape::Integer, None) => Form::Integer,
        (Shape::Hundredths, None) => Form::Hundredths,
        (Shape::Boolean, None) => Form::Boolean,
        (Shape::Time, None) => Form::Time,
        (Shape::Metadata, None) => Form::Metadata,
        (Shape::Texts, None) => Form::Texts,
        (Shape::Any, None) => Form::Any,
    };
    Node {
        name: attribute.name.into(),
        form,
        permitted: roles.contains(role) || extra.attributes.contains(&attribute.name),
        required: attribute.required && intent == Intent::Create,
        nullable: attribute.nullable,
        blank: attribute.blank,
    }
}

fn relation_nodes(resource: &'static Resource, role: Role, extra: &Extra) -> Vec<Node> {
    let mut nodes: Vec<Node> = resource
        .relations
        .iter()
        .filter(|relation| !relation.create.is_empty())
        .filter_map(|relation| {
            let data = linkage_node(relation, extra)?;
            let node = Node::object(relation.name, vec![data]).permitted(relation.create.contains(role));
            Some(if relation.required { node.required() } else { node })
        })
        .collect();
    let environment = Node::identifier("data", &["environments"]).required().nullable();
    nodes.push(Node::object("environment", vec![environment]));
    nodes
}

fn linkage_node(relation: &Relation, extra: &Extra) -> Option<Node> {
    if relation.column.is_none() {
        let (_, node) = extra.many.iter().find(|(name, _)| *name == relation.name)?;
        return Some(Node { name: "data".into(), ..node.clone() }.required());
    }
    let kinds: &[&str] = match relation.type_column {
        Some(_) => &["users", "products", "licenses", "environments"],
        None => &[relation.kind],
    };
    let node = Node::identifier("data", kinds).required();
    Some(if relation.nullable { node.nullable() } else { node })
}

fn attributes(resource: &'static Resource, sent: &Map<String, Json>) -> Vec<(&'static str, Value)> {
    let read = |attribute: &'static Attribute| {
        let value = sent.get(attribute.name)?;
        if value.is_null() && !attribute.nullable {
            return None;
        }
        Some((attribute.name, value_of(attribute.shape, value)))
    };
    resource.attributes.iter().filter_map(read).collect()
}

/// The column value of a JSON value that fits the shape.
fn value_of(shape: Shape, value: &Json) -> Value {
    match (shape, value) {
        (_, Json::Null) => Value::Null,
        (Shape::Time, value) => to_time(value).map_or(Value::Null, Value::Time),
        (Shape::Any, json) => Value::Json(json.clone()),
        (Shape::Text, Json::String(text)) => Value::Text(text.clone()),
        (Shape::Boolean, Json::Bool(bool)) => Value::Bool(*bool),
        (Shape::Integer, Json::Number(number)) => number.as_i64().map_or(Value::Null, Value::Int),
        (Shape::Hundredths, Json::Number(number)) => hundredths::read(number).map_or(Value::Null, Value::Int),
        (_, json) => Value::Json(json.clone()),
    }
}

fn relations(resource: &'static Resource, sent: &Map<String, Json>) -> Vec<(&'static str, Linkage)> {
    let declared = resource.relations.iter().map(|relation| relation.name);
    let names = declared.chain(["environment"]);
    names.filter_map(|name| Some((name, linkage(sent.get(name)?.get("data")?)))).collect()
}

/// Reads the `data` of a relation that fits its schema.
pub fn linkage(data: &Json) -> Linkage {
    match data {
        Json::Array(items) => Linkage::Many(items.clone()),
        data => identifier(data).map_or(Linkage::Nothing, Linkage::One),
    }
}

/// Reads `{"type","id"}`; the type comes out in the plural.
pub fn identifier(data: &Json) -> Option<Identifier> {
    let id = data.get("id")?.as_str()?.parse().ok()?;
    let kind = data.get("type")?.as_str()?.replace('_', "-");
    let kind = match kind.as_str() {
        plural if plural.ends_with('s') => kind,
        "policy" => "policies".to_owned(),
        _ => format!("{kind}s"),
    };
    Some(Identifier { kind, id })
}
