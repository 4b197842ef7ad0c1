//! `POST /tokens` (`licensing.md` §2, §2.1): with an e-mail address and password, or with any credential.

use std::sync::Arc;

use keyway_access::{Action, AuthFailure, Bearer as Found, PresentedAs, Speaker, Surface, Who, authenticate};
use keyway_base::Secret;
use keyway_domain::resources::{BearerType, User};
use keyway_jsonapi::{ApiError, Declared, Scope, Source};

use crate::call::Call;
use crate::caller::Caller;
use crate::gate;
use crate::interpreter::located;
use crate::licensing::generate::{self, named_bearer};
use crate::licensing::token::Bearer;
use crate::licensing::{email, password};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::subject::Subject;
use crate::work::Work;

/// Generates a token, for the caller unless the body names another bearer.
pub(crate) async fn generate_own_token(call: Arc<Call>) -> Outcome<Reply> {
    let given = call.presented.credential().and_then(|credential| credential.password());
    let given = given.map(|(email, password)| (email.to_owned(), password.clone()));
    let call = match given {
        Some((email, password)) => Arc::new(logged_in(&call, &email, password).await?),
        None => call,
    };
    let input = generate::read(&call, None)?;
    let mut work = Work::writing(&call).await?;
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
    let reply = located(&work, &generated.record, generated.object());
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

/// The same request, made by the user whose password was given. The checks and their codes are in the order of
/// the specification.
async fn logged_in(call: &Arc<Call>, address: &str, given: Secret<String>) -> Outcome<Call> {
    let refuse = |detail: &str, code: &'static str| {
        let error = ApiError::unauthorized(detail, code).at(Source::Header("Authorization"));
        error.challenge_with(call.presented.challenge())
    };
    if !email::is_valid(address) {
        return Err(refuse("email is required", "EMAIL_REQUIRED").into());
    }
    let user = find(call, address).await?.ok_or_else(|| refuse("email must be valid", "EMAIL_INVALID"))?;
    let Some(stored) = user.password_digest.clone() else {
        return Err(refuse("password is not supported", "PASSWORD_NOT_SUPPORTED").into());
    };
    if given.expose().trim().is_empty() {
        return Err(refuse("password is required", "PASSWORD_REQUIRED").into());
    }
    if !password::is_right(given, stored).await? {
        return Err(refuse("password must be valid", "PASSWORD_INVALID").into());
    }
    let principal = principal(call, user).map_err(|failure| gate::unauthenticated(&failure, "Basic"))?;
    Ok(Call { principal: Caller::Own(Arc::new(principal)), ..Call::clone(call) })
}

/// The user with an address, in the current environment or a global admin.
async fn find(call: &Arc<Call>, address: &str) -> Outcome<Option<User>> {
    let mut work = Work::reading(call).await?;
    let admins = Scope::IsNull("environment_id").and(Scope::text("role", "admin"));
    let scope = Scope::text("email", email::normal(address)).and(call.view.scope().or(admins));
    let user = work.find(User::RESOURCE, &scope).await?;
    Ok(match user {
        Some(user) => Some(user.typed()?),
        None => None,
    })
}

/// The user as a principal; their licences do not matter to what they may generate.
fn principal(call: &Call, user: User) -> Result<keyway_access::Principal, AuthFailure> {
    let Some(credential) = call.presented.credential() else { return Err(AuthFailure::TOKEN_MISSING) };
    let found = Found { by: PresentedAs::Password, speaker: Speaker::User(Box::new(user), Vec::new()) };
    authenticate(call.account.id, call.view, credential, Some(found), Surface::Api, call.now)
}
