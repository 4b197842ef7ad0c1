//! Licence keys by the scheme of their policy (`licensing.md` §8.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE;
use keyway_base::RecordId;
use keyway_crypto::account_keys::AccountKeys;
use keyway_domain::resources::{License, Policy, Scheme};
use keyway_jsonapi::{Record, Value};
use serde_json::{Value as Json, json};

use crate::SupportError;

/// What a key may speak of.
pub(crate) struct Facts<'a> {
    /// The account's keys.
    pub(crate) keys: &'a AccountKeys,
    /// The policy.
    pub(crate) policy: &'a Policy,
    /// The licence, all but its key.
    pub(crate) license: &'a Record,
    /// The owner, if there is one.
    pub(crate) owner: Option<&'a Record>,
}

impl Facts<'_> {
    /// The key of a licence: the given text, or one made up, signed where the policy has a scheme.
    pub(crate) fn key(&self, given: Option<&str>) -> Result<String, SupportError> {
        let Some(scheme) = self.policy.scheme else {
            return Ok(given.map_or_else(keyway_crypto::license_key::generate, str::to_owned));
        };
        if is_signed(scheme, given) {
            return Ok(given.unwrap_or_default().to_owned());
        }
        let seed = || given.map_or_else(|| self.dataset().to_string(), str::to_owned);
        match scheme {
            Scheme::Ed25519Sign | Scheme::EcdsaSign | Scheme::RsaPkcs1SignV2 | Scheme::RsaPssSignV2 => {
                let text = format!("key/{}", URL_SAFE.encode(seed()));
                let signature = self.sign(scheme, text.as_bytes())?;
                Ok(format!("{text}.{}", URL_SAFE.encode(signature)))
            }
            Scheme::RsaPkcs1Sign | Scheme::RsaPssSign => {
                let seed = seed();
                let signature = self.sign(scheme, seed.as_bytes())?;
                Ok(format!("{}.{}", URL_SAFE.encode(seed), URL_SAFE.encode(signature)))
            }
            Scheme::LegacyEncrypt | Scheme::RsaPkcs1Encrypt | Scheme::RsaJwt => {
                Err(SupportError::Impossible(format!("this server makes no keys of scheme {scheme}")))
            }
        }
    }

    fn sign(&self, scheme: Scheme, message: &[u8]) -> Result<Vec<u8>, SupportError> {
        Ok(match scheme {
            Scheme::Ed25519Sign => self.keys.sign_ed25519(message)?,
            Scheme::EcdsaSign => self.keys.sign_ecdsa_p256(message)?,
            Scheme::RsaPssSign | Scheme::RsaPssSignV2 => self.keys.sign_rsa_pss(message)?,
            _ => self.keys.sign_rsa_pkcs1(message)?,
        })
    }

    /// What a signed key says when the vendor says nothing.
    fn dataset(&self) -> Json {
        let license = self.license;
        let user =
            self.owner.map(|owner| json!({ "id": id(owner.id()), "email": owner.get("email").as_text() }));
        json!({
            "account": { "id": id(license.account().into()) },
            "product": { "id": id(self.policy.product_id.into()) },
            "policy": { "id": id(self.policy.id), "duration": self.policy.duration },
            "user": user,
            "license": {
                "id": id(license.id()),
                "created": license.created().to_string(),
                "expiry": license.get("expiry").as_time().map(|time| time.to_string()),
            },
        })
    }
}

fn id(id: RecordId) -> String {
    id.to_string()
}

/// Whether a given text is a signed key already, rather than what one is to be made of.
fn is_signed(scheme: Scheme, given: Option<&str>) -> bool {
    let Some(given) = given else { return false };
    match scheme {
        Scheme::LegacyEncrypt | Scheme::RsaPkcs1Encrypt | Scheme::RsaJwt => true,
        Scheme::RsaPkcs1Sign | Scheme::RsaPssSign => {
            given.split_once('.').is_some_and(|(seed, signature)| seed.len() > 8 && signature.len() == 344)
        }
        _ => given.strip_prefix("key/").is_some_and(|rest| rest.contains('.')),
    }
}

/// Sets a licence's key.
pub(crate) fn set(license: &mut Record, key: String) {
    debug_assert!(license.resource == <License as keyway_jsonapi::Declared>::RESOURCE);
    license.set("key", Value::Text(key));
}
