//! Short links to releases and their files (`distribution.md` §10).

use http::Method;
use serde_json::json;

use super::shop::Shop;
use crate::world::{Answer, Client};

const UNKNOWN: &str =
    "The requested endpoint was not found (check your HTTP method, Accept header, and URL path)";

/// A browser's request: no type that the API has.
async fn follow(client: &Client, account: &str, below: &str) -> Answer {
    client.clone().header("accept", "text/html").follow(Method::GET, Some(account), below).await
}

async fn open() -> (Shop, String) {
    let shop = Shop::open("OPEN").await;
    let release = shop.release_with("1.0.0", json!({"status": "PUBLISHED", "tag": "latest"}), None).await;
    shop.artifact(&release, "dir/App.exe", b"bytes").await;
    (shop, release)
}

#[tokio::test]
async fn a_release_and_a_file_lead_to_the_list_and_the_bytes() {
    let (shop, release) = open().await;
    let anyone = shop.anonymous();
    for name in [&*release, "1.0.0", "latest"] {
        let list = follow(&anyone, "acme", name).await;
        assert_eq!((list.status, list.ids().len()), (200, 1), "{name}: {}", list.body);
        for file in ["dir/App.exe", "dir%2FApp.exe", "dir/App.exe?ttl=60"] {
            let found = follow(&anyone, &shop.account.to_string(), &format!("{name}/{file}")).await;
            assert_eq!(found.status, 303, "{name}/{file}: {}", found.body);
            assert_eq!(found.header("location"), Some(found.text("/data/links/redirect")));
        }
    }
    let paged = follow(&anyone, "acme", "1.0.0?page[number]=1&page[size]=1").await;
    let this = paged.text("/links/self");
    assert!(this.starts_with(&format!("/v1/accounts/{}/releases/1.0.0/artifacts?", shop.account)), "{this}");
    for below in ["2.0.0", "1.0.0/none.exe"] {
        assert_eq!(follow(&anyone, "acme", below).await.error().1, "NOT_FOUND", "{below}");
    }
    assert_eq!(follow(&anyone, "nobody", "1.0.0").await.status, 404);
    assert_eq!(follow(&shop.key("WRONG"), "acme", "1.0.0").await.error().1, "LICENSE_INVALID");
}

#[tokio::test]
async fn in_the_first_version_links_name_no_release() {
    let (shop, _) = open().await;
    let first = shop.anonymous().header("keygen-version", "1.0");
    assert_eq!(follow(&first, "acme", "").await.ids().len(), 1);
    let found = follow(&first, "acme", "dir/App.exe").await;
    assert_eq!(found.status, 303, "{}", found.body);
    assert_eq!(found.text("/data/attributes/key"), "dir/App.exe");
    assert_eq!(follow(&first, "acme", "1.0.0/dir/App.exe").await.error().1, "NOT_FOUND");
    let now = shop.anonymous();
    for below in ["", "/", "/dir/App.exe"] {
        assert_eq!(follow(&now, "acme", below).await.detail(), UNKNOWN, "{below}");
    }
    let odd = shop.anonymous().header("keygen-version", "9.9");
    assert_eq!(follow(&odd, "acme", "1.0.0").await.error().1, "INVALID_API_VERSION");
}

#[tokio::test]
async fn links_are_only_read() {
    let (shop, release) = open().await;
    for method in [Method::POST, Method::PATCH, Method::DELETE] {
        let refused =
            shop.admin.follow(method.clone(), Some("acme"), &format!("{release}/dir/App.exe")).await;
        assert_eq!((refused.status, refused.detail()), (404, UNKNOWN), "{method}");
    }
    let head = shop.anonymous().follow(Method::HEAD, Some("acme"), "1.0.0/dir/App.exe").await;
    assert_eq!(head.status, 200);
    assert_eq!(shop.anonymous().follow(Method::GET, None, "1.0.0").await.ids().len(), 1);
}
