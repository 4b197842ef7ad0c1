//! Endpoints as data: the list of all of them is what is routed, documented and tested.

use std::pin::Pin;
use std::sync::Arc;

use http::HeaderMap;
use keyway_access::Action;
use keyway_base::{RequestId, Timestamp};
use keyway_jsonapi::ApiError;
use serde_json::{Map, Value};

use crate::Api;
use crate::call::Call;
use crate::contract::Contract;
use crate::hooks::Hooks;
use crate::interpreter::{self, Nested, Related};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::version::ApiVersion;

/// A running operation.
pub(crate) type Running = Pin<Box<dyn Future<Output = Outcome<Reply>> + Send>>;

/// The methods that endpoints have. HEAD is GET without a body; PUT and PATCH are told apart only where an
/// endpoint says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Verb {
    /// GET and HEAD.
    Get,
    /// POST.
    Post,
    /// PATCH and PUT: updates.
    Patch,
    /// PUT alone: regeneration.
    Put,
    /// DELETE.
    Delete,
}

impl Verb {
    /// The method's name.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Patch => "PATCH",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A request outside any account, from a stranger.
pub(crate) struct Outside {
    /// The API itself.
    pub(crate) api: Arc<Api>,
    /// The body, its keys folded.
    pub(crate) body: Map<String, Value>,
    /// The version spoken.
    pub(crate) version: ApiVersion,
    /// The time of the request.
    pub(crate) now: Timestamp,
    /// Names the request.
    pub(crate) request_id: RequestId,
}

/// What an endpoint does.
#[derive(Clone, Copy)]
pub(crate) enum Operation {
    /// The interpreter's list.
    List(&'static dyn Hooks),
    /// The interpreter's reading of one.
    Show(&'static dyn Hooks),
    /// The interpreter's creation.
    Create(&'static dyn Hooks),
    /// The interpreter's change.
    Update(&'static dyn Hooks),
    /// The interpreter's deletion.
    Delete(&'static dyn Hooks),
    /// The interpreter's list below a record.
    Children(&'static Nested),
    /// The interpreter's reading of one below a record.
    Child(&'static Nested),
    /// The interpreter's reading of a to-one relation.
    Related(&'static Related),
    /// One for anybody: what is presented is not looked at.
    Open(fn(Arc<Call>) -> Running),
    /// One outside any account, whoever asks: it has no prefix, and is on no account's own host.
    Outside(fn(Outside) -> Running),
    /// The same for anybody, whatever the account.
    Fixed(fn(&HeaderMap) -> Reply),
    /// A hand-written one, and the action it is.
    Act(Action, fn(Arc<Call>) -> Running),
}

/// One endpoint.
#[derive(Clone, Copy)]
pub(crate) struct Endpoint {
    /// Its method.
    pub(crate) verb: Verb,
    /// Its path below `/v1` and the account: segments in braces are captured, `{*rest}` to the end.
    pub(crate) path: &'static str,
    /// What it does.
    pub(crate) operation: Operation,
    /// Whether callers without a credential are refused although its action is open to them elsewhere.
    pub(crate) hard: bool,
    /// Whether any `Accept` will do.
    pub(crate) accepts_any: bool,
    /// Whether it exists in version 1.0 only.
    pub(crate) first_only: bool,
    /// Whether what is sent as a body is not looked at, whatever it is and however long.
    pub(crate) ignores_body: bool,
    /// Whether its path must name the account.
    pub(crate) prefixed: bool,
    /// Whether it exists only where there can be many accounts.
    pub(crate) of_many: bool,
    /// Whether it is below `/-` instead of `/v1`: no part of the public API.
    pub(crate) internal: bool,
    /// What it takes and gives, where its operation does not say.
    pub(crate) contract: Contract,
}

impl Endpoint {
    const fn new(verb: Verb, path: &'static str, operation: Operation) -> Self {
        let (hard, accepts_any, first_only) = (false, false, false);
        let (ignores_body, prefixed, of_many, internal) = (false, false, false, false);
        let contract = Contract::USUAL;
        Self {
            verb,
            path,
            operation,
            hard,
            accepts_any,
            first_only,
            ignores_body,
            prefixed,
            of_many,
            internal,
            contract,
        }
    }
    /// `GET`, and `HEAD` with it.
    pub(crate) const fn get(path: &'static str, operation: Operation) -> Self {
        Self::new(Verb::Get, path, operation)
    }
    /// `POST`.
    pub(crate) const fn post(path: &'static str, operation: Operation) -> Self {
        Self::new(Verb::Post, path, operation)
    }
    /// `PATCH`, and `PUT` with it.
    pub(crate) const fn patch(path: &'static str, operation: Operation) -> Self {
        Self::new(Verb::Patch, path, operation)
    }
    /// `PUT` alone.
    pub(crate) const fn put(path: &'static str, operation: Operation) -> Self {
        Self::new(Verb::Put, path, operation)
    }
    /// `DELETE`.
    pub(crate) const fn delete(path: &'static str, operation: Operation) -> Self {
        Self::new(Verb::Delete, path, operation)
    }
    /// Callers without a credential are refused.
    pub(crate) const fn hard(mut self) -> Self {
        self.hard = true;
        self
    }
    /// Any `Accept` will do.
    pub(crate) const fn accepts_any(mut self) -> Self {
        self.accepts_any = true;
        self
    }
    /// In version 1.0 only.
    pub(crate) const fn first_only(mut self) -> Self {
        self.first_only = true;
        self
    }
    /// The body is not looked at.
    pub(crate) const fn ignores_body(mut self) -> Self {
        self.ignores_body = true;
        self
    }
    /// The path must name the account.
    pub(crate) const fn prefixed(mut self) -> Self {
        self.prefixed = true;
        self
    }
    /// Only where there can be many accounts.
    pub(crate) const fn of_many(mut self) -> Self {
        self.of_many = true;
        self
    }
    /// Below `/-` instead of `/v1`.
    pub(crate) const fn internal(mut self) -> Self {
        self.internal = true;
        self
    }
    /// It takes and gives this.
    pub(crate) const fn told(mut self, contract: Contract) -> Self {
        self.contract = contract;
        self
    }
    /// The action that the caller is first asked for a credential for; none where anybody is welcome.
    pub(crate) fn action(&self) -> Option<Action> {
        Some(match self.operation {
            Operation::Open(_) | Operation::Outside(_) | Operation::Fixed(_) => return None,
            Operation::List(hooks) => hooks.actions().list,
            Operation::Show(hooks) => hooks.actions().show,
            Operation::Create(hooks) => hooks.actions().create,
            Operation::Update(hooks) => hooks.actions().update,
            Operation::Delete(hooks) => hooks.actions().delete,
            Operation::Children(nested) => nested.action.unwrap_or(nested.child.actions().list),
            Operation::Child(nested) => nested.action.unwrap_or(nested.child.actions().show),
            Operation::Related(related) => related.action,
            Operation::Act(action, _) => action,
        })
    }
    /// Runs the operation.
    pub(crate) fn run(&self, call: Arc<Call>) -> Running {
        match self.operation {
            Operation::List(hooks) => Box::pin(interpreter::list(call, hooks)),
            Operation::Show(hooks) => Box::pin(interpreter::show(call, hooks)),
            Operation::Create(hooks) => Box::pin(interpreter::create(call, hooks)),
            Operation::Update(hooks) => Box::pin(interpreter::update(call, hooks)),
            Operation::Delete(hooks) => Box::pin(interpreter::delete(call, hooks)),
            Operation::Children(nested) => Box::pin(interpreter::children(call, nested)),
            Operation::Child(nested) => Box::pin(interpreter::child(call, nested)),
            Operation::Related(related) => Box::pin(interpreter::related(call, related)),
            Operation::Open(run) | Operation::Act(_, run) => run(call),
            // These are run before there is a call.
            Operation::Outside(_) | Operation::Fixed(_) => {
                Box::pin(std::future::ready(Err(ApiError::unknown_endpoint().into())))
            }
        }
    }
}

/// An [`Operation::Act`] that runs an `async fn(Arc<Call>) -> Outcome<Reply>`.
macro_rules! act {
    ($action:ident, $run:path) => {
        $crate::endpoint::Operation::Act(keyway_access::Action::$action, |call| Box::pin($run(call)))
    };
}
pub(crate) use act;
