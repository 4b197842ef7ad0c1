//! What a file may carry along: records that hang on its subject, as `GET` would show them to the caller.

use std::collections::HashSet;

use keyway_domain::permission::Permission;
use keyway_jsonapi::{ApiError, Record, camel_key};
use serde_json::{Value, json};

use super::options::refused;
use crate::call::Call;
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::{Nested, one, several};
use crate::refusal::Outcome;
use crate::work::Work;

/// Something that may be included.
pub(super) struct Include {
    /// What it is called.
    pub(super) name: &'static str,
    /// What it was called before.
    pub(super) alias: Option<&'static str>,
    /// What the caller needs to be able to read such records.
    pub(super) permission: Permission,
    /// What it hangs on, when that is not the file's subject: included with it.
    pub(super) below: Option<&'static Include>,
    /// The way to it.
    pub(super) way: Way,
}

/// The way from one record to others.
pub(super) enum Way {
    /// To the one that a column refers to.
    One(&'static dyn Hooks, &'static str),
    /// To a list below it.
    Many(&'static Nested),
}

/// The includes of these names.
///
/// # Errors
/// 400 `CHECKOUT_INCLUDE_INVALID` for a name that is none.
pub(super) fn named(
    known: &'static [&'static Include],
    names: &[String],
) -> Result<Vec<&'static Include>, ApiError> {
    let find = |name: &String| {
        let found = known.iter().find(|include| include.name == name || include.alias == Some(name));
        found.copied().ok_or_else(|| refused("include", "CHECKOUT_INCLUDE_INVALID", "invalid includes"))
    };
    names.iter().map(find).collect()
}

/// Asks for the permissions of everything that is to be included.
///
/// # Errors
/// 403 for the first that is lacking.
pub(super) fn permit(call: &Call, includes: &[&'static Include]) -> Outcome<()> {
    for include in includes {
        for step in include.below.into_iter().chain([*include]) {
            gate::require(call, step.permission)?;
        }
    }
    Ok(())
}

/// A document that grows: its subject, and what is included.
pub(super) struct Document {
    subject: Value,
    included: Vec<Value>,
    /// Types and ids of what is included.
    known: HashSet<(String, String)>,
}

impl Document {
    /// One with a subject alone.
    pub(super) fn of(subject: Value) -> Self {
        Self { subject, included: Vec::new(), known: HashSet::new() }
    }
    /// Its `data` and `included`.
    pub(super) fn into_parts(self) -> (Value, Vec<Value>) {
        (self.subject, self.included)
    }
    /// Adds what an include leads to.
    pub(super) async fn include(
        &mut self,
        work: &mut Work,
        subject: &Record,
        include: &Include,
    ) -> Outcome<()> {
        let Some(below) = include.below else { return self.follow(work, subject, include).await };
        let Way::One(hooks, column) = below.way else { return Ok(()) };
        let Some(parent) = work.referred(subject, column, hooks.resource()).await? else { return Ok(()) };
        self.add(vec![one(work, hooks, &parent).await?]);
        self.follow(work, &parent, include).await
    }
    async fn follow(&mut self, work: &mut Work, parent: &Record, include: &Include) -> Outcome<()> {
        match include.way {
            Way::One(hooks, column) => {
                if let Some(record) = work.referred(parent, column, hooks.resource()).await? {
                    self.add(vec![one(work, hooks, &record).await?]);
                }
            }
            Way::Many(nested) => {
                let scope = gate::listed(&work.call, nested.child.resource()).and((nested.scope)(parent));
                let records = work.all(nested.child.resource(), &scope).await?;
                let name = include.name.rsplit('.').next().unwrap_or(include.name);
                self.link(parent, name, &records);
                self.add(several(work, nested.child, &records).await?);
            }
        }
        Ok(())
    }
    /// Includes resource objects, each once.
    fn add(&mut self, objects: Vec<Value>) {
        for object in objects {
            let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
            if self.known.insert((text("type"), text("id"))) {
                self.included.push(object);
            }
        }
    }
    /// Says in a to-many relationship what it leads to, which documents leave to its link otherwise.
    fn link(&mut self, parent: &Record, name: &str, records: &[Record]) {
        let linkage =
            |record: &Record| json!({ "type": record.resource.kind, "id": record.id().to_string() });
        let (kind, id) = (parent.resource.kind, parent.id().to_string());
        let objects = std::iter::once(&mut self.subject).chain(&mut self.included);
        for object in objects.filter(|object| object["type"] == kind && object["id"] == id.as_str()) {
            if let Some(Value::Object(relation)) = object["relationships"].get_mut(camel_key(name)) {
                relation.insert("data".to_owned(), records.iter().map(linkage).collect());
            }
        }
    }
}
