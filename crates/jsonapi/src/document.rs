//! Writing resources (`licensing.md` §1.3): keys in the order id, type, attributes, relationships, links, meta;
//! everything in lower camel case.

use serde_json::{Map, Value as Json, json};

use keyway_base::AccountId;

use crate::{Attribute, Record, Relation, Value, camel_key};

/// What a hook knows of a record beside its columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Extras {
    /// Values of attributes, by folded name: computed ones, and replacements of stored ones.
    pub attributes: Vec<(&'static str, Json)>,
    /// Attributes that are not shown in this record.
    pub omitted: Vec<&'static str>,
    /// `meta` of relations, by folded name.
    pub relation_meta: Vec<(&'static str, Json)>,
    /// More links beside `self`.
    pub links: Vec<(&'static str, Json)>,
    /// `meta` of the resource.
    pub meta: Option<Json>,
    /// What documents of earlier versions are made from, as the member `former`; never part of current ones.
    pub former: Option<Json>,
}

impl Extras {
    /// Adds the value of an attribute.
    pub fn attribute(&mut self, name: &'static str, value: impl Into<Json>) {
        self.attributes.push((name, value.into()));
    }
}

/// The path of an account: `/v1/accounts/<uuid>`.
pub fn account_path(account: AccountId) -> String {
    format!("/v1/accounts/{account}")
}

/// The path of a record.
pub fn record_path(record: &Record) -> String {
    let account = account_path(record.account());
    if record.resource.kind == "accounts" {
        return account;
    }
    let above = record.resource.below.and_then(|(kind, column)| Some((kind, record.get(column).as_id()?)));
    let above = above.map(|(kind, id)| format!("/{kind}/{id}")).unwrap_or_default();
    format!("{account}{above}/{}/{}", record.resource.kind, record.id())
}

/// A resource object. `related` says whether a relation has a path of its own below the record; otherwise a
/// to-one relation links to the record at its other end.
pub fn resource_object(record: &Record, extras: &Extras, related: fn(&Record, &Relation) -> bool) -> Json {
    let mut object = Map::new();
    object.insert("id".to_owned(), record.id().to_string().into());
    object.insert("type".to_owned(), record.resource.kind.into());
    object.insert("attributes".to_owned(), Json::Object(attributes(record, extras)));
    object.insert("relationships".to_owned(), Json::Object(relationships(record, extras, related)));
    let mut links = Map::new();
    links.insert("self".to_owned(), record_path(record).into());
    links.extend(extras.links.iter().map(|(name, link)| ((*name).to_owned(), link.clone())));
    object.insert("links".to_owned(), Json::Object(links));
    if let Some(meta) = &extras.meta {
        object.insert("meta".to_owned(), meta.clone());
    }
    if let Some(former) = &extras.former {
        object.insert("former".to_owned(), former.clone());
    }
    Json::Object(object)
}

fn attributes(record: &Record, extras: &Extras) -> Map<String, Json> {
    let mut attributes = Map::new();
    for attribute in record.resource.attributes.iter().filter(|attribute| attribute.shown) {
        if extras.omitted.contains(&attribute.name) {
            continue;
        }
        if let Some(value) = shown(record, attribute, extras) {
            attributes.insert(camel_key(attribute.name), value);
        }
    }
    attributes.insert("created".to_owned(), to_json(record.get("created_at")));
    attributes.insert("updated".to_owned(), to_json(record.get("updated_at")));
    attributes
}

fn shown(record: &Record, attribute: &Attribute, extras: &Extras) -> Option<Json> {
    let given = extras.attributes.iter().find(|(name, _)| *name == attribute.name);
    let value = match (given, attribute.column) {
        (Some((_, value)), _) => value.clone(),
        (None, Some(column)) => attribute.json(record.get(column)),
        (None, None) => return None,
    };
    Some(if attribute.name == "metadata" { camel_keys(value) } else { value })
}

/// A column's value as JSON.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => (*bool).into(),
        Value::Int(int) => (*int).into(),
        Value::Text(text) => text.as_str().into(),
        Value::Id(id) => id.to_string().into(),
        Value::Time(time) => time.to_string().into(),
        Value::Json(json) => json.clone(),
        Value::Bytes(bytes) => bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into(),
    }
}

/// Camel-cases every key at every level.
pub fn camel_keys(value: Json) -> Json {
    match value {
        Json::Object(members) => Json::Object(
            members.into_iter().map(|(key, value)| (camel_key(&key), camel_keys(value))).collect(),
        ),
        Json::Array(items) => Json::Array(items.into_iter().map(camel_keys).collect()),
        other => other,
    }
}

fn relationships(
    record: &Record,
    extras: &Extras,
    related: fn(&Record, &Relation) -> bool,
) -> Map<String, Json> {
    let account = account_path(record.account());
    let mut all = Map::new();
    if record.resource.kind != "accounts" {
        let data = json!({ "type": "accounts", "id": record.account().to_string() });
        all.insert("account".to_owned(), json!({ "links": { "related": account }, "data": data }));
    }
    if !matches!(record.resource.kind, "accounts" | "environments") {
        let data = record.environment().map(|id| json!({ "type": "environments", "id": id.to_string() }));
        let link = record.environment().map(|id| format!("{account}/environments/{id}"));
        all.insert("environment".to_owned(), json!({ "links": { "related": link }, "data": data }));
    }
    for relation in record.resource.relations.iter().filter(|relation| relation.shown) {
        let mut object = relationship(record, relation, related(record, relation));
        if let Some((_, meta)) = extras.relation_meta.iter().find(|(name, _)| *name == relation.name) {
            object.insert("meta".to_owned(), meta.clone());
        }
        all.insert(camel_key(relation.name), Json::Object(object));
    }
    all
}

fn relationship(record: &Record, relation: &Relation, below: bool) -> Map<String, Json> {
    let account = account_path(record.account());
    let own = format!("{}/{}", record_path(record), relation.name.replace('_', "-"));
    let mut object = Map::new();
    let Some(column) = relation.column else {
        object.insert("links".to_owned(), json!({ "related": own }));
        return object;
    };
    let kind = relation.type_column.and_then(|column| record.get(column).as_text()).unwrap_or(relation.kind);
    let id = record.get(column).as_id();
    let target = id.map(|id| format!("{account}/{kind}/{id}"));
    let link = if below { Some(own) } else { target };
    object.insert("links".to_owned(), json!({ "related": link }));
    let data = id.map(|id| json!({ "type": kind, "id": id.to_string() }));
    object.insert("data".to_owned(), data.unwrap_or(Json::Null));
    object
}
