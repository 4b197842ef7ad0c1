//! E-mail address and password at `POST /tokens` (`licensing.md` §2). The checks and their codes are in the order of
//! the specification.

use std::sync::Arc;

use keyway_access::{AuthFailure, Bearer, PresentedAs, Speaker, Surface, authenticate};
use keyway_base::{RecordId, Secret};
use keyway_domain::resources::User;
use keyway_jsonapi::{ApiError, Declared, Record, Scope, Source};

use crate::call::Call;
use crate::caller::Caller;
use crate::gate;
use crate::interpreter::change;
use crate::licensing::second_factor::{is_enabled, of_user, spend};
use crate::licensing::{email, password};
use crate::refusal::Outcome;
use crate::work::Work;

/// A user who gave the right password.
pub(super) struct LoggedIn {
    user: RecordId,
    digest: String,
}

/// The same request, made by the user whose password was given. What was found is to be confirmed in the transaction
/// that makes the token.
pub(super) async fn log_in(
    call: &Arc<Call>,
    address: &str,
    given: Secret<String>,
) -> Outcome<(Call, LoggedIn)> {
    if !email::is_valid(address) {
        return Err(refused(call, "email is required", "EMAIL_REQUIRED").into());
    }
    let mut work = Work::reading(call).await?;
    let user = find(&mut work, address).await?;
    let user = user.ok_or_else(|| refused(call, "email must be valid", "EMAIL_INVALID"))?;
    let Some(stored) = user.password_digest.clone() else {
        return Err(refused(call, "password is not supported", "PASSWORD_NOT_SUPPORTED").into());
    };
    if given.expose().trim().is_empty() {
        return Err(refused(call, "password is required", "PASSWORD_REQUIRED").into());
    }
    second_factor(&mut work, user.id).await?;
    drop(work);
    if !password::is_right(given, stored.clone()).await? {
        return Err(refused(call, "password must be valid", "PASSWORD_INVALID").into());
    }
    let logged_in = LoggedIn { user: user.id, digest: stored };
    let principal = principal(call, user).map_err(|failure| gate::unauthenticated(&failure, "Basic"))?;
    Ok((Call { principal: Caller::Own(Arc::new(principal)), ..Call::clone(call) }, logged_in))
}

impl LoggedIn {
    /// Whether the password is still the user's, and uses up the one-time password.
    pub(super) async fn confirm(&self, work: &mut Work) -> Outcome<()> {
        let user = work.get(User::RESOURCE, self.user).await?;
        let digest = user.as_ref().and_then(|user| user.get("password_digest").as_text());
        if digest != Some(self.digest.as_str()) {
            return Err(refused(&work.call, "password must be valid", "PASSWORD_INVALID").into());
        }
        match second_factor(work, self.user).await? {
            Some((before, mut after)) => change(work, &before, &mut after).await,
            None => Ok(()),
        }
    }
}

/// The user's factor before and after the one-time password that was sent is used up, where one is asked for.
async fn second_factor(work: &mut Work, user: RecordId) -> Outcome<Option<(Record, Record)>> {
    let Some(before) = of_user(work, user).await?.filter(is_enabled) else { return Ok(None) };
    let call = Arc::clone(&work.call);
    let code = call.meta().and_then(|meta| meta.get("otp")).and_then(serde_json::Value::as_str);
    let refuse = |detail: &str, code: &'static str| {
        let error = ApiError::unauthorized(detail, code).pointer("/meta/otp");
        error.challenge_with(call.presented.challenge())
    };
    let Some(code) = code.filter(|code| !code.trim().is_empty()) else {
        return Err(refuse("second factor is required", "OTP_REQUIRED").into());
    };
    let mut after = before.clone();
    if !spend(&mut after, code, work)? {
        return Err(refuse("second factor must be valid", "OTP_INVALID").into());
    }
    Ok(Some((before, after)))
}

fn refused(call: &Call, detail: &str, code: &'static str) -> ApiError {
    let error = ApiError::unauthorized(detail, code).at(Source::Header("Authorization"));
    error.challenge_with(call.presented.challenge())
}

/// The user with an address, in the current environment or a global admin.
async fn find(work: &mut Work, address: &str) -> Outcome<Option<User>> {
    let admins = Scope::IsNull("environment_id").and(Scope::text("role", "admin"));
    let within = work.call.view.scope().or(admins);
    let user = work.find(User::RESOURCE, &Scope::text("email", email::normal(address)).and(within)).await?;
    Ok(match user {
        Some(user) => Some(user.typed()?),
        None => None,
    })
}

/// The user as a principal; their licences do not matter to what they may generate.
fn principal(call: &Call, user: User) -> Result<keyway_access::Principal, AuthFailure> {
    let Some(credential) = call.presented.credential() else { return Err(AuthFailure::TOKEN_MISSING) };
    let found = Bearer { by: PresentedAs::Password, speaker: Speaker::User(Box::new(user), Vec::new()) };
    authenticate(call.account.id, call.view, credential, Some(found), Surface::Api, call.now)
}
