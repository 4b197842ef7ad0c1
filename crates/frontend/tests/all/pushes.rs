//! Pushes from a socket to staging: who may send a body at all, and what is left of one that comes to nothing.

use keyway_crypto::digest::sha256;
use keyway_frontend::Wish;

use crate::wire::Reply;
use crate::world::{GOOD, PUBLISHER, SMALL, World};

const HOST: (&str, &str) = ("Host", "toy.pkg.example.com");

async fn put(world: &World, credential: Option<&str>, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    let authorization = credential.map(|credential| format!("Bearer {credential}"));
    let mut all = vec![HOST];
    all.extend(authorization.as_deref().map(|value| ("Authorization", value)));
    all.extend_from_slice(headers);
    world.wire().await.ask("PUT", "/widget/new.zip", &all, body).await
}

/// Waits until nothing is in staging any more.
async fn cleared(world: &World) {
    while world.staged() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_a_publisher_sends_is_staged_and_handed_on_whole() {
    let world = World::new().await;
    let reply = put(&world, Some(PUBLISHER), &[], SMALL).await;
    assert_eq!((reply.status, reply.text()), (200, "Changed"));
    let mut push = world.behind.pushes.lock().unwrap().pop().unwrap();
    assert_eq!((push.asking.account.id, push.asking.engine), (world.account, "toy"));
    let Wish::Publish(publication, staged) = &mut push.wish else { panic!("{:?}", push.wish) };
    assert_eq!((&*publication.package, &*publication.filename), ("widget", "new.zip"));
    assert_eq!((staged.size(), staged.digests().sha256), (SMALL.len() as u64, sha256(SMALL)));
    assert_eq!(world.staged(), 1);
    drop(push);
    cleared(&world).await;
}

#[tokio::test]
async fn who_does_not_publish_is_told_so_whatever_is_sent() {
    let world = World::new().await;
    for (credential, status, text) in [
        (None, 401, "a token is required to publish"),
        (Some(GOOD), 403, "a licence cannot publish"),
        (Some("prod-unknown"), 401, ""),
    ] {
        let reply = put(&world, credential, &[], &vec![7; 4 << 20]).await;
        assert_eq!(reply.status, status, "{credential:?}: {}", reply.text());
        assert!(reply.text().contains(text), "{credential:?}: {}", reply.text());
        assert_eq!(world.staged(), 0, "{credential:?}");
    }
    assert!(world.behind.pushes.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_left_of_what_comes_to_nothing() {
    let world = World::new().await;
    let large = put(&world, Some(PUBLISHER), &[], &vec![7; (1 << 20) + 1]).await;
    assert!(large.text().contains("TooLarge"), "{} {}", large.status, large.text());
    cleared(&world).await;
    let packed = put(&world, Some(PUBLISHER), &[("Content-Encoding", "gzip")], SMALL).await;
    assert_eq!(packed.status, 415, "{}", packed.text());
    assert!(packed.text().contains("without a Content-Encoding"), "{}", packed.text());
    let empty = put(&world, Some(PUBLISHER), &[("Content-Length", "0")], b"").await;
    assert_eq!((empty.status, empty.text()), (400, "an empty file"));
    cleared(&world).await;
    let mut wire = world.wire().await;
    let head = format!(
        "PUT /widget/new.zip HTTP/1.1\r\nHost: toy.pkg.example.com\r\nAuthorization: Bearer {PUBLISHER}\r\n\
         Content-Length: 1000\r\n\r\ncut"
    );
    wire.send(head).await;
    while world.staged() == 0 {
        tokio::task::yield_now().await;
    }
    drop(wire);
    cleared(&world).await;
    assert!(world.behind.pushes.lock().unwrap().is_empty());
}
