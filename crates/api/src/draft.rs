//! A record on its way in: what was sent, what it was before, what it will be, and what is wrong with it.

use keyway_domain::license::key::{Made, Making};
use keyway_jsonapi::{Input, Invalid, Record, Value};

/// A record that is being created or changed.
#[derive(Debug)]
pub(crate) struct Draft {
    /// The record as it was; none on creation.
    pub(crate) before: Option<Record>,
    /// The record as it will be.
    pub(crate) record: Record,
    /// What was sent.
    pub(crate) input: Input,
    /// The records at the other ends of the to-one relations that were sent, by relation.
    pub(crate) related: Vec<(&'static str, Record)>,
    /// Digests of the passwords that were sent, once they are made.
    pub(crate) digests: Vec<String>,
    /// The key of a licence, once it is made, and what of.
    pub(crate) key: Option<(Making, Made)>,
    /// What is wrong, in the order found.
    pub(crate) failures: Vec<Invalid>,
}

impl Draft {
    /// A record that is to be made of what was sent.
    pub(crate) const fn new(record: Record, input: Input) -> Self {
        Self {
            before: None,
            record,
            input,
            related: Vec::new(),
            digests: Vec::new(),
            key: None,
            failures: Vec::new(),
        }
    }
    /// Notes a failure.
    pub(crate) fn fail(&mut self, failure: Invalid) {
        self.failures.push(failure);
    }
    /// The record at the other end of a relation that was sent.
    pub(crate) fn related(&self, name: &str) -> Option<&Record> {
        self.related.iter().find(|(known, _)| *known == name).map(|(_, record)| record)
    }
    /// Whether the record is new or the column's value another than before.
    pub(crate) fn changed(&self, column: &str) -> bool {
        self.before.as_ref().is_none_or(|before| before.get(column) != self.record.get(column))
    }
    /// A text column.
    pub(crate) fn text(&self, column: &str) -> Option<&str> {
        self.record.get(column).as_text()
    }
    /// Sets a column that is null.
    pub(crate) fn default(&mut self, column: &str, value: Value) {
        if self.record.get(column).is_null() {
            self.record.set(column, value);
        }
    }
}
