//! Second factors (`licensing.md` §11): how they are set up, and what they ask for at each log-in (§2).

use std::time::Duration;

use keyway_base::Clock as _;
use keyway_crypto::token::TokenKind;
use keyway_crypto::totp::{Step, TotpSecret};
use keyway_domain::resources::SecondFactor;
use keyway_jsonapi::{Declared as _, Scope};
use serde_json::{Value, json};

use crate::world::{Answer, Client, World, document, id};

const PASSWORD: &str = "correct horse";

/// A user with a password and a token, and what their app knows.
struct Jane {
    user: String,
    client: Client,
    path: String,
    factor: String,
    secret: TotpSecret,
}

impl Jane {
    /// With a factor that is off.
    async fn new(world: &World) -> Self {
        let attributes = json!({"email": "jane@example.com", "password": PASSWORD});
        let user = id(&world.make("users", attributes, json!({})).await);
        let client = world.token_of(&format!("users/{user}")).await;
        let path = format!("users/{user}/second-factors");
        let made = client.post(&path, json!({"meta": {"password": PASSWORD}})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        let secret = TotpSecret::parse(made.text("/data/attributes/secret")).unwrap();
        Self { user, client, path, factor: made.text("/data/id").to_owned(), secret }
    }
    /// With one that is on. The password that turned it on is used up: time has gone on since.
    async fn guarded(world: &World) -> Self {
        let jane = Self::new(world).await;
        assert_eq!(jane.turn(world, true).await.status, 200);
        world.clock.advance(Duration::from_secs(30));
        jane
    }
    fn code(&self, world: &World) -> String {
        self.secret.code(Step::at(world.clock.wall()))
    }
    fn one(&self) -> String {
        format!("{}/{}", self.path, self.factor)
    }
    async fn turn(&self, world: &World, enabled: bool) -> Answer {
        self.client.patch(&self.one(), turned(enabled, &self.code(world))).await
    }
    async fn log_in(&self, world: &World, password: &str, otp: Option<&str>) -> Answer {
        let body = otp.map_or(json!(null), |otp| json!({"meta": {"otp": otp}}));
        world.anonymous().basic("jane@example.com", password).post("tokens", body).await
    }
}

fn turned(enabled: bool, otp: &str) -> Value {
    let mut body = document("second-factors", json!({"enabled": enabled}), json!({}));
    body["meta"] = json!({"otp": otp});
    body
}

async fn events(world: &World) -> Vec<String> {
    let logs = world.admin.get("event-logs?limit=100").await;
    let names = logs.body["data"].as_array().unwrap().iter().map(|log| log["attributes"]["event"].clone());
    let names = names.map(|name| name.as_str().unwrap().to_owned());
    names.filter(|name| name.starts_with("second-factor.")).collect()
}

#[tokio::test]
async fn the_secret_is_shown_until_the_factor_is_on() {
    let world = World::new().await;
    let jane = Jane::new(&world).await;
    let shown = jane.client.get(&jane.one()).await;
    let secret = jane.secret.text().into_inner();
    assert_eq!(shown.text("/data/attributes/secret"), secret);
    assert_eq!(shown.at("/data/attributes/enabled"), &json!(false));
    assert_eq!(
        shown.text("/data/attributes/uri"),
        format!(
            "otpauth://totp/Acme:jane%40example.com?secret={secret}&issuer=Acme&algorithm=SHA1&digits=6&period=30"
        )
    );
    let own = format!("/v1/accounts/{}/{}", world.account, jane.one());
    assert_eq!(shown.text("/data/links/self"), own);
    assert_eq!(shown.text("/data/relationships/user/data/id"), jane.user);
    let user = world.admin.get(&format!("users/{}", jane.user)).await;
    let link = format!("/v1/accounts/{}/{}", world.account, jane.path);
    assert_eq!(user.text("/data/relationships/secondFactors/links/related"), link);

    let enabled = jane.turn(&world, true).await;
    assert_eq!((enabled.status, enabled.at("/data/attributes/enabled")), (200, &json!(true)));
    for answer in [enabled, jane.client.get(&jane.one()).await, jane.client.get(&jane.path).await] {
        assert!(!answer.body.to_string().contains(&secret), "{}", answer.body);
    }
    assert_eq!(jane.client.get(&jane.path).await.ids(), std::slice::from_ref(&jane.factor));
    let logs = world.admin.get("event-logs?limit=100").await.body.to_string();
    assert!(!logs.contains(&secret), "{logs}");
    assert_eq!(events(&world).await, ["second-factor.enabled", "second-factor.created"]);
}

#[tokio::test]
async fn making_one_takes_the_password() {
    let world = World::new().await;
    let attributes = json!({"email": "jane@example.com", "password": PASSWORD});
    let user = id(&world.make("users", attributes, json!({})).await);
    let managed = world.user("managed@example.com", "user").await;
    let jane = world.token_of(&format!("users/{user}")).await;
    let path = format!("users/{user}/second-factors");
    for meta in [json!({}), json!({"password": "wrong horse"}), json!({"otp": "123456"})] {
        let refused = jane.post(&path, json!({"meta": meta})).await;
        assert_eq!(refused.error(), (401, "PASSWORD_INVALID", "/meta/password"), "{meta}");
    }
    let bodiless = jane.post(&path, json!(null)).await;
    assert_eq!(bodiless.error(), (401, "PASSWORD_INVALID", "/meta/password"));
    let without = format!("users/{managed}/second-factors");
    let refused = world.admin.post(&without, json!({"meta": {"password": ""}})).await;
    assert_eq!(refused.error().0, 400, "blank");
    let refused = world.admin.post(&without, json!({"meta": {"password": "x"}})).await;
    assert_eq!(refused.error(), (401, "PASSWORD_INVALID", "/meta/password"), "there is none");
    for kind in ["second-factors", "second_factors", "secondFactors", "second-factor", "secondFactor"] {
        let body = json!({"data": {"type": kind}, "meta": {"password": PASSWORD}});
        let made = jane.post(&path, body.clone()).await;
        assert_eq!(made.status, 201, "{kind}: {}", made.body);
        let again = jane.post(&path, body).await;
        assert_eq!(again.error(), (409, "", ""), "{}", again.body);
        assert_eq!(
            made.header("location"),
            Some(&*format!("https://api.example.com{}", made.text("/data/links/self")))
        );
        assert_eq!(jane.delete(&format!("{path}/{}", made.text("/data/id"))).await.status, 204);
    }
    let enabled = json!({"data": {"type": "second-factors", "attributes": {"enabled": true}}});
    assert_eq!(jane.post(&path, enabled).await.error(), (400, "", "/data/attributes/enabled"));
}

#[tokio::test]
async fn changing_it_takes_a_password_of_its_own() {
    let world = World::new().await;
    let jane = Jane::new(&world).await;
    let otp = (401, "OTP_INVALID", "/meta/otp");
    let silent = document("second-factors", json!({"enabled": true}), json!({}));
    assert_eq!(jane.client.patch(&jane.one(), silent).await.error(), otp);
    assert_eq!(jane.client.patch(&jane.one(), turned(true, "000")).await.error(), otp);
    assert_eq!(jane.turn(&world, true).await.status, 200);
    assert_eq!(jane.turn(&world, false).await.error(), otp, "a password is used once");
    let making = |meta: Value| jane.client.post(&jane.path, json!({ "meta": meta }));
    assert_eq!(
        making(json!({"password": PASSWORD})).await.error(),
        otp,
        "a password alone is no longer enough"
    );
    world.clock.advance(Duration::from_secs(30));
    let code = jane.code(&world);
    assert_eq!(making(json!({"otp": code})).await.error(), (409, "", ""));
    assert_eq!(jane.client.delete(&jane.one()).await.error(), otp);
    let off = jane.turn(&world, false).await;
    assert_eq!(off.status, 200, "{}", off.body);
    assert_eq!(off.text("/data/attributes/secret"), jane.secret.text().expose());
    assert_eq!(jane.client.delete(&jane.one()).await.status, 204, "nothing is guarded by it");
    assert_eq!(jane.client.get(&jane.one()).await.status, 404);
    let told = ["deleted", "disabled", "enabled", "created"].map(|kind| format!("second-factor.{kind}"));
    assert_eq!(events(&world).await, told);
}

#[tokio::test]
async fn logging_in_asks_for_it_after_the_user_and_before_the_password() {
    let world = World::new().await;
    let jane = Jane::new(&world).await;
    assert_eq!(jane.log_in(&world, PASSWORD, None).await.status, 201, "it is off");
    assert_eq!(jane.turn(&world, true).await.status, 200);
    let code = jane.code(&world);
    let used = jane.log_in(&world, PASSWORD, Some(&code)).await;
    assert_eq!(used.error(), (401, "OTP_INVALID", "/meta/otp"), "the code that turned it on");
    world.clock.advance(Duration::from_secs(30));
    for (password, otp, error) in [
        ("", None, (401, "PASSWORD_REQUIRED", "Authorization")),
        (PASSWORD, None, (401, "OTP_REQUIRED", "/meta/otp")),
        ("wrong horse", None, (401, "OTP_REQUIRED", "/meta/otp")),
        (PASSWORD, Some("12345x"), (401, "OTP_INVALID", "/meta/otp")),
        ("wrong horse", Some("12345x"), (401, "OTP_INVALID", "/meta/otp")),
    ] {
        let answer = jane.log_in(&world, password, otp).await;
        assert_eq!(answer.error(), error, "{password} {otp:?}");
        assert_eq!(answer.header("www-authenticate"), Some("Basic realm=\"keygen\""));
    }
    let code = jane.code(&world);
    let wrong = jane.log_in(&world, "wrong horse", Some(&code)).await;
    assert_eq!(wrong.error(), (401, "PASSWORD_INVALID", "Authorization"));
    let right = jane.log_in(&world, PASSWORD, Some(&code)).await;
    assert_eq!(right.status, 201, "{}", right.body);
    let again = jane.log_in(&world, PASSWORD, Some(&code)).await;
    assert_eq!(again.error(), (401, "OTP_INVALID", "/meta/otp"));
    let late = jane.secret.code(Step::new(Step::at(world.clock.wall()).number() + 1));
    world.clock.advance(Duration::from_secs(39));
    assert_eq!(jane.log_in(&world, PASSWORD, Some(&late)).await.status, 201, "nine seconds late");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_log_ins_with_one_code_one_succeeds() {
    let world = World::new().await;
    let jane = Jane::guarded(&world).await;
    let body = json!({"meta": {"otp": jane.code(&world)}});
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let (client, body) = (world.anonymous().basic("jane@example.com", PASSWORD), body.clone());
            tokio::spawn(async move { client.post("tokens", body).await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for task in tasks {
        statuses.push(task.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 401, 401, 401, 401, 401]);
}

#[tokio::test]
async fn it_is_the_users_own_and_an_admins() {
    let world = World::new().await;
    let jane = Jane::new(&world).await;
    let other = world.user("other@example.com", "user").await;
    let other = world.token_of(&format!("users/{other}")).await;
    assert_eq!(other.get(&jane.path).await.status, 404);
    assert_eq!(world.admin.get(&jane.path).await.ids(), std::slice::from_ref(&jane.factor));
    let sales = world.user("sales@example.com", "sales-agent").await;
    let client = world.speak_for(&sales, TokenKind::Sales).await;
    assert_eq!(client.get(&jane.path).await.status, 403);
    let own = format!("users/{sales}/second-factors");
    assert!(client.get(&own).await.ids().is_empty());
    assert_eq!(client.get(&format!("{own}/{}", jane.factor)).await.status, 404, "it is not below this user");
    assert_eq!(client.delete(&format!("{own}/{}", jane.factor)).await.status, 404);
    let reader = world.user("reader@example.com", "read-only").await;
    let client = world.speak_for(&reader, TokenKind::ReadOnly).await;
    let own = format!("users/{reader}/second-factors");
    assert_eq!(client.get(&own).await.status, 200);
    assert_eq!(client.post(&own, json!({"meta": {"password": "x"}})).await.status, 403);
    assert_eq!(client.get(&jane.path).await.status, 403, "another's secret is nothing to read");
}

#[tokio::test]
async fn it_goes_with_its_user() {
    let world = World::new().await;
    let jane = Jane::new(&world).await;
    let left = || world.db.find(SecondFactor::RESOURCE, world.account, &Scope::All);
    assert!(left().await.unwrap().is_some());
    assert_eq!(world.admin.delete(&format!("users/{}", jane.user)).await.status, 204);
    assert_eq!(left().await.unwrap(), None);
}
