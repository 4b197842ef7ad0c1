//! `DELETE /releases/:id/constraints`: all of the list, or nothing.

use std::sync::Arc;

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_domain::resources::Constraint;
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{ApiError, Declared, Record, Scope, identifier};

use super::attach::MAX;
use super::release::{self, Releases};
use crate::call::Call;
use crate::contract::Contract;
use crate::gate;
use crate::interpreter::find;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::touch;
use crate::work::Work;

/// Takes constraints.
pub(super) const CONTRACT: Contract = Contract::taking(schema);

/// Detaches constraints from a release.
pub(super) async fn detach(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let release = find(&mut work, &Releases, call.param(0)).await?;
    let ids = read(&call)?;
    let subject = release::subject(&mut work, &release).await?;
    gate::authorize(&call, Action::ReleaseConstraintsDetach, &subject)?;
    for constraint in attached(&mut work, &release, &ids).await? {
        touch::record(&mut work, Some(&constraint), None).await?;
        work.delete(&constraint).await?;
    }
    work.log(&release, "constraints.detached").await?;
    work.commit().await?;
    Ok(Reply::nothing())
}

fn schema() -> Vec<Node> {
    let item = Node::identifier("constraint", &["constraints"]);
    vec![Node::new("data", Form::List { item: Box::new(item), min: 1, max: MAX }).required()]
}

fn read(call: &Call) -> Outcome<Vec<RecordId>> {
    check(&schema(), &call.body)?;
    let items = call.body.get("data").and_then(serde_json::Value::as_array);
    Ok(items.into_iter().flatten().filter_map(identifier).map(|identifier| identifier.id).collect())
}

/// The constraints of the release with these ids, each once.
async fn attached(work: &mut Work, release: &Record, ids: &[RecordId]) -> Outcome<Vec<Record>> {
    let mut known = work.all(Constraint::RESOURCE, &Scope::id("release_id", release.id())).await?;
    for (index, id) in ids.iter().enumerate() {
        if !known.iter().any(|constraint| constraint.id() == *id) {
            let detail = format!("cannot detach constraint '{id}' (constraint is not attached)");
            return Err(ApiError::unprocessable(detail).pointer(format!("/data/{index}")).into());
        }
    }
    known.retain(|constraint| ids.contains(&constraint.id()));
    Ok(known)
}
