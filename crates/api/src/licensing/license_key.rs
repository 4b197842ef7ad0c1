//! Keys of licences (`licensing.md` §8.3): given ones without a scheme are kept as they are, others are made up, or
//! made of a seed as the policy's scheme says.

use keyway_base::RecordId;
use keyway_domain::license::key::{Facts, Made, Making};
use keyway_domain::resources::{License, Policy, PoolKey, Scheme};
use keyway_jsonapi::{Declared, Failure, Invalid, Scope, Value};

use crate::call::Call;
use crate::draft::Draft;
use crate::refusal::{Outcome, Refusal};
use crate::work::Work;

/// The bounds of a key: characters from below, unless it is the seed of one, and bytes from above.
const MIN: usize = 6;
const MAX: usize = 16 * 1024;

/// Makes a key, or checks the one that was given.
pub(crate) async fn prepare(work: &mut Work, draft: &mut Draft, policy: &Policy) -> Outcome<()> {
    let given = draft.text("key").map(str::to_owned);
    if let Some(given) = &given {
        check(work, draft, given, if policy.scheme.is_some() { 1 } else { MIN }).await?;
    }
    match (policy.scheme, given) {
        (Some(scheme), given) => make(work, draft, policy, scheme, given.as_deref()),
        (None, Some(_)) => Ok(()),
        (None, None) => {
            draft.record.set("key", Value::Text(keyway_crypto::license_key::generate()));
            Ok(())
        }
    }
}

/// A text that was given must be neither too short nor too long, nor the id of a licence or a key that waits in a pool.
async fn check(work: &mut Work, draft: &mut Draft, given: &str, min: usize) -> Outcome<()> {
    draft.failures.extend(failure(given, min));
    let id = given.parse::<RecordId>();
    if let Ok(id) = id
        && (id == draft.record.id() || work.get(License::RESOURCE, id).await?.is_some())
    {
        let detail = "must not conflict with another license's identifier (UUID)";
        draft.fail(Invalid::attribute("key", Failure::Kind("CONFLICT"), detail));
    }
    // Whoever takes it out of the pool could make no licence of it any more.
    if draft.failures.is_empty() && work.any(PoolKey::RESOURCE, &Scope::text("key", given)).await? {
        let detail = "must not conflict with a key in a pool";
        draft.fail(Invalid::attribute("key", Failure::Kind("CONFLICT"), detail));
    }
    Ok(())
}

fn failure(key: &str, min: usize) -> Option<Invalid> {
    let fail = |kind, detail: String| Some(Invalid::attribute("key", Failure::Kind(kind), detail));
    if key.chars().count() < min {
        return fail("TOO_SHORT", format!("is too short (minimum is {min} characters)"));
    }
    if key.len() > MAX {
        return fail("TOO_LONG", format!("is too long (maximum is {MAX} bytes)"));
    }
    None
}

/// Makes the key of a scheme. RSA and bcrypt take too long to keep everybody else from writing: for them the
/// operation starts over with the key made.
fn make(work: &Work, draft: &mut Draft, policy: &Policy, scheme: Scheme, given: Option<&str>) -> Outcome<()> {
    let owner = draft.related("owner").or_else(|| draft.related("user"));
    let making = match Making::of(scheme, &Facts::of(&draft.record, policy, owner), given) {
        Ok(making) => making,
        Err(failure) => {
            draft.fail(failure);
            return Ok(());
        }
    };
    if !draft.failures.is_empty() {
        return Ok(());
    }
    let is_ready = draft.key.as_ref().is_some_and(|(made_of, _)| *made_of == making);
    if !is_ready && making.is_slow() {
        return Err(Refusal::NeedsKey(Box::new(making)));
    }
    if !is_ready {
        draft.key = Some((making.clone(), made_now(&work.call, making)?));
    }
    if let Some((_, made)) = &draft.key {
        let stored = made.stored.clone();
        draft.failures.extend(failure(&stored, MIN));
        draft.record.set("key", Value::Text(stored));
    }
    Ok(())
}

fn made_now(call: &Call, making: Making) -> Outcome<Made> {
    making.make(&call.account.keys).map_err(|error| Refusal::Broken(error.to_string()))
}

/// Makes a key where blocking is allowed.
pub(crate) async fn made(call: &Call, making: Making) -> Outcome<(Making, Made)> {
    let (keys, of) = (std::sync::Arc::clone(&call.account.keys), making.clone());
    let made = tokio::task::spawn_blocking(move || of.make(&keys)).await;
    let made = made.map_err(|error| Refusal::Broken(format!("making a key died: {error}")))?;
    Ok((making, made.map_err(|error| Refusal::Broken(error.to_string()))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds() {
        let code = |key: &str| failure(key, MIN).map(|failure| failure.code().into_owned());
        assert_eq!(code("abcde"), Some("KEY_TOO_SHORT".to_owned()));
        assert_eq!(code("abcdef"), None);
        assert_eq!(code(&"a".repeat(MAX)), None);
        assert_eq!(code(&"a".repeat(MAX + 1)), Some("KEY_TOO_LONG".to_owned()));
    }
}
