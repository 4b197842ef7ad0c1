//! Forgotten passwords (`licensing.md` §2.2), from asking for a token by way of the mail to the log-in.

use std::sync::Arc;
use std::time::Duration;

use keyway_api::ApiTeller;
use keyway_base::Clock;
use keyway_domain::resources::{EventLog, User};
use keyway_jobs::{Mailer, Options, Parts, Runner};
use keyway_jsonapi::{Declared as _, Scope};
use keyway_store::Page;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

use crate::webhooks::stored;
use crate::world::{Answer, Client, ENGINES, World, change, id};

const OLD: &str = "correct horse";
const NEW: &str = "battery staple";
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What sends the mail of a world, and where it lies.
pub(crate) struct Post {
    runner: Arc<Runner>,
    directory: TempDir,
}

impl Post {
    pub(crate) fn of(world: &World) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let place = format!("file:{}", directory.path().display());
        let mailer = Mailer::at(&place, "Acme <a@acme.example>", "https://api.example.com").unwrap();
        let clock: Arc<dyn Clock> = world.clock.clone();
        let (db, blobs, wake) = (world.db.clone(), world.blobs.clone(), Arc::new(Notify::new()));
        let parts = Parts { db, blobs, engines: ENGINES, clock, mailer: Some(mailer), wake };
        let teller = Some(Arc::new(ApiTeller::new(&world.api)) as Arc<_>);
        Self { runner: Runner::with(parts, Options { teller, ..Options::default() }), directory }
    }

    /// Every mail, after what was asked for is done.
    pub(crate) async fn mails(&self) -> Vec<String> {
        self.runner.run_until_idle().await.unwrap();
        let files = self.directory.path().read_dir().unwrap().map(|entry| entry.unwrap().path());
        files.map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }

    /// The token in the one mail there is now; it is thrown away then.
    async fn token(&self) -> String {
        let mails = self.mails().await;
        let [mail] = mails.as_slice() else { panic!("{mails:?}") };
        for entry in self.directory.path().read_dir().unwrap() {
            std::fs::remove_file(entry.unwrap().path()).unwrap();
        }
        let is_token = |line: &&str| line.len() == 64 && line.bytes().all(|byte| byte.is_ascii_hexdigit());
        mail.lines().map(str::trim).find(is_token).unwrap().to_owned()
    }
}

async fn jane(world: &World) -> String {
    id(&world.make("users", json!({"email": "jane@example.com", "password": OLD}), json!({})).await)
}

async fn ask(from: &Client, email: &str) {
    let answer = from.post("passwords", json!({"meta": {"email": email}})).await;
    assert_eq!((answer.status, &answer.body), (204, &Value::Null), "{email}");
}

async fn reset(world: &World, user: &str, raw: &str, new: &str) -> Answer {
    let body = json!({"meta": {"passwordResetToken": raw, "newPassword": new}});
    world.anonymous().post(&format!("users/{user}/actions/reset-password"), body).await
}

async fn log_in(world: &World, password: &str) -> u16 {
    world.anonymous().basic("jane@example.com", password).post("tokens", json!(null)).await.status
}

#[tokio::test]
async fn asking_never_tells_whether_there_is_such_a_user() {
    let world = World::new().await;
    jane(&world).await;
    for (email, jobs) in [
        ("Jane@Example.com ", 1),
        ("nobody@example.com", 2),
        ("jane@example.com", 2),
        ("jane", 2),
        ("a@b\u{1}", 2),
    ] {
        ask(&world.anonymous(), email).await;
        let pending = world.db.pending_jobs().await.unwrap();
        assert_eq!(pending, jobs, "one for each address, whoever has it: {email}");
    }
    let mails = Post::of(&world).mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert!(mails.concat().contains("To: jane@example.com"));
}

#[tokio::test]
async fn bodies_are_checked() {
    let world = World::new().await;
    for (meta, pointer, detail) in [
        (json!({}), "/meta/email", "is missing"),
        (json!({"email": 1}), "/meta/email", "type mismatch (received integer expected string)"),
        (
            json!({"email": "a@b", "deliver": "no"}),
            "/meta/deliver",
            "type mismatch (received string expected boolean)",
        ),
        (json!({"email": "a@b", "account": "x"}), "/meta/account", "unpermitted parameter"),
    ] {
        let answer = world.anonymous().post("passwords", json!({ "meta": meta })).await;
        assert_eq!((answer.error(), answer.detail()), ((400, "", pointer), detail), "{meta}");
    }
    let answer = world.anonymous().post("passwords", json!(null)).await;
    assert_eq!((answer.error(), answer.detail()), ((400, "", "/meta"), "is missing"));
    let user = jane(&world).await;
    let path = format!("users/{user}/actions/reset-password");
    for (meta, pointer, detail) in [
        (json!({"newPassword": NEW}), "/meta/passwordResetToken", "is missing"),
        (json!({"passwordResetToken": "x"}), "/meta/newPassword", "is missing"),
        (
            json!({"passwordResetToken": "x", "newPassword": 1}),
            "/meta/newPassword",
            "type mismatch (received integer expected string)",
        ),
        (
            json!({"passwordResetToken": "", "newPassword": NEW}),
            "/meta/passwordResetToken",
            "cannot be blank",
        ),
        (
            json!({"passwordResetToken": "x", "newPassword": NEW, "otp": "1"}),
            "/meta/otp",
            "unpermitted parameter",
        ),
    ] {
        let answer = world.anonymous().post(&path, json!({ "meta": meta })).await;
        assert_eq!((answer.error(), answer.detail()), ((400, "", pointer), detail), "{meta}");
    }
}

#[tokio::test]
async fn the_token_sets_a_password_once_and_ends_every_token() {
    let world = World::new().await;
    let (user, post) = (jane(&world).await, Post::of(&world));
    let path = format!("users/{user}");
    let (one, other) = (world.token_of(&path).await, world.token_of(&path).await);
    ask(&world.anonymous(), "jane@example.com").await;
    let raw = post.token().await;
    for (new, code) in [("short", "PASSWORD_TOO_SHORT"), (&"x".repeat(73), "PASSWORD_TOO_LONG")] {
        let refused = reset(&world, &user, &raw, new).await;
        assert_eq!(refused.error(), (422, code, "/data/attributes/password"));
    }
    let body = json!({"meta": {"passwordResetToken": raw, "newPassword": NEW}});
    let done = one.post("users/jane@example.com/actions/reset-password", body).await;
    assert_eq!((done.status, done.text("/data/id")), (200, user.as_str()), "{}", done.body);
    assert!(!done.body.to_string().contains("igest"));
    for token in [one, other] {
        assert_eq!(token.get("me").await.error(), (401, "TOKEN_INVALID", ""));
    }
    assert_eq!((log_in(&world, OLD).await, log_in(&world, NEW).await), (401, 201));
    let again = reset(&world, &user, &raw, NEW).await;
    let detail = format!("The requested user '{user}' was not found");
    assert_eq!((again.error(), again.detail()), ((404, "NOT_FOUND", ""), detail.as_str()), "it is used up");
}

#[tokio::test]
async fn of_many_who_use_the_token_at_once_one_sets_a_password() {
    let world = World::new().await;
    let (user, post) = (jane(&world).await, Post::of(&world));
    ask(&world.anonymous(), "jane@example.com").await;
    let raw = post.token().await;
    let news = ["password one", "password two", "password three"];
    let [a, b, c] = news.map(|new| reset(&world, &user, &raw, new));
    let (a, b, c) = tokio::join!(a, b, c);
    let mut statuses = [a.status, b.status, c.status];
    let won = statuses.iter().position(|status| *status == 200).unwrap();
    assert_eq!(log_in(&world, news[won]).await, 201);
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1] >= 404), (200, true), "{statuses:?}");
}

#[tokio::test]
async fn a_token_that_is_wrong_old_or_overtaken_sets_nothing() {
    let world = World::new().await;
    let (user, post) = (jane(&world).await, Post::of(&world));
    assert_eq!(reset(&world, &user, "none", NEW).await.status, 404, "none was asked for");
    ask(&world.anonymous(), "jane@example.com").await;
    let first = post.token().await;
    for wrong in ["wrong", &first.to_uppercase(), &first[1..]] {
        assert_eq!(reset(&world, &user, wrong, NEW).await.error(), (404, "NOT_FOUND", ""), "{wrong}");
    }
    assert_eq!(reset(&world, "nobody@example.com", &first, NEW).await.error(), (404, "NOT_FOUND", ""));
    assert_eq!(reset(&world, &world.admin_id.to_string(), &first, NEW).await.error(), (404, "NOT_FOUND", ""));

    world.clock.advance(DAY + Duration::from_secs(1));
    let late = reset(&world, &user, &first, NEW).await;
    assert_eq!(late.error(), (401, "TOKEN_EXPIRED", "/meta/passwordResetToken"));
    assert_eq!(late.detail(), "is expired");
    ask(&world.anonymous(), "jane@example.com").await;
    let second = post.token().await;
    assert_eq!(reset(&world, &user, &first, NEW).await.status, 404, "another was asked for since");
    world.clock.advance(DAY);
    let mended = change("users", json!({"password": "third password"}));
    assert_eq!(world.admin.patch(&format!("users/{user}"), mended).await.status, 200);
    assert_eq!(reset(&world, &user, &second, NEW).await.status, 404, "the password was changed since");
    assert_eq!((log_in(&world, NEW).await, log_in(&world, "third password").await), (401, 201));
    ask(&world.anonymous(), "jane@example.com").await;
    let third = post.token().await;
    world.clock.advance(DAY);
    assert_eq!(reset(&world, &user, &third, NEW).await.status, 200, "it holds for a day");
}

#[tokio::test]
async fn managed_users_of_protected_accounts_get_no_password() {
    let world = World::new().await;
    let post = Post::of(&world);
    let managed = world.user("managed@example.com", "user").await;
    let member = world.user("member@example.com", "developer").await;
    let body =
        |protected: bool| json!({"data": {"type": "accounts", "attributes": {"protected": protected}}});
    assert_eq!(world.admin.patch("accounts/acme", body(true)).await.status, 200);
    ask(&world.anonymous(), "managed@example.com").await;
    let raw = post.token().await;
    let refused = reset(&world, &managed, &raw, NEW).await;
    assert_eq!(refused.error(), (403, "", ""));
    assert_eq!(
        refused.detail(),
        "You do not have permission to complete the request \
         (ensure a token or license is present and valid)"
    );
    assert_eq!(reset(&world, &managed, "wrong", NEW).await.status, 404);
    ask(&world.anonymous(), "member@example.com").await;
    let theirs = post.token().await;
    assert_eq!(reset(&world, &member, &theirs, NEW).await.status, 200, "members are no customers");
    assert_eq!(world.admin.patch("accounts/acme", body(false)).await.status, 200);
    assert_eq!(reset(&world, &managed, &raw, NEW).await.status, 200);
}

#[tokio::test]
async fn users_of_an_environment_are_found_inside_it_alone() {
    let world = World::new().await;
    let post = Post::of(&world);
    let shared = json!({"name": "Test", "code": "test", "isolationStrategy": "SHARED"});
    world.make("environments", shared, json!({})).await;
    let inside = world.admin.clone().inside("test");
    let user =
        id(&inside.make("users", json!({"email": "in@example.com", "password": OLD}), json!({})).await);
    ask(&world.anonymous(), "in@example.com").await;
    ask(&world.anonymous().inside("test"), "jane@example.com").await;
    assert_eq!(post.mails().await, Vec::<String>::new());
    ask(&world.anonymous().inside("test"), "in@example.com").await;
    let raw = post.token().await;
    assert_eq!(reset(&world, &user, &raw, NEW).await.error(), (404, "NOT_FOUND", ""));
    let body = json!({"meta": {"passwordResetToken": raw, "newPassword": NEW}});
    let path = format!("users/{user}/actions/reset-password");
    assert_eq!(world.anonymous().inside("test").post(&path, body).await.status, 200);
}

#[tokio::test]
async fn endpoints_are_told_the_token_and_nobody_else_is() {
    let world = World::new().await;
    let (user, post) = (jane(&world).await, Post::of(&world));
    ask(&world.anonymous(), "jane@example.com").await;
    post.token().await;
    assert_eq!(stored(&world).await, [], "nobody listens");
    // nothing is ever sent to this address
    let to = json!({"url": "https://192.0.2.1/hook", "subscriptions": ["user.password-reset"]});
    world.make("webhook-endpoints", to, json!({})).await;
    let body = json!({"meta": {"email": "jane@example.com", "deliver": false}});
    assert_eq!(world.anonymous().post("passwords", body).await.status, 204);
    assert_eq!(post.mails().await, Vec::<String>::new());
    let events = stored(&world).await;
    let [event] = events.as_slice() else { panic!("{events:?}") };
    let told: Value = serde_json::from_str(&event.payload).unwrap();
    let raw = told["meta"]["passwordResetToken"].as_str().unwrap().to_owned();
    assert_eq!((&told["data"]["id"], &told["data"]["type"]), (&json!(user), &json!("users")));

    let path = format!("webhook-events/{}", event.id);
    let shown = world.admin.get(&path).await;
    let shown: Value = serde_json::from_str(shown.text("/data/attributes/payload")).unwrap();
    assert_eq!(shown, json!({"data": told["data"]}));
    let listed = world.admin.get("webhook-events").await.body.to_string();
    assert!(listed.contains("user.password-reset") && !listed.contains(&raw), "{listed}");
    let again = world.admin.post(&format!("{path}/actions/retry"), json!(null)).await;
    assert_eq!((again.status, again.body.to_string().contains(&raw)), (201, false));
    assert_eq!(stored(&world).await.pop().unwrap().payload, event.payload, "it is told again");

    let scope = Scope::id("id", user.parse::<keyway_base::RecordId>().unwrap());
    let row = world.db.find(User::RESOURCE, world.account, &scope).await.unwrap().unwrap();
    let log = world.db.list(EventLog::RESOURCE, world.account, &Scope::All, &Page::all()).await.unwrap();
    assert!(!format!("{row:?} {log:?}").contains(&raw), "what is kept is its digest");
    assert_eq!(reset(&world, &user, &raw, NEW).await.status, 200);
}
