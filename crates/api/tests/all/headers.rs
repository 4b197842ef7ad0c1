//! The headers that every answer has (`licensing.md` §1.7, `distribution.md` §4.3), whatever it answers.

use http::Method;
use keyway_base::RequestId;
use serde_json::json;

use crate::world::{Answer, World, id, one};

/// What an answer says of its request, in the order of [`NAMES`].
fn told(answer: &Answer) -> Vec<&str> {
    NAMES
        .iter()
        .map(|name| answer.header(name).unwrap_or_else(|| panic!("no {name}: {}", answer.status)))
        .collect()
}

const NAMES: [&str; 6] = [
    "keygen-account",
    "keygen-bearer",
    "keygen-token",
    "keygen-license",
    "keygen-environment",
    "keygen-version",
];

#[tokio::test]
async fn answers_say_who_asked_whatever_they_answer() {
    let world = World::new().await;
    let account = world.account.to_string();
    let admin = world.admin_id.to_string();
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let license = world.make("licenses", json!({}), one("policy", "policies", &policy)).await;
    let key = world.key(license["attributes"]["key"].as_str().unwrap());
    let license = id(&license);
    let token = id(&world.admin.get("me").await.body["included"][0]);
    let by_admin = [account.as_str(), admin.as_str(), token.as_str(), "", "", "1.8"];
    for (method, path, status) in [
        (Method::GET, "products", 200),
        (Method::HEAD, "products", 200),
        (Method::GET, "products/nothing", 404),
        (Method::POST, "products", 400),
    ] {
        let answer = world.admin.raw(method.clone(), path, Vec::new()).await;
        assert_eq!(answer.status, status, "{method} {path}");
        assert_eq!(told(&answer), by_admin, "{method} {path}");
    }
    let gone = world.product("Gone").await;
    let deleted = world.admin.delete(&format!("products/{gone}")).await;
    assert_eq!((deleted.status, told(&deleted)), (204, by_admin.to_vec()));
    let by_key = key.get("me").await;
    assert_eq!(told(&by_key), [account.as_str(), &license, "", &license, "", "1.8"]);
    let nobody = world.anonymous().get("products").await;
    assert_eq!((nobody.status, told(&nobody)), (401, vec![account.as_str(), "", "", "", "", "1.8"]));
    for path in ["nothing/at/all", "accounts/other/products"] {
        let nowhere = world.admin.get(path).await;
        assert_eq!((nowhere.status, told(&nowhere)), (404, vec!["", "", "", "", "", "1.8"]), "{path}");
    }
    for (name, value) in [
        ("keygen-edition", "EE"),
        ("keygen-mode", "singleplayer"),
        ("keygen-revision", env!("CARGO_PKG_VERSION")),
    ] {
        assert_eq!(nobody.header(name), Some(value), "{name}");
    }
}

#[tokio::test]
async fn until_1_3_ids_were_in_headers_of_other_names() {
    let world = World::new().await;
    let account = world.account.to_string();
    for (version, old) in [("1.3", true), ("1.0", true), ("1.4", false)] {
        for path in ["products", "products/nothing"] {
            let answer = world.admin.clone().header("keygen-version", version).get(path).await;
            let (shown, hidden) = (["keygen-account-id", "keygen-bearer-id", "keygen-token-id"], NAMES);
            for (id, plain) in shown.iter().zip(hidden) {
                assert_eq!(
                    (answer.header(id).is_some(), answer.header(plain).is_some()),
                    (old, !old),
                    "{version}"
                );
            }
            let id = if old { "keygen-account-id" } else { "keygen-account" };
            assert_eq!(answer.header(id), Some(account.as_str()));
            assert_eq!(answer.header("keygen-version"), Some(version));
        }
    }
}

#[tokio::test]
async fn a_signature_that_cannot_be_made_is_refused_in_its_place() {
    let world = World::new().await;
    let header = "Keygen-Accept-Signature";
    let odd = world.anonymous().header(header, "keyid=\"x\", algorithm=\"ed25519\"");
    let answer = odd.get("products").await;
    assert_eq!(answer.error(), (400, "", header), "before credentials");
    assert!(answer.detail().starts_with("invalid accept-signature header"), "{}", answer.body);
    assert_eq!(odd.get("accounts/other/products").await.status, 404, "after the account");
    let old = odd.clone().header("keygen-version", "3.0").get("products").await;
    assert_eq!(old.error().1, "INVALID_API_VERSION", "after the version");
    assert_eq!(
        odd.inside("x").get("products").await.error().1,
        "ENVIRONMENT_INVALID",
        "after the environment"
    );
    for algorithm in ["ed25519", "rsa-pss-sha256", "rsa-sha256", "ecdsa-p256"] {
        let good = format!("keyid=\"{}\", algorithm=\"{algorithm}\";", world.account);
        let client = world.admin.clone().header("keygen-accept-signature", &good);
        assert_eq!(client.get("products").await.status, 200, "{algorithm}");
    }
}

#[tokio::test]
async fn early_refusals_speak_the_version_and_name_the_account() {
    let world = World::new().await;
    let client = world.admin.clone().header("keygen-version", "1.2").header("accept", "application/json");
    let request = keyway_api::ApiRequest {
        method: Method::POST,
        path: "/v1/accounts/acme/products".to_owned(),
        short_link: None,
        query: String::new(),
        headers: client.headers.clone(),
        body: bytes::Bytes::new(),
        peer: std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST),
        host_account: None,
        request_id: RequestId::generate(crate::world::START),
    };
    let error = keyway_jsonapi::ApiError::too_many_requests(7);
    let answer = world.api.refuse(request, error).await;
    let header = |name: &str| answer.headers.get(name).and_then(|value| value.to_str().ok());
    assert_eq!((answer.status.as_u16(), header("retry-after")), (429, Some("7")));
    assert_eq!(header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(header("keygen-account-id"), Some(world.account.to_string().as_str()));
    assert_eq!(header("keygen-version"), Some("1.2"));
}

#[tokio::test]
async fn a_request_may_say_what_it_accepts_in_several_headers() {
    let world = World::new().await;
    let mut client = world.admin.clone().header("accept", "text/html");
    assert_eq!(client.get("products").await.error().1, "MIME_TYPE_INVALID");
    client.headers.append("accept", "application/json;q=0.9".parse().unwrap());
    let answer = client.get("products").await;
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("application/json; charset=utf-8"))
    );
}
