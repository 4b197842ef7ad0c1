//! A registry on the wire: its challenge, its tokens and what they are good for.

mod content;
mod uploads;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyway_base::EnvironmentId;
use keyway_catalog::Mode;
use keyway_crypto::registry_token::{self, Grant, IssuedFor, Kind, RegistryToken};
use serde_json::Value;

use crate::wire::Reply;
use crate::world::{GOOD, PUBLISHER, START, SUSPENDED, World};

pub(crate) fn basic(user: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{user}:{password}")))
}

async fn ask(world: &World, method: &str, path: &str, authorization: Option<&str>, body: &[u8]) -> Reply {
    let headers: Vec<_> = authorization.map(|value| ("Authorization", value)).into_iter().collect();
    world.wire().await.ask(method, path, &headers, body).await
}

async fn get(world: &World, path: &str, authorization: Option<&str>) -> Reply {
    ask(world, "GET", path, authorization, b"").await
}

fn json(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).unwrap_or_else(|_| panic!("{} {}", reply.status, reply.text()))
}

/// A token for a scope, as an `Authorization` header.
async fn token(world: &World, authorization: Option<&str>, scope: &str) -> String {
    let reply = get(world, &format!("/token?service=x&scope={scope}"), authorization).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let body = json(&reply);
    assert_eq!(body["token"], body["access_token"]);
    format!("Bearer {}", body["token"].as_str().unwrap())
}

async fn publisher_token(world: &World, scope: &str) -> String {
    token(world, Some(&basic("product", PUBLISHER)), scope).await
}

fn error_of(reply: &Reply) -> (u16, String, String) {
    let error = &json(reply)["errors"][0];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    (reply.status, text("code"), text("message"))
}

pub(crate) fn sha256(content: &[u8]) -> String {
    format!("sha256:{}", keyway_crypto::digest::sha256(content))
}

#[tokio::test]
async fn whoever_asks_without_a_good_credential_is_challenged() {
    let world = World::new().await;
    for credential in [None, Some("Bearer WRONG"), Some("Bearer kwr_1.AAAA.AAAA"), Some("Basic eDp5")] {
        let reply = get(&world, "/v2/", credential).await;
        let challenge = reply.header("www-authenticate").unwrap_or_default();
        assert_eq!(reply.status, 401, "{credential:?}");
        assert!(challenge.starts_with("Bearer realm=\"http://127.0.0.1/token\""), "{challenge}");
        assert!(!challenge.contains("scope="), "{challenge}");
        assert_eq!(error_of(&reply).1, "UNAUTHORIZED");
    }
    for credential in [basic("license", GOOD), basic("", GOOD), basic(GOOD, ""), format!("Bearer {GOOD}")] {
        let reply = get(&world, "/v2/", Some(&credential)).await;
        assert_eq!(reply.status, 200, "{credential}: {}", reply.text());
        assert_eq!(reply.header("docker-distribution-api-version"), Some("registry/2.0"));
    }
    let reply = get(&world, "/v2/widget/manifests/1.0.0", None).await;
    let challenge = reply.header("www-authenticate").unwrap_or_default();
    assert!(challenge.contains("scope=\"repository:widget:pull\""), "{challenge}");
}

#[tokio::test]
async fn a_login_gets_a_token_and_a_wrong_one_does_not() {
    let world = World::new().await;
    let good = token(&world, Some(&basic("anything", GOOD)), "repository:widget:pull,push").await;
    assert_eq!(get(&world, "/v2/", Some(&good)).await.status, 200);
    let wrong = get(&world, "/token?service=x", Some(&basic("license", "WRONG"))).await;
    assert_eq!(error_of(&wrong).0, 401);
    assert!(error_of(&wrong).2.contains("not known here"), "{}", wrong.text());
    // a suspended licence is known: the reason is told at the login, and where it asks for something
    let login = get(&world, "/token?service=x&offline_token=true", Some(&basic("u", SUSPENDED))).await;
    assert!(login.status == 401 && error_of(&login).2.contains("suspended"), "{}", login.text());
    let suspended = token(&world, Some(&basic("license", SUSPENDED)), "repository:widget:pull").await;
    let reply = get(&world, "/v2/", Some(&suspended)).await;
    assert!(error_of(&reply).2.contains("suspended"), "{}", reply.text());
    let challenge = reply.header("www-authenticate").unwrap_or_default();
    assert!(reply.status == 401 && challenge.contains("error=\"the licence is suspended"), "{challenge}");
    // nobody gets a token too, which says nothing about who it is
    let nobody = token(&world, None, "repository:widget:pull").await;
    assert_eq!(get(&world, "/v2/", Some(&nobody)).await.status, 401);
}

#[tokio::test]
async fn an_account_that_is_paused_gives_no_tokens() {
    let world = World::new().await;
    let held = token(&world, Some(&basic("license", GOOD)), "repository:widget:pull").await;
    world.pause().await;
    world.clock.advance(Duration::from_secs(1));
    let form = format!("grant_type=password&service=x&username=u&password={GOOD}");
    for reply in [
        get(&world, "/token?service=x", Some(&basic("license", GOOD))).await,
        get(&world, "/token?scope=repository:widget:pull", None).await,
        ask(&world, "POST", "/token", None, form.as_bytes()).await,
        get(&world, "/v2/", Some(&held)).await,
    ] {
        let (status, code, message) = error_of(&reply);
        assert_eq!((status, code.as_str()), (401, "UNAUTHORIZED"), "{message}");
        assert!(message.contains("the subscription of this publisher's account is paused"), "{message}");
    }
}

#[tokio::test]
async fn a_token_says_for_what_and_for_how_long_it_is_good() {
    let world = World::new().await;
    let scope = "scope=repository:widget:pull,push,delete&scope=repository:other/app:pull";
    let reply = get(&world, &format!("/token?{scope}"), Some(&basic("license", GOOD))).await;
    let body = json(&reply);
    assert_eq!(body["expires_in"], 600);
    assert_eq!(body["issued_at"], "2026-11-18T11:06:40.000Z", "{body}");
    assert!(body.get("refresh_token").is_none());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let good = format!("Bearer {}", body["token"].as_str().unwrap());
    let pushed = ask(&world, "POST", "/v2/widget/blobs/uploads/", Some(&good), b"").await;
    let (status, code, message) = error_of(&pushed);
    assert_eq!((status, code.as_str()), (403, "DENIED"), "{message}");
    assert!(message.contains("a licence cannot publish"), "{message}");
    world.clock.advance(Duration::from_secs(600));
    let late = get(&world, "/v2/", Some(&good)).await;
    assert_eq!(late.status, 401);
    assert!(error_of(&late).2.contains("has expired"), "{}", late.text());
}

/// `spec/oci.md` §5.1, "scope confusion class".
#[tokio::test]
async fn a_token_is_good_for_its_repository_and_its_actions_only() {
    let world = World::new().await;
    let good = publisher_token(&world, "repository:acme/app:pull,push").await;
    let begin = ask(&world, "POST", "/v2/acme/app/blobs/uploads/", Some(&good), b"").await;
    assert_eq!(begin.status, 202, "{}", begin.text());
    for path in ["/v2/acme/app2/blobs/uploads/", "/v2/acme/blobs/uploads/", "/v2/acme/app/x/blobs/uploads/"] {
        let reply = ask(&world, "POST", path, Some(&good), b"").await;
        let challenge = reply.header("www-authenticate").unwrap_or_default();
        let name = path.strip_prefix("/v2/").unwrap().strip_suffix("/blobs/uploads/").unwrap();
        assert_eq!(reply.status, 401, "{path}");
        assert!(challenge.contains(&format!("scope=\"repository:{name}:pull,push\"")), "{challenge}");
    }
    let delete = ask(&world, "DELETE", "/v2/acme/app/manifests/latest", Some(&good), b"").await;
    assert_eq!(delete.status, 401, "no right to delete was asked for");
    for path in ["/v2/acme/app/../x/tags/list", "/v2/ACME/app/tags/list", "/v2/acme%2fapp/tags/list"] {
        let reply = get(&world, path, Some(&good)).await;
        assert!((400..405).contains(&reply.status) && reply.status != 401, "{path}: {}", reply.status);
    }
    let pull = publisher_token(&world, "repository:acme/app:pull").await;
    let begin = ask(&world, "POST", "/v2/acme/app/blobs/uploads/", Some(&pull), b"").await;
    assert_eq!(begin.status, 401);
}

#[tokio::test]
async fn what_revokes_a_credential_revokes_its_tokens() {
    let world = World::new().await;
    let path = "/token?offline_token=true&service=x";
    let login = json(&get(&world, path, Some(&basic("license", GOOD))).await);
    let access = format!("Bearer {}", login["token"].as_str().unwrap());
    let form = |token: &str| format!("grant_type=refresh_token&service=x&refresh_token={token}");
    let refresh = form(login["refresh_token"].as_str().unwrap());
    let again = ask(&world, "POST", "/token", None, refresh.as_bytes()).await;
    assert_eq!(again.status, 200, "{}", again.text());
    assert!(json(&again).get("refresh_token").is_none(), "one login is one refresh token");
    assert_eq!(get(&world, "/v2/", Some(&access)).await.status, 200);
    // a token of one kind is none of the other
    let swapped = form(login["token"].as_str().unwrap());
    assert_eq!(ask(&world, "POST", "/token", None, swapped.as_bytes()).await.status, 401);
    let bearer = format!("Bearer {}", login["refresh_token"].as_str().unwrap());
    assert_eq!(get(&world, "/v2/", Some(&bearer)).await.status, 401);
    world.suspend().await;
    world.clock.advance(Duration::from_secs(1));
    let reply = get(&world, "/v2/", Some(&access)).await;
    assert!(error_of(&reply).2.contains("suspended"), "{}", reply.text());
}

#[tokio::test]
async fn forms_ask_for_tokens_too_and_refresh_tokens_can_be_off() {
    let world = World::with(|settings| settings.refresh_tokens = false).await;
    let scope = "scope=repository:a/b:pull%20repository:c:pull,push";
    let form = format!(
        "grant_type=password&service=x&client_id=y&access_type=offline&username=u&password={PUBLISHER}&{scope}"
    );
    let reply = ask(&world, "POST", "/token", None, form.as_bytes()).await;
    let body = json(&reply);
    assert_eq!(reply.status, 200, "{body}");
    assert_eq!(body["scope"], "repository:a/b:pull repository:c:pull,push");
    assert!(body.get("refresh_token").is_none(), "{body}");
    for form in ["", "grant_type=password", "grant_type=magic&x=y", "%ff"] {
        let reply = ask(&world, "POST", "/token", None, form.as_bytes()).await;
        assert!((400..500).contains(&reply.status), "{form}: {}", reply.status);
    }
    let wrong = "grant_type=password&username=u&password=WRONG";
    assert_eq!(ask(&world, "POST", "/token", None, wrong.as_bytes()).await.status, 401);
}

/// A token of nobody.
fn token_of_nobody(world: &World, kind: Kind, environment: Option<EnvironmentId>) -> String {
    let repository = "image".to_owned();
    let token = RegistryToken {
        kind,
        account: world.account,
        environment,
        bearer: IssuedFor::Anonymous,
        grants: vec![Grant { repository, pull: true, push: false, delete: false }],
        expires: START.plus(Duration::from_secs(60)),
    };
    registry_token::write(&world.urls.keys(), &token).expose().clone()
}

#[tokio::test]
async fn refresh_tokens_are_good_while_they_are_given() {
    for (is_on, expected) in [(true, 200), (false, 401)] {
        let world = World::with(|settings| settings.refresh_tokens = is_on).await;
        let refresh = token_of_nobody(&world, Kind::Refresh, None);
        let form = format!("grant_type=refresh_token&service=x&client_id=y&refresh_token={refresh}");
        let reply = ask(&world, "POST", "/token", None, form.as_bytes()).await;
        assert_eq!(reply.status, expected, "{}", reply.text());
        assert_eq!(reply.text().contains("log in again"), !is_on, "{}", reply.text());
    }
}

#[tokio::test]
async fn a_token_of_an_environment_that_is_gone_is_challenged() {
    let world = World::new().await;
    let gone = EnvironmentId::generate(START);
    let token = format!("Bearer {}", token_of_nobody(&world, Kind::Access, Some(gone)));
    let reply = get(&world, "/v2/image/manifests/1.0.0", Some(&token)).await;
    let (status, code, message) = error_of(&reply);
    assert_eq!((status, code.as_str()), (401, "UNAUTHORIZED"));
    assert!(message.contains("environment of the token"), "{message}");
    assert!(reply.header("www-authenticate").unwrap().starts_with("Bearer realm="));
}

#[tokio::test]
async fn the_account_is_in_the_name_or_the_user_name_where_there_are_many() {
    let world = World::with(|settings| settings.mode = Mode::Multiplayer).await;
    world.add_account("other", "shop.other.test").await;
    let scope = "repository:acme/widget:pull,push";
    let good = publisher_token(&world, scope).await;
    let begin = ask(&world, "POST", "/v2/acme/widget/blobs/uploads/", Some(&good), b"").await;
    assert_eq!(begin.status, 202, "{}", begin.text());
    let location = begin.header("location").unwrap();
    assert!(location.starts_with("/v2/acme/widget/blobs/uploads/"), "{location}");
    let id = world.account.to_string();
    let begin = ask(&world, "POST", &format!("/v2/{id}/widget/blobs/uploads/"), Some(&good), b"").await;
    assert_eq!(begin.status, 202, "an account's id is its name too: {}", begin.text());
    let begin = ask(&world, "POST", "/v2/other/widget/blobs/uploads/", Some(&good), b"").await;
    assert_eq!(begin.status, 401, "{}", begin.text());
    let reply = get(&world, "/v2/acme/widget/tags/list", None).await;
    let challenge = reply.header("www-authenticate").unwrap_or_default();
    assert!(challenge.contains("scope=\"repository:acme/widget:pull\""), "{challenge}");
    // what is about no repository takes the account from the token, else from the user name
    assert_eq!(get(&world, "/v2/", Some(&good)).await.status, 200);
    assert_eq!(get(&world, "/v2/", Some(&basic("acme", GOOD))).await.status, 200);
    for credential in
        [None, Some(basic("license", GOOD)), Some(basic("other", GOOD)), Some(basic("no", GOOD))]
    {
        let reply = get(&world, "/v2/", credential.as_deref()).await;
        assert_eq!(reply.status, 401, "{credential:?}: {}", reply.text());
        let reply = get(&world, "/token?service=x", credential.as_deref()).await;
        assert_eq!(reply.status, 401, "{credential:?}: {}", reply.text());
    }
    assert_eq!(get(&world, "/token?service=x", Some(&basic("acme", GOOD))).await.status, 200);
}

#[tokio::test]
async fn guessing_is_limited_and_strangers_are_not() {
    let world = World::with(|settings| settings.limits.wrong_credentials = 3).await;
    for _ in 0..8 {
        assert_eq!(get(&world, "/token?scope=repository:a:pull", None).await.status, 200);
    }
    for guess in 0..3 {
        let reply = get(&world, "/token", Some(&basic("license", &format!("GUESS-{guess}")))).await;
        assert_eq!(reply.status, 401);
    }
    let reply = get(&world, "/token", Some(&basic("license", "GUESS-4"))).await;
    assert_eq!((reply.status, error_of(&reply).1.as_str()), (429, "TOOMANYREQUESTS"));
    assert!(reply.header("retry-after").is_some());
}
