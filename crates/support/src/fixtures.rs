//! `POST /v1/_test/fixtures`: inserts, updates and deletes, in one transaction.

use keyway_base::{AccountId, RecordId};
use keyway_domain::resources::{Account, EventLog, RequestLog, WebhookEvent, decodes};
use keyway_jsonapi::{Declared, Record, Resource, Scope, Value};
use keyway_store::{Changes, Inserted, Write, retrying};
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use crate::column::{Place, is_empty, place, value};
use crate::derive::Derive;
use crate::kept::KeptRecord;
use crate::notion::{Notion, is_account, is_keyed};
use crate::shown::shown;
use crate::{Support, SupportError, cascade, defaults};

/// The body.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Fixtures {
    insert: Vec<Fixture>,
    update: Vec<Fixture>,
    delete: Vec<Reference>,
}

#[derive(Debug, Deserialize)]
struct Fixture {
    r#type: String,
    id: String,
    #[serde(default)]
    account_id: Option<String>,
    attributes: Map<String, Json>,
}

#[derive(Debug, Deserialize)]
struct Reference {
    r#type: String,
    id: String,
}

/// Attributes of accounts that say nothing to a server without billing and single sign-on.
const IDLE: &[(&str, &[&str])] = &[("status", &["ACTIVE", "SUBSCRIBED", "TRIALING"])];

/// Attributes that are taken in another way than by a column of their name.
const TAKEN: &[(&str, &str)] = &[
    ("accounts", "secret_key"),
    ("accounts", "public_key"),
    ("accounts", "ed25519_public_key"),
    ("accounts", "ecdsa_public_key"),
    ("accounts", "plan_id"),
    ("users", "password"),
    ("tokens", "token"),
    ("artifacts", "product_id"),
    ("artifacts", "package_id"),
    ("artifacts", "key"),
    ("manifests", "package_id"),
    ("manifests", "content_path"),
    ("manifests", "content_type"),
    ("manifests", "content_encoding"),
    ("manifests", "content_length"),
    ("manifests", "content_digest"),
    ("manifests", "metadata"),
];

impl Support {
    /// Carries the fixtures out: all of them or none.
    pub(crate) async fn fixtures(&self, fixtures: Fixtures) -> Result<Json, SupportError> {
        retrying(|| self.put_in_place(&fixtures)).await
    }

    async fn put_in_place(&self, fixtures: &Fixtures) -> Result<Json, SupportError> {
        let mut write = self.parts().db.begin().await?;
        let mut shown = Vec::new();
        let mut touched = Changes::none();
        for fixture in &fixtures.insert {
            let (record, account) = self.insert(&mut write, fixture).await?;
            shown.push(record);
            touched = touched.and(account.map_or(Changes::none(), Changes::everything));
        }
        for fixture in &fixtures.update {
            let (record, account) = self.update(&mut write, fixture).await?;
            shown.push(record);
            touched = touched.and(account.map_or(Changes::none(), Changes::everything));
        }
        for reference in &fixtures.delete {
            let account = self.delete(&mut write, reference).await?;
            touched = touched.and(account.map_or(Changes::none(), Changes::everything));
        }
        write.commit(touched).await?;
        Ok(json!({ "data": shown }))
    }

    async fn insert(
        &self,
        write: &mut Write,
        fixture: &Fixture,
    ) -> Result<(Json, Option<AccountId>), SupportError> {
        let resource = match Notion::of(&fixture.r#type)? {
            Notion::Stored(resource) => resource,
            Notion::Kept(kind) => return Ok((self.keep(kind, fixture)?, None)),
        };
        let account = fixture.account(resource)?;
        let now = self.parts().clock.tick();
        let mut record = Record::new(resource, fixture.id()?, account, None, now);
        take(&mut record, &fixture.attributes)?;
        self.complete(write, &mut record, &fixture.attributes, true).await?;
        put(write, &record).await?;
        if [EventLog::RESOURCE, RequestLog::RESOURCE, WebhookEvent::RESOURCE].contains(&resource) {
            self.planted().add(record.id());
        }
        Ok((shown(&record, self.secrets().get(record.id()))?, Some(account)))
    }

    async fn update(
        &self,
        write: &mut Write,
        fixture: &Fixture,
    ) -> Result<(Json, Option<AccountId>), SupportError> {
        let resource = match Notion::of(&fixture.r#type)? {
            Notion::Stored(resource) => resource,
            Notion::Kept(kind) => return Ok((self.keep(kind, fixture)?, None)),
        };
        let account = fixture.account(resource)?;
        let found = write.find(resource, account, &Scope::id("id", fixture.id()?)).await?;
        let mut record = found.ok_or_else(|| fixture.absent())?;
        record.set("updated_at", Value::Time(self.parts().clock.tick()));
        take(&mut record, &fixture.attributes)?;
        self.complete(write, &mut record, &fixture.attributes, false).await?;
        let columns: Vec<&str> = resource.columns.iter().map(|column| column.name).skip(2).collect();
        match write.update(&record, &columns).await {
            Ok(true) => {}
            Ok(false) => return Err(fixture.absent()),
            Err(keyway_store::StoreError::Conflict(index)) => return Err(conflict(resource, index.columns)),
            Err(error) => return Err(error.into()),
        }
        Ok((shown(&record, self.secrets().get(record.id()))?, Some(account)))
    }

    /// Defaults and what is derived; then the record must be whole.
    async fn complete(
        &self,
        write: &mut Write,
        record: &mut Record,
        given: &Map<String, Json>,
        new: bool,
    ) -> Result<(), SupportError> {
        let account = write.find(Account::RESOURCE, record.account(), &Scope::All).await?;
        if account.is_none() && !is_account(record.resource) {
            return Err(SupportError::Impossible(format!("there is no account {}", record.account())));
        }
        let protected =
            account.as_ref().and_then(|account| account.get("protected").as_bool()).unwrap_or(false);
        let now = self.parts().clock.tick();
        let mut derive = Derive { support: self, write, given, now, new };
        derive.before(record).await?;
        if new {
            defaults::set(record, protected);
            nulls(record, given);
        } else if record.get("permissions").is_null() {
            defaults::set(record, protected);
        }
        derive.after(record).await?;
        whole(record)
    }

    async fn delete(&self, write: &mut Write, gone: &Reference) -> Result<Option<AccountId>, SupportError> {
        let id = parse(&gone.id)?;
        let resource = match Notion::of(&gone.r#type)? {
            Notion::Stored(resource) => resource,
            Notion::Kept(kind) => {
                self.kept().delete(kind, id);
                return Ok(None);
            }
        };
        if is_account(resource) {
            cascade::delete(write, id.into(), resource, id).await?;
            return Ok(Some(id.into()));
        }
        for account in self.parts().db.accounts(Account::RESOURCE).await? {
            let account = account.account();
            if cascade::delete(write, account, resource, id).await? {
                return Ok(Some(account));
            }
        }
        Ok(None)
    }

    fn keep(&self, kind: &'static str, fixture: &Fixture) -> Result<Json, SupportError> {
        let account = fixture.account_id.as_deref().map(parse).transpose()?;
        let mut attributes = fixture.attributes.clone();
        let now = self.parts().clock.tick().to_string();
        for name in ["created_at", "updated_at"] {
            attributes.entry(name).or_insert_with(|| json!(now));
        }
        Ok(self.kept().put(KeptRecord { kind, id: fixture.id()?, account, attributes }).shown())
    }
}

impl Fixture {
    fn id(&self) -> Result<RecordId, SupportError> {
        parse(&self.id)
    }
    /// The account it belongs to; accounts belong to themselves.
    fn account(&self, resource: &Resource) -> Result<AccountId, SupportError> {
        let named = if is_account(resource) { Some(self.id.as_str()) } else { self.account_id.as_deref() };
        let missing = || SupportError::Malformed(format!("{} must name their account_id", self.r#type));
        Ok(parse(named.ok_or_else(missing)?)?.into())
    }
    fn absent(&self) -> SupportError {
        SupportError::Impossible(format!("there is no record {} of {}", self.id, self.r#type))
    }
}

fn parse(id: &str) -> Result<RecordId, SupportError> {
    id.parse().map_err(|_| SupportError::Malformed(format!("{id:?} is not a UUID")))
}

/// Puts what was given into columns. What the server does not know is refused unless it says nothing.
fn take(record: &mut Record, given: &Map<String, Json>) -> Result<(), SupportError> {
    let resource = record.resource;
    for (name, given) in given {
        match place(resource, name) {
            Place::Column(column) if ["id", "account_id"].contains(&column.name) => {}
            Place::Column(column) => {
                let value = value(resource, column, given)?;
                if !(value.is_null() && ["created_at", "updated_at"].contains(&column.name)) {
                    record.set(column.name, value);
                }
            }
            Place::Computed => {}
            Place::Unknown if TAKEN.contains(&(resource.table, name)) || is_empty(given) => {}
            Place::Unknown if is_account(resource) && is_idle(name, given) => {}
            Place::Unknown => {
                let text = format!("this server has no notion of {name} of {}", resource.table);
                return Err(SupportError::Impossible(text));
            }
        }
    }
    Ok(())
}

fn is_idle(name: &str, given: &Json) -> bool {
    let text = given.as_str().unwrap_or_default();
    IDLE.iter()
        .any(|(known, texts)| *known == name && texts.iter().any(|known| known.eq_ignore_ascii_case(text)))
}

/// A null that was given stays, where the column can hold it.
fn nulls(record: &mut Record, given: &Map<String, Json>) {
    for (name, _) in given.iter().filter(|(_, given)| given.is_null()) {
        if let Place::Column(column) = place(record.resource, name)
            && column.nullable
        {
            record.set(column.name, Value::Null);
        }
    }
}

/// Every column that must have a value has one, and one that the server can read back.
fn whole(record: &Record) -> Result<(), SupportError> {
    let table = record.resource.table;
    let missing =
        record.resource.columns.iter().find(|column| !column.nullable && record.get(column.name).is_null());
    if let Some(column) = missing {
        return Err(SupportError::Impossible(format!("{table} cannot be without {}", column.name)));
    }
    decodes(record).map_err(|error| {
        let given = record.get(error.column).as_text().unwrap_or_default().to_owned();
        SupportError::Impossible(format!("{} of {table} cannot be {given:?} on this server", error.column))
    })
}

/// Inserts a record. One with the same id, or of a key that was made as a side effect before, gives way.
async fn put(write: &mut Write, record: &Record) -> Result<(), SupportError> {
    let resource = record.resource;
    match write.insert(record).await? {
        Inserted::Yes => return Ok(()),
        Inserted::Conflict(index) if index.columns == ["id"] => {
            write.delete(resource, record.account(), record.id()).await?;
        }
        Inserted::Conflict(_) if is_keyed(resource) => {
            let key = Scope::Is("key", record.get("key").clone());
            write.delete_where(resource, record.account(), &key).await?;
        }
        Inserted::Conflict(index) => return Err(conflict(resource, index.columns)),
    }
    match write.insert(record).await? {
        Inserted::Yes => Ok(()),
        Inserted::Conflict(index) => Err(conflict(resource, index.columns)),
    }
}

fn conflict(resource: &Resource, columns: &[&str]) -> SupportError {
    let text = format!("another record of {} has the same {}", resource.table, columns.join(" and "));
    SupportError::Impossible(text)
}
