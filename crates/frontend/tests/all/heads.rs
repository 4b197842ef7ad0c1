//! Request heads as attackers and broken clients send them.

use std::time::Duration;

use crate::wire::Wire;
use crate::world::World;

/// Sends raw bytes; the status of the answer, or 0 when the connection is closed without one.
async fn status(world: &World, bytes: impl AsRef<[u8]>) -> u16 {
    let mut wire = world.wire().await;
    wire.try_send(bytes.as_ref()).await;
    let rest = wire.rest().await;
    let text = String::from_utf8_lossy(&rest);
    text.split(' ').nth(1).map_or(0, |status| status.parse().unwrap())
}

fn request(head: &str) -> String {
    format!("{head}\r\nConnection: close\r\n\r\n")
}

#[tokio::test]
async fn hosts_that_are_not_ours_are_refused_in_words() {
    let world = World::new().await;
    for host in ["evil.example.net", "toy.pkg.evil.com", "api.example.com.evil.net", "10.0.0.1"] {
        let reply = world.wire().await.get("/v1/me", &[("Host", host)]).await;
        assert_eq!(reply.status, 421, "{host}");
        assert!(reply.text().contains("does not answer for") && reply.text().contains("--domain"));
    }
    assert_eq!(world.wire().await.get("/v1/ping", &[("Host", "evil.example.net")]).await.status, 200);
    let forwarded = [("Host", "evil.example.net"), ("X-Forwarded-Host", "api.example.com")];
    assert_eq!(world.wire().await.get("/v1/me", &forwarded).await.status, 421, "no proxy is trusted");
}

#[tokio::test]
async fn a_trusted_proxy_names_host_and_client() {
    let world = World::with(|settings| settings.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()]).await;
    let headers =
        [("Host", "internal"), ("X-Forwarded-Host", "api.example.com"), ("X-Forwarded-For", "203.0.113.9")];
    let reply = world.wire().await.get("/v1/me", &headers).await;
    assert_eq!((reply.status, reply.text()), (200, "GET /v1/me? 203.0.113.9 "));
}

#[tokio::test]
async fn exactly_one_host() {
    let world = World::new().await;
    assert_eq!(status(&world, request("GET /v1/ping HTTP/1.1")).await, 400);
    assert_eq!(status(&world, request("GET /v1/ping HTTP/1.1\r\nHost: a\r\nHost: b")).await, 400);
    assert_eq!(status(&world, request("GET http://127.0.0.1/v1/me HTTP/1.1\r\nHost: evil.net")).await, 200);
    assert_eq!(status(&world, request("GET http://evil.net/v1/me HTTP/1.1\r\nHost: 127.0.0.1")).await, 421);
}

#[tokio::test]
async fn large_heads() {
    let world = World::new().await;
    let fields = |count: usize, length: usize| {
        let value = "x".repeat(length);
        let fields: String = (0..count).map(|index| format!("X-{index}: {value}\r\n")).collect();
        format!("GET /v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\n{fields}Connection: close\r\n\r\n")
    };
    assert_eq!(status(&world, fields(90, 100)).await, 200);
    assert_eq!(status(&world, fields(99, 10)).await, 431, "more than a hundred fields");
    assert_eq!(status(&world, fields(2, 10_000)).await, 431, "more than 16 KiB");
    assert_eq!(status(&world, fields(20, 20_000)).await, 431, "more than any buffer");
    let long =
        format!("GET /{} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", "a".repeat(20_000));
    assert_eq!(status(&world, long).await, 431);
}

#[tokio::test]
async fn heads_that_are_not_http() {
    let world = World::new().await;
    for bytes in [
        "\r\n\r\n\r\nGARBAGE\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\nBad Name: x\r\n\r\n",
        "GET /v1/me HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "GET /v1/\u{1} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
        "\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}\u{fc}\u{3}\u{3}\r\n\r\n",
    ] {
        let status = status(&world, bytes).await;
        assert!(status == 400 || status == 0, "{bytes:?}: {status}");
    }
}

#[tokio::test]
async fn encoding_tricks_in_paths() {
    let world = World::new().await;
    for (path, code) in [
        ("/v1/%2e%2e/x", "URI_INVALID"),
        ("/v1/../x", "URI_INVALID"),
        ("/v1/a%00b", "ENCODING_INVALID"),
        ("/v1/%ff", "ENCODING_INVALID"),
        ("/v1/a%2f..%2fb", "URI_INVALID"),
        ("/v1/a%0d%0aX:y", "URI_INVALID"),
    ] {
        let reply = world.wire().await.get(path, &[]).await;
        assert_eq!(reply.status, 400, "{path}");
        assert!(reply.text().contains(code), "{path}: {}", reply.text());
        let engine = world.wire().await.get(path, &[("Host", "toy.pkg.example.com")]).await;
        assert_eq!(engine.status, 400, "{path}");
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let ask = |number: usize| format!("GET /v1/echo/{number} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    wire.send((0..20).map(ask).collect::<String>()).await;
    for number in 0..20 {
        let reply = wire.reply(false).await;
        assert!(reply.text().starts_with(&format!("GET /v1/echo/{number}?")), "{number}: {}", reply.text());
    }
}

/// What a connection still has to say until it is closed, while the server's clock runs fast.
async fn rest_in_fast_time(world: &World, wire: &mut Wire) -> Vec<u8> {
    let mut rest = std::pin::pin!(wire.rest());
    let mut ticks = tokio::time::interval(Duration::from_millis(10));
    loop {
        tokio::select! {
            rest = &mut rest => return rest,
            _ = ticks.tick() => world.clock.advance(Duration::from_millis(200)),
        }
    }
}

#[tokio::test]
async fn a_head_that_dribbles_in_is_cut_off() {
    let world = World::with(|settings| settings.limits.header_time = Duration::from_millis(100)).await;
    let mut first = world.wire().await;
    first.send("GET /v1/ping HTTP/1.1\r\nHost: 127.0.0.1\r\n").await;
    assert!(rest_in_fast_time(&world, &mut first).await.is_empty());
    let mut later = world.wire().await;
    assert_eq!(later.get("/v1/ping", &[]).await.status, 200);
    later.send("GET /v1/ping HTTP/1.1\r\nHost: 127.0.0.1\r\n").await;
    assert!(rest_in_fast_time(&world, &mut later).await.is_empty());
}

#[tokio::test]
async fn a_connection_that_says_nothing_is_closed() {
    let world = World::with(|settings| settings.limits.header_time = Duration::from_millis(100)).await;
    let (mut silent, mut preface) = (world.wire().await, world.wire().await);
    preface.send("PRI * HTT").await;
    assert!(rest_in_fast_time(&world, &mut silent).await.is_empty());
    assert!(rest_in_fast_time(&world, &mut preface).await.is_empty());
}

#[tokio::test]
async fn more_connections_than_allowed_wait_for_their_turn() {
    let world = World::with(|settings| settings.limits.connections = 1).await;
    let mut first = world.wire().await;
    assert_eq!(first.get("/v1/ping", &[]).await.status, 200);
    let mut second = world.wire().await;
    second.send("GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
    assert_eq!(first.get("/v1/ping", &[]).await.status, 200);
    drop::<Wire>(first);
    assert_eq!(second.reply(false).await.status, 204);
}
