//! Engine requests end to end: credentials, documents, files, refusals.

use std::time::Duration;

use crate::wire::Reply;
use crate::world::{GOOD, SMALL, SUSPENDED, World, big};

const HOST: (&str, &str) = ("Host", "toy.pkg.example.com");

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

async fn get(world: &World, key: Option<&str>, path: &str, headers: &[(&str, &str)]) -> Reply {
    let authorization = key.map(bearer);
    let mut all = vec![HOST];
    all.extend(authorization.as_deref().map(|value| ("Authorization", value)));
    all.extend_from_slice(headers);
    world.wire().await.get(path, &all).await
}

#[tokio::test]
async fn a_licensed_document_in_every_form() {
    let world = World::new().await;
    let plain = get(&world, Some(GOOD), "/widget", &[]).await;
    assert_eq!(plain.status, 200, "{plain:?}");
    let base = format!("http://toy.pkg.example.com:{}", world.address.port());
    assert!(plain.text().starts_with(&format!("Widget at {base}: 1.0.0")), "{}", plain.text());
    assert_eq!(plain.header("cache-control"), Some("private, no-cache"));
    assert_eq!(plain.header("vary"), Some("Accept, Authorization, Accept-Encoding"));
    assert!(plain.header("x-request-id").is_some());
    let packed = get(&world, Some(GOOD), "/widget", &[("Accept-Encoding", "gzip, br")]).await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    assert!(packed.body.len() < plain.body.len() / 4);
    for tag in [plain.header("etag").unwrap(), packed.header("etag").unwrap(), "*"] {
        let again = get(&world, Some(GOOD), "/widget", &[("If-None-Match", tag)]).await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{tag}");
    }
    let mut wire = world.wire().await;
    let authorization = bearer(GOOD);
    let head = wire.ask("HEAD", "/widget", &[HOST, ("Authorization", &authorization)], b"").await;
    assert_eq!(head.header("content-length"), Some(plain.body.len().to_string().as_str()));
    let next = wire.get("/-/ping", &[HOST]).await;
    assert_eq!(next.text(), "pong", "the connection is in step after a HEAD");
}

#[tokio::test]
async fn a_licence_key_is_taken_in_every_position() {
    let world = World::new().await;
    // `license:GOOD-KEY`, `anyone:GOOD-KEY`, `GOOD-KEY:`
    for authorization in [
        "Bearer GOOD-KEY",
        "License GOOD-KEY",
        "Basic bGljZW5zZTpHT09ELUtFWQ==",
        "Basic YW55b25lOkdPT0QtS0VZ",
        "Basic R09PRC1LRVk6",
    ] {
        let reply = world.wire().await.get("/widget", &[HOST, ("Authorization", authorization)]).await;
        assert_eq!(reply.status, 200, "{authorization}: {}", reply.text());
    }
    let reply = world.wire().await.get("/widget?auth=license:GOOD-KEY", &[HOST]).await;
    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn refusals_are_readable_and_travel_in_the_reason_phrase() {
    let world = World::new().await;
    for (key, status, words) in [
        (None, 401, "a licence key is required"),
        (Some("WRONG"), 401, "not known here"),
        (Some(SUSPENDED), 403, "suspended"),
    ] {
        let reply = get(&world, key, "/widget", &[]).await;
        assert_eq!(reply.status, status, "{key:?}: {}", reply.text());
        assert!(reply.text().contains(words), "{key:?}: {}", reply.text());
        assert!(reply.reason.contains(words), "{key:?}: {}", reply.reason);
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
}

#[tokio::test]
async fn a_name_that_is_not_ours_is_absent_for_customers_only() {
    let world = World::new().await;
    assert_eq!(get(&world, Some(GOOD), "/gadget", &[]).await.text(), "absent");
    assert_eq!(get(&world, None, "/gadget", &[]).await.status, 401);
    let listed = get(&world, None, "/", &[]).await;
    assert_eq!((listed.status, listed.text()), (200, ""), "a list of names never asks for a login");
    assert_eq!(get(&world, Some(GOOD), "/", &[]).await.text(), "widget");
}

#[tokio::test]
async fn a_name_that_was_ours_is_refused_not_absent() {
    let world = World::new().await;
    world.bury("gadget").await;
    let reply = get(&world, Some(GOOD), "/gadget", &[]).await;
    assert_eq!(reply.status, 403, "clients go on to public indexes from a 404: {}", reply.text());
    assert!(reply.text().contains("gadget is a name of this registry"), "{}", reply.text());
    assert_eq!(get(&world, None, "/gadget", &[]).await.status, 401);
}

#[tokio::test]
async fn suspending_a_licence_refuses_the_very_next_request() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let authorization = bearer(GOOD);
    let headers = [HOST, ("Authorization", authorization.as_str())];
    let before = wire.get("/widget", &headers).await;
    assert_eq!(before.status, 200);
    world.suspend().await;
    let tag = before.header("etag").unwrap();
    let after = wire.get("/widget", &[headers[0], headers[1], ("If-None-Match", tag)]).await;
    assert_eq!(after.status, 403, "not even a 304");
}

#[tokio::test]
async fn files_come_whole_by_range_and_in_parts() {
    let world = World::large(|_| {}).await;
    let whole = get(&world, Some(GOOD), "/widget/widget.zip", &[]).await;
    assert_eq!((whole.status, whole.body.as_slice()), (200, SMALL));
    assert_eq!(whole.header("content-type"), Some("application/zip"));
    assert_eq!(whole.header("content-disposition"), Some("attachment; filename=\"widget.zip\""));
    let range = get(&world, Some(GOOD), "/widget/widget.zip", &[("Range", "bytes=10-12")]).await;
    assert_eq!((range.status, range.text()), (206, "abc"));
    let parts = get(&world, Some(GOOD), "/widget/big.bin", &[("Range", "bytes=0-1,20000000-20000002")]).await;
    assert_eq!(parts.status, 206);
    assert!(parts.header("content-type").unwrap().starts_with("multipart/byteranges; boundary="));
    let expected = big();
    let third = expected.get(20_000_000..20_000_003).unwrap();
    assert!(parts.body.windows(3).any(|window| window == third));
    let past = get(&world, Some(GOOD), "/widget/widget.zip", &[("Range", "bytes=99-")]).await;
    assert_eq!((past.status, past.header("content-range")), (416, Some("bytes */36")));
    let tag = whole.header("etag").unwrap();
    let again = get(&world, Some(GOOD), "/widget/widget.zip", &[("If-None-Match", tag)]).await;
    assert_eq!(again.status, 304);
    let big_whole = get(&world, Some(GOOD), "/widget/big.bin", &[]).await;
    assert!(big_whole.body == expected, "24 MiB arrive as they were sent");
    assert_eq!(get(&world, Some(SUSPENDED), "/widget/widget.zip", &[]).await.status, 403);
}

/// `distribution.md` §12: one download for each file that is handed out, of the one who asked for it.
#[tokio::test]
async fn files_that_are_handed_out_are_noted() {
    let world = World::large(|_| {}).await;
    let whole = get(&world, Some(GOOD), "/widget/widget.zip", &[]).await;
    for (headers, status) in [
        (vec![("Range", "bytes=0-")], 206),
        (vec![("Range", "bytes=10-12")], 206),
        (vec![("If-None-Match", whole.header("etag").unwrap())], 304),
    ] {
        assert_eq!(get(&world, Some(GOOD), "/widget/widget.zip", &headers).await.status, status);
    }
    get(&world, Some(GOOD), "/widget", &[]).await;
    get(&world, Some(SUSPENDED), "/widget/widget.zip", &[]).await;
    let served = world.behind.served.lock().unwrap();
    assert_eq!(served.len(), 2, "the whole file, and the whole as a range: {served:?}");
    for one in served.iter() {
        assert_eq!(one.engine, "toy");
        assert_eq!(one.origin.who.map(|(kind, _)| kind), Some("licenses"));
        assert!(one.origin.request.is_some());
    }
}

#[tokio::test]
async fn the_long_form_has_its_own_base() {
    let world = World::new().await;
    let authorization = bearer(GOOD);
    for (path, base) in [
        ("/v1/engines/toy/widget", "/v1/engines/toy: "),
        ("/v1/accounts/acme/engines/toy/widget", "/v1/accounts/acme/engines/toy: "),
    ] {
        let reply = world.wire().await.get(path, &[("Authorization", &authorization)]).await;
        assert_eq!(reply.status, 200, "{path}");
        assert!(
            reply.text().starts_with(&format!("Widget at http://127.0.0.1{base}1.0.0")),
            "{}",
            reply.text()
        );
    }
    let path = "/v1/accounts/other/engines/toy/widget";
    let reply = world.wire().await.get(path, &[("Authorization", &authorization)]).await;
    assert_eq!(reply.status, 404);
    assert!(reply.text().contains("The requested account 'other' was not found"), "{}", reply.text());
}

#[tokio::test]
async fn callers_are_named_and_can_log_in() {
    let world = World::new().await;
    assert_eq!(get(&world, Some(GOOD), "/-/whoami", &[]).await.text(), "license good-key");
    assert_eq!(get(&world, None, "/-/whoami", &[]).await.status, 401);
    let mut wire = world.wire().await;
    let reply = wire.ask("PUT", "/-/login", &[HOST], GOOD.as_bytes()).await;
    assert_eq!((reply.status, reply.text()), (201, GOOD));
    let reply = wire.ask("PUT", "/-/login", &[HOST], b"WRONG").await;
    assert_eq!(reply.status, 401);
    let reply = wire.ask("PUT", "/-/login", &[HOST], &[b'x'; 2000]).await;
    assert_eq!(reply.status, 413);
    let reply = wire.ask("DELETE", "/widget", &[HOST], b"").await;
    assert_eq!(reply.status, 405);
}

#[tokio::test]
async fn an_environment_that_is_not_there_is_named() {
    let world = World::new().await;
    let reply = get(&world, Some(GOOD), "/widget", &[("Keygen-Environment", "nowhere")]).await;
    assert_eq!(reply.status, 400);
    assert!(reply.text().contains("ENVIRONMENT_INVALID"), "{}", reply.text());
}

#[tokio::test]
async fn responses_are_signed_when_asked() {
    let world = World::new().await;
    let unsigned = get(&world, Some(GOOD), "/widget", &[]).await;
    assert_eq!(unsigned.header("keygen-signature"), None);
    let asked = [("Keygen-Accept-Signature", "algorithm=\"ed25519\"")];
    let signed = get(&world, Some(GOOD), "/widget", &asked).await;
    assert!(signed.header("keygen-signature").unwrap().contains("algorithm=\"ed25519\""));
    assert_eq!(signed.header("digest"), signed.header("keygen-digest"));
    let bad = get(&world, Some(GOOD), "/widget", &[("Keygen-Accept-Signature", "rot13")]).await;
    assert_eq!(bad.status, 400);
}

#[tokio::test]
async fn guessing_is_limited_but_neither_anonymous_nor_stale_clients_are_counted() {
    let world = World::with(|settings| settings.limits.wrong_credentials = 3).await;
    for _ in 0..20 {
        assert_eq!(get(&world, None, "/widget", &[]).await.status, 401);
        assert_eq!(get(&world, Some("STALE"), "/widget", &[]).await.status, 401);
    }
    assert_eq!(get(&world, Some("GUESS-1"), "/widget", &[]).await.status, 401);
    assert_eq!(get(&world, Some("GUESS-2"), "/widget", &[]).await.status, 401);
    for key in ["GUESS-3", GOOD] {
        let refused = get(&world, Some(key), "/widget", &[]).await;
        assert_eq!(refused.status, 429, "a guess is not told whether it was right");
        assert_eq!(refused.header("retry-after"), Some("3"));
        assert!(refused.reason.contains("too many wrong licence keys"), "{}", refused.reason);
    }
    assert_eq!(get(&world, None, "/-/ping", &[]).await.status, 200);
    world.clock.advance(Duration::from_secs(2));
    assert_eq!(get(&world, Some(GOOD), "/widget", &[]).await.status, 200);
    assert_eq!(get(&world, Some("GUESS-4"), "/widget", &[]).await.status, 401);
    assert_eq!(get(&world, Some("GUESS-5"), "/widget", &[]).await.status, 429);
    assert_eq!(get(&world, Some(GOOD), "/widget", &[]).await.status, 200, "known to be good at this address");
}

#[tokio::test]
async fn a_panic_ends_one_connection() {
    let world = World::new().await;
    let mut other = world.wire().await;
    assert_eq!(other.get("/-/ping", &[HOST]).await.status, 200);
    let mut wire = world.wire().await;
    wire.send("GET /-/panic HTTP/1.1\r\nHost: toy.pkg.example.com\r\n\r\n").await;
    assert!(wire.rest().await.is_empty());
    assert_eq!(other.get("/-/ping", &[HOST]).await.status, 200);
}
