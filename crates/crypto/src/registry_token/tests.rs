//! Tokens read back; tampered, expired and foreign ones do not (`spec/oci.md` §5.1, the row of CVE-2025-24976).

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;

use super::*;
use crate::signed_url::{self, KeyId};

const NOW: Timestamp = Timestamp::from_micros(1_795_000_000_000_000);

fn keys() -> UrlKeys {
    UrlKeys::new(KeyId(7), &Secret::new(vec![7; 32]))
}

fn token(kind: Kind) -> RegistryToken {
    let pull = Grant { repository: "acme/app".to_owned(), pull: true, push: false, delete: false };
    let all = Grant { repository: "b".to_owned(), pull: true, push: true, delete: true };
    RegistryToken {
        kind,
        account: "0190163d-0000-739b-aea5-966c26f8ad91".parse().unwrap(),
        environment: Some("0190163d-0001-739b-aea5-966c26f8ad91".parse().unwrap()),
        bearer: IssuedFor::Key(
            "0190163d-0002-739b-aea5-966c26f8ad91".parse().unwrap(),
            CredentialDigest::from_bytes([3; 32]),
        ),
        grants: vec![pull, all],
        expires: NOW.plus(Duration::from_secs(600)),
    }
}

fn read_access(text: &str) -> Result<RegistryToken, GrantError> {
    read(&keys(), Kind::Access, text, NOW)
}

#[test]
fn tokens_read_back_until_they_end_and_as_what_they_are() {
    for (kind, other) in [(Kind::Access, Kind::Refresh), (Kind::Refresh, Kind::Access)] {
        let text = write(&keys(), &token(kind)).into_inner();
        assert_eq!(Kind::of_text(&text), Some(kind));
        assert_eq!(read(&keys(), kind, &text, NOW), Ok(token(kind)));
        let end = token(kind).expires;
        assert!(read(&keys(), kind, &text, end.minus(Duration::from_micros(1))).is_ok());
        assert_eq!(read(&keys(), kind, &text, end), Err(GrantError::Expired));
        assert_eq!(read(&keys(), other, &text, NOW), Err(GrantError::Malformed));
        let renamed = text.replacen(kind.prefix(), other.prefix(), 1);
        assert_eq!(read(&keys(), other, &renamed, NOW), Err(GrantError::BadSignature));
    }
}

#[test]
fn a_token_is_no_signed_url_and_a_signed_url_no_token() {
    let text = write(&keys(), &token(Kind::Access)).into_inner();
    let bare = text.strip_prefix("kwr_").unwrap();
    assert_eq!(signed_url::verify(&keys(), &text, NOW), Err(GrantError::Malformed));
    assert_eq!(signed_url::verify(&keys(), bare, NOW), Err(GrantError::BadSignature));
    let sealed = seal(&keys(), "", &payload::encode(&token(Kind::Access)));
    assert_eq!(read_access(&sealed), Err(GrantError::Malformed));
    assert_eq!(read_access(&format!("kwr_{sealed}")), Err(GrantError::BadSignature));
}

/// A client can bring no key and no algorithm along: what other services call a token is none.
#[test]
fn tokens_of_other_makers_are_refused() {
    let encode = |json: &str| URL_SAFE_NO_PAD.encode(json);
    let claims =
        encode("{\"access\":[{\"type\":\"repository\",\"name\":\"acme/app\",\"actions\":[\"pull\"]}]}");
    let text = write(&keys(), &token(Kind::Access)).into_inner();
    let mac = text.rsplit_once('.').unwrap().1;
    for header in [
        "{\"alg\":\"none\"}",
        "{\"alg\":\"HS256\",\"jwk\":{\"kty\":\"oct\",\"k\":\"AAAA\"}}",
        "{\"alg\":\"RS256\",\"jku\":\"https://evil.test/jwks\"}",
        "{\"alg\":\"ES256\",\"x5c\":[\"AAAA\"],\"kid\":\"7\"}",
    ] {
        let header = encode(header);
        for jwt in [
            format!("{header}.{claims}."),
            format!("{header}.{claims}.{mac}"),
            format!("kwr_{header}.{claims}.{mac}"),
        ] {
            assert_eq!(read_access(&jwt), Err(GrantError::Malformed), "{jwt}");
        }
        assert_eq!(read_access(&format!("kwr_7.{claims}.{mac}")), Err(GrantError::BadSignature));
        assert_eq!(read_access(&format!("kwr_7.{claims}.")), Err(GrantError::BadSignature));
    }
    for text in ["", "kwr_", "kwr_.", "kwr_..", "kwr_7", "kwr_7.AAAA", "kwr_+7.AAAA.AAAA", "kwr_x.AAAA.AAAA"]
    {
        assert_eq!(read_access(text), Err(GrantError::Malformed), "{text}");
    }
    let stranger = UrlKeys::new(KeyId(7), &Secret::new(vec![8; 32]));
    let text = write(&stranger, &token(Kind::Access)).into_inner();
    assert_eq!(read_access(&text), Err(GrantError::BadSignature));
    let stranger = UrlKeys::new(KeyId(9), &Secret::new(vec![7; 32]));
    assert_eq!(read_access(write(&stranger, &token(Kind::Access)).expose()), Err(GrantError::UnknownKey));
}

#[test]
fn a_payload_cut_short_or_lengthened_is_not_the_same() {
    let whole = token(Kind::Access);
    let bytes = payload::encode(&whole);
    for length in 0..bytes.len() {
        let cut = payload::decode(bytes.get(..length).unwrap(), Kind::Access);
        assert_ne!(cut.as_ref(), Some(&whole), "{length} bytes");
        // what remains is a token only where a grant ends
        assert!(cut.is_none_or(|cut| cut.grants.len() < whole.grants.len()), "{length} bytes");
    }
    assert_eq!(payload::decode(&[bytes.as_slice(), &[0]].concat(), Kind::Access), None);
    assert_eq!(payload::decode(&[bytes.as_slice(), &[8, 1, b'a']].concat(), Kind::Access), None);
}

prop_compose! {
    fn any_token()(
        kind in prop_oneof![Just(Kind::Access), Just(Kind::Refresh)],
        environment in any::<bool>(),
        bearer in 0..3,
        digest in any::<[u8; 32]>(),
        grants in prop::collection::vec(("\\PC{0,200}", any::<[bool; 3]>()), 0..4),
        seconds in 1..1_000_000_u64,
    ) -> RegistryToken {
        let whole = token(kind);
        let digest = CredentialDigest::from_bytes(digest);
        let grant = |(repository, [pull, push, delete]): (String, [bool; 3])| Grant { repository, pull, push, delete };
        RegistryToken {
            environment: whole.environment.filter(|_| environment),
            bearer: match bearer {
                0 => IssuedFor::Anonymous,
                1 => IssuedFor::Token(digest),
                _ => IssuedFor::Key("0190163d-0002-739b-aea5-966c26f8ad91".parse().unwrap(), digest),
            },
            grants: grants.into_iter().map(grant).collect(),
            expires: NOW.plus(Duration::from_secs(seconds)),
            ..whole
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn every_token_reads_back(token in any_token()) {
        let text = write(&keys(), &token).into_inner();
        prop_assert!(text.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b)), "{text}");
        prop_assert_eq!(read(&keys(), token.kind, &text, NOW), Ok(token));
    }

    #[test]
    fn a_token_with_another_byte_is_refused(token in any_token(), at in any::<prop::sample::Index>(), by in "[A-Za-z0-9._-]") {
        let text = write(&keys(), &token).into_inner();
        let at = at.index(text.len());
        let changed = [text.get(..at).unwrap(), &by, text.get(at + 1..).unwrap()].concat();
        // the last character of base64 may have bits that stand for nothing: those must be zero
        prop_assert_eq!(read(&keys(), token.kind, &changed, NOW).is_ok(), changed == text);
    }

    #[test]
    fn any_text_is_read_without_a_fall(text in "(kwr_|kwf_)?[0-9.A-Za-z_-]{0,80}", bytes in prop::collection::vec(any::<u8>(), 0..120)) {
        prop_assert!(read(&keys(), Kind::Access, &text, NOW).is_err());
        let versioned = [&[1][..], &bytes].concat();
        if let Some(token) = payload::decode(&versioned, Kind::Access) {
            prop_assert_eq!(payload::encode(&token), versioned);
        }
    }
}
