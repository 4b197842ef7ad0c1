//! Rate limits (`licensing.md` §1.8) through a socket.

use std::time::Duration;

use crate::wire::Reply;
use crate::world::{GOOD, World};

const VENDOR: &str = "Bearer prod-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdefv3";

async fn world(windows: &str) -> World {
    World::with(|settings| settings.rate_limits = windows.parse().unwrap()).await
}

fn told(reply: &Reply) -> (u16, Vec<&str>) {
    let names = ["window", "count", "limit", "remaining"];
    let told = names.map(|name| reply.header(&format!("x-ratelimit-{name}")));
    (reply.status, told.into_iter().flatten().collect())
}

#[tokio::test]
async fn clients_are_told_how_they_stand_and_when_to_come_back() {
    let world = world("30s:2, 5m:3").await;
    let mut wire = world.wire().await;
    assert_eq!(told(&wire.get("/v1/me", &[]).await), (200, vec!["30s", "1", "2", "1"]));
    assert_eq!(told(&wire.get("/v1/me", &[]).await), (200, vec!["30s", "2", "2", "0"]));
    let refused = wire.get("/v1/me", &[]).await;
    assert_eq!(told(&refused), (429, vec!["30s", "3", "2", "0"]));
    let reset: u64 = refused.header("x-ratelimit-reset").unwrap().parse().unwrap();
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    let now = u64::try_from(crate::world::START.as_seconds()).unwrap();
    assert_eq!((reset % 30, reset - wait), (0, now));
    let error: serde_json::Value = serde_json::from_slice(&refused.body).unwrap();
    assert_eq!(error["errors"][0]["code"], "TOO_MANY_REQUESTS");
    assert!(error.get("meta").is_none() && refused.header("keygen-signature").is_some());
    world.clock.advance(Duration::from_secs(wait));
    assert_eq!(told(&wire.get("/v1/me", &[]).await), (429, vec!["5m", "4", "3", "0"]));
}

#[tokio::test]
async fn every_credential_counts_for_itself_and_vendors_do_not() {
    let world = world("30s:1").await;
    let mut wire = world.wire().await;
    let licence = format!("License {GOOD}");
    for authorization in [licence.as_str(), "License OTHER", "Bearer x"] {
        let headers = [("Authorization", authorization)];
        assert_eq!(wire.get("/v1/me", &headers).await.status, 200, "{authorization}");
        assert_eq!(wire.get("/v1/me", &headers).await.status, 429, "{authorization}");
    }
    for _ in 0..3 {
        assert_eq!(told(&wire.get("/v1/me", &[("Authorization", VENDOR)]).await), (200, Vec::new()));
    }
    let off = World::with(|settings| settings.rate_limits = "off".parse().unwrap()).await;
    let mut wire = off.wire().await;
    for _ in 0..3 {
        assert_eq!(told(&wire.get("/v1/me", &[]).await), (200, Vec::new()));
    }
}

/// Whoever likes can send what looks like a session: only the API knows which of them it sealed.
#[tokio::test]
async fn cookies_do_not_make_anybody_someone_else() {
    let portal = "https://portal.example.com";
    let world = World::with(|settings| {
        settings.portal = Some(portal.parse().unwrap());
        settings.rate_limits = "30s:1".parse().unwrap();
    })
    .await;
    let mut wire = world.wire().await;
    let decoys =
        ["session_id.x=1".to_owned(), "session_id=2".to_owned(), format!("session_id.x={}", &VENDOR[7..])];
    let statuses = decoys.map(|cookie| (cookie, portal));
    let mut heard = Vec::new();
    for (cookie, portal) in &statuses {
        heard.push(wire.ask("GET", "/v1/me", &[("origin", portal), ("cookie", cookie)], b"").await.status);
    }
    assert_eq!(heard, [200, 429, 429]);
}

#[tokio::test]
async fn parts_of_files_and_engines_are_free_until_they_are_refused() {
    let world = world("30s:2").await;
    let mut wire = world.wire().await;
    let part = [("Range", "bytes=0-1")];
    for _ in 0..4 {
        assert_eq!(told(&wire.get("/v1/file", &part).await), (206, Vec::new()));
        assert_eq!(wire.get("/v1/engines/toy/-/ping", &[]).await.status, 200);
    }
    assert_eq!(wire.get("/v1/forbidden", &part).await.status, 403);
    assert_eq!(wire.get("/v1/forbidden", &part).await.status, 403);
    assert_eq!(told(&wire.get("/v1/file", &part).await), (429, vec!["30s", "2", "2", "0"]));
    assert_eq!(wire.get("/v1/me", &[]).await.status, 200, "refusals are counted apart");
    world.clock.advance(Duration::from_secs(30));
    assert_eq!(wire.get("/v1/file", &part).await.status, 206);
}

#[tokio::test]
async fn passwords_are_tried_slowly() {
    let world = world("30s:100").await;
    let mut wire = world.wire().await;
    // jane@example.com:x
    let jane = [("Authorization", "Basic amFuZUBleGFtcGxlLmNvbTp4")];
    for path in ["/v1/tokens", "/v1/accounts/acme/tokens", "/v1/tokens", "/v1/tokens", "/v1/tokens"] {
        assert_eq!(wire.ask("POST", path, &jane, b"").await.status, 200);
    }
    assert_eq!(told(&wire.ask("POST", "/v1/tokens", &jane, b"").await), (429, vec!["1m", "6", "5", "0"]));
    assert_eq!(wire.ask("POST", "/v1/tokens", &[], b"").await.status, 200, "nobody in particular");
    let path = "/v1/users/jane/actions/update-password";
    for _ in 0..5 {
        assert_eq!(wire.ask("POST", path, &[], b"").await.status, 200);
    }
    assert_eq!(told(&wire.ask("POST", path, &[], b"").await), (429, vec!["10m", "6", "5", "0"]));
    world.clock.advance(Duration::from_secs(600));
    assert_eq!(wire.ask("POST", path, &[], b"").await.status, 200);
}

#[tokio::test]
async fn mail_is_asked_for_five_times_an_hour_for_an_address() {
    let world = world("30s:100").await;
    let mut wire = world.wire().await;
    let ask = |email: &str| format!("{{\"meta\":{{\"email\":\"{email}\"}}}}").into_bytes();
    for path in
        ["/v1/passwords", "/v1/accounts/acme/passwords", "/v1/passwords", "/v1/passwords/", "/v1/passwords"]
    {
        assert_eq!(wire.ask("POST", path, &[], &ask("jane@example.com")).await.status, 200, "{path}");
    }
    let refused = wire.ask("POST", "/v1/passwords", &[], &ask(" Jane@example.com")).await;
    assert_eq!(refused.status, 429);
    assert_eq!(wire.ask("POST", "/v1/passwords", &[], &ask("joe@example.com")).await.status, 200);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    world.clock.advance(Duration::from_secs(wait));
    assert_eq!(wire.ask("POST", "/v1/passwords", &[], &ask("jane@example.com")).await.status, 200);
}

#[tokio::test]
async fn one_time_passwords_are_guessed_slowly() {
    let world = world("30s:100").await;
    let mut wire = world.wire().await;
    let (all, one) = ("/v1/users/jane/second-factors", "/v1/users/jane/second-factors/app");
    for (method, path) in [("POST", all), ("PATCH", one), ("PUT", one), ("DELETE", one), ("PATCH", one)] {
        assert_eq!(wire.ask(method, path, &[], b"").await.status, 200, "{method}");
    }
    assert_eq!(told(&wire.ask("PATCH", one, &[], b"").await), (429, vec!["10m", "6", "5", "0"]));
    for spelled in ["JANE", "%6aane", "jan%65"] {
        let one = format!("/v1/users/{spelled}/second-factors/app");
        assert_eq!(wire.ask("PATCH", &one, &[], b"").await.status, 429, "{spelled} is the same user");
    }
    assert_eq!(wire.get(one, &[]).await.status, 200, "reading is no guess");
    let other = "/v1/accounts/acme/users/joe/second-factors/app";
    assert_eq!(wire.ask("PATCH", other, &[], b"").await.status, 200, "each user has a count");
}

#[tokio::test]
async fn accounts_are_founded_so_many_an_hour_from_one_address() {
    let of_many = |limits: &'static str| {
        World::with(move |settings| {
            settings.mode = keyway_catalog::Mode::Multiplayer;
            settings.rate_limits = limits.parse().unwrap();
        })
    };
    let world = of_many("30s:60").await;
    let mut wire = world.wire().await;
    for _ in 0..20 {
        assert_eq!(wire.ask("POST", "/v1/accounts", &[("Host", "api.example.com")], b"{}").await.status, 200);
    }
    let refused = wire.ask("POST", "/v1/accounts/", &[("Host", "api.example.com")], b"{}").await;
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    world.clock.advance(Duration::from_secs(wait));
    let mut wire = world.wire().await;
    assert_eq!(wire.ask("POST", "/v1/accounts", &[("Host", "api.example.com")], b"{}").await.status, 200);
    let off = of_many("off").await;
    let mut wire = off.wire().await;
    for _ in 0..21 {
        assert_eq!(wire.ask("POST", "/v1/accounts", &[("Host", "api.example.com")], b"{}").await.status, 200);
    }
}

/// Where there can be many accounts, who forgot theirs asks outside any.
#[tokio::test]
async fn accounts_are_asked_for_like_passwords() {
    let host = [("Host", "api.example.com")];
    let ask =
        |email: &str| format!("{{\"meta\":{{\"type\":\"account\",\"email\":\"{email}\"}}}}").into_bytes();
    for mode in [keyway_catalog::Mode::Singleplayer, keyway_catalog::Mode::Multiplayer] {
        let world = World::with(move |settings| {
            settings.mode = mode;
            settings.rate_limits = "30s:8".parse().unwrap();
        })
        .await;
        let mut wire = world.wire().await;
        for path in ["/v1/recover", "/v1/recover/", "/v1/recover", "/v1/recover", "/v1/recover"] {
            assert_eq!(wire.ask("POST", path, &host, &ask("jane@example.com")).await.status, 200, "{path}");
        }
        let refused = wire.ask("POST", "/v1/recover", &host, &ask(" Jane@Example.com ")).await;
        assert_eq!(refused.status, 429);
        assert!(refused.header("retry-after").unwrap().parse::<u64>().unwrap() > 30, "of an hour");
        assert_eq!(wire.ask("POST", "/v1/recover", &host, &ask("a@example.com")).await.status, 200);
        assert_eq!(wire.ask("POST", "/v1/recover", &host, &ask("b@example.com")).await.status, 200);
        let many = wire.ask("POST", "/v1/recover", &host, &ask("c@example.com")).await;
        assert_eq!(many.status, 429, "one client asks for many addresses");
        assert!(many.header("retry-after").unwrap().parse::<u64>().unwrap() <= 30);
    }
}
