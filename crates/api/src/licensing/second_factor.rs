//! Second factors of users (`licensing.md` §11): what they show, and one-time passwords that are used up.

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_crypto::totp::{Step as TimeStep, TotpSecret};
use keyway_domain::resources::{SecondFactor, User};
use keyway_jsonapi::document::Extras;
use keyway_jsonapi::{Declared, Record, Resource, Scope, Value};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::hooks::{Actions, Hooks, Step};
use crate::refusal::{Outcome, Refusal};
use crate::work::Work;

/// The rules of second factors. They are made and changed by [`super::actions::second_factor`].
pub(crate) struct SecondFactors;

impl Hooks for SecondFactors {
    fn resource(&self) -> &'static Resource {
        SecondFactor::RESOURCE
    }
    fn actions(&self) -> Actions {
        let list = Action::UserSecondFactorsList;
        Actions {
            list,
            show: list,
            create: Action::UserSecondFactorsCreate,
            update: Action::UserSecondFactorsUpdate,
            delete: Action::UserSecondFactorsDelete,
        }
    }
    fn untold(&self) -> &'static [&'static str] {
        &["uri", "secret"]
    }
    fn describe<'a>(&'a self, work: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        Box::pin(async move {
            let mut all = Vec::with_capacity(records.len());
            for record in records {
                all.push(describe(work, record).await?);
            }
            Ok(all)
        })
    }
}

/// The second factor of a user, on or off.
pub(crate) async fn of_user(work: &mut Work, user: RecordId) -> Outcome<Option<Record>> {
    work.find(SecondFactor::RESOURCE, &Scope::id("user_id", user)).await
}

/// Whether a factor is on.
pub(crate) fn is_enabled(factor: &Record) -> bool {
    factor.get("enabled").as_bool() == Some(true)
}

/// Whether a one-time password is right now and was not used. If so it is used up in the record, which is to be
/// written in the transaction that does what the password was for.
pub(crate) fn spend(factor: &mut Record, code: &str, work: &Work) -> Outcome<bool> {
    let secret = factor.get("secret").as_text().unwrap_or_default();
    let secret = TotpSecret::parse(secret).map_err(|error| Refusal::Broken(error.to_string()))?;
    let used = factor.get("used_step").as_int().map(TimeStep::new);
    let Some(step) = secret.verify(code, work.now(), used) else { return Ok(false) };
    factor.set("used_step", Value::Int(step.number()));
    Ok(true)
}

/// What an app needs is shown until the factor is on, and never after.
async fn describe(work: &mut Work, factor: &Record) -> Outcome<Extras> {
    let mut extras = Extras::default();
    if is_enabled(factor) {
        return Ok(extras);
    }
    let user = match factor.get("user_id").as_id() {
        Some(user) => work.get(User::RESOURCE, user).await?,
        None => None,
    };
    let email = user.as_ref().and_then(|user| user.get("email").as_text()).unwrap_or_default();
    let secret = factor.get("secret").as_text().unwrap_or_default();
    extras.attribute("uri", uri(&work.call.account.name, email, secret));
    extras.attribute("secret", secret);
    Ok(extras)
}

/// The address that apps read from a QR code.
fn uri(issuer: &str, email: &str, secret: &str) -> String {
    const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    let (issuer, email) = (utf8_percent_encode(issuer, KEPT), utf8_percent_encode(email, KEPT));
    format!(
        "otpauth://totp/{issuer}:{email}?secret={secret}&issuer={issuer}&algorithm=SHA1&digits=6&period=30"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_in_the_address() {
        assert_eq!(
            uri("Acme & Söhne: Inc", "a+b@x.yz", "MZXW6YTB"),
            "otpauth://totp/Acme%20%26%20S%C3%B6hne%3A%20Inc:a%2Bb%40x.yz?secret=MZXW6YTB\
             &issuer=Acme%20%26%20S%C3%B6hne%3A%20Inc&algorithm=SHA1&digits=6&period=30"
        );
    }
}
