//! Endpoints for operators.

use std::sync::atomic::Ordering;

use crate::world::{GOOD, World};

#[tokio::test]
async fn alive_and_ready() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    for (path, status) in
        [("/v1/ping", 200), ("/v1/accounts/acme/ping", 200), ("/v1/health", 204), ("/-/ready", 200)]
    {
        let reply = wire.get(path, &[("Accept", "image/png")]).await;
        assert_eq!(reply.status, status, "{path}");
    }
    assert!(wire.get("/v1/ping", &[]).await.body.is_empty());
    assert_eq!(wire.ask("POST", "/v1/ping", &[], b"").await.status, 405);
    world.behind.unready.store(true, Ordering::SeqCst);
    let reply = wire.get("/-/ready", &[]).await;
    assert_eq!((reply.status, reply.text()), (503, "the database cannot be reached\n"));
    assert!(reply.header("retry-after").is_some());
}

#[tokio::test]
async fn webhooks_that_wait_for_long_are_told_of() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    for (seconds, status) in [(0, 204), (29, 204), (30, 500), (3_600, 500), (u64::MAX, 500)] {
        world.behind.webhooks_due.store(seconds, Ordering::SeqCst);
        assert_eq!(wire.get("/v1/health/webhooks", &[]).await.status, status, "{seconds}");
    }
    world.behind.webhooks_due.store(31, Ordering::SeqCst);
    assert!(
        wire.get("/metrics", &[]).await.text().lines().any(|line| line == "keyway_webhooks_due_seconds 31")
    );
}

#[tokio::test]
async fn measured_on_the_listen_address_only() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let authorization = format!("Bearer {GOOD}");
    let engine = [("Host", "toy.pkg.example.com"), ("Authorization", authorization.as_str())];
    for _ in 0..3 {
        assert_eq!(wire.get("/widget", &engine).await.status, 200);
    }
    wire.get("/-/whoami", &[("Host", "toy.pkg.example.com")]).await;
    let page = wire.get("/metrics", &[]).await;
    assert_eq!(page.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    for line in [
        "keyway_requests_total{surface=\"toy\",status=\"200\"} 3",
        "keyway_requests_total{surface=\"toy\",status=\"401\"} 1",
        "keyway_documents_total{result=\"hit\"} 2",
        "keyway_documents_total{result=\"rendered\"} 1",
        "keyway_connections 1",
    ] {
        assert!(page.text().lines().any(|there| there == line), "{line}\n{}", page.text());
    }
    assert!(!page.text().contains(GOOD));
    assert_eq!(wire.get("/metrics", &[("Host", "api.example.com")]).await.status, 404);
}

#[tokio::test]
async fn browsers_may_report() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    assert_eq!(wire.ask("POST", "/-/csp-reports", &[], b"{}").await.status, 202);
    assert_eq!(wire.ask("POST", "/-/csp-reports", &[], &vec![b' '; 11 << 10]).await.status, 413);
    assert_eq!(world.wire().await.get("/-/csp-reports", &[]).await.status, 405);
}
