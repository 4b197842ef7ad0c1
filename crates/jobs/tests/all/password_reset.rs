//! Tokens for new passwords: who gets one, and that it is in the mail and nowhere else.

use std::path::Path;

use keyway_crypto::token::{self, AccountSecret};
use keyway_domain::resources::{Account, EventLog, User};
use keyway_jobs::{Mailer, Runner, kind};
use keyway_jsonapi::{Declared as _, Record, Scope, Value};
use keyway_store::{Changes, NewJob};
use serde_json::{Value as Json, json};

use crate::world::World;

/// Jane of a world, the mail that she gets, and the runner that sends it.
struct Post {
    world: World,
    jane: Record,
    runner: std::sync::Arc<Runner>,
    directory: tempfile::TempDir,
}

impl Post {
    async fn new() -> Self {
        let world = World::new().await;
        let directory = tempfile::tempdir().unwrap();
        let runner = runner(&world, directory.path());
        let mut jane = world.record::<User>();
        jane.set("email", Value::Text("jane@example.com".into()));
        jane.set("role", Value::Text("user".into()));
        world.put(&jane).await;
        Self { world, jane, runner, directory }
    }
    async fn ask(&self, payload: Json) {
        let (account, run_at) = (self.world.account, self.world.now());
        let key = payload.to_string();
        let job = NewJob { kind: kind::RESET_PASSWORD.to_owned(), key, account, payload, run_at };
        let mut write = self.world.db.begin().await.unwrap();
        write.enqueue_in(account.into(), &job).await.unwrap();
        write.commit(Changes::none()).await.unwrap();
        self.runner.run_until_idle().await.unwrap();
    }
    async fn user(&self) -> User {
        self.world.find::<User>(&self.jane).await.unwrap()
    }
    fn mails(&self) -> Vec<String> {
        let files = self.directory.path().read_dir().unwrap().map(|entry| entry.unwrap().path());
        files.map(|path| std::fs::read_to_string(path).unwrap()).collect()
    }
}

fn runner(world: &World, directory: &Path) -> std::sync::Arc<Runner> {
    let place = format!("file:{}", directory.display());
    let mailer = Mailer::at(&place, "Acme <licences@acme.example>", "https://api.example.com").unwrap();
    Runner::new(keyway_jobs::Parts { mailer: Some(mailer), ..world.parts.clone() })
}

fn asked(email: &str) -> Json {
    json!({"email": email, "environment": null, "global": true, "deliver": true})
}

#[tokio::test]
async fn the_token_is_mailed_and_only_its_digest_is_kept() {
    let post = Post::new().await;
    post.ask(asked("jane@example.com")).await;
    let mails = post.mails();
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert!(mail.contains("To: jane@example.com") && mail.contains("licences@acme.example"), "{mail}");
    let raw = mail
        .lines()
        .map(str::trim)
        .find(|line| line.len() == 64 && line.bytes().all(|b| b.is_ascii_hexdigit()));
    let account =
        post.world.db.find(Account::RESOURCE, post.world.account, &Scope::All).await.unwrap().unwrap();
    let secret = account.get("secret").as_text().unwrap().to_owned();
    let digest = token::digest(&AccountSecret::from_stored(secret).unwrap(), raw.unwrap());
    let user = post.user().await;
    assert_eq!(user.password_reset_digest.as_deref(), Some(&digest.as_bytes()[..]));
    assert_eq!(user.password_reset_at, Some(post.world.now()));
    let events = post
        .world
        .db
        .list(EventLog::RESOURCE, post.world.account, &Scope::All, &keyway_store::Page::all())
        .await;
    let events: Vec<EventLog> = events.unwrap().iter().map(|event| event.typed().unwrap()).collect();
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!((event.event.as_str(), event.resource_id), ("user.password-reset", post.jane.id()));
    assert!(!format!("{event:?}").contains(raw.unwrap()));
    assert_eq!(post.world.db.pending_jobs().await.unwrap(), 0);
}

#[tokio::test]
async fn nobody_else_gets_one() {
    let post = Post::new().await;
    post.ask(asked("joe@example.com")).await;
    let elsewhere = keyway_base::RecordId::generate(post.world.now()).to_string();
    post.ask(json!({"email": "jane@example.com", "environment": elsewhere, "global": false})).await;
    assert!(post.mails().is_empty());
    assert_eq!((post.user().await.password_reset_at, post.world.count::<EventLog>().await), (None, 0));
    post.ask(json!({"email": "jane@example.com", "environment": elsewhere, "global": true})).await;
    assert_eq!(post.mails().len(), 1, "a shared environment reads global users");
}

#[tokio::test]
async fn what_is_not_to_be_delivered_is_told_as_an_event_alone() {
    let post = Post::new().await;
    post.ask(json!({"email": "jane@example.com", "environment": null, "global": true, "deliver": false}))
        .await;
    assert!(post.mails().is_empty());
    assert_eq!(post.world.count::<EventLog>().await, 1);
    assert!(post.user().await.password_reset_digest.is_some());
}

#[tokio::test]
async fn a_mail_that_cannot_be_sent_is_sent_later_and_given_up_in_the_end() {
    let mut post = Post::new().await;
    let (away, kept) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let place = away.path().to_owned();
    drop(away);
    post.runner = runner(&post.world, &place);
    post.directory = kept;
    post.ask(asked("jane@example.com")).await;
    assert_eq!(post.user().await.password_reset_at, None, "nothing is done by halves");
    assert_eq!(post.world.db.pending_jobs().await.unwrap(), 1);
    let mut runs = 1;
    while post.world.db.pending_jobs().await.unwrap() > 0 {
        post.world.advance(std::time::Duration::from_secs(600));
        runs += post.runner.run_until_idle().await.unwrap();
        assert!(runs <= 16, "never given up");
    }
    assert_eq!(runs, 16);
    assert!(post.user().await.password_reset_at.is_some());
}
