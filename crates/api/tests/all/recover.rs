//! Forgotten accounts (`licensing.md` §1.11), from asking for them to the mail.

use serde_json::{Value, json};

use crate::passwords::Post;
use crate::world::{Client, World, document};

async fn ask(from: &Client, path: &str, email: &str) -> (u16, Value) {
    let answer = from.post(path, json!({"meta": {"type": "account", "email": email}})).await;
    (answer.status, answer.body)
}

/// An account with an admin of this address; gives its id.
async fn found(world: &World, slug: &str, admin: &str) -> String {
    let admins = json!([{"type": "users", "attributes": {"email": admin}}]);
    let attributes = json!({"slug": slug, "name": format!("The\n{slug}  shop")});
    let body = document("accounts", attributes, json!({"admins": {"data": admins}}));
    let founded = world.anonymous().post("accounts", body).await;
    assert_eq!(founded.status, 201, "{}", founded.body);
    founded.text("/data/id").to_owned()
}

#[tokio::test]
async fn the_accounts_of_an_address_are_mailed_to_it_alone() {
    let world = World::of_many().await;
    let post = Post::of(&world);
    let shop = found(&world, "shop", "boss@shop.example").await;
    let other = found(&world, "other", "else@other.example").await;
    world.user("boss@shop.example", "user").await;
    let nobody = world.anonymous();
    assert_eq!(ask(&nobody, "recover", " Boss@Shop.example").await, (204, Value::Null));
    let mails = post.mails().await;
    let [mail] = mails.as_slice() else { panic!("{mails:?}") };
    assert!(mail.contains("To: boss@shop.example"), "{mail}");
    for told in ["Acme", "/v1/accounts/acme\r\n", &world.account.to_string(), "The shop shop", &shop] {
        assert!(mail.contains(told), "{told}: {mail}");
    }
    assert!(!mail.contains("other") && !mail.contains(&other), "{mail}");
}

#[tokio::test]
async fn nobody_learns_whether_an_address_has_accounts() {
    let world = World::new().await;
    let post = Post::of(&world);
    let nobody = world.anonymous();
    for email in ["admin@acme.example", "nobody@example.com", "no address"] {
        assert_eq!(ask(&nobody, "recover", email).await, (204, Value::Null), "{email}");
    }
    let waiting = world.db.pending_jobs().await.unwrap();
    assert_eq!(waiting, 2, "the known address and the unknown one are looked for after the answer");
    assert_eq!(ask(&nobody, "recover", "admin@acme.example").await.0, 204);
    assert_eq!(world.db.pending_jobs().await.unwrap(), waiting, "what is asked for twice is one mail");
    assert_eq!(post.mails().await.len(), 1);
}

#[tokio::test]
async fn what_it_is_asked_with() {
    for world in [World::new().await, World::of_many().await] {
        let nobody = world.anonymous();
        for (body, pointer) in [
            (json!({}), "/meta"),
            (json!({"meta": {"email": "a@b.c"}}), "/meta/type"),
            (json!({"meta": {"type": "user", "email": "a@b.c"}}), "/meta/type"),
            (json!({"meta": {"type": "account"}}), "/meta/email"),
            (json!({"meta": {"type": "account", "email": 1}}), "/meta/email"),
            (json!({"meta": {"type": "account", "email": "a@b.c", "x": 1}}), "/meta/x"),
        ] {
            let refused = nobody.post("recover", body.clone()).await;
            assert_eq!(refused.error(), (400, "", pointer), "{body}");
        }
        assert_eq!(ask(&nobody, "accounts/acme/recover", "a@b.c").await.0, 404, "it is no account's");
        assert_eq!(ask(&nobody.bearer("no-token"), "recover", "a@b.c").await.0, 204, "who asks is not asked");
        assert_eq!(world.db.pending_jobs().await.unwrap(), 1);
    }
}
