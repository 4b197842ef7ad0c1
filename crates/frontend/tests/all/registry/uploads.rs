//! Uploads whole, in pieces and by mounts.

use std::sync::atomic::Ordering;

use keyway_engine::{ContentEdit, MountFrom};

use super::*;

#[tokio::test]
async fn blobs_come_whole_in_pieces_and_as_streams() {
    let world = World::new().await;
    let good = publisher_token(&world, "repository:app:pull,push").await;
    let content: Vec<u8> = (0..=255).cycle().take(300_000).collect();
    let digest = sha256(&content);
    // one request
    let path = format!("/v2/app/blobs/uploads/?digest={digest}");
    let whole = ask(&world, "POST", &path, Some(&good), &content).await;
    assert_eq!(whole.status, 201, "{}", whole.text());
    assert_eq!(whole.header("docker-content-digest"), Some(digest.as_str()));
    // pieces: where they belong said, not said, and with the last request
    let begin = ask(&world, "POST", "/v2/pieces/blobs/uploads/", None, b"").await;
    assert_eq!(begin.status, 401, "nobody uploads");
    let good = publisher_token(&world, "repository:pieces:pull,push").await;
    let begin = ask(&world, "POST", "/v2/pieces/blobs/uploads/", Some(&good), b"").await;
    let location = begin.header("location").unwrap().to_owned();
    let (first, rest) = content.split_at(100_000);
    let (second, last) = rest.split_at(1);
    let piece = async |span: &str, bytes: &[u8]| {
        let mut headers = vec![("Authorization", good.as_str())];
        if !span.is_empty() {
            headers.push(("Content-Range", span));
        }
        world.wire().await.ask("PATCH", &location, &headers, bytes).await
    };
    assert_eq!(piece("0-99999", first).await.header("range"), Some("0-99999"));
    let misplaced = piece("0-99999", first).await;
    assert_eq!((misplaced.status, misplaced.header("range")), (416, Some("0-99999")));
    assert_eq!(piece("100000-100009", second).await.status, 400, "fewer bytes than it says");
    assert_eq!(piece("", second).await.header("range"), Some("0-100000"));
    let status = get(&world, &location, Some(&good)).await;
    assert_eq!((status.status, status.header("range")), (204, Some("0-100000")));
    let wrong = format!("{location}?digest={}", sha256(b"other"));
    let wrong = ask(&world, "PUT", &wrong, Some(&good), last).await;
    assert_eq!((wrong.status, error_of(&wrong).1.as_str()), (400, "DIGEST_INVALID"));
    let done = ask(&world, "PUT", &format!("{location}?digest={digest}"), Some(&good), last).await;
    assert_eq!(done.status, 201, "{}", done.text());
    assert_eq!(get(&world, &location, Some(&good)).await.status, 404);
    let stored: Vec<_> = world.shelf.content.lock().unwrap().values().map(|(_, size)| *size).collect();
    assert_eq!(stored, [300_000, 300_000]);
}

#[tokio::test]
async fn an_upload_may_be_hashed_by_what_is_named_at_its_end() {
    let world = World::new().await;
    let good = publisher_token(&world, "repository:app:pull,push").await;
    let content = b"by another algorithm";
    let digest = format!("sha512:{}", keyway_crypto::digest::Digests::of(content).sha512);
    for (piece, last) in [(&content[..0], &content[..]), (&content[..7], &content[7..]), (&content[..], &[])]
    {
        let begin = ask(&world, "POST", "/v2/app/blobs/uploads/", Some(&good), b"").await;
        let location = begin.header("location").unwrap().to_owned();
        let patched = ask(&world, "PATCH", &location, Some(&good), piece).await;
        assert_eq!(patched.status, 202, "{}", patched.text());
        let done = ask(&world, "PUT", &format!("{location}?digest={digest}"), Some(&good), last).await;
        assert_eq!(done.status, 201, "{}: {}", piece.len(), done.text());
        assert_eq!(done.header("docker-content-digest"), Some(digest.as_str()));
    }
}

#[tokio::test]
async fn an_upload_belongs_to_its_repository_and_to_who_began_it() {
    let world = World::new().await;
    let scope = "repository:app:pull,push&scope=repository:other:pull,push";
    let good = publisher_token(&world, scope).await;
    let begin = ask(&world, "POST", "/v2/app/blobs/uploads/", Some(&good), b"").await;
    let location = begin.header("location").unwrap().to_owned();
    let elsewhere = location.replacen("/v2/app/", "/v2/other/", 1);
    for method in ["GET", "PATCH", "PUT"] {
        let path = match method {
            "PUT" => format!("{elsewhere}?digest={}", sha256(b"x")),
            _ => elsewhere.clone(),
        };
        let reply = ask(&world, method, &path, Some(&good), if method == "GET" { b"" } else { b"x" }).await;
        assert_eq!((reply.status, error_of(&reply).1.as_str()), (404, "BLOB_UPLOAD_UNKNOWN"), "{method}");
    }
    assert_eq!(get(&world, &location, Some(&basic("license", GOOD))).await.status, 403);
}

#[tokio::test]
async fn what_came_of_a_piece_that_broke_off_is_kept() {
    let world = World::new().await;
    let good = publisher_token(&world, "repository:app:pull,push").await;
    let begin = ask(&world, "POST", "/v2/app/blobs/uploads/", Some(&good), b"").await;
    let location = begin.header("location").unwrap().to_owned();
    let mut wire = world.wire().await;
    let head = format!(
        "PATCH {location} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: {good}\r\nContent-Length: 1000\r\n\r\ncut"
    );
    wire.send(head).await;
    drop(wire);
    let id = location.rsplit('/').next().unwrap();
    while world.shelf.size(id) == 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.shelf.size(id), 3);
    let done = format!("{location}?digest={}", sha256(b"cut off"));
    let done = ask(&world, "PUT", &done, Some(&good), b" off").await;
    assert_eq!(done.status, 201, "{}", done.text());
}

#[tokio::test]
async fn a_mount_needs_a_token_for_both_repositories() {
    let world = World::new().await;
    let good = publisher_token(&world, "repository:app:pull,push").await;
    let path = format!("/v2/app/blobs/uploads/?mount={}&from=secret", sha256(b"x"));
    let mount = ask(&world, "POST", &path, Some(&good), b"").await;
    let challenge = mount.header("www-authenticate").unwrap_or_default();
    assert_eq!(mount.status, 401, "{}", mount.text());
    assert!(challenge.contains("scope=\"repository:app:pull,push repository:secret:pull\""), "{challenge}");
    assert!(world.shelf.edits.lock().unwrap().is_empty(), "it was not even looked for");
    let scope = "repository:app:pull,push&scope=repository:secret:pull";
    let good = publisher_token(&world, scope).await;
    ask(&world, "POST", &path, Some(&good), b"").await;
    let edits = world.shelf.edits.lock().unwrap();
    assert!(matches!(&edits[..], [(package, ContentEdit::Mount { from: MountFrom::Named(from), .. })]
        if package == "app" && from == "secret"));
}

#[tokio::test]
async fn a_mount_from_anywhere_looks_no_further_than_its_token() {
    let world = World::new().await;
    let secret = publisher_token(&world, "repository:secret:pull,push").await;
    let upload = format!("/v2/secret/blobs/uploads/?digest={}", sha256(b"x"));
    assert_eq!(ask(&world, "POST", &upload, Some(&secret), b"x").await.status, 201);
    let path = format!("/v2/app/blobs/uploads/?mount={}", sha256(b"x"));
    let both = "repository:app:pull,push&scope=repository:secret:pull";
    let named = MountFrom::Named("secret".to_owned());
    for (scope, expected) in [("repository:app:pull,push", MountFrom::Nowhere), (both, named)] {
        let good = publisher_token(&world, scope).await;
        ask(&world, "POST", &path, Some(&good), b"").await;
        let edit = world.shelf.edits.lock().unwrap().pop();
        assert!(
            matches!(&edit, Some((_, ContentEdit::Mount { from, .. })) if *from == expected),
            "{scope}: {edit:?}"
        );
    }
}

#[tokio::test]
async fn an_upload_whose_state_is_not_kept_begins_anew() {
    let world = World::new().await;
    let good = publisher_token(&world, "repository:app:pull,push").await;
    let begin = ask(&world, "POST", "/v2/app/blobs/uploads/", Some(&good), b"").await;
    let location = begin.header("location").unwrap().to_owned();
    assert_eq!(ask(&world, "PATCH", &location, Some(&good), b"first").await.status, 202);
    world.shelf.forgets.store(true, Ordering::Relaxed);
    assert_eq!(error_of(&ask(&world, "PATCH", &location, Some(&good), b"next").await).0, 503);
    world.shelf.forgets.store(false, Ordering::Relaxed);
    let again = ask(&world, "PATCH", &location, Some(&good), b"next").await;
    assert_eq!(error_of(&again).1, "BLOB_UPLOAD_UNKNOWN", "{}", again.text());
}
