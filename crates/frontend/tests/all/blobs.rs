//! Signed URLs: uploads and downloads.

use std::sync::atomic::Ordering;
use std::time::Duration;

use keyway_crypto::digest::Digests;
use keyway_crypto::signed_url::Method;

use crate::world::{SMALL, World};

#[tokio::test]
async fn an_upload_is_staged_hashed_and_handed_over() {
    let world = World::new().await;
    let content: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let reply = world.wire().await.ask("PUT", &world.signed(|_| {}), &[], &content).await;
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    let digests = Digests::of(&content);
    assert_eq!(reply.header("etag"), Some(format!("\"{}\"", digests.md5).as_str()));
    let uploads = world.behind.uploads.lock().unwrap();
    let staged = uploads.first().unwrap();
    assert_eq!((staged.size(), *staged.digests()), (12_000_000, digests));
}

#[tokio::test]
async fn an_upload_cut_in_the_middle_leaves_nothing() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9000000\r\n\r\n",
        world.signed(|_| {})
    );
    wire.send(head).await;
    wire.send(vec![7; 4_000_000]).await;
    while world.staged() == 0 {
        tokio::task::yield_now().await;
    }
    drop(wire);
    while world.staged() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(world.behind.uploads.lock().unwrap().is_empty());
}

#[tokio::test]
async fn of_two_uploads_at_once_one_wins() {
    let world = World::new().await;
    let url = world.signed(|_| {});
    let mut first = world.wire().await;
    first.send(format!("PUT {url} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 4\r\n\r\nab")).await;
    while world.staged() == 0 {
        tokio::task::yield_now().await;
    }
    let second = world.wire().await.ask("PUT", &url, &[], b"abcd").await;
    assert_eq!(second.status, 409);
    assert!(second.text().contains("another upload"), "{}", second.text());
    let other = world.wire().await.ask("PUT", &world.signed(|_| {}), &[], b"other artifact").await;
    assert_eq!(other.status, 200);
    first.send("cd").await;
    assert_eq!(first.reply(false).await.status, 200);
    world.behind.conflict.store(true, Ordering::SeqCst);
    let late = world.wire().await.ask("PUT", &url, &[], b"abcd").await;
    assert_eq!(late.status, 409, "what stands behind decides once the upload is over");
    while world.staged() > 2 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_upload_keeps_to_its_cap_and_the_client_lives_to_hear_it() {
    let world = World::new().await;
    let url = world.signed(|grant| grant.length_cap = Some(1_000_000));
    let reply = world.wire().await.ask("PUT", &url, &[], &vec![1; 8_000_000]).await;
    assert_eq!(reply.status, 413);
    assert!(reply.text().contains("1000000 bytes allowed"), "{}", reply.text());
    let mut wire = world.wire().await;
    wire.send(format!("PUT {url} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n")).await;
    wire.send("200000\r\n").await;
    wire.send(vec![1; 0x20_0000]).await;
    wire.send("\r\n0\r\n\r\n").await;
    assert_eq!(wire.reply(false).await.status, 413);
    while world.staged() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn urls_end_and_are_for_one_method() {
    let world = World::new().await;
    let key = world.put(SMALL).await;
    let get = world.signed(|grant| (grant.method, grant.blob) = (Method::Get, key.to_string()));
    let put = world.signed(|_| {});
    for (method, url, status, words) in [
        ("PUT", get.clone(), 403, "another method"),
        ("GET", put.clone(), 403, "another method"),
        ("POST", put.clone(), 405, "GET, HEAD or PUT"),
        ("GET", format!("{get}x"), 403, "not valid"),
        ("GET", "/-/blobs/".to_owned(), 403, "not valid"),
        (
            "GET",
            world.signed(|grant| (grant.method, grant.principal) = (Method::Get, "revoked".to_owned())),
            403,
            "revoked",
        ),
        ("PUT", world.signed(|grant| grant.principal = "revoked".to_owned()), 403, "revoked"),
        ("GET", world.signed(|grant| grant.method = Method::Get), 404, "not here any more"),
    ] {
        let reply = world.wire().await.ask(method, &url, &[], b"").await;
        assert_eq!(reply.status, status, "{method} {url}");
        assert!(reply.text().contains(words), "{method} {url}: {}", reply.text());
    }
    world.clock.advance(Duration::from_secs(60));
    let reply = world.wire().await.get(&get, &[]).await;
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("expired"), "{}", reply.text());
}

#[tokio::test]
async fn downloads_have_ranges_and_are_not_kept() {
    let world = World::new().await;
    let key = world.put(SMALL).await;
    let url = world.signed(|grant| {
        grant.method = Method::Get;
        grant.blob = key.to_string();
        grant.filename = Some("dir/Größe.zip".to_owned());
        grant.content_type = Some("application/zip".to_owned());
    });
    let mut wire = world.wire().await;
    let whole = wire.get(&url, &[]).await;
    assert_eq!((whole.status, whole.body.as_slice()), (200, SMALL));
    for (name, value) in [
        ("cache-control", "no-store"),
        ("content-type", "application/zip"),
        ("content-disposition", "attachment; filename=\"Gr__e.zip\"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.zip"),
        ("accept-ranges", "bytes"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(whole.header(name), Some(value), "{name}");
    }
    let part = wire.get(&url, &[("Range", "bytes=1-2"), ("If-Range", whole.header("etag").unwrap())]).await;
    assert_eq!((part.status, part.text()), (206, "12"));
    let head = wire.ask("HEAD", &url, &[], b"").await;
    assert_eq!((head.status, head.header("content-length")), (200, Some("36")));
}
