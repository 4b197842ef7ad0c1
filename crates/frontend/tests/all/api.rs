//! The JSON:API surface around a toy API.

use std::sync::atomic::Ordering;

use keyway_domain::request::BODY_KEPT;
use keyway_domain::resources::RequestLog;

use crate::world::{ROOM, SMALL, World};

#[tokio::test]
async fn requests_arrive_whole_and_answers_carry_what_all_carry() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let reply = wire.ask("POST", "/v1/licenses?page%5Bsize%5D=1", &[], b"{\"a\":1}").await;
    assert_eq!(reply.text(), "POST /v1/licenses?page%5Bsize%5D=1 127.0.0.1 {\"a\":1}");
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("cache-control", "no-transform, no-store, max-age=0"),
        ("content-security-policy", "default-src 'none'; report-uri /-/csp-reports; report-to csp-reports"),
        ("keygen-version", "1.8"),
        ("keygen-edition", "EE"),
        ("keygen-mode", "singleplayer"),
    ] {
        assert_eq!(reply.header(name), Some(value), "{name}");
    }
    assert!(reply.header("access-control-expose-headers").unwrap().contains("Keygen-Signature"));
    assert!(reply.header("keygen-signature").unwrap().contains("algorithm=\"ed25519\""));
    assert_eq!(reply.header("date"), reply.header("keygen-date"));
    let chunked = "POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n\
                   3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
    wire.send(chunked).await;
    assert_eq!(wire.reply(false).await.text(), "POST /v1/x? 127.0.0.1 abcde");
}

#[tokio::test]
async fn pages_of_the_portal_alone_may_send_cookies_along() {
    let portal = "https://portal.example.com";
    let world = World::with(|settings| settings.portal = Some(portal.parse().unwrap())).await;
    let mut wire = world.wire().await;
    let asked = ("access-control-request-headers", "authorization, keygen-environment");
    for (origin, allowed) in [
        (portal, Some("true")),
        ("https://portal.example.com.evil.example", None),
        ("http://portal.example.com", None),
        ("null", None),
    ] {
        let expected = if allowed.is_some() { portal } else { "*" };
        for (method, status) in [("OPTIONS", 204), ("GET", 200)] {
            let reply = wire.ask(method, "/v1/me", &[("origin", origin), asked], b"").await;
            assert_eq!(reply.status, status, "{method} {origin}");
            assert_eq!(reply.header("access-control-allow-origin"), Some(expected), "{method} {origin}");
            assert_eq!(reply.header("access-control-allow-credentials"), allowed, "{method} {origin}");
            assert_eq!(reply.header("vary"), allowed.map(|_| "Origin"), "{method} {origin}");
        }
        let reply = wire.ask("OPTIONS", "/v1/me", &[("origin", origin), asked], b"").await;
        assert_eq!(reply.header("access-control-allow-headers"), Some(asked.1), "{origin}");
    }
    let plain = World::new().await;
    let reply = plain.wire().await.ask("GET", "/v1/me", &[("origin", portal)], b"").await;
    assert_eq!(reply.header("access-control-allow-credentials"), None, "there is no portal");
}

#[tokio::test]
async fn the_signature_covers_the_exact_bytes() {
    let world = World::new().await;
    let reply = world.wire().await.get("/v1/me", &[]).await;
    let digest = keyway_crypto::digest::sha256(&reply.body).header_value();
    assert_eq!(reply.header("digest"), Some(digest.as_str()));
    assert_eq!(reply.header("keygen-digest"), Some(digest.as_str()));
}

#[tokio::test]
async fn ten_megabytes_are_refused_in_the_apis_form_and_the_connection_lives() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let body = vec![b' '; 10 << 20];
    let reply = wire.ask("POST", "/v1/licenses", &[], &body).await;
    assert_eq!(reply.status, 413);
    assert_eq!(reply.header("content-type"), Some("application/vnd.api+json; charset=utf-8"));
    let error: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
    assert_eq!(error["errors"][0]["code"], "PAYLOAD_TOO_LARGE");
    assert_eq!(error["meta"]["id"], reply.header("x-request-id").unwrap());
    assert_eq!(wire.get("/v1/me", &[]).await.status, 200);
    let mut chunked =
        b"POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    chunked.extend_from_slice(b"a00000\r\n");
    chunked.extend_from_slice(&body);
    chunked.extend_from_slice(b"\r\n0\r\n\r\n");
    wire.send(chunked).await;
    assert_eq!(wire.reply(false).await.status, 413);
    assert_eq!(wire.get("/v1/me", &[]).await.status, 200);
}

/// The file that an old publisher sends to where it is only told the way.
#[tokio::test]
async fn a_body_that_is_not_looked_at_may_be_of_any_length_and_is_answered_before_its_end() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let half = vec![0xff; 4 << 20];
    wire.send(format!("PUT /v1/bodiless HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: {}\r\n\r\n", 8 << 20))
        .await;
    wire.send(&half).await;
    let reply = wire.reply(false).await;
    assert_eq!((reply.status, reply.text()), (200, "PUT /v1/bodiless? 127.0.0.1 "));
    wire.send(&half).await;
    assert_eq!(wire.get("/v1/me", &[]).await.status, 200, "on the same connection");
}

#[tokio::test]
async fn a_client_that_waits_to_be_asked_is_told_at_once() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    wire.send(
        "POST /v1/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 10485760\r\nExpect: 100-continue\r\n\r\n",
    )
    .await;
    assert_eq!(wire.reply(false).await.status, 413);
}

#[tokio::test]
async fn a_mutation_outlives_the_client_that_asked_for_it() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    wire.send("POST /v1/slow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}").await;
    world.behind.arrived.notified().await;
    drop(wire);
    world.behind.go_on.notify_one();
    while world.behind.mutations.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_body_that_is_cut_never_reaches_the_api() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    wire.send("POST /v1/slow HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{}").await;
    drop(wire);
    let mut odd = world.wire().await;
    odd.send("POST /v1/slow HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n").await;
    odd.rest().await;
    assert_eq!(world.wire().await.get("/v1/me", &[]).await.status, 200);
    assert_eq!(world.behind.mutations.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_panic_in_the_api_is_an_answer_that_says_nothing() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let reply = wire.get("/v1/panic", &[]).await;
    assert_eq!(reply.status, 500);
    assert!(
        reply.text().contains("Internal server error") && !reply.text().contains("told"),
        "{}",
        reply.text()
    );
    assert_eq!(wire.get("/v1/me", &[]).await.status, 200);
}

#[tokio::test]
async fn files_of_the_api_have_ranges() {
    let world = World::new().await;
    let reply = world.wire().await.get("/v1/file", &[("Range", "bytes=-3")]).await;
    assert_eq!((reply.status, reply.body.as_slice()), (206, SMALL.get(33..).unwrap()));
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"Widget 1.zip\""));
    assert_eq!(reply.header("cache-control"), Some("no-transform, no-store, max-age=0"));
}

#[tokio::test]
async fn what_may_be_kept_says_so() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let first = wire.get("/v1/kept", &[]).await;
    assert_eq!((first.status, first.header("cache-control")), (200, Some("no-cache")));
    let again = wire.get("/v1/kept", &[("If-None-Match", first.header("etag").unwrap())]).await;
    assert_eq!((again.status, again.body.len(), again.header("cache-control")), (304, 0, Some("no-cache")));
    assert_eq!(again.header("etag"), first.header("etag"));
    let error = wire.get("/v1/panic", &[]).await;
    assert_eq!(error.header("cache-control"), Some("no-transform, no-store, max-age=0"));
}

#[tokio::test]
async fn browsers_may_ask_from_anywhere() {
    let world = World::new().await;
    let headers = [
        ("Origin", "https://app.example.org"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization, keygen-version"),
    ];
    let reply = world.wire().await.ask("OPTIONS", "/v1/licenses", &headers, b"").await;
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("access-control-allow-headers"), Some("authorization, keygen-version"));
    assert_eq!(reply.header("access-control-max-age"), Some("86400"));
    assert!(reply.header("access-control-allow-methods").unwrap().contains("PATCH"));
}

#[tokio::test]
async fn wrong_credentials_are_limited_here_too() {
    let world = World::with(|settings| settings.limits.wrong_credentials = 2).await;
    let mut wire = world.wire().await;
    for token in ["Bearer one", "Bearer one", "Bearer two"] {
        assert_eq!(wire.get("/v1/secret", &[("Authorization", token)]).await.status, 401);
    }
    let reply = wire.get("/v1/me", &[("Authorization", "Bearer three")]).await;
    assert_eq!((reply.status, reply.header("retry-after")), (429, Some("3")));
    assert!(reply.text().contains("TOO_MANY_REQUESTS"), "{}", reply.text());
    assert_eq!(wire.get("/v1/me", &[]).await.status, 200, "anonymous requests go on");
}

#[tokio::test]
async fn paths_that_lead_nowhere() {
    let world = World::new().await;
    let reply = world.wire().await.get("/nowhere", &[]).await;
    assert_eq!(reply.status, 404);
    assert!(reply.text().contains("The requested endpoint was not found"), "{}", reply.text());
}

#[tokio::test]
async fn answers_are_left_for_the_log_with_what_was_sent() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let headers = [
        ("Authorization", "License GOOD-KEY"),
        ("Content-Type", "application/json"),
        ("User-Agent", "toolkit/1.0"),
        ("Cookie", "session_id=x"),
    ];
    let reply = wire.ask("POST", "/v1/logged?a=b", &headers, b"{\"name\":1}").await;
    assert_eq!(reply.status, 200);
    assert_eq!(wire.get("/v1/else", &[]).await.status, 200);
    let logged = world.behind.logged.lock().unwrap().remove(0);
    assert!(world.behind.logged.lock().unwrap().is_empty(), "the API says what is logged");
    assert_eq!((logged.path.as_str(), logged.query.as_str()), ("/v1/logged", "a=b"));
    assert_eq!(Some(logged.id.to_string().as_str()), reply.header("x-request-id"));
    let entry: RequestLog = logged.entry().typed().unwrap();
    assert_eq!(entry.status.as_deref(), Some("200"));
    assert_eq!((entry.ip.as_deref(), entry.user_agent.as_deref()), (Some("127.0.0.1"), Some("toolkit/1.0")));
    assert_eq!(entry.request_body.as_deref(), Some("{\"name\":1}"));
    assert_eq!(entry.response_body, None, "what is no JSON is not kept");
    assert_eq!(entry.response_signature.as_deref(), reply.header("keygen-signature"));
    assert!(entry.response_signature.is_some());
    let sent = entry.request_headers.unwrap();
    let names: Vec<&String> = sent.as_object().unwrap().keys().collect();
    assert_eq!(names, ["Host", "Content-Type", "Content-Length"]);
    let answered = entry.response_headers.unwrap();
    for name in ["Digest", "Keygen-Signature", "Keygen-Version"] {
        assert_eq!(answered[name].as_str(), reply.header(&name.to_lowercase()), "{name}");
    }
    let kept = format!("{sent}{answered}");
    assert!(!kept.contains("GOOD-KEY") && !kept.contains("session_id"), "{kept}");
}

#[tokio::test]
async fn long_bodies_are_not_kept_and_requests_that_are_lost_are_counted() {
    let world = World::new().await;
    let mut wire = world.wire().await;
    let long = format!("{{\"a\":\"{}\"}}", "x".repeat(BODY_KEPT));
    for _ in 0..ROOM + 2 {
        assert_eq!(wire.ask("POST", "/v1/logged", &[], long.as_bytes()).await.status, 200);
    }
    let logged = std::mem::take(&mut *world.behind.logged.lock().unwrap());
    assert_eq!(logged.len(), ROOM);
    assert!(logged.iter().all(|request| request.held() < 4096), "{logged:?}");
    let page = wire.get("/metrics", &[]).await;
    assert!(page.text().lines().any(|line| line == "keyway_request_logs_dropped_total 2"), "{}", page.text());
}
