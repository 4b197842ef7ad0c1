//! From records to documents.

use http::{StatusCode, header};
use keyway_jsonapi::document::{record_path, resource_object};
use keyway_jsonapi::{Record, Relation};
use serde_json::Value;

use crate::hooks::Hooks;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// To-one relations that have a path of their own below the record.
const BELOW: &[(&str, &str)] = &[
    ("policies", "product"),
    ("keys", "product"),
    ("keys", "policy"),
    ("licenses", "product"),
    ("licenses", "policy"),
    ("licenses", "group"),
    ("licenses", "owner"),
    ("machines", "product"),
    ("machines", "group"),
    ("machines", "license"),
    ("machines", "owner"),
    ("components", "product"),
    ("components", "license"),
    ("components", "machine"),
    ("processes", "product"),
    ("processes", "license"),
    ("processes", "machine"),
    ("users", "group"),
    ("releases", "product"),
    ("releases", "package"),
];

/// Whether a to-one relation links to a path below its record.
pub(crate) fn below(record: &Record, relation: &Relation) -> bool {
    BELOW.contains(&(record.resource.kind, relation.name))
}

/// The resource object of one record.
pub(crate) async fn one(work: &mut Work, hooks: &dyn Hooks, record: &Record) -> Outcome<Value> {
    let objects = several(work, hooks, std::slice::from_ref(record)).await?;
    Ok(objects.into_iter().next().unwrap_or(Value::Null))
}

/// The resource objects of records of one type.
pub(crate) async fn several(work: &mut Work, hooks: &dyn Hooks, records: &[Record]) -> Outcome<Vec<Value>> {
    let extras = hooks.describe(work, records).await?;
    let objects = records.iter().zip(&extras).map(|(record, extras)| resource_object(record, extras, below));
    Ok(objects.collect())
}

/// 201 with the record and where it is.
pub(crate) fn located(work: &Work, record: &Record, object: Value) -> Reply {
    let url = format!("{}{}", work.call.api.parts().public.api, record_path(record));
    Reply::data(object).status(StatusCode::CREATED).header(header::LOCATION, &url)
}
