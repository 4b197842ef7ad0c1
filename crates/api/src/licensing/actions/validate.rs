//! `GET` and `POST /licenses/:id/actions/validate`, `POST /licenses/actions/validate-key` (`licensing.md` §9).

use std::sync::{Arc, LazyLock};

use keyway_access::Action;
use keyway_crypto::legacy_key;
use keyway_domain::license::validation::{Code, Validation, ValidationScope, validate};
use keyway_domain::resources::License;
use keyway_jsonapi::document::camel_keys;
use keyway_jsonapi::schema::{Node, check};
use keyway_jsonapi::{Declared, Record, Scope};
use serde_json::{Map, Value, json};

use super::license_state::policy_of;
use super::validation_facts::Gathered;
use super::validation_touch::{self, Touch};
use super::{validation_kept, validation_scope};
use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::gate;
use crate::hooks::Hooks as _;
use crate::interpreter::{find, one};
use crate::licensing::Licenses;
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::work::Work;

/// The quick form.
pub(crate) const QUICK: Contract = Contract::giving(VALIDATED);
/// By id.
pub(crate) const BY_ID: Contract = Contract::taking(validation_scope::by_id).gives(VALIDATED);
/// By key: there may be no such licence.
pub(crate) const BY_KEY: Contract =
    Contract::taking(validation_scope::by_key)
        .gives(&[Given::new(200, Data::Maybe(License::RESOURCE)).meta(meta_schema)]);

/// What [`by_key`] takes.
static BY_KEY_BODY: LazyLock<Vec<Node>> = LazyLock::new(validation_scope::by_key);

const VALIDATED: &[Given] = &[Given::new(200, Data::One(License::RESOURCE)).meta(meta_schema)];

/// The quick form: no scopes, no event.
pub(crate) async fn quick(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let license = find(&mut work, &Licenses, call.param(0)).await?;
    permit(&mut work, Action::LicenseValidate, &license).await?;
    answer(work, &license, None, Map::new()).await
}

/// By id, with scopes.
pub(crate) async fn by_id(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let license = find(&mut work, &Licenses, call.param(0)).await?;
    permit(&mut work, Action::LicenseValidate, &license).await?;
    check(&validation_scope::by_id(), &call.body)?;
    let (scope, echo) = asked(&call);
    answer(work, &license, Some(scope), echo).await
}

/// By key, for anyone who knows it.
pub(crate) async fn by_key(call: Arc<Call>) -> Outcome<Reply> {
    check(&BY_KEY_BODY, &call.body)?;
    let (scope, echo) = asked(&call);
    let meta = |name: &str| call.meta().and_then(|meta| meta.get(name));
    let key = meta("key").and_then(Value::as_str).unwrap_or_default();
    let hashed = ["legacy_encrypted", "encrypted"].into_iter().filter_map(meta).any(|flag| flag == true);
    if !hashed
        && validation_kept::suffices(&scope)
        && let Some(reply) = validation_kept::answer(&call, key, &scope, &echo).await?
    {
        return Ok(reply);
    }
    let named = if hashed { of_hashed(&call, key).await? } else { Some(Scope::text("key", key)) };
    let mut work = Work::reading(&call).await?;
    let license = match named {
        Some(named) => of_scheme(&mut work, named, hashed).await?,
        None => None,
    };
    let Some(license) = license else {
        let meta = meta_of(&call, &Validation::not_found(), echo);
        return Ok(Reply::data(Value::Null).with("meta", meta));
    };
    permit(&mut work, Action::LicenseValidateKey, &license).await?;
    answer(work, &license, Some(scope), echo).await
}

/// The licence that is meant, if its keys are hashed or not as the caller says: what is stored of a hashed key is no
/// key.
async fn of_scheme(work: &mut Work, named: Scope, hashed: bool) -> Outcome<Option<Record>> {
    let named = work.call.view.scope().and(named);
    Ok(match work.find(License::RESOURCE, &named).await? {
        Some(license) if policy_of(work, &license).await?.encrypted == hashed => Some(license),
        _ => None,
    })
}

/// The licence that a hashed key says it is of, if the key is the one whose digest is stored.
async fn of_hashed(call: &Arc<Call>, key: &str) -> Outcome<Option<Scope>> {
    let Some(named) = legacy_key::license_of(key).map(|id| Scope::id("id", id)) else { return Ok(None) };
    let mut work = Work::reading(call).await?;
    let Some(license) = of_scheme(&mut work, named.clone(), true).await? else { return Ok(None) };
    drop(work);
    let (key, stored) = (key.to_owned(), license.get("key").as_text().unwrap_or_default().to_owned());
    let verified = tokio::task::spawn_blocking(move || legacy_key::verify(&key, &stored)).await;
    let is_its_key = verified.map_err(|error| Refusal::Broken(format!("verifying died: {error}")))?;
    Ok(is_its_key.then_some(named))
}

async fn permit(work: &mut Work, action: Action, license: &Record) -> Outcome<()> {
    let subject = Licenses.subject(work, license).await?;
    gate::authorize(&work.call, action, &subject)?;
    Ok(())
}

/// Validates, answers with the licence as it was, and notes the validation.
async fn answer(
    mut work: Work,
    license: &Record,
    scope: Option<ValidationScope>,
    echo: Map<String, Value>,
) -> Outcome<Reply> {
    let call = Arc::clone(&work.call);
    let gathered = Gathered::of(&mut work, license, scope.as_ref()).await?;
    let validation = validate(&gathered.facts(), scope.as_ref(), call.now);
    let object = one(&mut work, &Licenses, license).await?;
    drop(work);
    let meta = meta_of(&call, &validation, echo);
    let touch = Touch {
        quick: scope.is_none(),
        valid: validation.valid,
        code: validation.code.as_str(),
        checksum: scope.as_ref().and_then(|scope| scope.checksum.clone()).filter(|_| gathered.has_checksum),
        version: scope.and_then(|scope| scope.version).filter(|_| gathered.has_version),
        meta: meta.clone(),
    };
    validation_touch::touch(&call, license, touch).await;
    Ok(Reply::data(object).with("meta", meta))
}

/// The scope that was asked for, and what is echoed: nonce and scope as they were sent.
fn asked(call: &Call) -> (ValidationScope, Map<String, Value>) {
    let mut echo = Map::new();
    let meta = call.meta();
    for name in ["nonce", "scope"] {
        if let Some(value) = meta.and_then(|meta| meta.get(name)) {
            echo.insert(name.to_owned(), camel_keys(value.clone()));
        }
    }
    let scope = meta.and_then(|meta| meta.get("scope")).and_then(Value::as_object);
    (scope.map(validation_scope::read).unwrap_or_default(), echo)
}

/// What [`meta_of`] makes.
fn meta_schema() -> Value {
    json!({
        "type": "object",
        "required": ["ts", "valid", "detail", "code"],
        "properties": {
            "ts": { "type": "string", "format": "date-time" },
            "valid": { "type": "boolean" },
            "detail": { "type": "string" },
            "code": { "enum": Code::TEXTS },
            "nonce": { "description": "As it was sent." },
            "scope": { "description": "As it was sent." },
        },
        "additionalProperties": false,
    })
}

pub(super) fn meta_of(call: &Call, validation: &Validation, echo: Map<String, Value>) -> Value {
    let mut meta = Map::new();
    meta.insert("ts".to_owned(), call.now.to_string().into());
    meta.insert("valid".to_owned(), validation.valid.into());
    meta.insert("detail".to_owned(), validation.detail.clone().into());
    meta.insert("code".to_owned(), validation.code.as_str().into());
    meta.extend(echo);
    json!(meta)
}
