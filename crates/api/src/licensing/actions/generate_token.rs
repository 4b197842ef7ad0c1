//! `POST /{users,products,licenses,environments}/:id/tokens` (`licensing.md` §2.1, §17.17).

use std::sync::Arc;

use http::StatusCode;
use keyway_access::Action;
use keyway_domain::resources::BearerType;
use keyway_jsonapi::Record;

use crate::call::Call;
use crate::gate;
use crate::hooks::Hooks;
use crate::interpreter::{find, located};
use crate::licensing::token::Bearer;
use crate::licensing::{Environments, Licenses, Products, Users, generate};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::subject::Subject;
use crate::work::Work;

/// For a user: 200.
pub(crate) async fn of_user(call: Arc<Call>) -> Outcome<Reply> {
    below(call, &Users, BearerType::User, Action::UserTokensGenerate).await
}
/// For a product: 200.
pub(crate) async fn of_product(call: Arc<Call>) -> Outcome<Reply> {
    below(call, &Products, BearerType::Product, Action::ProductTokensGenerate).await
}
/// For a licence: 200.
pub(crate) async fn of_license(call: Arc<Call>) -> Outcome<Reply> {
    below(call, &Licenses, BearerType::License, Action::LicenseTokensGenerate).await
}
/// For an environment, from inside it: 201.
pub(crate) async fn of_environment(call: Arc<Call>) -> Outcome<Reply> {
    let reply =
        below(call, &Environments, BearerType::Environment, Action::EnvironmentTokensGenerate).await?;
    Ok(reply.status(StatusCode::CREATED))
}

async fn below(call: Arc<Call>, hooks: &dyn Hooks, kind: BearerType, action: Action) -> Outcome<Reply> {
    let mut work = Work::writing(&call).await?;
    let record = find(&mut work, hooks, call.param(0)).await?;
    let input = generate::read(&call, Some(kind))?;
    let bearer = Bearer::of(&mut work, kind, record).await?;
    let subject = subject(&mut work, hooks, &bearer).await?;
    gate::authorize(&call, action, &subject)?;
    let generated = generate::generate(&mut work, &bearer, input).await?;
    let reply = located(&work, &generated.record, generated.object()).status(StatusCode::OK);
    work.commit().await?;
    Ok(reply)
}

/// Users' tokens are decided by their bearer, the others by the record that they are below.
async fn subject(work: &mut Work, hooks: &dyn Hooks, bearer: &Bearer) -> Outcome<Subject> {
    let record: &Record = &bearer.record;
    if bearer.kind != BearerType::User {
        return hooks.subject(work, record).await;
    }
    Ok(Subject::NewToken {
        environment: record.environment(),
        kind: bearer.kind,
        id: record.id(),
        role: bearer.role,
        products: bearer.products.clone(),
    })
}
