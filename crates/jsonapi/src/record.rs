//! One record: the values of a resource's columns, and the typed structs declared over them.

use keyway_base::{AccountId, EnvironmentId, RecordId, Timestamp};

use crate::{Resource, Value};

/// A record of any resource.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it is a record of.
    pub resource: &'static Resource,
    /// One value per column of the resource, in the order of [`Resource::columns`].
    pub values: Vec<Value>,
}

/// A stored row that does not fit its declaration: a defect or a damaged database.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column} of a {resource} holds a value of the wrong type")]
pub struct DecodeError {
    /// The resource's name.
    pub resource: &'static str,
    /// The column.
    pub column: &'static str,
}

/// A struct declared with [`resource!`](crate::resource!).
pub trait Declared: Sized {
    /// The declaration.
    const RESOURCE: &'static Resource;
    /// Reads a record of this resource.
    ///
    /// # Errors
    /// [`DecodeError`] when a value does not have its column's type.
    fn from_record(record: &Record) -> Result<Self, DecodeError>;
    /// The record of this struct.
    fn into_record(self) -> Record;
}

impl Record {
    /// A record with every column null, but for the common ones.
    pub fn new(
        resource: &'static Resource,
        id: RecordId,
        account: AccountId,
        environment: Option<EnvironmentId>,
        now: Timestamp,
    ) -> Self {
        let mut record = Self { resource, values: vec![Value::Null; resource.columns.len()] };
        record.set("id", Value::Id(id));
        record.set("account_id", Value::Id(account.into()));
        record.set("environment_id", environment.map_or(Value::Null, |id| Value::Id(id.into())));
        record.set("created_at", Value::Time(now));
        record.set("updated_at", Value::Time(now));
        record
    }
    /// A column's value; null for a column that the resource does not have.
    pub fn get(&self, column: &str) -> &Value {
        let position = self.resource.columns.iter().position(|c| c.name == column);
        position.and_then(|index| self.values.get(index)).unwrap_or(&Value::Null)
    }
    /// Sets a column's value; a column that the resource does not have is ignored in releases and a defect in
    /// debug builds.
    pub fn set(&mut self, column: &str, value: Value) {
        let position = self.resource.columns.iter().position(|c| c.name == column);
        debug_assert!(position.is_some(), "{} has no column {column}", self.resource.name);
        if let Some(slot) = position.and_then(|index| self.values.get_mut(index)) {
            *slot = value;
        }
    }
    /// The record's id.
    pub fn id(&self) -> RecordId {
        self.get("id").as_id().expect("every table has an id that is never null")
    }
    /// The account it belongs to. An account belongs to itself.
    pub fn account(&self) -> AccountId {
        self.get("account_id").as_id().expect("every table has an account_id that is never null").into()
    }
    /// The environment it belongs to, if any.
    pub fn environment(&self) -> Option<EnvironmentId> {
        self.get("environment_id").as_id().map(Into::into)
    }
    /// When it was created.
    pub fn created(&self) -> Timestamp {
        self.get("created_at").as_time().unwrap_or(Timestamp::from_micros(0))
    }
    /// The typed form.
    ///
    /// # Errors
    /// [`DecodeError`] when a value does not have its column's type, or the record is of another resource.
    pub fn typed<T: Declared>(&self) -> Result<T, DecodeError> {
        T::from_record(self)
    }
}
