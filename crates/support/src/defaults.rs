//! What a record has when nothing is said: the API's defaults.

use keyway_crypto::account_keys::SignatureAlgorithm;
use keyway_crypto::random_bytes;
use keyway_crypto::totp::TotpSecret;
use keyway_domain::permission::{Granted, Permissions};
use keyway_domain::resources::{
    Account, Artifact, ArtifactStatus, DistributionStrategy, Environment, IsolationStrategy, License, Policy,
    Product, PushStatus, Release, ReleaseStatus, Rollout, SecondFactor, Token, User, UserRole,
    WebhookEndpoint, WebhookEvent, WebhookStatus,
};
use keyway_domain::rollout::SEED;
use keyway_jsonapi::{Declared, Kind, Record, Resource, Role, Value};

use crate::column::default;

/// The API version of new accounts.
const API_VERSION: &str = "1.8";

/// Columns with a text of their own.
const TEXTS: &[(&Resource, &str, &str)] = &[
    (Account::RESOURCE, "api_version", API_VERSION),
    (Environment::RESOURCE, "isolation_strategy", IsolationStrategy::Isolated.as_str()),
    (User::RESOURCE, "role", UserRole::User.as_str()),
    (Product::RESOURCE, "distribution_strategy", DistributionStrategy::Licensed.as_str()),
    (Product::RESOURCE, "push_status", PushStatus::Published.as_str()),
    (Release::RESOURCE, "status", ReleaseStatus::Draft.as_str()),
    (Artifact::RESOURCE, "status", ArtifactStatus::Waiting.as_str()),
    (WebhookEndpoint::RESOURCE, "signature_algorithm", SignatureAlgorithm::Ed25519.as_str()),
    (WebhookEndpoint::RESOURCE, "api_version", API_VERSION),
    (WebhookEvent::RESOURCE, "api_version", API_VERSION),
    (WebhookEvent::RESOURCE, "endpoint", ""),
    (WebhookEvent::RESOURCE, "payload", "{}"),
    (WebhookEvent::RESOURCE, "status", WebhookStatus::Delivering.as_str()),
];

/// Sets every column that has a default and no value.
pub(crate) fn set(record: &mut Record, account_protected: bool) {
    if record.resource == Policy::RESOURCE {
        keyway_domain::policy::set_defaults(record, account_protected);
    }
    for (resource, column, text) in TEXTS {
        if *resource == record.resource {
            default(record, column, Value::Text((*text).to_owned()));
        }
    }
    if record.resource == SecondFactor::RESOURCE {
        default(record, "secret", Value::Text(TotpSecret::generate().text().into_inner()));
    }
    if record.resource == Rollout::RESOURCE {
        default(record, "seed", Value::Bytes(random_bytes::<SEED>().to_vec()));
    }
    if record.resource == WebhookEndpoint::RESOURCE {
        default(record, "subscriptions", Value::Json(serde_json::json!(["*"])));
    }
    if record.resource == WebhookEvent::RESOURCE {
        let token = Value::Text(record.id().to_string());
        default(record, "idempotency_token", token);
    }
    if let Some(granted) = permissions(record) {
        default(record, "permissions", Value::Json(granted.to_json()));
    }
    for column in record.resource.columns.iter().filter(|column| !column.nullable) {
        match column.kind {
            Kind::Bool => default(record, column.name, Value::Bool(false)),
            Kind::Int => default(record, column.name, Value::Int(0)),
            Kind::Json => default(record, column.name, Value::Json(serde_json::json!({}))),
            Kind::Text if NAMES.contains(&column.name) => {
                let named = Value::Text(record.id().to_string());
                default(record, column.name, named);
            }
            _ => {}
        }
    }
}

/// Texts that tell records apart and that the API asks for: made up of the id.
const NAMES: &[&str] = &["name", "slug", "code", "email", "filename", "version", "fingerprint", "pid"];

/// What bearers of the record's kind may do when nothing is said.
fn permissions(record: &Record) -> Option<Granted> {
    let resource = record.resource;
    if [Product::RESOURCE, Environment::RESOURCE, Token::RESOURCE].contains(&resource) {
        return Some(Granted::Wildcard);
    }
    if resource == License::RESOURCE {
        return Some(Granted::Only(Permissions::default_of(Role::License)));
    }
    if resource != User::RESOURCE {
        return None;
    }
    let role = record.get("role").as_text().and_then(Role::of_user).unwrap_or(Role::User);
    Some(if role.is_team() { Granted::Wildcard } else { Granted::Only(Permissions::default_of(role)) })
}
