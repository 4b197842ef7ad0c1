//! Grants round trip; tampered, expired and foreign ones do not.

use std::time::Duration;

use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

fn keys() -> UrlKeys {
    UrlKeys::new(KeyId(7), &Secret::new(vec![7; 32]))
}

fn grant() -> Grant {
    Grant {
        method: Method::Get,
        account: "0190163d-0000-739b-aea5-966c26f8ad91".parse().unwrap(),
        blob: "sha256/ab/cdef".to_owned(),
        artifact: Some("0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()),
        part: Some(7),
        principal: "license:0190163d".to_owned(),
        length_cap: Some(5 << 30),
        expires: NOW.plus(Duration::from_secs(60)),
        filename: Some("Größe 1.0.dmg".to_owned()),
        content_type: Some("application/octet-stream".to_owned()),
    }
}

#[test]
fn a_token_is_url_safe_and_says_what_was_granted() {
    let token = sign(&keys(), &grant());
    assert!(token.starts_with("7."));
    assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')), "{token}");
    assert_eq!(verify(&keys(), &token, NOW), Ok(grant()));
}

#[test]
fn a_token_ends_at_its_expiry() {
    let token = sign(&keys(), &grant());
    let last = grant().expires.minus(Duration::from_micros(1));
    assert!(verify(&keys(), &token, last).is_ok());
    assert_eq!(verify(&keys(), &token, grant().expires), Err(GrantError::Expired));
}

#[test]
fn keys_rotate() {
    let token = sign(&keys(), &grant());
    let rotated = keys().with(KeyId(8), &Secret::new(vec![8; 32]));
    assert_eq!(rotated.signing_id(), KeyId(8));
    assert_eq!(verify(&rotated, &token, NOW), Ok(grant()), "the old key still verifies");
    assert_eq!(verify(&keys(), &sign(&rotated, &grant()), NOW), Err(GrantError::UnknownKey));
    assert_eq!(keys().with(KeyId(3), &Secret::new(vec![3; 32])).signing_id(), KeyId(7));
    let same_id = keys().with(KeyId(7), &Secret::new(vec![9; 32]));
    assert_eq!(verify(&same_id, &token, NOW), Err(GrantError::BadSignature));
}

#[test]
fn other_texts_are_malformed() {
    let token = sign(&keys(), &grant());
    let (id_and_payload, _) = token.rsplit_once('.').unwrap();
    for text in
        ["", ".", "..", "7", "7.abc", "+7.AAAA.AAAA", "x.AAAA.AAAA", "7.AAAA.A", "99999999999.AAAA.AAAA"]
    {
        assert_eq!(verify(&keys(), text, NOW), Err(GrantError::Malformed), "{text}");
    }
    assert_eq!(verify(&keys(), &format!("{id_and_payload}."), NOW), Err(GrantError::BadSignature));
}

#[test]
fn a_payload_cut_short_or_lengthened_is_not_read() {
    let bytes = payload::encode(&grant());
    for length in 0..bytes.len() {
        assert_eq!(payload::decode(bytes.get(..length).unwrap()), None, "{length} bytes");
    }
    assert_eq!(payload::decode(&[bytes.as_slice(), &[0]].concat()), None);
}

fn any_grant() -> impl Strategy<Value = Grant> {
    let optional = || prop::option::of("\\PC{0,200}");
    let fields = (
        any::<(bool, u128)>(),
        "\\PC{0,200}",
        any::<Option<u128>>(),
        "\\PC{0,40}",
        any::<(Option<u32>, Option<u64>)>(),
    );
    (fields, 1..i64::MAX, optional(), optional()).prop_map(|(fields, expires, filename, content_type)| {
        let ((put, account), blob, artifact, principal, (part, length_cap)) = fields;
        let method = if put { Method::Put } else { Method::Get };
        let id = |id: u128| format!("{id:032x}").parse::<keyway_base::RecordId>().expect("32 hex digits");
        let (account, artifact) = (id(account).into(), artifact.map(|artifact| id(artifact).into()));
        let expires = Timestamp::from_micros(expires);
        Grant {
            method,
            account,
            blob,
            artifact,
            part,
            principal,
            length_cap,
            expires,
            filename,
            content_type,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_grant_reads_back(grant in any_grant()) {
        let token = sign(&keys(), &grant);
        prop_assert_eq!(verify(&keys(), &token, Timestamp::from_micros(0)), Ok(grant));
    }

    #[test]
    fn no_changed_token_is_honoured(grant in any_grant(), at in any::<prop::sample::Index>(), to in "[A-Za-z0-9._-]") {
        let token = sign(&keys(), &grant);
        let at = at.index(token.len());
        let mut changed = token.clone();
        changed.replace_range(at..=at, &to);
        prop_assume!(changed != token);
        prop_assert!(verify(&keys(), &changed, Timestamp::from_micros(0)).is_err());
    }

    #[test]
    fn no_payload_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let framed = [&[2, 0][..], &bytes].concat();
        if let Some(grant) = payload::decode(&framed) {
            prop_assert_eq!(payload::decode(&payload::encode(&grant)), Some(grant));
        }
    }
}
