//! Keys of licences by the scheme of their policy (`licensing.md` §8.3). That other people's tools can verify them is
//! shown by `tests/licensing`.

use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::world::{Answer, World, document, one};

/// A policy of a scheme.
async fn policy(world: &World, scheme: &str) -> String {
    let product = world.product(scheme).await;
    let encrypted = scheme == "LEGACY_ENCRYPT";
    let terms = json!({"scheme": scheme, "encrypted": encrypted, "duration": 31_556_952});
    world.policy(&product, terms).await
}

async fn license(world: &World, policy: &str, attributes: Value) -> Answer {
    world.admin.post("licenses", document("licenses", attributes, one("policy", "policies", policy))).await
}

fn seed(part: &str) -> String {
    String::from_utf8(URL_SAFE.decode(part).unwrap()).unwrap()
}

#[tokio::test]
async fn a_key_is_made_as_the_scheme_says() {
    let world = World::new().await;
    for (scheme, prefix, signature) in [
        ("RSA_2048_PKCS1_SIGN", "", 344),
        ("RSA_2048_PKCS1_PSS_SIGN", "", 344),
        ("RSA_2048_PKCS1_SIGN_V2", "key/", 344),
        ("RSA_2048_PKCS1_PSS_SIGN_V2", "key/", 344),
        ("ED25519_SIGN", "key/", 88),
        ("ECDSA_P256_SIGN", "key/", 96),
    ] {
        let policy = policy(&world, scheme).await;
        let made = license(&world, &policy, json!({})).await;
        assert_eq!(made.status, 201, "{scheme}: {}", made.body);
        assert_eq!(made.text("/data/attributes/scheme"), scheme);
        let (text, signed) = made.text("/data/attributes/key").split_once('.').unwrap();
        assert_eq!(signed.len(), signature, "{scheme}");
        let dataset: Value = serde_json::from_str(&seed(text.strip_prefix(prefix).unwrap())).unwrap();
        assert_eq!(dataset["license"]["id"], made.body["data"]["id"], "{scheme}");
        assert_eq!(dataset["license"]["created"], made.body["data"]["attributes"]["created"]);
        assert_eq!(dataset["license"]["expiry"], made.body["data"]["attributes"]["expiry"]);
        assert_eq!(dataset["policy"], json!({"id": policy, "duration": 31_556_952}));
        assert_eq!(dataset["account"]["id"], json!(world.account.to_string()));
        assert_eq!(dataset["user"], json!(null));
        let key = made.text("/data/attributes/key");
        assert_eq!(world.key(key).get("me").await.text("/data/id"), made.text("/data/id"), "{scheme}");
        let valid =
            world.anonymous().post("licenses/actions/validate-key", json!({"meta": {"key": key}})).await;
        assert_eq!(valid.text("/meta/code"), "VALID", "{scheme}");
    }
}

#[tokio::test]
async fn a_web_token_and_an_encrypted_key() {
    let world = World::new().await;
    let made = license(&world, &policy(&world, "RSA_2048_JWT_RS256").await, json!({})).await;
    let parts: Vec<&str> = made.text("/data/attributes/key").split('.').collect();
    assert_eq!(parts.len(), 3, "{}", made.body);
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts[1]).unwrap()).unwrap();
    assert_eq!(claims["sub"], made.body["data"]["id"]);
    assert_eq!(claims["iat"], json!(1_780_315_200));
    assert!(claims["jti"].as_str().unwrap().parse::<keyway_base::RecordId>().is_ok(), "{claims}");
    let made = license(&world, &policy(&world, "RSA_2048_PKCS1_ENCRYPT").await, json!({})).await;
    assert_eq!((made.status, made.text("/data/attributes/key").len()), (201, 344), "{}", made.body);
}

#[tokio::test]
async fn a_given_key_is_the_seed_with_its_templates_filled_in() {
    let world = World::new().await;
    let policy = policy(&world, "ED25519_SIGN").await;
    let user = world.user("jane@example.com", "user").await;
    let mut relations = one("policy", "policies", &policy);
    relations["owner"] = one("owner", "users", &user)["owner"].clone();
    let attributes = json!({"key": "{{ID}}:{{email}}:{{nothing}}:{{expiry}}"});
    let made = world.admin.post("licenses", document("licenses", attributes, relations)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (text, _) = made.text("/data/attributes/key").split_once('.').unwrap();
    let (id, expiry) = (made.text("/data/id"), made.text("/data/attributes/expiry"));
    assert_eq!(seed(text.strip_prefix("key/").unwrap()), format!("{id}:jane@example.com::{expiry}"));
    let short = license(&world, &policy, json!({"key": "x"})).await;
    assert_eq!(short.status, 201, "a seed may be short: {}", short.body);
}

#[tokio::test]
async fn every_refusal_of_a_seed() {
    let world = World::new().await;
    let at = "/data/attributes/key";
    for (scheme, key, code) in [
        ("LEGACY_ENCRYPT", "a chosen key".to_owned(), "KEY_NOT_SUPPORTED"),
        ("RSA_2048_PKCS1_ENCRYPT", "k".repeat(246), "KEY_BYTE_SIZE_EXCEEDED"),
        ("RSA_2048_JWT_RS256", "no claims".to_owned(), "KEY_JWT_CLAIMS_INVALID"),
        ("RSA_2048_PKCS1_SIGN", "k".repeat(16_385), "KEY_TOO_LONG"),
        ("ED25519_SIGN", "k".repeat(16_000), "KEY_TOO_LONG"),
        ("ED25519_SIGN", "Actions".to_owned(), "KEY_NOT_ALLOWED"),
    ] {
        let policy = policy(&world, scheme).await;
        let answer = license(&world, &policy, json!({ "key": key })).await;
        assert_eq!(answer.error(), (422, code, at), "{scheme}: {}", answer.body);
    }
    let policy = policy(&world, "RSA_2048_JWT_RS256").await;
    let claims = json!({"key": r#"{"sub":"{{id}}"}"#});
    let made = license(&world, &policy, claims).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (id, _) = world.license(&policy, json!({})).await;
    let conflict = license(&world, &policy, json!({ "key": id })).await;
    assert_eq!(conflict.codes(), ["KEY_CONFLICT", "KEY_JWT_CLAIMS_INVALID"]);
}

#[tokio::test]
async fn a_hashed_key_is_shown_once_and_validates_only_as_such() {
    let world = World::new().await;
    let policy = policy(&world, "LEGACY_ENCRYPT").await;
    let made = license(&world, &policy, json!({})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let (id, key) = (made.text("/data/id").to_owned(), made.text("/data/attributes/key").to_owned());
    assert!(key.starts_with(&id.replace('-', "")) && key.ends_with("v1"), "{key}");
    assert_eq!(made.at("/data/attributes/encrypted"), &json!(true));
    for path in [format!("licenses/{id}"), "licenses".to_owned()] {
        let shown = world.admin.get(&path).await;
        assert!(!shown.body.to_string().contains("\"key\""), "{path}: {}", shown.body);
    }
    let validate = |meta: Value| {
        let nobody = world.anonymous();
        async move { nobody.post("licenses/actions/validate-key", json!({ "meta": meta })).await }
    };
    for flag in ["legacyEncrypted", "encrypted"] {
        let valid = validate(json!({ "key": key, flag: true })).await;
        assert_eq!((valid.text("/meta/code"), valid.text("/data/id")), ("VALID", id.as_str()));
    }
    let stored = stored_key(&world, &id).await;
    let other =
        world.license(&world.policy(&world.product("Plain").await, json!({})).await, json!({})).await.1;
    for meta in [
        json!({ "key": key }),
        json!({ "key": key, "encrypted": false }),
        json!({ "key": stored }),
        json!({ "key": stored, "encrypted": true }),
        json!({ "key": format!("{key}0"), "encrypted": true }),
        json!({ "key": other, "encrypted": true }),
    ] {
        let answer = validate(meta.clone()).await;
        assert_eq!((answer.text("/meta/code"), answer.at("/data")), ("NOT_FOUND", &json!(null)), "{meta}");
    }
    for credential in [&key, &stored] {
        assert_eq!(world.key(credential).get("me").await.error(), (401, "LICENSE_INVALID", ""));
    }
}

/// What the database holds as a licence's key.
async fn stored_key(world: &World, id: &str) -> String {
    use keyway_domain::resources::License;
    use keyway_jsonapi::{Declared, Scope};
    let mut read = world.db.read().await.unwrap();
    let scope = Scope::id("id", id.parse::<keyway_base::RecordId>().unwrap());
    let record = read.find(License::RESOURCE, world.account, &scope).await.unwrap().unwrap();
    let stored = record.get("key").as_text().unwrap().to_owned();
    assert!(stored.starts_with("$2b$"), "{stored}");
    stored
}
