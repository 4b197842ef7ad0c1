//! Sessions of the portal (`licensing.md` §2).

use std::time::Duration;

use keyway_crypto::session::{Session, write};
use keyway_crypto::token::CredentialDigest;
use keyway_domain::resources::Token;
use keyway_jsonapi::{Declared as _, Scope};
use serde_json::{Value, json};

use crate::world::{Answer, Client, PORTAL, World, change, document, id, one};

const PASSWORD: &str = "correct horse";
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Somebody's browser on a page of the portal.
fn page(world: &World) -> Client {
    world.anonymous().header("origin", PORTAL)
}

/// The same page with the cookie that an answer set.
fn with_cookie(page: Client, answer: &Answer) -> Client {
    page.header("cookie", &format!("theme=dark; {}", cookie(answer)))
}

/// The `name=value` that an answer sets.
fn cookie(answer: &Answer) -> &str {
    answer.header("set-cookie").unwrap().split(';').next().unwrap()
}

/// How long a browser keeps the cookie that an answer sets, in seconds.
fn age(answer: &Answer) -> u64 {
    let attributes = answer.header("set-cookie").unwrap().split("; ");
    attributes.filter_map(|it| it.strip_prefix("Max-Age=")).next().unwrap().parse().unwrap()
}

async fn jane(world: &World, role: &str) -> String {
    let attributes = json!({"email": "jane@example.com", "password": PASSWORD, "role": role});
    id(&world.make("users", attributes, json!({})).await)
}

/// What a log-in from the portal answers.
async fn log_in(world: &World) -> Answer {
    let answer = page(world).basic("jane@example.com", PASSWORD).post("tokens", json!(null)).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer
}

/// A session that nobody was given.
fn forged(world: &World, session: &Session) -> Client {
    let value = write(&world.urls.keys(), session).into_inner();
    page(world).header("cookie", &format!("session_id={value}"))
}

async fn digest(world: &World, token: &str) -> CredentialDigest {
    let scope = Scope::id("id", token.parse::<keyway_base::RecordId>().unwrap());
    let token = world.db.find(Token::RESOURCE, world.account, &scope).await.unwrap().unwrap();
    CredentialDigest::from_bytes(token.get("digest").as_bytes().unwrap().try_into().unwrap())
}

#[tokio::test]
async fn a_page_of_the_portal_gets_a_session_and_speaks_by_it() {
    let world = World::new().await;
    let user = jane(&world, "user").await;
    let made = log_in(&world).await;
    let set = made.header("set-cookie").unwrap();
    assert!(set.starts_with("session_id=kws_"), "{set}");
    assert!(set.ends_with("; Path=/v1; Max-Age=1209600; HttpOnly; Secure; SameSite=None"), "{set}");
    assert!(!set.contains(made.text("/data/attributes/token")), "the token is not in it");
    let jane = with_cookie(page(&world), &made);
    let me = jane.get("me").await;
    assert_eq!((me.status, me.text("/data/id")), (200, user.as_str()), "{}", me.body);
    assert_eq!(me.header("keygen-token"), Some(made.text("/data/id")));
    assert_eq!(me.header("set-cookie"), None, "it holds for long enough");
    let renamed = change("users", json!({"firstName": "Jane"}));
    assert_eq!(jane.patch(&format!("users/{user}"), renamed).await.status, 200);
    assert_eq!(jane.get("licenses").await.status, 200, "it may what the user may");
    let refused = jane.post("products", document("products", json!({"name": "x"}), json!({}))).await;
    assert_eq!(refused.status, 403);
}

#[tokio::test]
async fn only_pages_of_the_portal_have_sessions() {
    let world = World::new().await;
    jane(&world, "user").await;
    for origin in [None, Some("https://evil.example"), Some("null"), Some("http://portal.example.com")] {
        let anyone = || match origin {
            Some(origin) => world.anonymous().header("origin", origin),
            None => world.anonymous(),
        };
        let made = anyone().basic("jane@example.com", PASSWORD).post("tokens", json!(null)).await;
        assert_eq!((made.status, made.header("set-cookie")), (201, None), "{origin:?}");
        let stolen = with_cookie(anyone(), &log_in(&world).await);
        assert_eq!(stolen.get("me").await.error(), (401, "TOKEN_MISSING", ""), "{origin:?}");
        assert_eq!(
            stolen.post("tokens", json!(null)).await.error(),
            (401, "TOKEN_MISSING", ""),
            "{origin:?}"
        );
    }
}

#[tokio::test]
async fn a_session_is_for_the_caller_alone() {
    let world = World::new().await;
    let user = jane(&world, "user").await;
    let admin = world.admin.clone().header("origin", PORTAL);
    let own = admin.post("tokens", json!(null)).await;
    assert_eq!((own.status, age(&own)), (201, 7 * 24 * 3600), "a token that never ends");
    let body = document("tokens", json!({}), one("bearer", "users", &user));
    let theirs = admin.post("tokens", body).await;
    assert_eq!((theirs.status, theirs.header("set-cookie")), (201, None), "another's token");
    let nested = admin.post(&format!("users/{user}/tokens"), json!(null)).await;
    assert_eq!((nested.status, nested.header("set-cookie")), (200, None));
    let short = json!({"expiry": "2026-06-01T13:00:00.000Z"});
    let short = admin.post("tokens", document("tokens", short, json!({}))).await;
    assert_eq!(age(&short), 3600, "it ends with its token");

    let session = with_cookie(page(&world), &short);
    let child = session.post("tokens", json!(null)).await;
    assert_eq!((child.status, age(&child)), (201, 3600), "a token without end: as its parent");
    let long = json!({"expiry": "2027-06-01T12:00:00.000Z"});
    let long = admin.post("tokens", document("tokens", long, json!({}))).await;
    assert_eq!(age(&long), 14 * 24 * 3600, "two weeks at most");
}

#[tokio::test]
async fn a_header_counts_more_than_the_cookie_and_the_cookie_more_than_the_query() {
    let world = World::new().await;
    let user = jane(&world, "user").await;
    let session = with_cookie(page(&world), &log_in(&world).await);
    let secret = world.admin.secret();
    let both = session.get(&format!("me?token={secret}")).await;
    assert_eq!(both.text("/data/id"), user);
    let by_header = session.clone().bearer(&secret).get("me").await;
    assert_eq!(by_header.text("/data/id"), world.admin_id.to_string());
}

#[tokio::test]
async fn a_session_slides_while_it_is_used_and_ends_after_two_weeks() {
    let world = World::new().await;
    jane(&world, "developer").await;
    let made = log_in(&world).await;
    assert_eq!(age(&made), 7 * 24 * 3600);
    let mut session = with_cookie(page(&world), &made);
    world.clock.advance(DAY * 7 - HOUR);
    assert_eq!(session.get("me").await.header("set-cookie"), None);
    let mut lived = DAY * 7 - HOUR;
    loop {
        world.clock.advance(HOUR / 2);
        lived += HOUR / 2;
        let used = session.get("me").await;
        assert_eq!(used.status, 200, "after {lived:?}");
        let Some(_) = used.header("set-cookie") else { break };
        assert!(age(&used) <= 3600);
        session = with_cookie(page(&world), &used);
    }
    assert_eq!(lived, DAY * 14 - HOUR / 2, "prolonged until then");
    world.clock.advance(HOUR / 2);
    assert_eq!(session.get("me").await.status, 200);
    world.clock.advance(Duration::from_millis(1));
    let over = session.get("me").await;
    assert_eq!((over.error(), over.detail()), ((401, "SESSION_EXPIRED", ""), "Session is expired"));
    assert_eq!(over.header("www-authenticate"), Some("Bearer realm=\"keygen\""));
    assert_eq!((cookie(&over), age(&over)), ("session_id=", 0), "the page is nobody's again");
}

#[tokio::test]
async fn revoking_or_regenerating_the_token_ends_the_session() {
    let world = World::new().await;
    jane(&world, "user").await;
    for (verb, path) in
        [("DELETE", "own"), ("PUT", "own"), ("PUT", ""), ("DELETE", "other"), ("PUT", "other")]
    {
        let made = log_in(&world).await;
        let token = made.text("/data/id").to_owned();
        let session = with_cookie(page(&world), &made);
        let who = if path == "other" { &world.admin } else { &session };
        let path = if path.is_empty() { "tokens".to_owned() } else { format!("tokens/{token}") };
        let ended = match verb {
            "DELETE" => who.delete(&path).await,
            _ => who.put(&path, json!(null)).await,
        };
        assert!(matches!(ended.status, 200 | 204), "{verb} {path}: {}", ended.body);
        if who.headers().contains_key("cookie") {
            assert_eq!((cookie(&ended), age(&ended)), ("session_id=", 0), "{verb} {path}");
        }
        let after = session.get("me").await;
        assert_eq!(
            (after.error(), after.detail()),
            ((401, "SESSION_INVALID", ""), "Session is invalid"),
            "{verb}"
        );
        assert_eq!(cookie(&after), "session_id=");
    }
    let (one, two) = (log_in(&world).await, log_in(&world).await);
    let session = with_cookie(page(&world), &one);
    let kept = session.delete(&format!("tokens/{}", two.text("/data/id"))).await;
    assert_eq!((kept.status, kept.header("set-cookie")), (204, None), "another's session");
    assert_eq!(session.get("me").await.status, 200);
}

#[tokio::test]
async fn passwords_roles_and_bans_end_sessions_as_they_end_tokens() {
    let world = World::new().await;
    let user = jane(&world, "user").await;
    let (here, there) = (log_in(&world).await, log_in(&world).await);
    let (here, there) = (with_cookie(page(&world), &here), with_cookie(page(&world), &there));
    let body = json!({"meta": {"oldPassword": PASSWORD, "newPassword": "battery staple"}});
    assert_eq!(here.post(&format!("users/{user}/actions/update-password"), body).await.status, 200);
    assert_eq!(here.get("me").await.status, 200, "the one in use goes on");
    assert_eq!(there.get("me").await.error(), (401, "SESSION_INVALID", ""));
    assert_eq!(world.admin.post(&format!("users/{user}/actions/ban"), json!(null)).await.status, 200);
    assert_eq!(here.get("me").await.error(), (403, "USER_BANNED", ""));
    assert_eq!(world.admin.post(&format!("users/{user}/actions/unban"), json!(null)).await.status, 200);
    assert_eq!(here.get("me").await.status, 200);
    let promoted = change("users", json!({"role": "developer"}));
    assert_eq!(world.admin.patch(&format!("users/{user}"), promoted).await.status, 200);
    assert_eq!(here.get("me").await.error(), (401, "SESSION_INVALID", ""));
}

#[tokio::test]
async fn a_session_is_of_its_environment_and_account() {
    let world = World::new().await;
    jane(&world, "user").await;
    let shared = json!({"name": "Test", "code": "test", "isolationStrategy": "SHARED"});
    let environment = id(&world.make("environments", shared, json!({})).await);
    let inside = || page(&world).inside("test");
    let made = inside().basic("jane@example.com", PASSWORD).post("tokens", json!(null)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert!(cookie(&made).starts_with(&format!("session_id.{environment}=kws_")), "{}", cookie(&made));
    assert_eq!(with_cookie(inside(), &made).get("me").await.status, 200);
    let outside = with_cookie(page(&world), &made);
    assert_eq!(outside.get("me").await.error(), (401, "TOKEN_MISSING", ""), "another cookie counts there");
    let renamed = cookie(&made).replace(&format!(".{environment}"), "");
    let renamed = page(&world).header("cookie", &renamed);
    assert_eq!(renamed.get("me").await.error(), (401, "SESSION_INVALID", ""));

    let token = digest(&world, log_in(&world).await.text("/data/id")).await;
    let now = crate::world::START;
    let session = Session::begin(world.account, None, token, None, now);
    assert_eq!(forged(&world, &session).get("me").await.status, 200);
    let elsewhere = Session { account: world.admin_id.to_string().parse().unwrap(), ..session };
    let unknown = Session { token: CredentialDigest::from_bytes([1; 32]), ..session };
    for session in [elsewhere, unknown] {
        assert_eq!(forged(&world, &session).get("me").await.error(), (401, "SESSION_INVALID", ""));
    }
    for text in ["x", "kws_1.x.y", &world.admin.secret()] {
        let nonsense = page(&world).header("cookie", &format!("session_id={text}"));
        assert_eq!(nonsense.get("me").await.error(), (401, "SESSION_INVALID", ""), "{text}");
    }
}

#[tokio::test]
async fn licences_need_a_policy_that_lets_sessions_in() {
    let world = World::new().await;
    let product = world.product("App").await;
    for (strategy, expected) in [
        ("SESSION", (200, "")),
        ("MIXED", (200, "")),
        ("TOKEN", (403, "SESSION_NOT_ALLOWED")),
        ("LICENSE", (403, "SESSION_NOT_ALLOWED")),
        ("NONE", (403, "SESSION_NOT_ALLOWED")),
    ] {
        let policy = world.policy(&product, json!({"authenticationStrategy": strategy})).await;
        let (license, key) = world.license(&policy, json!({})).await;
        let made = world.admin.post(&format!("licenses/{license}/tokens"), json!(null)).await;
        let token = digest(&world, made.text("/data/id")).await;
        let session = Session::begin(world.account, None, token, None, crate::world::START);
        let me = forged(&world, &session).get("me").await;
        let code = if me.status == 200 { "" } else { me.error().1 };
        assert_eq!((me.status, code), expected, "{strategy}: {}", me.body);
        let by_token = world.anonymous().bearer(made.text("/data/attributes/token")).get("me").await;
        assert_eq!(by_token.status == 200, matches!(strategy, "TOKEN" | "MIXED"), "{strategy}");
        let by_key = world.key(&key).get("me").await;
        assert_eq!(by_key.status == 200, matches!(strategy, "LICENSE" | "MIXED"), "{strategy}");
    }
}

#[tokio::test]
async fn a_page_that_was_logged_out_can_ask_for_a_new_password() {
    let world = World::new().await;
    jane(&world, "user").await;
    let made = log_in(&world).await;
    let session = with_cookie(page(&world), &made);
    let body = json!({"meta": {"email": "jane@example.com"}});
    assert_eq!(session.post("passwords", body.clone()).await.status, 204);
    assert_eq!(world.admin.delete(&format!("tokens/{}", made.text("/data/id"))).await.status, 204);
    let refused = session.post("passwords", body.clone()).await;
    assert_eq!((refused.status, cookie(&refused)), (401, "session_id="), "and loses its cookie");
    assert_eq!(page(&world).post("passwords", body).await.status, 204);
    let again = session.basic("jane@example.com", PASSWORD).post("tokens", Value::Null).await;
    assert_eq!(again.status, 201, "a log-in does not mind the old cookie");
}
