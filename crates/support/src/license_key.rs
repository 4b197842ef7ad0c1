//! Licence keys by the scheme of their policy (`licensing.md` §8.3).

use keyway_base::Secret;
use keyway_crypto::account_keys::AccountKeys;
use keyway_domain::license::key::{Facts, Made, Making};
use keyway_domain::resources::{Policy, Scheme};
use keyway_jsonapi::Record;

use crate::SupportError;

/// The key of a licence that has all but it: the given text, or one made up, signed where the policy has a scheme.
pub(crate) fn made(
    keys: &AccountKeys,
    policy: &Policy,
    license: &Record,
    owner: Option<&Record>,
    given: Option<&str>,
) -> Result<Made, SupportError> {
    let kept = |key: String| Ok(Made { stored: key, once: None });
    let Some(scheme) = policy.scheme else {
        return kept(given.map_or_else(keyway_crypto::license_key::generate, str::to_owned));
    };
    match given {
        Some(given) if scheme == Scheme::LegacyEncrypt => {
            let stored = keyway_crypto::legacy_key::hash(given)?;
            Ok(Made { stored, once: Some(Secret::new(given.to_owned())) })
        }
        Some(given) if is_made(scheme, given) => kept(given.to_owned()),
        given => {
            let making = Making::of(scheme, &Facts::of(license, policy, owner), given);
            let making = making.map_err(|failure| {
                SupportError::Impossible(format!("key of licenses cannot be {given:?}: {}", failure.code()))
            })?;
            Ok(making.make(keys)?)
        }
    }
}

/// Whether a given text is a key already, rather than what one is to be made of.
fn is_made(scheme: Scheme, given: &str) -> bool {
    match scheme {
        Scheme::LegacyEncrypt => false,
        Scheme::RsaPkcs1Encrypt => given.len() == 344,
        Scheme::RsaJwt => given.split('.').count() == 3 && given.starts_with("ey"),
        Scheme::RsaPkcs1Sign | Scheme::RsaPssSign => {
            given.split_once('.').is_some_and(|(seed, signature)| seed.len() > 8 && signature.len() == 344)
        }
        _ => given.strip_prefix("key/").is_some_and(|rest| rest.contains('.')),
    }
}
