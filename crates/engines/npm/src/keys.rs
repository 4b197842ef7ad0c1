//! The registry's public signing key, as `audit signatures` fetches it (`npm-pypi.md` §1.5).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyway_crypto::digest::sha256;
use keyway_crypto::npm_signature::KEY_TYPE;
use keyway_engine::PackageSigner;
use serde_json::{Value, json};

/// A key's name in signatures: `SHA256:` and the digest of the SubjectPublicKeyInfo.
pub(crate) fn key_id(public_key: &[u8]) -> String {
    format!("SHA256:{}", sha256(public_key).base64())
}

/// The document of `/-/npm/v1/keys`.
pub(crate) fn document(signer: &dyn PackageSigner) -> Value {
    let public_key = signer.public_key();
    json!({ "keys": [{
        "expires": null,
        "keyid": key_id(public_key),
        "keytype": KEY_TYPE,
        "scheme": KEY_TYPE,
        "key": STANDARD.encode(public_key),
    }]})
}
