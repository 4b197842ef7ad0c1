//! What every record of a type has anyway, whatever it was given: keys, digests, versions, the records of its
//! keys (docs/test-support.md, "What is derived").

use keyway_base::{RecordId, Timestamp};
use keyway_crypto::account_keys::AccountKeys;
use keyway_crypto::token::{self, AccountSecret, TokenKind};
use keyway_domain::duration;
use keyway_domain::release::{Dialect, set_version};
use keyway_domain::resources::{
    Account, Artifact, BearerType, Channel, Component, Engine, EventLog, ExpirationBasis, License, Machine,
    Manifest, Package, Policy, PoolKey, Process, Release, RequestLog, Token, User, UserRole, named,
};
use keyway_jsonapi::{Declared, Record, Resource, Scope, Value};
use keyway_store::{Inserted, Write};
use keyway_versions::Scheme;
use serde_json::{Map, Value as Json};
use std::time::Duration;

use crate::column::default;
use crate::{Support, SupportError, license_key};

/// How long tokens of role-`user` users hold unless told.
const TWO_WEEKS: Duration = Duration::from_hours(14 * 24);

/// A record whose columns are set as far as they were given.
pub(crate) struct Derive<'a> {
    /// The endpoint.
    pub(crate) support: &'a Support,
    /// The transaction.
    pub(crate) write: &'a mut Write,
    /// What was given.
    pub(crate) given: &'a Map<String, Json>,
    /// The time.
    pub(crate) now: Timestamp,
    /// Whether the record is new.
    pub(crate) new: bool,
}

impl Derive<'_> {
    /// What must be there before the defaults are set.
    pub(crate) async fn before(&mut self, record: &mut Record) -> Result<(), SupportError> {
        if record.resource == Account::RESOURCE {
            self.account(record).await?;
        } else if record.resource == User::RESOURCE {
            self.user(record).await?;
        } else if record.resource == License::RESOURCE && self.new {
            self.license(record).await?;
        } else if record.resource == PoolKey::RESOURCE {
            let policy = self.policy(record).await?;
            default(record, "product_id", Value::Id(policy.product_id.into()));
        } else if record.resource == Token::RESOURCE && self.new {
            self.token(record).await?;
        } else if record.resource == Machine::RESOURCE && self.new {
            self.copied(record, License::RESOURCE, "license_id", &["product_id"]).await?;
        } else if (record.resource == Component::RESOURCE || record.resource == Process::RESOURCE) && self.new
        {
            self.copied(record, Machine::RESOURCE, "machine_id", &["product_id", "license_id"]).await?;
        } else if [EventLog::RESOURCE, RequestLog::RESOURCE].contains(&record.resource) {
            types(record);
        }
        Ok(())
    }

    /// What needs the whole record.
    pub(crate) async fn after(&mut self, record: &mut Record) -> Result<(), SupportError> {
        if record.resource == License::RESOURCE && self.new {
            self.license_key(record).await?;
        } else if record.resource == Package::RESOURCE {
            self.package(record).await?;
        } else if record.resource == Release::RESOURCE {
            self.release(record).await?;
        } else if record.resource == Artifact::RESOURCE {
            self.artifact(record).await?;
        } else if record.resource == Manifest::RESOURCE && self.new {
            self.manifest(record).await?;
        }
        Ok(())
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).and_then(Json::as_str)
    }

    async fn account(&mut self, record: &mut Record) -> Result<(), SupportError> {
        if self.new {
            let made = self.support.pool().take().await?;
            record.set("keys", Value::Text(made.keys));
            default(record, "secret", Value::Text(made.secret));
        }
        if let Some(secret) = self.text("secret_key") {
            record.set("secret", Value::Text(secret.to_owned()));
        }
        Ok(())
    }

    async fn user(&mut self, record: &mut Record) -> Result<(), SupportError> {
        match self.given.get("password") {
            Some(Json::String(password)) => {
                let digest = self.support.secrets().password_digest(password).await?;
                record.set("password_digest", Value::Text(digest));
            }
            Some(_) => record.set("password_digest", Value::Null),
            None => {}
        }
        if let Some(email) = record.get("email").as_text() {
            let email = email.trim().to_lowercase();
            record.set("email", Value::Text(email));
        }
        // a role that changes brings its own permissions, unless they are given too
        if !self.new && self.given.contains_key("role") && !self.given.contains_key("permissions") {
            record.set("permissions", Value::Null);
        }
        Ok(())
    }

    pub(crate) async fn find(
        &mut self,
        of: &Record,
        resource: &'static Resource,
        column: &str,
    ) -> Result<Option<Record>, SupportError> {
        let Some(id) = of.get(column).as_id() else { return Ok(None) };
        Ok(self.write.find(resource, of.account(), &Scope::id("id", id)).await?)
    }

    /// Sets columns as they are in the record that another column refers to.
    async fn copied(
        &mut self,
        record: &mut Record,
        from: &'static Resource,
        column: &str,
        columns: &[&str],
    ) -> Result<(), SupportError> {
        if let Some(found) = self.find(record, from, column).await? {
            columns.iter().for_each(|copied| default(record, copied, found.get(copied).clone()));
        }
        Ok(())
    }

    async fn policy(&mut self, license: &Record) -> Result<Policy, SupportError> {
        let found = self.find(license, Policy::RESOURCE, "policy_id").await?;
        let missing = || SupportError::Impossible("policy_id names no policy that is stored".to_owned());
        found.ok_or_else(missing)?.typed().map_err(|error| SupportError::Broken(error.to_string()))
    }

    /// Product and expiry come from the policy.
    async fn license(&mut self, record: &mut Record) -> Result<(), SupportError> {
        let policy = self.policy(record).await?;
        default(record, "product_id", Value::Id(policy.product_id.into()));
        let starts =
            policy.expiration_basis == ExpirationBasis::Creation && !self.given.contains_key("expiry");
        if let Some(seconds) = policy.duration.filter(|_| starts) {
            record.set("expiry", Value::Time(duration::after(self.now, seconds)));
        }
        Ok(())
    }

    async fn license_key(&mut self, record: &mut Record) -> Result<(), SupportError> {
        let policy = self.policy(record).await?;
        let owner = self.find(record, User::RESOURCE, "owner_id").await?;
        let keys = self.account_keys(record).await?;
        let given = record.get("key").as_text().map(str::to_owned);
        let made = license_key::made(&keys, &policy, record, owner.as_ref(), given.as_deref())?;
        if let Some(key) = made.once {
            self.support.secrets().keep(record.id(), key.into_inner());
        }
        record.set("key", Value::Text(made.stored));
        Ok(())
    }

    async fn account_record(&mut self, of: &Record) -> Result<Record, SupportError> {
        let scope = Scope::id("id", of.account());
        let found = self.write.find(Account::RESOURCE, of.account(), &scope).await?;
        found.ok_or_else(|| SupportError::Impossible(format!("there is no account {}", of.account())))
    }

    pub(crate) async fn account_keys(&mut self, of: &Record) -> Result<AccountKeys, SupportError> {
        let account = self.account_record(of).await?;
        let text = |column| account.get(column).as_text().unwrap_or_default();
        Ok(AccountKeys::from_text(text("keys"), text("secret").to_owned())?)
    }

    /// Kind by bearer, a raw value that is kept in the clear, its digest.
    async fn token(&mut self, record: &mut Record) -> Result<(), SupportError> {
        let bearer_type = record.get("bearer_type").as_text().and_then(bearer_type);
        let refused = || {
            SupportError::Impossible(
                "bearer_type of tokens names no bearer that this server knows".to_owned(),
            )
        };
        let bearer_type = bearer_type.ok_or_else(refused)?;
        record.set("bearer_type", Value::Text(bearer_type.as_str().to_owned()));
        let kind = match bearer_type {
            BearerType::Environment => TokenKind::Environment,
            BearerType::Product => TokenKind::Product,
            BearerType::License => TokenKind::Activation,
            BearerType::User => {
                let user = self.find(record, User::RESOURCE, "bearer_id").await?;
                kind_of(user.as_ref().and_then(|user| user.get("role").as_text()).and_then(UserRole::parse))
            }
        };
        default(record, "kind", Value::Text(kind.as_str().to_owned()));
        if kind == TokenKind::User && !self.given.contains_key("expiry") {
            record.set("expiry", Value::Time(self.now.plus(TWO_WEEKS)));
        }
        let given = self.text("token").map(str::to_owned);
        let raw = given.unwrap_or_else(|| token::generate(kind).into_inner());
        let account = self.account_record(record).await?;
        let secret =
            AccountSecret::from_stored(account.get("secret").as_text().unwrap_or_default().to_owned())?;
        record.set("digest", Value::Bytes(token::digest(&secret, &raw).as_bytes().to_vec()));
        self.support.secrets().keep(record.id(), raw);
        Ok(())
    }

    /// The key's normal form; a key that its ecosystem refuses stays as it is.
    async fn package(&mut self, record: &mut Record) -> Result<(), SupportError> {
        let text = |column: &str| record.get(column).as_text().map(str::to_owned);
        let (engine, key) = (text("engine"), text("key").unwrap_or_else(|| record.id().to_string()));
        let known = engine.as_deref().and_then(|engine| self.support.parts().engines.get(engine));
        let normal = known.and_then(|engine| (engine.descriptor().normalise)(&key).ok());
        record.set("normalised_key", Value::Text(normal.unwrap_or_else(|| key.clone())));
        record.set("key", Value::Text(key));
        match engine {
            Some(engine) => self.materialise(record, Engine::RESOURCE, &engine).await,
            None => Ok(()),
        }
    }

    /// The version's columns; a text that is no version is stored as it is, without order.
    async fn release(&mut self, record: &mut Record) -> Result<(), SupportError> {
        let package = self.find(record, Package::RESOURCE, "package_id").await?;
        if let Some(package) = &package {
            default(record, "product_id", package.get("product_id").clone());
        }
        let engine = package.as_ref().and_then(|package| package.get("engine").as_text());
        let text = record.get("version").as_text().unwrap_or_default().to_owned();
        let read = keyway_versions::parse(self.dialect(engine).scheme(), &text).ok();
        let derived = read.as_ref().map_or("stable", |version| version.derived_channel().as_str());
        default(record, "channel", Value::Text(derived.to_owned()));
        match &read {
            Some(version) => set_version(record, version),
            None => record.set("version_key", Value::Text(text)),
        }
        let channel = record.get("channel").as_text().unwrap_or_default().to_owned();
        self.materialise(record, Channel::RESOURCE, &channel).await
    }

    fn dialect(&self, engine: Option<&str>) -> Dialect {
        let Some(key) = engine else { return Dialect::Upstream };
        Dialect::Ecosystem(match self.support.parts().engines.get(key) {
            Some(engine) => engine.descriptor().scheme,
            None if key == "rubygems" => Scheme::Gem,
            None => Scheme::Semver,
        })
    }

    /// Makes sure that the record of a key exists.
    pub(crate) async fn materialise(
        &mut self,
        of: &Record,
        resource: &'static Resource,
        key: &str,
    ) -> Result<(), SupportError> {
        let id = RecordId::generate(self.now);
        let mut record = Record::new(resource, id, of.account(), None, self.now);
        record.set("key", Value::Text(key.to_owned()));
        match self.write.insert(&record).await? {
            Inserted::Yes | Inserted::Conflict(_) => Ok(()),
        }
    }
}

/// The types that a log's entry names, as the API calls them.
fn types(record: &mut Record) {
    for column in ["resource_type", "requestor_type", "whodunnit_type"] {
        if let Some(resource) = record.get(column).as_text().and_then(named) {
            record.set(column, Value::Text(resource.kind.to_owned()));
        }
    }
}

/// `users`, `user`, `User` …
fn bearer_type(given: &str) -> Option<BearerType> {
    let plural = given.trim_end_matches('s').to_lowercase() + "s";
    BearerType::parse(&plural)
}

const fn kind_of(role: Option<UserRole>) -> TokenKind {
    match role {
        Some(UserRole::Admin) => TokenKind::Admin,
        Some(UserRole::Developer) => TokenKind::Developer,
        Some(UserRole::SalesAgent) => TokenKind::Sales,
        Some(UserRole::SupportAgent) => TokenKind::Support,
        Some(UserRole::ReadOnly) => TokenKind::ReadOnly,
        Some(UserRole::User) | None => TokenKind::User,
    }
}
