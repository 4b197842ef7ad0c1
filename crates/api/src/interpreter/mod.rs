//! The one interpreter: what every resource does the same way, in the order of `licensing.md` §3.1.

mod create;
mod delete;
mod list;
mod render;
mod show;
mod update;
mod write;

pub(crate) use create::{check_environment, create, make};
pub(crate) use delete::{delete, remove};
pub(crate) use list::{children, list, page_of};
pub(crate) use render::{below, located, one, several};
pub(crate) use show::{child, find, find_in, related, show};
pub(crate) use update::{change, save, update};
pub(crate) use write::{associates, check_value, check_values, sent};

use keyway_access::Action;
use keyway_jsonapi::{Record, Scope};

use crate::hooks::Hooks;

/// A list below a record: `GET /products/:id/licenses`.
pub(crate) struct Nested {
    /// The rules of the record above.
    pub(crate) parent: &'static dyn Hooks,
    /// The rules of the records below.
    pub(crate) child: &'static dyn Hooks,
    /// The action that reading them through the parent is; none when it is the child's own reading.
    pub(crate) action: Option<Action>,
    /// Which records are below.
    pub(crate) scope: fn(&Record) -> Scope,
}

/// One record at the end of a relation: `GET /licenses/:id/policy`.
pub(crate) struct Related {
    /// The rules of the record above.
    pub(crate) parent: &'static dyn Hooks,
    /// The rules of the record at the end.
    pub(crate) child: &'static dyn Hooks,
    /// The action that reading it through the parent is.
    pub(crate) action: Action,
    /// The column that refers to it.
    pub(crate) column: &'static str,
}
