//! Forgotten accounts: who is mailed which, and what is tried again.

use keyway_base::AccountId;
use keyway_domain::resources::{Account, User};
use keyway_jobs::{Mailer, Parts, Runner, kind};
use keyway_jsonapi::{Record, Value};
use keyway_store::{Changes, NewJob};
use serde_json::json;

use crate::world::World;

/// A user of this address in an account.
async fn user(world: &World, account: AccountId, email: &str) {
    let mut user = world.record::<User>();
    user.set("account_id", Value::Id(account.into()));
    user.set("email", Value::Text(email.into()));
    world.put(&user).await;
}

/// One more account.
async fn account(world: &World, slug: &str) -> AccountId {
    let mut account: Record = world.record::<Account>();
    let id = account.id();
    account.set("account_id", Value::Id(id));
    account.set("slug", Value::Text(slug.into()));
    account.set("name", Value::Text(format!("The {slug}\nAccount")));
    world.put(&account).await;
    id.into()
}

async fn ask(world: &World, runner: &Runner, email: &str) {
    let (kind, account, run_at) = (kind::RECOVER_ACCOUNTS.to_owned(), AccountId::NOBODY, world.now());
    let job = NewJob { kind, key: email.to_owned(), account, payload: json!({ "email": email }), run_at };
    let mut write = world.db.begin().await.unwrap();
    write.enqueue_in(account.into(), &job).await.unwrap();
    write.commit(Changes::none()).await.unwrap();
    runner.run_until_idle().await.unwrap();
}

#[tokio::test]
async fn an_address_is_mailed_its_accounts_and_no_others() {
    let world = World::new().await;
    let directory = tempfile::tempdir().unwrap();
    let place = format!("file:{}", directory.path().display());
    let mailer = Mailer::at(&place, "Acme <a@acme.example>", "https://api.example.com").unwrap();
    let runner = Runner::new(Parts { mailer: Some(mailer), ..world.parts.clone() });
    let (first, second, other) =
        (account(&world, "first").await, account(&world, "second").await, account(&world, "other").await);
    user(&world, first, "jane@example.com").await;
    user(&world, second, "jane@example.com").await;
    user(&world, other, "joe@example.com").await;
    ask(&world, &runner, "jane@example.co").await;
    assert_eq!(directory.path().read_dir().unwrap().count(), 0, "nobody of that address");
    ask(&world, &runner, "jane@example.com").await;
    let files: Vec<_> = directory.path().read_dir().unwrap().map(|entry| entry.unwrap().path()).collect();
    let [file] = files.as_slice() else { panic!("{files:?}") };
    let mail = std::fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = mail.lines().map(str::trim).collect();
    for (slug, id) in [("first", first), ("second", second)] {
        let told = [
            format!("The {slug} Account"),
            format!("https://api.example.com/v1/accounts/{slug}"),
            format!("https://api.example.com/v1/accounts/{id}"),
        ];
        assert!(lines.windows(3).any(|lines| lines == told), "{slug}: {mail}");
    }
    assert!(!mail.contains("other"), "{mail}");
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
}
