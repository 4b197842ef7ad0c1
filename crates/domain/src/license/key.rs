//! What a licence's key is made of, by the scheme of its policy (`licensing.md` §8.3).

mod template;

use keyway_base::{AccountId, PolicyId, ProductId, RecordId, Secret, Timestamp};
use keyway_crypto::account_keys::{AccountKeys, SignatureAlgorithm};
use keyway_crypto::{CryptoError, legacy_key, license_key};
use keyway_jsonapi::{Failure, Invalid, Record};
use serde_json::{Map, Value as Json, json};

use crate::resources::{Policy, Scheme};

/// Who issues keys that are web tokens, as clients of upstream expect it.
const ISSUER: &str = "https://keygen.sh";
/// The claims that are times.
const TIMES: [&str; 3] = ["exp", "iat", "nbf"];

/// What a key may speak of.
#[derive(Debug, Clone)]
pub struct Facts {
    account: AccountId,
    product: ProductId,
    policy: PolicyId,
    duration: Option<i64>,
    license: RecordId,
    created: Timestamp,
    expiry: Option<Timestamp>,
    user: Option<(RecordId, String)>,
}

impl Facts {
    /// The facts about a licence that has all but its key.
    pub fn of(license: &Record, policy: &Policy, owner: Option<&Record>) -> Self {
        let email = |owner: &Record| owner.get("email").as_text().unwrap_or_default().to_owned();
        Self {
            account: license.account(),
            product: policy.product_id,
            policy: policy.id.into(),
            duration: policy.duration,
            license: license.id(),
            created: license.created(),
            expiry: license.get("expiry").as_time(),
            user: owner.map(|owner| (owner.id(), email(owner))),
        }
    }

    /// What a signed key says when the vendor says nothing.
    fn dataset(&self) -> Json {
        let user = self.user.as_ref().map(|(id, email)| json!({ "id": shown(id), "email": email }));
        json!({
            "account": { "id": shown(self.account) },
            "product": { "id": shown(self.product) },
            "policy": { "id": shown(self.policy), "duration": self.duration },
            "user": user,
            "license": {
                "id": shown(self.license),
                "created": shown(self.created),
                "expiry": self.expiry.map(shown),
            },
        })
    }
    /// What an encrypted key says: less, since there is little room.
    fn summary(&self) -> Json {
        json!({
            "id": shown(self.license),
            "created": shown(self.created),
            "duration": self.duration,
            "expiry": self.expiry.map(shown),
        })
    }
    /// What a web token says; its `jti` comes when it is made.
    fn claims(&self) -> Map<String, Json> {
        let seconds = |time: Timestamp| Json::from(time.as_micros().div_euclid(1_000_000));
        let mut claims = Map::new();
        claims.insert("iss".to_owned(), ISSUER.into());
        claims.insert("aud".to_owned(), shown(self.account).into());
        claims.insert("sub".to_owned(), shown(self.license).into());
        claims.insert("iat".to_owned(), seconds(self.created));
        claims.insert("nbf".to_owned(), seconds(self.created));
        if let Some(expiry) = self.expiry {
            claims.insert("exp".to_owned(), seconds(expiry));
        }
        claims
    }
}

fn shown(value: impl ToString) -> String {
    value.to_string()
}

/// A key to be made.
#[derive(Debug, Clone, PartialEq)]
pub enum Making {
    /// A random one, of this licence, of which a digest is stored.
    Legacy(RecordId),
    /// A web token of our claims.
    Claims(Map<String, Json>),
    /// One of a seed.
    Seed(Scheme, String),
}

/// A key that was made.
#[derive(Debug, Clone)]
pub struct Made {
    /// The text to store.
    pub stored: String,
    /// The key itself, where the stored text is its digest: it is shown once.
    pub once: Option<Secret<String>>,
}

impl Making {
    /// What the key of a licence is to be made of: the given text, its templates filled in, or what the scheme says
    /// by default.
    ///
    /// # Errors
    /// `KEY_NOT_SUPPORTED`, `KEY_BYTE_SIZE_EXCEEDED` and `KEY_JWT_CLAIMS_INVALID` for a text that no such key can be
    /// made of.
    pub fn of(scheme: Scheme, facts: &Facts, given: Option<&str>) -> Result<Self, Invalid> {
        let seed = given.map(|text| template::filled(text, facts));
        match (scheme, seed) {
            (Scheme::LegacyEncrypt, None) => Ok(Self::Legacy(facts.license)),
            (Scheme::LegacyEncrypt, Some(_)) => {
                Err(invalid("NOT_SUPPORTED", "cannot be chosen (the policy's keys are generated and hashed)"))
            }
            (Scheme::RsaPkcs1Encrypt, seed) => {
                let seed = seed.unwrap_or_else(|| facts.summary().to_string());
                let max = license_key::MAX_ENCRYPTED;
                let detail = format!("exceeds maximum byte length (maximum is {max} bytes)");
                let fits = seed.len() <= max;
                fits.then_some(Self::Seed(scheme, seed)).ok_or(invalid("BYTE_SIZE_EXCEEDED", detail))
            }
            (Scheme::RsaJwt, None) => Ok(Self::Claims(facts.claims())),
            (Scheme::RsaJwt, Some(seed)) => {
                check_claims(&seed)?;
                Ok(Self::Seed(scheme, seed))
            }
            (_, seed) => Ok(Self::Seed(scheme, seed.unwrap_or_else(|| facts.dataset().to_string()))),
        }
    }

    /// Whether making it takes so long that it belongs where blocking is allowed.
    pub const fn is_slow(&self) -> bool {
        !matches!(self, Self::Seed(Scheme::Ed25519Sign | Scheme::EcdsaSign, _))
    }

    /// Makes the key with the account's keys.
    ///
    /// # Errors
    /// [`CryptoError`] when a key of the account does not work.
    pub fn make(self, keys: &AccountKeys) -> Result<Made, CryptoError> {
        use SignatureAlgorithm::{EcdsaP256, Ed25519, RsaPssSha256, RsaSha256};
        let (scheme, seed) = match self {
            Self::Legacy(license) => {
                let key = legacy_key::generate(license);
                return Ok(Made { stored: legacy_key::hash(key.expose())?, once: Some(key) });
            }
            Self::Claims(mut claims) => {
                let issued = claims.get("iat").and_then(Json::as_i64).unwrap_or_default();
                let id = RecordId::generate(Timestamp::from_micros(issued.saturating_mul(1_000_000)));
                claims.insert("jti".to_owned(), shown(id).into());
                (Scheme::RsaJwt, Json::Object(claims).to_string())
            }
            Self::Seed(scheme, seed) => (scheme, seed),
        };
        let stored = match scheme {
            Scheme::RsaPkcs1Encrypt => license_key::encrypted(keys, &seed),
            Scheme::RsaPkcs1Sign => license_key::signed(keys, RsaSha256, &seed),
            Scheme::RsaPssSign => license_key::signed(keys, RsaPssSha256, &seed),
            Scheme::RsaPkcs1SignV2 => license_key::prefixed(keys, RsaSha256, &seed),
            Scheme::RsaPssSignV2 => license_key::prefixed(keys, RsaPssSha256, &seed),
            Scheme::Ed25519Sign => license_key::prefixed(keys, Ed25519, &seed),
            Scheme::EcdsaSign => license_key::prefixed(keys, EcdsaP256, &seed),
            Scheme::RsaJwt => license_key::jwt(keys, &seed),
            // Has no seed: see above.
            Scheme::LegacyEncrypt => Err(CryptoError::LegacyKey),
        }?;
        Ok(Made { stored, once: None })
    }
}

/// Claims are a JSON object in which times are numbers.
fn check_claims(text: &str) -> Result<(), Invalid> {
    let refused = |detail: &str| invalid("JWT_CLAIMS_INVALID", detail);
    let Ok(Json::Object(claims)) = serde_json::from_str(text) else {
        return Err(refused("key is not a valid JWT claims payload (must be a valid JSON encoded object)"));
    };
    let is_wrong = |name: &&str| claims.get(*name).is_some_and(|claim| !claim.is_number());
    match TIMES.iter().find(|name| is_wrong(name)) {
        Some(name) => {
            Err(refused(&format!("key is not a valid JWT claims payload ({name} must be a number)")))
        }
        None => Ok(()),
    }
}

fn invalid(kind: &'static str, detail: impl Into<String>) -> Invalid {
    Invalid::attribute("key", Failure::Kind(kind), detail)
}

#[cfg(test)]
mod tests;
