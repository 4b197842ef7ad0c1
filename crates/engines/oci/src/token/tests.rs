//! Wishes for tokens, and how tokens are handed out.

use keyway_base::Timestamp;
use keyway_engine::Outcome;
use proptest::prelude::*;
use serde_json::Value;

use super::*;

fn wanted(query: &str) -> Vec<String> {
    of_query(Query(query)).scopes.iter().map(scope_text).collect()
}

#[test]
fn scopes_are_read_from_both_ends() {
    for (query, expected) in [
        ("scope=repository:app:pull", vec!["repository:app:pull"]),
        ("scope=repository%3Aacme%2Fapp%3Apull%2Cpush", vec!["repository:acme/app:pull,push"]),
        ("scope=repository:a:push&scope=repository:b:pull", vec!["repository:a:push", "repository:b:pull"]),
        (
            "scope=repository:b:pull+repository:a:pull,push",
            vec!["repository:a:pull,push", "repository:b:pull"],
        ),
        ("scope=repository:a:pull&scope=repository:a:delete", vec!["repository:a:pull,delete"]),
        ("scope=repository:a:*", vec!["repository:a:pull,push,delete"]),
        ("scope=repository:a:pull,metadata", vec!["repository:a:pull"]),
        ("", vec![]),
        ("scope=", vec![]),
        ("scope=registry:catalog:*", vec![]),
        ("scope=repository(plugin):a:pull", vec![]),
        ("scope=repository:a", vec![]),
        ("scope=repository:a:", vec![]),
        ("scope=repository::pull", vec![]),
        ("scope=repository:A:pull", vec![]),
        ("scope=repository:a/../b:pull", vec![]),
        ("scope=repository:a%252fb:pull", vec![]),
        ("scope=repository:localhost:5000/a:pull", vec![]),
        ("scope=Repository:a:pull", vec![]),
    ] {
        assert_eq!(wanted(query), expected, "{query}");
    }
}

#[test]
fn one_token_is_not_good_for_any_number_of_repositories() {
    let query: Vec<_> = (0..5000).map(|at| format!("scope=repository:r{at}:pull")).collect();
    assert_eq!(wanted(&query.join("&")).len(), 32);
    let together: Vec<_> = (0..5000).map(|at| format!("repository:r{at}:pull")).collect();
    assert_eq!(wanted(&format!("scope={}", together.join("%20"))).len(), 32);
}

#[test]
fn refresh_tokens_are_asked_for_in_two_ways() {
    for (query, refresh) in [
        ("offline_token=true&account=license", true),
        ("access_type=offline", true),
        ("offline_token=false", false),
        ("service=x", false),
    ] {
        assert_eq!(of_query(Query(query)).refresh, refresh, "{query}");
    }
}

fn form(text: &str) -> Result<TokenWish, Plain> {
    match of_form(text.as_bytes())? {
        Act::Token(wish) => Ok(wish),
        other => panic!("{other:?}"),
    }
}

#[test]
fn forms_carry_their_credential() {
    let wish = form("grant_type=password&username=license&password=a%2Bb+c&scope=repository:a:pull").unwrap();
    let password = Secret::new("a+b c".to_owned());
    assert_eq!(wish.asker, TokenAsker::Password { user: "license".to_owned(), password });
    assert_eq!(wish.scopes.len(), 1);
    let wish = form("grant_type=refresh_token&refresh_token=kwf_x&access_type=offline").unwrap();
    assert_eq!(wish.asker, TokenAsker::Refresh(Secret::new("kwf_x".to_owned())));
    assert!(wish.refresh);
}

#[test]
fn a_form_without_a_usable_grant_is_refused() {
    for text in [
        "",
        "grant_type=password",
        "grant_type=password&password=",
        "grant_type=refresh_token",
        "grant_type=client_credentials&password=x",
        "password=x",
        "{\"grant_type\":\"password\",\"password\":\"x\"}",
    ] {
        assert_eq!(form(text).unwrap_err().status, StatusCode::BAD_REQUEST, "{text}");
    }
    assert_eq!(of_form(b"grant_type=password&password=\xff").unwrap_err().status, 400);
}

#[test]
fn a_token_is_handed_out_under_both_names() {
    let minted = Minted {
        token: Secret::new("kwr_x".to_owned()),
        refresh: None,
        scopes: vec![
            Scope { repository: "a".to_owned(), actions: Actions { pull: true, ..Actions::default() } },
            Scope { repository: "b/c".to_owned(), actions: Actions { pull: true, push: true, delete: true } },
        ],
        issued: Timestamp::from_micros(1_767_323_045_678_000),
        expires_in: 600,
    };
    let read = |plain: &Plain| serde_json::from_slice::<Value>(&plain.body).unwrap();
    let plain = handed_out(&minted);
    assert_eq!(
        read(&plain),
        json!({
            "token": "kwr_x",
            "access_token": "kwr_x",
            "expires_in": 600,
            "issued_at": "2026-01-02T03:04:05.678Z",
            "scope": "repository:a:pull repository:b/c:pull,push,delete",
        })
    );
    assert!(plain.headers.contains(&(CACHE_CONTROL, header("no-store"))));
    let refreshing = Minted { refresh: Some(Secret::new("kwf_y".to_owned())), ..minted };
    assert_eq!(read(&handed_out(&refreshing))["refresh_token"], "kwf_y");
    assert!(
        !format!("{:?}", Outcome::Content(keyway_engine::ContentOutcome::Token(Box::new(refreshing))))
            .contains("kwf_y")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn scopes_read_back(query in "(scope=(repository|registry):[a-zA-Z/:]{0,8}:(pull|push|delete|,|\\*){0,4}&?){0,4}") {
        for text in wanted(&query) {
            let again = format!("scope={text}");
            prop_assert_eq!(wanted(&again), vec![text]);
        }
    }
}
