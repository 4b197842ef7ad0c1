//! Making tokens: what all the routes that generate one have in common (`licensing.md` §2.1).

use std::time::Duration;

use keyway_base::{RecordId, Secret, Timestamp};
use keyway_crypto::token::{self, TokenKind};
use keyway_domain::permission::{Granted, Permissions};
use keyway_domain::resources::{BearerType, License, Token, User};
use keyway_jsonapi::document::resource_object;
use keyway_jsonapi::schema::{Form, Node};
use keyway_jsonapi::{
    Declared, Extra, Failure, Input, Intent, Invalid, Linkage, Record, Role, Value, parse, schema_of,
};
use serde_json::Value as Json;

use super::permissions;
use super::token::{Bearer, describe};
use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::draft::Draft;
use crate::interpreter::{associates, below, check_environment, check_values};
use crate::refusal::{Outcome, Refusal};
use crate::touch;
use crate::work::Work;

/// How long tokens of role-`user` users hold unless told, and regenerated ones that had an expiry.
pub(crate) const TWO_WEEKS: Duration = Duration::from_hours(14 * 24);

/// A token that was just made, with its secret.
pub(crate) struct Generated {
    /// The record.
    pub(crate) record: Record,
    secret: Secret<String>,
}

impl Generated {
    /// The resource object, the secret in it: the only time it is shown.
    pub(crate) fn object(&self) -> Json {
        let mut extras = describe(&self.record);
        extras.attribute("token", self.secret.expose().as_str());
        resource_object(&self.record, &extras, below)
    }
}

/// Making a token for the caller, or whom the body names.
pub(crate) const OWN: Contract = Contract::taking(|| schema(None)).gives(MADE).codes(LOG_IN);
/// Making one for an environment.
pub(crate) const OF_ENVIRONMENT: Contract =
    Contract::taking(|| schema(Some(BearerType::Environment))).gives(MADE);
/// Making one for a licence.
pub(crate) const OF_LICENSE: Contract = Contract::taking(|| schema(Some(BearerType::License))).gives(SHOWN);
/// Making one for any other.
pub(crate) const OF_OTHERS: Contract = Contract::taking(|| schema(Some(BearerType::User))).gives(SHOWN);
/// Giving one a new secret.
pub(crate) const REGENERATED: Contract = Contract::giving(&[Given::new(200, Data::One(Token::RESOURCE))]);

const MADE: &[Given] = &[Given::new(201, Data::One(Token::RESOURCE)).located()];
const SHOWN: &[Given] = &[Given::new(200, Data::One(Token::RESOURCE)).located()];
const LOG_IN: &[&str] = &["CREDENTIALS_INVALID", "OTP_REQUIRED", "OTP_INVALID"];

fn schema(kind: Option<BearerType>) -> Vec<Node> {
    schema_of(Token::RESOURCE, Role::Admin, Intent::Create, &extra(kind))
}

/// What a body may have that no token's declaration lets it: only licences' tokens have activation limits.
fn extra(kind: Option<BearerType>) -> Extra {
    let attributes = match kind {
        Some(BearerType::License) => vec!["max_activations", "max_deactivations"],
        _ => Vec::new(),
    };
    Extra { attributes, meta: vec![Node::new("otp", Form::Text)], optional: true, ..Extra::default() }
}

/// Reads the body of a route that generates a token.
pub(crate) fn read(call: &Call, kind: Option<BearerType>) -> Outcome<Input> {
    Ok(parse(Token::RESOURCE, call.role(), Intent::Create, &extra(kind), &call.body)?)
}

/// Makes a token for a bearer whom the caller may make one for.
pub(crate) async fn generate(work: &mut Work, bearer: &Bearer, input: Input) -> Outcome<Generated> {
    let call = std::sync::Arc::clone(&work.call);
    check_environment(&call, &input)?;
    let (mut record, secret) = begun(&call, bearer, kind_of(bearer.role));
    record.set("expiry", expiry(&input, bearer.role, call.now));
    for name in ["name", "max_activations", "max_deactivations"] {
        record.set(name, input.get(name).cloned().unwrap_or(Value::Null));
    }
    let mut draft = Draft::new(record, input);
    check_values(&mut draft);
    if bearer.kind != BearerType::Environment && !associates(call.view, &bearer.record) {
        draft.fail(foreign_environment());
    }
    grant(work, &call, bearer, &mut draft).await?;
    if !draft.failures.is_empty() {
        return Err(Refusal::invalid(draft.failures));
    }
    written(work, draft.record, secret).await
}

/// Makes a token that may stand in an address: it ends after `lifetime`, and reads releases as far as both its bearer
/// and the caller may.
pub(crate) async fn generate_for_address(
    work: &mut Work,
    bearer: &Bearer,
    lifetime: Duration,
) -> Outcome<Generated> {
    let call = std::sync::Arc::clone(&work.call);
    if !associates(call.view, &bearer.record) {
        return Err(Refusal::invalid([foreign_environment()]));
    }
    let (held, _) = grantable(work, &call, bearer).await?;
    let granted = held.intersection(call.principal.permissions).intersection(Permissions::DOWNLOAD);
    let (mut record, secret) = begun(&call, bearer, TokenKind::Download);
    record.set("expiry", Value::Time(call.now.plus(lifetime)));
    record.set("permissions", Value::Json(Granted::Only(granted).to_json()));
    written(work, record, secret).await
}

/// A token that nothing is said about yet but whose it is.
fn begun(call: &Call, bearer: &Bearer, kind: TokenKind) -> (Record, Secret<String>) {
    let environment = match bearer.kind {
        BearerType::Environment => Some(bearer.record.id().into()),
        _ => call.view.current(),
    };
    let id = RecordId::generate(call.now);
    let mut record = Record::new(Token::RESOURCE, id, call.account.id, environment, call.now);
    let secret = fresh(call, kind, &mut record);
    record.set("kind", Value::Text(kind.as_str().to_owned()));
    record.set("bearer_type", Value::Text(bearer.kind.as_str().to_owned()));
    record.set("bearer_id", Value::Id(bearer.record.id()));
    record.set("activations", Value::Int(0));
    record.set("deactivations", Value::Int(0));
    (record, secret)
}

async fn written(work: &mut Work, record: Record, secret: Secret<String>) -> Outcome<Generated> {
    work.insert(&record).await?;
    touch::record(work, None, Some(&record)).await?;
    work.log(&record, "generated").await?;
    Ok(Generated { record, secret })
}

fn foreign_environment() -> Invalid {
    Invalid::relation("environment", Failure::Inclusion, "must be compatible with bearer environment")
}

/// Gives a token a new secret; one that had an expiry gets two more weeks, unless it stands in an address.
pub(crate) async fn regenerate(work: &mut Work, token: Record) -> Outcome<Generated> {
    let call = std::sync::Arc::clone(&work.call);
    let kind = token.get("bearer_type").as_text().and_then(BearerType::parse);
    let bearer = match (kind, token.get("bearer_id").as_id()) {
        (Some(kind), Some(id)) => Bearer::find(work, kind, id).await?,
        _ => None,
    };
    let bearer = bearer.ok_or_else(|| Refusal::Broken("a token has no bearer".to_owned()))?;
    let mut after = token.clone();
    let kind = token.get("kind").as_text().filter(|kind| *kind == TokenKind::Download.as_str());
    let secret = fresh(&call, kind.map_or(kind_of(bearer.role), |_| TokenKind::Download), &mut after);
    if kind.is_none() && !token.get("expiry").is_null() {
        after.set("expiry", Value::Time(call.now.plus(TWO_WEEKS)));
    }
    crate::interpreter::change(work, &token, &mut after).await?;
    work.log(&after, "regenerated").await?;
    Ok(Generated { record: after, secret })
}

/// The kind of the tokens of a role.
const fn kind_of(role: Role) -> TokenKind {
    match role {
        Role::Environment => TokenKind::Environment,
        Role::Product => TokenKind::Product,
        Role::License => TokenKind::Activation,
        Role::Admin => TokenKind::Admin,
        Role::Developer => TokenKind::Developer,
        Role::SalesAgent => TokenKind::Sales,
        Role::SupportAgent => TokenKind::Support,
        Role::ReadOnly => TokenKind::ReadOnly,
        Role::User | Role::Anonymous => TokenKind::User,
    }
}

/// Gives a token a secret.
fn fresh(call: &Call, kind: TokenKind, record: &mut Record) -> Secret<String> {
    let secret = token::generate(kind);
    let digest = token::digest(call.account.secret(), secret.expose());
    record.set("digest", Value::Bytes(digest.as_bytes().to_vec()));
    secret
}

/// An explicit null is never; only role-`user` users' tokens end by default.
fn expiry(input: &Input, role: Role, now: Timestamp) -> Value {
    match input.get("expiry") {
        Some(sent) => sent.clone(),
        None if role == Role::User => Value::Time(now.plus(TWO_WEEKS)),
        None => Value::Null,
    }
}

/// Custom permissions are a subset of the bearer's, the wildcard is the default. A token cannot make its own
/// bearer one that may do more than itself.
async fn grant(work: &mut Work, call: &Call, bearer: &Bearer, draft: &mut Draft) -> Outcome<()> {
    let (allowed, held) = grantable(work, call, bearer).await?;
    let granted = match draft.input.get("permissions") {
        Some(value) => permissions::within(value, allowed),
        None => Some(Granted::Wildcard),
    };
    let Some(granted) = granted else {
        draft.fail(permissions::not_allowed());
        return Ok(());
    };
    let granted = match granted {
        Granted::Wildcard if allowed != held => Granted::Only(allowed),
        granted => granted,
    };
    draft.record.set("permissions", Value::Json(granted.to_json()));
    Ok(())
}

/// What of a bearer's permissions the caller may put into a token of it, and all of them.
async fn grantable(work: &mut Work, call: &Call, bearer: &Bearer) -> Outcome<(Permissions, Permissions)> {
    let own = call.principal.bearer_id() == Some(bearer.record.id());
    let held = bearer_permissions(work, bearer).await?;
    Ok((if own { held.intersection(call.principal.permissions) } else { held }, held))
}

/// What a bearer may do: its own grant, a licence's together with its owner's, within what its kind may.
async fn bearer_permissions(work: &mut Work, bearer: &Bearer) -> Outcome<Permissions> {
    let stored =
        |record: &Record| record.get("permissions").as_json().map_or(Granted::Wildcard, Granted::stored);
    let mut granted = stored(&bearer.record);
    if bearer.record.resource == License::RESOURCE
        && let Some(owner) = bearer.record.get("owner_id").as_id()
        && let Some(owner) = work.get(User::RESOURCE, owner).await?
    {
        granted = granted.and(stored(&owner));
    }
    Ok(granted.within(Permissions::allowed(bearer.role)))
}

/// The bearer that a body names, if it names one.
pub(crate) fn named_bearer(input: &Input) -> Option<(BearerType, RecordId)> {
    let Some(Linkage::One(identifier)) = input.relation("bearer") else { return None };
    Some((BearerType::parse(&identifier.kind)?, identifier.id))
}
