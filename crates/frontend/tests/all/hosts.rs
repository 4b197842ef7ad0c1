//! Many accounts on one server: a host of an account's own serves it alone, and no `Host` header, path or
//! credential brings one account's goods to another's customers (`licensing.md` §1.1).

use keyway_catalog::Mode;

use crate::wire::Reply;
use crate::world::{GOOD, World};

/// The own host of `other`, the account without anything.
const OTHERS: &str = "get.other.test";

async fn of_many() -> World {
    let world = World::with(|settings| settings.mode = Mode::Multiplayer).await;
    world.add_account("other", OTHERS).await;
    world
}

async fn get(world: &World, host: &str, path: &str, key: Option<&str>) -> Reply {
    let authorization = key.map(|key| format!("Bearer {key}"));
    let mut headers = vec![("Host", host)];
    headers.extend(authorization.as_deref().map(|value| ("Authorization", value)));
    world.wire().await.get(path, &headers).await
}

#[tokio::test]
async fn an_engine_serves_the_account_that_host_or_path_names() {
    let world = of_many().await;
    for (host, path) in
        [("toy.pkg.example.com", "/acme/widget"), ("api.example.com", "/v1/accounts/acme/engines/toy/widget")]
    {
        let reply = get(&world, host, path, Some(GOOD)).await;
        assert_eq!(reply.status, 200, "{host}{path}: {}", reply.text());
    }
    for (host, path) in [
        ("toy.pkg.example.com", "/other/widget"),
        ("api.example.com", "/v1/accounts/other/engines/toy/widget"),
        (OTHERS, "/v1/engines/toy/widget"),
        // the host speaks first
        (OTHERS, "/v1/accounts/acme/engines/toy/widget"),
        ("GET.Other.TEST.:8080", "/v1/engines/toy/widget"),
    ] {
        let reply = get(&world, host, path, Some(GOOD)).await;
        assert_eq!(reply.status, 401, "{host}{path}: {}", reply.text());
        assert!(!reply.text().contains("Widget"), "{host}{path}");
        let reply = get(&world, host, path, None).await;
        assert!(matches!(reply.status, 401 | 404), "{host}{path}: {}", reply.text());
    }
    for (host, path) in
        [("api.example.com", "/v1/engines/toy/widget"), ("toy.pkg.example.com", "/nobody/widget")]
    {
        assert_eq!(get(&world, host, path, Some(GOOD)).await.status, 404, "{host}{path}");
    }
}

#[tokio::test]
async fn the_api_is_told_whose_host_was_named() {
    let world = of_many().await;
    let own = get(&world, OTHERS, "/v1/echo", None).await;
    assert_eq!((own.status, own.header("x-slug")), (200, Some("other")));
    let api = get(&world, "api.example.com", "/v1/accounts/acme/echo", None).await;
    assert_eq!((api.status, api.header("x-slug")), (200, None));
}

#[tokio::test]
async fn short_links_are_the_api_s_and_signed_by_the_account_they_name() {
    let world = of_many().await;
    let link = get(&world, "get.example.com", "/acme/1.0.0/a%2Fb?auth=x", None).await;
    assert_eq!((link.status, link.header("x-short")), (200, Some("acme 1.0.0/a%2Fb")));
    let signed = link.header("keygen-signature").unwrap();
    assert!(signed.contains(&world.account.to_string()), "{signed}");
    let api = get(&world, "get.example.com", "/v1/accounts/acme/echo", None).await;
    assert_eq!((api.status, api.header("x-short")), (200, None));
}

#[tokio::test]
async fn a_host_header_makes_nothing_of_a_strangers_name() {
    let world = of_many().await;
    for host in [
        "get.other.test.evil.test",
        "evil.get.other.test",
        "other.test",
        "get.other.test@evil.test",
        "evil.test",
        "get.other.test,api.example.com",
    ] {
        let reply = get(&world, host, "/v1/engines/toy/widget", Some(GOOD)).await;
        assert!(matches!(reply.status, 400 | 421), "{host}: {} {}", reply.status, reply.text());
    }
    // Without a proxy that is trusted, nobody else's word about the host counts.
    let headers = [("Host", "api.example.com"), ("X-Forwarded-Host", OTHERS)];
    let reply = world.wire().await.get("/v1/accounts/acme/echo", &headers).await;
    assert_eq!((reply.status, reply.header("x-slug")), (200, None));
}
