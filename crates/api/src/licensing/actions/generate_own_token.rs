//! `POST /tokens` (`licensing.md` §2, §2.1): with an e-mail address and password, or with any credential.

use std::sync::Arc;

use http::header::SET_COOKIE;
use keyway_access::{Action, Who};
use keyway_domain::resources::BearerType;
use keyway_jsonapi::ApiError;

use super::log_in::log_in;
use crate::call::Call;
use crate::gate;
use crate::interpreter::located;
use crate::licensing::generate::{self, named_bearer};
use crate::licensing::token::Bearer;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::subject::Subject;
use crate::work::Work;

/// Generates a token, for the caller unless the body names another bearer.
pub(crate) async fn generate_own_token(call: Arc<Call>) -> Outcome<Reply> {
    let given = call.presented.credential().and_then(|credential| credential.password());
    let given = given.map(|(email, password)| (email.to_owned(), password.clone()));
    let (call, logged_in) = match given {
        Some((email, password)) => {
            let (call, logged_in) = log_in(&call, &email, password).await?;
            (Arc::new(call), Some(logged_in))
        }
        None => (call, None),
    };
    let input = generate::read(&call, None)?;
    let mut work = Work::writing(&call).await?;
    if let Some(logged_in) = logged_in {
        logged_in.confirm(&mut work).await?;
    }
    let (kind, id) = match named_bearer(&input) {
        Some(named) => named,
        None => caller(&call)?,
    };
    let bearer = Bearer::find(&mut work, kind, id).await?;
    let bearer = bearer.ok_or_else(|| {
        crate::refusal::Refusal::invalid([keyway_jsonapi::Invalid::missing_relation("bearer")])
    })?;
    let subject = Subject::NewToken {
        environment: call.view.current(),
        kind,
        id,
        role: bearer.role,
        products: bearer.products.clone(),
    };
    gate::authorize(&call, Action::TokenGenerate, &subject)?;
    let generated = generate::generate(&mut work, &bearer, input).await?;
    let mut reply = located(&work, &generated.record, generated.object());
    if caller(&call).is_ok_and(|own| own == (kind, id))
        && let Some(cookie) = call.new_session(&generated.record)
    {
        reply = reply.header(SET_COOKIE, &cookie);
    }
    work.commit().await?;
    Ok(reply)
}

/// The caller as a bearer.
fn caller(call: &Call) -> Result<(BearerType, keyway_base::RecordId), ApiError> {
    Ok(match &call.principal.who {
        Who::User(user) => (BearerType::User, user.id.into()),
        Who::Product(id) => (BearerType::Product, (*id).into()),
        Who::Environment(id) => (BearerType::Environment, (*id).into()),
        Who::License(id) => (BearerType::License, (*id).into()),
        Who::Anonymous => return Err(ApiError::token_missing()),
    })
}
