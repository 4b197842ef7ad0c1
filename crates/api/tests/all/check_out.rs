//! Licence files (`licensing.md` §13). Signatures and encryption are checked by other clients in `tests/licensing`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use keyway_base::RecordId;
use keyway_domain::resources::Policy;
use keyway_jsonapi::{Declared, Scope, Value as Column};
use keyway_store::Changes;
use serde_json::{Value, json};

use crate::events::{beyond, logged};
use crate::world::{Answer, Client, World, id, one};

/// The members of a certificate.
pub(crate) fn opened(certificate: &str) -> Value {
    let lines: Vec<&str> = certificate.lines().filter(|line| !line.starts_with("-----")).collect();
    serde_json::from_slice(&STANDARD.decode(lines.concat()).unwrap()).unwrap()
}

/// The document in a certificate that is not encrypted.
pub(crate) fn payload(certificate: &str) -> Value {
    let enc = opened(certificate)["enc"].as_str().unwrap().to_owned();
    serde_json::from_slice(&STANDARD.decode(enc).unwrap()).unwrap()
}

pub(crate) fn text(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.body);
    String::from_utf8(answer.raw.bytes().unwrap().to_vec()).unwrap()
}

/// The types and ids of what a document includes.
pub(crate) fn included(document: &Value) -> Vec<(String, String)> {
    let objects = document["included"].as_array().unwrap();
    objects.iter().map(|object| (object["type"].as_str().unwrap().to_owned(), id(object))).collect()
}

struct Shop {
    world: World,
    product: String,
    policy: String,
    license: String,
    key: String,
    path: String,
}

impl Shop {
    async fn open() -> Self {
        let world = World::new().await;
        let product = world.product("App").await;
        let policy = world.policy(&product, json!({})).await;
        let (license, key) =
            world.license(&policy, json!({"name": "Zoë", "metadata": {"a": {"b": 1}}})).await;
        let path = format!("licenses/{license}/actions/check-out");
        Self { world, product, policy, license, key, path }
    }
    async fn file(&self, meta: Value) -> Answer {
        self.world.admin.post(&self.path, json!({ "meta": meta })).await
    }
}

#[tokio::test]
async fn get_gives_the_certificate_to_be_saved() {
    let shop = Shop::open().await;
    let before = logged(&shop.world).await;
    let answer = shop.world.admin.get(&shop.path).await;
    let certificate = text(&answer);
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    let name = format!("attachment; filename=\"{}.lic\"", shop.license);
    assert_eq!(answer.header("content-disposition"), Some(name.as_str()));
    assert!(certificate.starts_with("-----BEGIN LICENSE FILE-----\n"), "{certificate}");
    assert!(certificate.ends_with("\n-----END LICENSE FILE-----\n"), "{certificate}");
    assert!(certificate.lines().all(|line| line.len() <= 60), "{certificate}");
    assert_eq!(opened(&certificate)["alg"], "base64+ed25519");
    let document = payload(&certificate);
    let members: Vec<&String> = document.as_object().unwrap().keys().collect();
    assert_eq!(members, ["data", "meta"], "nothing is included unless it is asked for");
    let shown = shop.world.admin.get(&format!("licenses/{}", shop.license)).await;
    assert_eq!(document["data"], shown.body["data"], "the same as GET shows afterwards");
    assert_eq!(document["data"]["attributes"]["lastCheckOut"], "2026-06-01T12:00:00.000Z");
    let meta = json!({
        "issued": "2026-06-01T12:00:00.000Z", "expiry": "2026-07-01T12:00:00.000Z", "ttl": 2_629_746
    });
    assert_eq!(document["meta"], meta);
    let events = beyond(&shop.world, &before).await;
    let names: Vec<&str> = events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(names, ["license.checked-out"]);
}

#[tokio::test]
async fn post_gives_a_resource() {
    let shop = Shop::open().await;
    let meta = json!({"ttl": 3600, "encrypt": true, "include": ["owner", "policy"]});
    let answer = shop.file(meta).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let file = &answer.body["data"];
    let members: Vec<&String> = file.as_object().unwrap().keys().collect();
    assert_eq!(members, ["id", "type", "attributes", "relationships"]);
    assert_eq!(file["type"], "license-files");
    let attributes = &file["attributes"];
    for (name, value) in [
        ("algorithm", json!("aes-256-gcm+ed25519")),
        ("includes", json!(["owner", "policy"])),
        ("ttl", json!(3600)),
        ("expiry", json!("2026-06-01T13:00:00.000Z")),
        ("issued", json!("2026-06-01T12:00:00.000Z")),
    ] {
        assert_eq!(attributes[name], value, "{name}");
    }
    let members = opened(attributes["certificate"].as_str().unwrap());
    assert_eq!(members["alg"], "aes-256-gcm+ed25519");
    assert_eq!(members["enc"].as_str().unwrap().split('.').count(), 3);
    let account = format!("/v1/accounts/{}", shop.world.account);
    let relationships = json!({
        "account": {
            "links": {"related": account}, "data": {"type": "accounts", "id": shop.world.account.to_string()}
        },
        "environment": {"links": {"related": null}, "data": null},
        "license": {
            "links": {"related": format!("{account}/licenses/{}", shop.license)},
            "data": {"type": "licenses", "id": shop.license}
        },
    });
    assert_eq!(file["relationships"], relationships);
    let again = shop.file(json!({})).await;
    assert_ne!(again.body["data"]["id"], file["id"], "each is another file");
}

#[tokio::test]
async fn files_live_as_long_as_is_asked() {
    let shop = Shop::open().await;
    for (ttl, expiry) in [
        (json!(3600), json!("2026-06-01T13:00:00.000Z")),
        (json!(31_556_952), json!("2027-06-01T12:00:00.000Z")),
        (json!(i64::MAX), json!("9999-12-30T22:00:00.000Z")),
        (json!(null), json!(null)),
    ] {
        let answer = shop.file(json!({ "ttl": ttl })).await;
        assert_eq!(answer.at("/data/attributes/expiry"), &expiry, "{ttl}");
        assert_eq!(answer.at("/data/attributes/ttl"), &ttl);
        let document = payload(answer.text("/data/attributes/certificate"));
        assert_eq!((&document["meta"]["expiry"], &document["meta"]["ttl"]), (&expiry, &ttl));
    }
    let query = format!("{}?ttl=&unknown=1&encrypt=", shop.path);
    let document = payload(&text(&shop.world.admin.get(&query).await));
    assert_eq!(document["meta"]["expiry"], json!(null), "an empty time to live is for ever");
}

#[tokio::test]
async fn what_means_nothing_is_refused_and_leaves_nothing_behind() {
    let shop = Shop::open().await;
    let before = logged(&shop.world).await;
    for (query, code, parameter, detail) in [
        ("ttl=3599", "CHECKOUT_TTL_INVALID", "ttl", "must be greater than or equal to 3600 (1 hour)"),
        ("include=owner,tokens", "CHECKOUT_INCLUDE_INVALID", "include", "invalid includes"),
        ("include=license", "CHECKOUT_INCLUDE_INVALID", "include", "invalid includes"),
        (
            "algorithm=rot13%2Bed25519",
            "CHECKOUT_ALGORITHM_INVALID",
            "algorithm",
            "invalid encoding algorithm",
        ),
        ("algorithm=base64%2Bhs256", "CHECKOUT_ALGORITHM_INVALID", "algorithm", "invalid signing algorithm"),
    ] {
        for method in [Method::GET, Method::POST] {
            let answer = shop.world.admin.send(method, &format!("{}?{query}", shop.path), None).await;
            assert_eq!(answer.error(), (400, code, parameter), "{query}: {}", answer.body);
            assert_eq!(answer.detail(), detail);
        }
    }
    for (meta, pointer, detail) in [
        (json!({"encrypt": "yes"}), "/meta/encrypt", "type mismatch (received string expected boolean)"),
        (json!({"ttl": "3600"}), "/meta/ttl", "type mismatch (received string expected integer)"),
        (json!({"includes": []}), "/meta/includes", "unpermitted parameter"),
    ] {
        let answer = shop.file(meta).await;
        assert_eq!((answer.error(), answer.detail()), ((400, "", pointer), detail));
    }
    let shown = shop.world.admin.get(&format!("licenses/{}", shop.license)).await;
    assert_eq!(shown.at("/data/attributes/lastCheckOut"), &json!(null));
    assert!(beyond(&shop.world, &before).await.is_empty());
}

#[tokio::test]
async fn includes_are_what_get_shows_and_are_linked() {
    let shop = Shop::open().await;
    let world = &shop.world;
    let owner = world.user("owner@x.yz", "user").await;
    let licensee = world.user("licensee@x.yz", "user").await;
    let body = json!({"data": {"type": "users", "id": owner}});
    assert_eq!(world.admin.put(&format!("licenses/{}/owner", shop.license), body).await.status, 200);
    let (own, inherited) = (world.entitlement("OWN").await, world.entitlement("INHERITED").await);
    for (path, kind, id) in [
        (format!("licenses/{}/users", shop.license), "users", &licensee),
        (format!("licenses/{}/entitlements", shop.license), "entitlements", &own),
        (format!("policies/{}/entitlements", shop.policy), "entitlements", &inherited),
    ] {
        let body = json!({"data": [{"type": kind, "id": id}]});
        assert_eq!(world.admin.post(&path, body).await.status, 200, "{path}");
    }
    let group = id(&world.make("groups", json!({"name": "Team"}), json!({})).await);
    let body = json!({"data": {"type": "groups", "id": group}});
    assert_eq!(world.admin.put(&format!("licenses/{}/group", shop.license), body).await.status, 200);
    let include = "user,users,group,entitlements,product,policy,environment";
    let document = payload(&text(&world.admin.get(&format!("{}?include={include}", shop.path)).await));
    let mut found = included(&document);
    for (kind, id) in &found {
        let shown = world.admin.get(&format!("{kind}/{id}")).await;
        let object = document["included"].as_array().unwrap().iter().find(|object| object["id"] == **id);
        assert_eq!(object, Some(&shown.body["data"]), "{kind}");
    }
    found.sort();
    let mut expected = [
        ("entitlements", &own),
        ("entitlements", &inherited),
        ("groups", &group),
        ("policies", &shop.policy),
        ("products", &shop.product),
        ("users", &owner),
        ("users", &licensee),
    ]
    .map(|(kind, id)| (kind.to_owned(), id.clone()));
    expected.sort();
    assert_eq!(found, expected, "each once, and no environment where there is none");
    let linkage = |name: &str| -> Vec<Value> {
        let mut data = document["data"]["relationships"][name]["data"].as_array().unwrap().clone();
        data.sort_by_key(ToString::to_string);
        data
    };
    let identifiers = |kind: &str, ids: [&String; 2]| -> Vec<Value> {
        let mut all = ids.map(|id| json!({"type": kind, "id": id})).to_vec();
        all.sort_by_key(ToString::to_string);
        all
    };
    assert_eq!(linkage("users"), identifiers("users", [&owner, &licensee]));
    assert_eq!(linkage("entitlements"), identifiers("entitlements", [&own, &inherited]));
    assert!(document["data"]["relationships"]["machines"].get("data").is_none(), "what is not included");
}

#[tokio::test]
async fn includes_need_the_permission_to_read_them() {
    let shop = Shop::open().await;
    let license = shop.world.key(&shop.key);
    assert_eq!(license.get(&format!("{}?include=entitlements", shop.path)).await.status, 200);
    for include in ["product", "policy", "owner", "users", "environment", "entitlements,policy"] {
        let answer = license.get(&format!("{}?include={include}", shop.path)).await;
        assert_eq!(answer.status, 403, "{include}: {}", answer.body);
        let reason = "(license lacks permission to perform action)";
        assert!(answer.detail().contains(reason), "{include}: {}", answer.detail());
    }
    let permissions = json!({"permissions": ["license.check-out", "license.validate"]});
    let (other, key) = shop.world.license(&shop.policy, permissions).await;
    let path = format!("licenses/{other}/actions/check-out");
    assert_eq!(shop.world.key(&key).get(&path).await.status, 403, "a file shows the licence");
    let stranger = shop.world.key(&key).get(&shop.path).await;
    assert_eq!(stranger.error(), (404, "NOT_FOUND", ""));
}

#[tokio::test]
async fn the_document_is_in_the_version_that_is_spoken() {
    let shop = Shop::open().await;
    let owner = shop.world.user("owner@x.yz", "user").await;
    let body = json!({"data": {"type": "users", "id": owner}});
    shop.world.admin.put(&format!("licenses/{}/owner", shop.license), body).await;
    let old = shop.world.admin.clone().header("keygen-version", "1.4");
    let document = payload(&text(&old.get(&format!("{}?include=user", shop.path)).await));
    let relationships = &document["data"]["relationships"];
    assert_eq!(relationships["user"]["data"]["id"], json!(owner));
    assert!(relationships.get("owner").is_none(), "{relationships}");
    assert_eq!(included(&document), [("users".to_owned(), owner)]);
    let shown = old.get(&format!("licenses/{}", shop.license)).await;
    assert_eq!(document["data"], shown.body["data"]);
}

#[tokio::test]
async fn suspended_and_expired_licences_are_checked_out_like_others() {
    let shop = Shop::open().await;
    for attributes in [json!({"suspended": true}), json!({"expiry": "2020-01-01T00:00:00Z"})] {
        let (license, _) = shop.world.license(&shop.policy, attributes.clone()).await;
        let answer = shop.world.admin.get(&format!("licenses/{license}/actions/check-out")).await;
        assert_eq!(payload(&text(&answer))["data"]["id"], json!(license), "{attributes}");
        let token = shop.world.token_of(&format!("licenses/{license}")).await;
        let answer = token.get(&format!("licenses/{license}/actions/check-out")).await;
        assert_eq!(answer.status, 200, "{attributes}: {}", answer.body);
    }
}

#[tokio::test]
async fn the_environment_is_said_and_included() {
    let shop = Shop::open().await;
    let made = json!({"name": "Sandbox", "code": "sandbox", "isolationStrategy": "SHARED"});
    let environment = id(&shop.world.make("environments", made, json!({})).await);
    let admin = shop.world.admin.clone().inside("sandbox");
    let product = id(&admin.make("products", json!({"name": "App"}), json!({})).await);
    let policy =
        id(&admin.make("policies", json!({"name": "x"}), one("product", "products", &product)).await);
    let license = id(&admin.make("licenses", json!({}), one("policy", "policies", &policy)).await);
    let path = format!("licenses/{license}/actions/check-out?include=environment");
    let answer = admin.post(&path, json!(null)).await;
    assert_eq!(answer.at("/data/relationships/environment/data/id"), &json!(environment));
    let document = payload(answer.text("/data/attributes/certificate"));
    assert_eq!(included(&document), [("environments".to_owned(), environment)]);
    assert_eq!(shop.world.admin.get(&path).await.status, 404, "out of the environment it is absent");
}

#[tokio::test]
async fn the_policy_s_scheme_says_how_files_are_signed() {
    let shop = Shop::open().await;
    for (scheme, signature) in [
        ("RSA_2048_PKCS1_PSS_SIGN_V2", "rsa-pss-sha256"),
        ("RSA_2048_JWT_RS256", "rsa-sha256"),
        ("ECDSA_P256_SIGN", "ecdsa-p256"),
        ("ED25519_SIGN", "ed25519"),
    ] {
        let world = &shop.world;
        let found = Scope::id("id", shop.policy.parse::<RecordId>().unwrap());
        let policy = world.db.find(Policy::RESOURCE, world.account, &found).await.unwrap();
        let mut policy = policy.unwrap();
        policy.set("scheme", Column::Text(scheme.to_owned()));
        let mut write = world.db.begin().await.unwrap();
        assert!(write.update(&policy, &["scheme"]).await.unwrap());
        write.commit(Changes::everything(world.account)).await.unwrap();
        let answer = shop.file(json!({})).await;
        assert_eq!(answer.text("/data/attributes/algorithm"), format!("base64+{signature}"), "{scheme}");
        let named = shop.file(json!({"encrypt": true, "algorithm": "base64+rsa-sha256"})).await;
        assert_eq!(named.text("/data/attributes/algorithm"), "base64+rsa-sha256", "what is named wins");
    }
}

/// `HEAD` is what `GET` would answer, and nothing is done for it.
#[tokio::test]
async fn head_checks_nothing_out() {
    let shop = Shop::open().await;
    let before = logged(&shop.world).await;
    let quick = format!("licenses/{}/actions/validate", shop.license);
    for path in [&shop.path, &quick] {
        let answer = shop.world.admin.send(Method::HEAD, path, None).await;
        assert_eq!((answer.status, answer.raw.bytes().map_or(0, |bytes| bytes.len())), (200, 0), "{path}");
    }
    let answer = shop.world.admin.send(Method::HEAD, &shop.path, None).await;
    assert_eq!(answer.header("content-type"), Some("application/octet-stream"));
    assert_eq!(beyond(&shop.world, &before).await.len(), 0);
    let license = shop.world.admin.get(&format!("licenses/{}", shop.license)).await;
    for attribute in ["lastCheckOut", "lastValidated"] {
        assert_eq!(license.at("/data/attributes")[attribute], Value::Null, "{attribute}");
    }
    assert_eq!(shop.world.admin.get(&shop.path).await.status, 200);
    let license = shop.world.admin.get(&format!("licenses/{}", shop.license)).await;
    assert!(license.at("/data/attributes/lastCheckOut").is_string(), "GET does");
    let stranger = shop.world.anonymous().send(Method::HEAD, &shop.path, None).await;
    assert_eq!(stranger.status, 401);
}

/// Who holds a key cannot have RSA computed for them without end.
#[tokio::test]
async fn files_signed_with_rsa_are_made_ten_a_second() {
    let shop = Shop::open().await;
    let client = shop.world.key(&shop.key);
    let (other, _) = shop.world.license(&shop.policy, json!({})).await;
    let ask = async |client: &Client, path: &str, algorithm: &str| {
        client.post(path, json!({ "meta": { "algorithm": algorithm } })).await
    };
    for algorithm in ["base64+rsa-sha256", "base64+rsa-pss-sha256"].repeat(5) {
        assert_eq!(ask(&client, &shop.path, algorithm).await.status, 200);
    }
    let before = logged(&shop.world).await;
    let refused = ask(&client, &shop.path, "base64+rsa-sha256").await;
    assert_eq!((refused.status, refused.codes()), (429, vec!["TOO_MANY_REQUESTS"]));
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert_eq!(beyond(&shop.world, &before).await.len(), 0, "it was not checked out");
    let path = format!("licenses/{other}/actions/check-out");
    assert_eq!(ask(&shop.world.admin, &path, "base64+rsa-sha256").await.status, 200, "another licence's");
    for cheap in ["base64+ed25519", "base64+ecdsa-p256"] {
        assert_eq!(ask(&client, &shop.path, cheap).await.status, 200);
    }
}
