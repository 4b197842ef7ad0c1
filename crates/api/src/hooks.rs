//! What a type of resource adds to the interpreter: its actions, and hooks with empty defaults.

use std::pin::Pin;

use keyway_access::Action;
use keyway_jsonapi::document::Extras;
use keyway_jsonapi::{Alias, Extra, Intent, Record, Resource, Role, Scope, Value};

use crate::call::Call;
use crate::draft::Draft;
use crate::refusal::Outcome;
use crate::subject::Subject;
use crate::work::Work;

/// A step of a hook.
pub(crate) type Step<'a, T> = Pin<Box<dyn Future<Output = Outcome<T>> + Send + 'a>>;

/// A step that is done already.
pub(crate) fn done<'a, T: Send + 'a>(value: T) -> Step<'a, T> {
    Box::pin(std::future::ready(Ok(value)))
}

/// The actions behind the five standard operations. A resource without one of them has no route for it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Actions {
    /// `GET` of the collection.
    pub(crate) list: Action,
    /// `GET` of one.
    pub(crate) show: Action,
    /// `POST`.
    pub(crate) create: Action,
    /// `PATCH` and `PUT`.
    pub(crate) update: Action,
    /// `DELETE`.
    pub(crate) delete: Action,
}

/// The rules of one type of resource.
pub(crate) trait Hooks: Send + Sync {
    /// Its declaration.
    fn resource(&self) -> &'static Resource;
    /// Its actions.
    fn actions(&self) -> Actions;

    /// What a body may have beside what is declared.
    fn extra(&self, _intent: Intent) -> Extra {
        Extra::default()
    }
    /// Whether an update reads its body before it asks for permission (`licensing.md` §3.1: users).
    fn schema_first(&self) -> bool {
        false
    }
    /// The facts about a record that access decides from.
    fn subject<'a>(&'a self, _work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        done(Subject::Within(record.environment()))
    }
    /// The facts about a record that is to be created.
    fn new_subject<'a>(&'a self, _work: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        done(Subject::Within(draft.record.environment()))
    }
    /// The facts about a list, given the condition that its records satisfy.
    fn list_subject<'a>(&'a self, _work: &'a mut Work, _scope: &'a Scope) -> Step<'a, Subject> {
        done(Subject::None)
    }
    /// Whether numbered pages say how many there are (`licensing.md` §1.6): logs are too long to count.
    fn is_counted(&self) -> bool {
        true
    }
    /// What is wrong with the query of a list, beside paging.
    fn check_query(&self, _call: &Call) -> Outcome<()> {
        Ok(())
    }
    /// A condition that lists have unless the query says otherwise.
    fn list_default(&self, _call: &Call) -> Scope {
        Scope::All
    }
    /// The records that a path segment can mean.
    fn named(&self, _call: &Call, name: &str) -> Scope {
        alias_scope(self.resource(), name)
    }
    /// Finds the record that a path segment means among those of a scope: the oldest.
    fn find<'a>(&'a self, work: &'a mut Work, name: &'a str, scope: Scope) -> Step<'a, Option<Record>> {
        Box::pin(async move {
            let named = self.named(&work.call, name);
            work.find(self.resource(), &scope.and(named)).await
        })
    }
    /// Sets the columns of a new record that the client did not set, and checks what needs the database;
    /// failures go into the draft. Runs on creation and on update, after the values sent are in.
    fn prepare<'a>(&'a self, _work: &'a mut Work, _draft: &'a mut Draft) -> Step<'a, ()> {
        done(())
    }
    /// Runs once the record is written, in the same transaction: joins, side effects, jobs.
    fn saved<'a>(&'a self, _work: &'a mut Work, _draft: &'a Draft) -> Step<'a, ()> {
        done(())
    }
    /// Puts what is shown only once, in the answer to the creation, into the record's object.
    fn show_once(&self, _draft: &Draft, _object: &mut serde_json::Value) {}
    /// Runs before a record is deleted, in the same transaction; what depends on it goes first.
    fn deleting<'a>(&'a self, _work: &'a mut Work, _record: &'a Record) -> Step<'a, ()> {
        done(())
    }
    /// What the event of a deletion is called.
    fn deletion(&self) -> &'static str {
        "deleted"
    }
    /// Attributes that callers are shown and webhooks are never told, in camel case.
    fn untold(&self) -> &'static [&'static str] {
        &[]
    }
    /// What records show beside their columns: one entry for each, in order.
    fn describe<'a>(&'a self, _work: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        done(vec![Extras::default(); records.len()])
    }
    /// The role whose attributes the caller may send.
    fn role(&self, call: &Call) -> Role {
        call.role()
    }
}

/// The records that a path segment can mean: by id when it is a UUID, and by every alias.
pub(crate) fn alias_scope(resource: &'static Resource, name: &str) -> Scope {
    let by_id = name.parse().map_or(Scope::None, |id| Scope::Is("id", Value::Id(id)));
    let by_alias = |alias: &Alias| match alias.caseless {
        true => Scope::IsCaseless(alias.column, name.to_lowercase()),
        false => Scope::text(alias.column, name),
    };
    resource.aliases.iter().map(by_alias).fold(by_id, Scope::or)
}
