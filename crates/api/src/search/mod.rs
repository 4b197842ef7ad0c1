//! `POST /search` (`licensing.md` §14): records of one type by parts of their attributes.

mod term;

use std::borrow::Cow;
use std::sync::Arc;

use keyway_access::Action;
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{ApiError, Paging, Resource, Scope, camel_key};
use serde_json::{Map, Value};

use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::endpoint::{Endpoint as E, act};
use crate::gate;
use crate::interpreter::page_of;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::subject::Subject;
use crate::work::Work;
use term::{TARGETS, Target, Term};

/// Every endpoint of this module.
pub(crate) static ENDPOINTS: &[E] = &[E::post("/search", act!(Search, search)).told(CONTRACT)];

/// The fewest characters that a text is searched for.
const MIN_CHARACTERS: usize = 3;

/// Takes what is searched for, and gives a list of it.
const CONTRACT: Contract =
    Contract::taking(|| schema(Form::Any)).gives(&[Given::new(200, Data::Mixed(kinds))]);

/// What can be searched.
fn kinds() -> Vec<&'static Resource> {
    TARGETS.iter().map(|target| target.hooks.resource()).collect()
}

/// What is searched for is read before its type's own rule of lists is asked.
async fn search(call: Arc<Call>) -> Outcome<Reply> {
    gate::authorize(&call, Action::Search, &Subject::None)?;
    check(&schema(Form::Any), &call.body)?;
    let meta = call.meta().cloned().unwrap_or_default();
    let target = target(meta.get("type").and_then(Value::as_str).unwrap_or_default())?;
    let wanted = wanted(target, &call.body, meta.get("query"))?;
    let any = meta.get("op").and_then(Value::as_str) == Some("OR");
    let wanted = if any {
        wanted.into_iter().fold(Scope::None, Scope::or)
    } else {
        wanted.into_iter().fold(Scope::All, Scope::and)
    };
    let paging = Paging::of(&call.query)?;
    let mut work = Work::reading(&call).await?;
    let scope = gate::listed(&call, target.hooks.resource()).and(wanted);
    let subject = target.hooks.list_subject(&mut work, &scope).await?;
    gate::authorize(&call, target.hooks.actions().list, &subject)?;
    page_of(&mut work, target.hooks, &scope, &paging).await
}

/// `meta {type, query, op?}`.
fn schema(query: Form) -> Vec<Node> {
    let ops = ["AND", "OR"].map(Cow::Borrowed).to_vec();
    let members = vec![
        Node::new("type", Form::Text).required(),
        Node::new("query", query).required(),
        Node::new("op", Form::Choice(ops)),
    ];
    vec![Node::object("meta", members).required()]
}

/// What a type means, in the plural or the singular.
fn target(kind: &str) -> Result<&'static Target, ApiError> {
    let named = |target: &&Target| {
        let resource = target.hooks.resource();
        resource.kind == kind || resource.noun == kind
    };
    let unsupported = || ApiError::schema("/meta/type", format!("search type '{kind}' is not supported"));
    TARGETS.iter().find(named).ok_or_else(unsupported)
}

/// One condition for each attribute of the query.
fn wanted(target: &Target, body: &Map<String, Value>, query: Option<&Value>) -> Result<Vec<Scope>, ApiError> {
    let empty = Map::new();
    let query = query.and_then(Value::as_object).unwrap_or(&empty);
    let terms = query.keys().map(|name| Ok((name.as_str(), term_of(target, name)?)));
    let terms = terms.collect::<Result<Vec<_>, ApiError>>()?;
    let node = |(name, term): &(&str, Term)| {
        let form = if *term == Term::Metadata { Form::Any } else { Form::Text };
        Node::new((*name).to_owned(), form).required().blank()
    };
    check(&schema(Form::Object(terms.iter().map(node).collect())), body)?;
    if terms.is_empty() {
        return Err(ApiError::schema("/meta/query", "cannot be blank"));
    }
    let value = |name: &str| query.get(name).unwrap_or(&Value::Null);
    terms.iter().map(|(name, term)| condition(*term, name, value(name))).collect()
}

fn pointer(name: &str) -> String {
    format!("/meta/query/{}", camel_key(name))
}

fn term_of(target: &Target, name: &str) -> Result<Term, ApiError> {
    let found = target.terms.iter().find(|(known, _)| *known == name);
    found.map(|(_, term)| *term).ok_or_else(|| {
        let (name, kind) = (camel_key(name), target.hooks.resource().noun);
        let detail = format!("search query '{name}' is not supported for resource type '{kind}'");
        ApiError::schema(format!("/meta/query/{name}"), detail)
    })
}

fn condition(term: Term, name: &str, value: &Value) -> Result<Scope, ApiError> {
    if term == Term::Metadata {
        let Value::Object(members) = value else {
            let detail = "search query for 'metadata' must be a hash of key-value search terms";
            return Err(ApiError::schema(pointer(name), detail));
        };
        return match members.is_empty() {
            true => Err(ApiError::schema(pointer(name), "cannot be blank")),
            false => Ok(Scope::JsonContains("metadata", vec![value.clone()])),
        };
    }
    let text = value.as_str().map_or("", str::trim);
    if text.chars().count() < MIN_CHARACTERS {
        let name = camel_key(name);
        let detail = format!("search query for '{name}' is too small (minimum {MIN_CHARACTERS} characters)");
        return Err(ApiError::schema(format!("/meta/query/{name}"), detail));
    }
    Ok(term.scope(text))
}
