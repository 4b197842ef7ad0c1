//! `POST /releases/:id/constraints`: all of the list, or nothing.

use std::sync::Arc;

use keyway_access::Action;
use keyway_domain::resources::Constraint;
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{Declared, Failure, Invalid, Record, Scope, linkage};
use serde_json::Value;

use super::constraint::{self, Constraints, Wanted};
use super::release::{self, Releases};
use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::gate;
use crate::interpreter::{find, several};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::touch;
use crate::work::Work;

/// How many constraints one request may name.
pub(super) const MAX: usize = 100;

/// Takes constraints, and gives them.
pub(super) const CONTRACT: Contract =
    Contract::taking(schema).gives(&[Given::new(200, Data::Many(Constraint::RESOURCE))]);

/// Attaches constraints to a release.
pub(super) async fn attach(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let release = find(&mut work, &Releases, call.param(0)).await?;
    let wanted = read(&call)?;
    let subject = release::subject(&mut work, &release).await?;
    let environments = environments(&mut work, &wanted).await?;
    gate::authorize_with(&call, Action::ReleaseConstraintsAttach, &subject, &environments)?;
    refuse_unfit(&mut work, &release, &wanted).await?;
    let mut attached: Vec<Record> = Vec::with_capacity(wanted.len());
    for Wanted { entitlement } in wanted {
        attached.push(constraint::insert(&mut work, &release, entitlement).await?);
    }
    if let Some(first) = attached.first() {
        touch::record(&mut work, None, Some(first)).await?;
    }
    work.log(&release, "constraints.attached").await?;
    let objects = several(&mut work, &Constraints, &attached).await?;
    work.commit().await?;
    Ok(Reply::data(Value::Array(objects)))
}

fn schema() -> Vec<Node> {
    let mut list = constraint::schema().required();
    if let Form::List { min, max, .. } = &mut list.form {
        (*min, *max) = (1, MAX);
    }
    vec![list]
}

fn read(call: &Call) -> Outcome<Vec<Wanted>> {
    check(&schema(), &call.body)?;
    Ok(constraint::wanted(call.body.get("data").map(linkage).as_ref()))
}

/// The environments of the entitlements that exist.
async fn environments(
    work: &mut Work,
    wanted: &[Wanted],
) -> Outcome<Vec<Option<keyway_base::EnvironmentId>>> {
    let ids = wanted.iter().map(|wanted| wanted.entitlement);
    let found = work.all_of(keyway_domain::resources::Entitlement::RESOURCE, ids).await?;
    Ok(found.iter().map(Record::environment).collect())
}

/// Each entitlement exists and is not asked for yet, by the release or by the list itself.
async fn refuse_unfit(work: &mut Work, release: &Record, wanted: &[Wanted]) -> Outcome<()> {
    let known = work.all(Constraint::RESOURCE, &Scope::id("release_id", release.id())).await?;
    let mut failures = Vec::new();
    for (index, Wanted { entitlement }) in wanted.iter().enumerate() {
        let twice = known.iter().any(|join| join.get("entitlement_id").as_id() == Some(*entitlement))
            || wanted.iter().take(index).any(|earlier| earlier.entitlement == *entitlement);
        if twice {
            failures.push(Invalid::relation("entitlement", Failure::Kind("TAKEN"), "already exists"));
        } else if constraint::entitlement(work, *entitlement).await?.is_none() {
            failures.push(Invalid::missing_relation("entitlement"));
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(Refusal::invalid(failures)) }
}
