//! Attaching and detaching (`licensing.md` §1.3, §8.4): all of a request's identifiers or none.

use std::sync::Arc;

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_jsonapi::document::{Extras, resource_object};
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{ApiError, Failure, Identifier, Invalid, Record, Resource, Scope, Value, identifier};
use serde_json::{Value as Json, json};

use crate::call::Call;
use crate::gate;
use crate::hooks::{Hooks, Step};
use crate::interpreter::{below, find};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::touch;
use crate::work::Work;

/// Failures of an attachment beside unknown and repeated records.
pub(crate) type Check = for<'a> fn(&'a mut Work, &'a Record, &'a [Record]) -> Step<'a, Vec<Invalid>>;
/// Whether a record is attached by other means, so that it cannot be detached.
pub(crate) type Inherited = for<'a> fn(&'a mut Work, &'a Record, RecordId) -> Step<'a, bool>;

/// What else ends with an attachment.
pub(crate) type Detached = for<'a> fn(&'a mut Work, &'a Record, RecordId) -> Step<'a, ()>;

/// One way of attaching records to a record.
pub(crate) struct Attachment {
    /// The rules of the record that others are attached to.
    pub(crate) parent: &'static dyn Hooks,
    /// The join resource.
    pub(crate) join: &'static Resource,
    /// Its column for the parent.
    pub(crate) parent_column: &'static str,
    /// The resource of what is attached.
    pub(crate) child: &'static Resource,
    /// The join's relation to it, which codes start with.
    pub(crate) relation: &'static str,
    /// The join's column for it.
    pub(crate) child_column: &'static str,
    /// What those that are attached are called, in events.
    pub(crate) event: &'static str,
    /// The action of attaching.
    pub(crate) attach: Action,
    /// The action of detaching.
    pub(crate) detach: Action,
    /// More checks before attaching.
    pub(crate) check: Check,
    /// What cannot be detached.
    pub(crate) inherited: Inherited,
    /// What else ends when something is detached.
    pub(crate) detached: Detached,
}

/// `POST /things/:id/others`.
pub(crate) async fn attach(call: Arc<Call>, kind: &'static Attachment) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let parent = find(&mut work, kind.parent, call.param(0)).await?;
    let identifiers = read(&call, kind)?;
    let (children, mut failures) = children(&mut work, kind, &identifiers).await?;
    let environments: Vec<_> = children.iter().map(Record::environment).collect();
    let subject = kind.parent.subject(&mut work, &parent).await?;
    gate::authorize_with(&call, kind.attach, &subject, &environments)?;
    failures.extend(repeated(&mut work, kind, &parent, &identifiers).await?);
    failures.extend((kind.check)(&mut work, &parent, &children).await?);
    if !failures.is_empty() {
        return Err(Refusal::invalid(failures));
    }
    let mut objects = Vec::with_capacity(children.len());
    for child in &children {
        let id = RecordId::generate(call.now);
        let mut join = Record::new(kind.join, id, call.account.id, parent.environment(), call.now);
        join.set(kind.parent_column, Value::Id(parent.id()));
        join.set(kind.child_column, Value::Id(child.id()));
        work.insert(&join).await?;
        touch::record(&mut work, None, Some(&join)).await?;
        objects.push(resource_object(&join, &Extras::default(), below));
    }
    log(&mut work, kind, &parent, &children, "attached").await?;
    work.commit().await?;
    Ok(Reply::data(Json::Array(objects)))
}

/// `DELETE /things/:id/others`.
pub(crate) async fn detach(call: Arc<Call>, kind: &'static Attachment) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let parent = find(&mut work, kind.parent, call.param(0)).await?;
    let identifiers = read(&call, kind)?;
    let subject = kind.parent.subject(&mut work, &parent).await?;
    gate::authorize(&call, kind.detach, &subject)?;
    for (index, identifier) in identifiers.iter().enumerate() {
        match work.find(kind.join, &pair(kind, &parent, identifier.id)).await? {
            Some(join) => {
                work.delete(&join).await?;
                touch::record(&mut work, Some(&join), None).await?;
                (kind.detached)(&mut work, &parent, identifier.id).await?;
            }
            None => return Err(undetachable(&mut work, kind, &parent, index, identifier.id).await?.into()),
        }
    }
    let (children, _) = children(&mut work, kind, &identifiers).await?;
    log(&mut work, kind, &parent, &children, "detached").await?;
    work.commit().await?;
    Ok(Reply::nothing())
}

/// The body: one to a hundred identifiers.
pub(crate) fn schema(child: &Resource) -> Vec<Node> {
    let item = Box::new(Node::identifier("", &[child.kind]));
    vec![Node::new("data", Form::List { item, min: 1, max: 100 }).required()]
}

fn read(call: &Call, kind: &Attachment) -> Outcome<Vec<Identifier>> {
    check(&schema(kind.child), &call.body)?;
    let items = call.body.get("data").and_then(Json::as_array);
    Ok(items.into_iter().flatten().filter_map(identifier).collect())
}

/// The records that are meant; a failure for those that do not exist.
async fn children(
    work: &mut Work,
    kind: &Attachment,
    identifiers: &[Identifier],
) -> Outcome<(Vec<Record>, Vec<Invalid>)> {
    let found = work.all_of(kind.child, identifiers.iter().map(|identifier| identifier.id)).await?;
    let mut children = Vec::with_capacity(identifiers.len());
    let mut failures = Vec::new();
    for identifier in identifiers {
        match found.iter().find(|record| record.id() == identifier.id) {
            Some(record) => children.push(record.clone()),
            None => failures.push(Invalid::missing_relation(kind.relation)),
        }
    }
    Ok((children, failures))
}

/// Writes the event down: of entitlements with their codes.
async fn log(
    work: &mut Work,
    kind: &Attachment,
    parent: &Record,
    children: &[Record],
    what: &str,
) -> Outcome<()> {
    let event = format!("{}.{what}", kind.event);
    let codes: Vec<&str> = children.iter().filter_map(|child| child.get("code").as_text()).collect();
    match codes.is_empty() {
        true => work.log(parent, &event).await,
        false => work.log_with(parent, &event, json!({ "codes": codes })).await,
    }
}

/// Records that are attached already, or named twice.
async fn repeated(
    work: &mut Work,
    kind: &Attachment,
    parent: &Record,
    identifiers: &[Identifier],
) -> Outcome<Vec<Invalid>> {
    let mut seen = Vec::with_capacity(identifiers.len());
    for identifier in identifiers {
        let twice = seen.contains(&identifier.id);
        seen.push(identifier.id);
        if twice || work.any(kind.join, &pair(kind, parent, identifier.id)).await? {
            let failure = Invalid::relation(kind.relation, Failure::Kind("TAKEN"), "already exists");
            return Ok(vec![failure]);
        }
    }
    Ok(Vec::new())
}

fn pair(kind: &Attachment, parent: &Record, child: RecordId) -> Scope {
    Scope::id(kind.parent_column, parent.id()).and(Scope::id(kind.child_column, child))
}

/// Why a record cannot be detached: it is attached by other means (403), or not at all (422).
async fn undetachable(
    work: &mut Work,
    kind: &Attachment,
    parent: &Record,
    index: usize,
    child: RecordId,
) -> Outcome<ApiError> {
    let name = kind.relation;
    let pointer = format!("/data/{index}");
    if (kind.inherited)(work, parent, child).await? {
        let reason = format!("cannot detach {name} '{child}' ({name} is attached by other means)");
        return Ok(ApiError::forbidden(&reason).pointer(pointer));
    }
    let detail = format!("cannot detach {name} '{child}' ({name} is not attached)");
    Ok(ApiError::unprocessable(detail).pointer(pointer))
}
