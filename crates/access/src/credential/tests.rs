//! The tables of `distribution.md` §2.1 and `licensing.md` §2, and the positions that package clients use.

use base64::Engine as _;
use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

use super::*;

const TOKEN: &str = "activ-0123456789abcdef0123456789abcdefv3";
const KEY: &str = "C1B6DE-39A6E3-DE1529-8559A0-4AF593-V3";

fn read(header: &str, query: &str, surface: Surface) -> Result<Presented, CredentialError> {
    let mut headers = HeaderMap::new();
    if !header.is_empty() {
        headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
    }
    credentials(&headers, query, surface)
}

fn basic(pair: &str) -> String {
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

/// The readings in order, as `token:…` and `key:…`; `anonymous` for none.
fn readings(header: &str, query: &str, surface: Surface) -> Vec<String> {
    match read(header, query, surface).unwrap() {
        Presented::Anonymous => vec!["anonymous".to_owned()],
        Presented::One(credential) => credential
            .candidates(surface)
            .into_iter()
            .map(|candidate| match candidate {
                Candidate::Token(text) => format!("token:{text}"),
                Candidate::LicenseKey(text) => format!("key:{text}"),
            })
            .collect(),
    }
}

#[test]
fn the_json_api_has_one_reading_of_each_form() {
    for (header, query, expected) in [
        (format!("Bearer {TOKEN}"), "", format!("token:{TOKEN}")),
        (format!("Token {TOKEN}"), "", format!("token:{TOKEN}")),
        (format!("Token token=\"{TOKEN}\""), "", format!("token:{TOKEN}")),
        (format!("License {KEY}"), "", format!("key:{KEY}")),
        (format!("license {KEY}"), "", format!("key:{KEY}")),
        (basic(&format!("license:{KEY}")), "", format!("key:{KEY}")),
        (basic("license:my.key:with:colons"), "", "key:my.key:with:colons".to_owned()),
        (basic(&format!("license:{KEY}")).replace("Basic", "basic"), "", format!("key:{KEY}")),
        (basic(&format!("token:{TOKEN}")), "", format!("token:{TOKEN}")),
        (basic(&format!("{TOKEN}:")), "", format!("token:{TOKEN}")),
        (basic(&format!("{TOKEN}:ignored")), "", format!("token:{TOKEN}")),
        (basic(TOKEN), "", format!("token:{TOKEN}")),
        (basic("name@example.com:secret"), "", "token:name@example.com".to_owned()),
        (String::new(), "auth=license:a%3Ab+c", "key:a:b c".to_owned()),
        (String::new(), "limit=1&auth=token:abc", "token:abc".to_owned()),
        (String::new(), "auth=abc", "token:abc".to_owned()),
        (String::new(), "auth=abc&token=first", "token:first".to_owned()),
        ("Negotiate xyz".to_owned(), "auth=abc", "token:abc".to_owned()),
        (format!("Bearer {TOKEN}"), "auth=license:other", format!("token:{TOKEN}")),
    ] {
        assert_eq!(readings(&header, query, Surface::Api), [expected], "{header} ?{query}");
    }
}

#[test]
fn bearer_and_token_must_be_capitalised_on_the_json_api_only() {
    for scheme in ["bearer", "BEARER", "token", "TOKEN"] {
        let header = format!("{scheme} {TOKEN}");
        assert_eq!(readings(&header, "", Surface::Api), ["anonymous"], "{header}");
        assert_eq!(readings(TOKEN, "", Surface::Api), ["anonymous"], "no scheme");
        assert_eq!(readings(&header, "", Surface::Engine)[0], format!("token:{TOKEN}"), "{header}");
    }
}

#[test]
fn blank_credentials_are_none() {
    for surface in [Surface::Api, Surface::Engine] {
        for (header, query) in [
            ("", ""),
            ("Bearer", ""),
            ("Bearer  ", ""),
            ("License", ""),
            ("Basic Og==", ""),
            ("Basic", ""),
            ("", "auth="),
            ("", "token=&auth="),
            ("", "auth=license:"),
            ("", "auth"),
        ] {
            assert_eq!(readings(header, query, surface), ["anonymous"], "{header} ?{query} on {surface:?}");
        }
        assert_eq!(readings(&basic("license:"), "", surface), ["anonymous"]);
        assert_eq!(readings(&basic("token: "), "", surface), ["anonymous"]);
    }
}

#[test]
fn on_engine_routes_a_licence_key_may_stand_anywhere() {
    let both = vec![format!("key:{KEY}"), format!("token:{KEY}")];
    for (header, query) in [
        (format!("Bearer {KEY}"), String::new()),
        (format!("Token {KEY}"), String::new()),
        (KEY.to_owned(), String::new()),
        (format!("License {KEY}"), String::new()),
        (basic(&format!("license:{KEY}")), String::new()),
        (basic(&format!("token:{KEY}")), String::new()),
        (basic(&format!("__token__:{KEY}")), String::new()),
        (basic(&format!(":{KEY}")), String::new()),
        (basic(&format!("{KEY}:")), String::new()),
        (basic(&format!("name@example.com:{KEY}")), String::new()),
        (String::new(), format!("auth={KEY}")),
        (String::new(), format!("auth=license:{KEY}")),
        (String::new(), format!("token={KEY}")),
    ] {
        assert_eq!(readings(&header, &query, Surface::Engine), both, "{header} ?{query}");
    }
    let any_user = readings(&basic(&format!("alice:{KEY}")), "", Surface::Engine);
    assert_eq!(any_user[..2], both[..]);
    assert_eq!(any_user[2..], ["key:alice", "token:alice"]);
    let token_first = readings(&basic(&format!("{TOKEN}:x-oauth")), "", Surface::Engine);
    assert!(token_first.contains(&format!("token:{TOKEN}")));
}

#[test]
fn what_cannot_be_read_is_refused() {
    assert_eq!(read("Basic %%%", "", Surface::Api), Err(CredentialError::Malformed));
    assert_eq!(read("Basic /w==", "", Surface::Engine), Err(CredentialError::Malformed));
    let mut headers = HeaderMap::new();
    headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer a"));
    headers.append(AUTHORIZATION, HeaderValue::from_static("Bearer b"));
    assert_eq!(credentials(&headers, "", Surface::Api), Err(CredentialError::Several));
}

#[test]
fn unknown_credentials_are_named_by_what_they_claim_to_be() {
    let unknown = |header: &str, surface| match read(header, "", surface).unwrap() {
        Presented::One(credential) => credential.unknown(surface).code,
        Presented::Anonymous => "none",
    };
    let uuid = "Bearer 0190163d-8694-739b-aea5-966c26f8ad91";
    assert_eq!(unknown("Bearer abc", Surface::Api), "TOKEN_INVALID");
    assert_eq!(unknown(uuid, Surface::Api), "TOKEN_FORMAT_INVALID");
    assert_eq!(unknown("License abc", Surface::Api), "LICENSE_INVALID");
    assert_eq!(unknown("Bearer abc", Surface::Engine), "LICENSE_INVALID");
    assert_eq!(unknown(&format!("Bearer {TOKEN}"), Surface::Engine), "TOKEN_INVALID");
    assert_eq!(unknown(uuid, Surface::Engine), "TOKEN_FORMAT_INVALID");
}

#[test]
fn only_the_json_api_reads_passwords() {
    let Presented::One(api) = read(&basic("a@example.com:se:cret"), "", Surface::Api).unwrap() else {
        panic!()
    };
    assert_eq!(
        api.password().map(|(email, secret)| (email, secret.expose().as_str())),
        Some(("a@example.com", "se:cret"))
    );
    let Presented::One(engine) = read(&basic("a@example.com:k"), "", Surface::Engine).unwrap() else {
        panic!()
    };
    assert_eq!(engine.password(), None);
}

#[test]
fn nothing_secret_is_printed() {
    let presented = read(&basic(&format!("alice:{KEY}")), "", Surface::Engine).unwrap();
    let Presented::One(credential) = &presented else { panic!() };
    let printed = format!("{presented:?} {:?}", credential.candidates(Surface::Engine));
    assert!(!printed.contains(KEY) && !printed.contains("alice"), "{printed}");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(256))]
    #[test]
    fn no_header_or_query_breaks_the_parser(header in "[ -~]{0,60}", query in "[ -~]{0,60}") {
        for surface in [Surface::Api, Surface::Engine] {
            if let Ok(Presented::One(credential)) = read(&header, &query, surface) {
                proptest::prop_assert!(!credential.candidates(surface).is_empty());
            }
        }
    }
}
