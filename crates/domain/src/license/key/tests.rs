//! What keys are made of, scheme by scheme.

use keyway_jsonapi::{Declared, Value};
use proptest::prelude::*;

use super::*;
use crate::fixture;
use crate::resources::{License, User};

const OWNER: &str = "0190163d-8694-739b-aea5-966c26f8ad07";
const LICENSE: &str = "0190163d-8694-739b-aea5-966c26f8ad09";

/// A licence of a year's policy, created on the first of June, with an owner.
fn facts() -> Facts {
    let now: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
    let policy = Policy { duration: Some(31_556_952), ..fixture::policy(now) };
    let mut license = Record::new(License::RESOURCE, LICENSE.parse().unwrap(), fixture::account(), None, now);
    license.set("expiry", Value::Time("2027-06-01T12:00:00Z".parse().unwrap()));
    let mut owner = Record::new(User::RESOURCE, OWNER.parse().unwrap(), fixture::account(), None, now);
    owner.set("email", Value::Text("jane@example.com".to_owned()));
    Facts::of(&license, &policy, Some(&owner))
}

/// The same for ever, and nobody's.
fn bare() -> Facts {
    Facts { duration: None, expiry: None, user: None, ..facts() }
}

fn seed(scheme: Scheme, facts: &Facts) -> Json {
    match Making::of(scheme, facts, None).unwrap() {
        Making::Seed(of, text) if of == scheme => serde_json::from_str(&text).unwrap(),
        other => panic!("{other:?}"),
    }
}

fn code(scheme: Scheme, given: &str) -> Option<String> {
    Making::of(scheme, &facts(), Some(given)).err().map(|failure| failure.code().into_owned())
}

#[test]
fn signed_keys_say_whose_they_are() {
    let expected = json!({
        "account": { "id": "0190163d-8694-739b-aea5-966c26f8ad01" },
        "product": { "id": "0190163d-8694-739b-aea5-966c26f8ad03" },
        "policy": { "id": "0190163d-8694-739b-aea5-966c26f8ad02", "duration": 31_556_952 },
        "user": { "id": OWNER, "email": "jane@example.com" },
        "license": {
            "id": LICENSE,
            "created": "2026-06-01T12:00:00.000Z",
            "expiry": "2027-06-01T12:00:00.000Z",
        },
    });
    for scheme in [
        Scheme::RsaPkcs1Sign,
        Scheme::RsaPssSign,
        Scheme::RsaPkcs1SignV2,
        Scheme::RsaPssSignV2,
        Scheme::Ed25519Sign,
        Scheme::EcdsaSign,
    ] {
        assert_eq!(seed(scheme, &facts()), expected, "{scheme}");
    }
    let bare = seed(Scheme::Ed25519Sign, &bare());
    assert_eq!((&bare["user"], &bare["license"]["expiry"]), (&Json::Null, &Json::Null));
    assert_eq!(bare["policy"]["duration"], Json::Null);
}

#[test]
fn encrypted_keys_say_little() {
    let expected = json!({
        "id": LICENSE,
        "created": "2026-06-01T12:00:00.000Z",
        "duration": 31_556_952,
        "expiry": "2027-06-01T12:00:00.000Z",
    });
    assert_eq!(seed(Scheme::RsaPkcs1Encrypt, &facts()), expected);
    assert_eq!(code(Scheme::RsaPkcs1Encrypt, &"x".repeat(245)), None);
    let too_long = code(Scheme::RsaPkcs1Encrypt, &"x".repeat(246));
    assert_eq!(too_long.as_deref(), Some("KEY_BYTE_SIZE_EXCEEDED"));
}

#[test]
fn web_tokens_have_the_registered_claims() {
    let Making::Claims(claims) = Making::of(Scheme::RsaJwt, &facts(), None).unwrap() else { panic!() };
    let expected = json!({
        "iss": "https://keygen.sh",
        "aud": "0190163d-8694-739b-aea5-966c26f8ad01",
        "sub": LICENSE,
        "iat": 1_780_315_200,
        "nbf": 1_780_315_200,
        "exp": 1_811_851_200,
    });
    assert_eq!(Json::Object(claims), expected);
    let Making::Claims(claims) = Making::of(Scheme::RsaJwt, &bare(), None).unwrap() else { panic!() };
    assert_eq!(claims.get("exp"), None, "for ever");
}

#[test]
fn chosen_claims_are_an_object_whose_times_are_numbers() {
    for good in [r#"{"sub":"{{id}}","exp":1811851200,"nested":{"a":{"b":1}}}"#, "{}"] {
        assert_eq!(code(Scheme::RsaJwt, good), None, "{good}");
    }
    for bad in ["", "text", "[1]", "1", r#"{"exp":"tomorrow"}"#, r#"{"iat":null}"#, r#"{"a":"#] {
        assert_eq!(code(Scheme::RsaJwt, bad).as_deref(), Some("KEY_JWT_CLAIMS_INVALID"), "{bad}");
    }
}

#[test]
fn hashed_keys_cannot_be_chosen() {
    assert_eq!(code(Scheme::LegacyEncrypt, "mine").as_deref(), Some("KEY_NOT_SUPPORTED"));
    let making = Making::of(Scheme::LegacyEncrypt, &facts(), None).unwrap();
    assert_eq!(making, Making::Legacy(LICENSE.parse().unwrap()));
}

#[test]
fn templates_are_filled_in() {
    let all =
        "{{account}} {{product}} {{policy}} {{user}} {{email}} {{created}} {{expiry}} {{duration}} {{id}}";
    let expected = format!(
        "0190163d-8694-739b-aea5-966c26f8ad01 0190163d-8694-739b-aea5-966c26f8ad03 \
         0190163d-8694-739b-aea5-966c26f8ad02 {OWNER} jane@example.com 2026-06-01T12:00:00.000Z \
         2027-06-01T12:00:00.000Z 31556952 {LICENSE}"
    );
    assert_eq!(template::filled(all, &facts()), expected);
    for (text, expected) in [
        ("{{EMAIL}}|{{ Id }}", format!("jane@example.com|{LICENSE}")),
        ("[{{unknown}}]", "[]".to_owned()),
        ("{{{email}}}", "{jane@example.com}".to_owned()),
        (r#"{"a":{"b":1}}"#, r#"{"a":{"b":1}}"#.to_owned()),
        ("{{", "{{".to_owned()),
        ("{{}} {{a-b}} }}", "{{}} {{a-b}} }}".to_owned()),
    ] {
        assert_eq!(template::filled(text, &facts()), expected, "{text}");
    }
    assert_eq!(template::filled("{{user}}{{email}}{{expiry}}{{duration}}", &bare()), "", "null is empty");
    let braces = "{".repeat(1 << 20);
    assert_eq!(template::filled(&braces, &bare()), braces, "and each is looked at once");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_has_no_templates_stays(text in "[a-z{} ü]{0,40}") {
        let has_template = text.contains("{{");
        let filled = template::filled(&text, &facts());
        prop_assert!(has_template || filled == text);
    }
}
