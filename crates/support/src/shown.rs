//! Records as the endpoint shows them: every column by its name, attributes by the API's, no secrets.

use keyway_crypto::account_keys::AccountKeys;
use keyway_domain::release::semver_attribute;
use keyway_domain::resources::Release;
use keyway_jsonapi::{Declared, Record, Value};
use serde_json::{Map, Value as Json, json};

use crate::SupportError;
use crate::notion::is_account;

/// Columns that are nobody's business.
const HIDDEN: &[&str] =
    &["id", "account_id", "digest", "password_digest", "password_reset_digest", "keys", "secret", "lock"];

/// The record, with its secret in the clear where one is known.
pub(crate) fn shown(record: &Record, secret: Option<String>) -> Result<Json, SupportError> {
    let mut attributes = Map::new();
    for (column, value) in record.resource.columns.iter().zip(&record.values) {
        if !HIDDEN.contains(&column.name) {
            attributes.insert(column.name.to_owned(), json_of(value));
        }
    }
    for attribute in record.resource.attributes {
        if let Some(column) = attribute.column.filter(|column| !HIDDEN.contains(column)) {
            attributes.entry(attribute.name).or_insert_with(|| json_of(record.get(column)));
        }
    }
    for relation in record.resource.relations {
        if let Some(column) = relation.column {
            attributes.entry(format!("{}_id", relation.name)).or_insert_with(|| json_of(record.get(column)));
        }
    }
    if record.resource == Release::RESOURCE {
        attributes.insert("semver".to_owned(), semver_attribute(record).unwrap_or(Json::Null));
    }
    if is_account(record.resource) {
        public_keys(record, &mut attributes)?;
    }
    Ok(json!({
        "type": record.resource.table,
        "id": record.id().to_string(),
        "account_id": record.account().to_string(),
        "attributes": attributes,
        "secret": secret,
    }))
}

fn public_keys(account: &Record, attributes: &mut Map<String, Json>) -> Result<(), SupportError> {
    let text = |column| account.get(column).as_text().unwrap_or_default();
    let keys = AccountKeys::from_text(text("keys"), text("secret").to_owned())?;
    let stored = keys.stored();
    for (name, key) in [
        ("public_key", &stored.rsa_public),
        ("ed25519_public_key", &stored.ed25519_public),
        ("ecdsa_public_key", &stored.ecdsa_public),
    ] {
        attributes.insert(name.to_owned(), Json::from(key.as_str()));
    }
    Ok(())
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(value) => Json::from(*value),
        Value::Text(text) => Json::from(text.as_str()),
        Value::Id(id) => Json::from(id.to_string()),
        Value::Time(time) => Json::from(time.to_string()),
        Value::Json(json) => json.clone(),
        Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if !text.chars().any(|c| c.is_control() && !c.is_whitespace()) => Json::from(text),
            _ => Json::from(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
        },
    }
}
