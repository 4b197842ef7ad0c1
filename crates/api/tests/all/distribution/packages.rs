//! Packages (`distribution.md` §5.1).

use keyway_store::Tombstone;
use serde_json::{Value, json};

use super::shop::{Shop, belonging};
use crate::world::{Answer, change, document, id};

async fn post(shop: &Shop, key: &str, engine: Option<&str>) -> Answer {
    let attributes = json!({ "name": "x", "key": key, "engine": engine });
    shop.admin.post("packages", document("packages", attributes, belonging(&shop.product, None))).await
}

#[tokio::test]
async fn a_package_is_made_shown_changed_and_deleted() {
    let shop = Shop::open("LICENSED").await;
    let attributes =
        json!({ "name": "Widget", "key": "@acme/widget", "engine": "npm", "metadata": { "a": 1 } });
    let made =
        shop.admin.post("packages", document("packages", attributes, belonging(&shop.product, None))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let package = id(&made.body["data"]);
    let path = format!("/v1/accounts/{}/packages/{package}", shop.account);
    assert_eq!(made.header("location"), Some(format!("https://api.example.com{path}").as_str()));
    assert_eq!(
        made.at("/data/attributes"),
        &json!({
            "name": "Widget", "key": "@acme/widget", "engine": "npm", "metadata": { "a": 1 },
            "created": "2026-06-01T12:00:00.000Z", "updated": "2026-06-01T12:00:00.000Z",
        })
    );
    assert_eq!(made.at("/data/links"), &json!({ "self": path, "related": path }));
    let relations: Vec<&String> = made.body["data"]["relationships"].as_object().unwrap().keys().collect();
    assert_eq!(relations, ["account", "environment", "product"]);
    for name in [package.as_str(), "@acme%2Fwidget", "@acme%2fwidget"] {
        assert_eq!(shop.admin.get(&format!("packages/{name}")).await.status, 200, "{name}");
    }
    assert_eq!(shop.admin.get("packages?engine=npm").await.ids(), std::slice::from_ref(&package));
    assert_eq!(shop.admin.get("packages?engine=pypi").await.ids(), [] as [String; 0]);
    assert_eq!(
        shop.admin.get(&format!("packages?product={}", shop.product)).await.ids(),
        std::slice::from_ref(&package)
    );
    assert_eq!(shop.admin.get(&format!("packages?product={package}")).await.ids(), [] as [String; 0]);
    let changed = shop
        .admin
        .patch(&format!("packages/{package}"), change("packages", json!({ "name": "W", "key": "@acme/w" })))
        .await;
    assert_eq!((changed.status, changed.text("/data/attributes/key")), (200, "@acme/w"));
    let deleted = shop.admin.delete(&format!("packages/{package}")).await;
    assert_eq!(deleted.status, 204);
    assert_eq!(shop.admin.get(&format!("packages/{package}")).await.error(), (404, "NOT_FOUND", ""));
}

#[tokio::test]
async fn keys_follow_their_ecosystem_and_are_unique_in_it() {
    let shop = Shop::open("LICENSED").await;
    let pointer = "/data/attributes/key";
    for (key, engine, code) in [
        ("actions", None, "KEY_NOT_ALLOWED"),
        ("action", Some("npm"), "KEY_NOT_ALLOWED"),
        ("0190163d-8694-739b-aea5-966c26f8ad91", None, "KEY_CONFLICT"),
        ("Not A Name", Some("npm"), "KEY_INVALID"),
        ("-bad-", Some("pypi"), "KEY_INVALID"),
        (&"k".repeat(256), None, "KEY_TOO_LONG"),
    ] {
        assert_eq!(post(&shop, key, engine).await.error(), (422, code, pointer), "{key} {engine:?}");
    }
    assert_eq!(post(&shop, "x", Some("cobol")).await.error(), (400, "", "/data/attributes/engine"));
    assert_eq!(post(&shop, "", None).await.error(), (400, "", pointer));

    let python = post(&shop, "My_Pkg", Some("pypi")).await;
    assert_eq!(python.text("/data/attributes/key"), "My-Pkg", "the case is kept");
    for key in ["my-pkg", "MY.PKG", "My_Pkg"] {
        assert_eq!(post(&shop, key, Some("pypi")).await.error(), (422, "KEY_TAKEN", pointer), "{key}");
    }
    for engine in [Some("npm"), Some("oci"), Some("raw"), None] {
        assert_eq!(
            post(&shop, "my-pkg", engine).await.status,
            201,
            "{engine:?}: one name in several ecosystems"
        );
    }
    assert_eq!(post(&shop, "my-pkg", None).await.error(), (422, "KEY_TAKEN", pointer));
    let found = shop.admin.get("packages/my-pkg?engine=pypi").await;
    assert_eq!(found.at("/data/id"), python.at("/data/id"), "found in its normal form, narrowed by engine");
}

#[tokio::test]
async fn what_is_missing_is_said() {
    let shop = Shop::open("LICENSED").await;
    for (body, error) in [
        (json!({}), (400, "", "/data")),
        (
            document("packages", json!({ "name": "x" }), belonging(&shop.product, None)),
            (400, "", "/data/attributes/key"),
        ),
        (
            document("packages", json!({ "key": "x" }), belonging(&shop.product, None)),
            (400, "", "/data/attributes/name"),
        ),
        (
            document("packages", json!({ "name": "x", "key": "x" }), json!({})),
            (400, "", "/data/relationships"),
        ),
        (
            document(
                "packages",
                json!({ "name": "x", "key": "x", "colour": 1 }),
                belonging(&shop.product, None),
            ),
            (400, "", "/data/attributes/colour"),
        ),
        (
            document("packages", json!({ "name": 1, "key": "x" }), belonging(&shop.product, None)),
            (400, "", "/data/attributes/name"),
        ),
        (
            document(
                "packages",
                json!({ "name": "x", "key": "x" }),
                belonging(&shop.admin_id.to_string(), None),
            ),
            (422, "PRODUCT_NOT_FOUND", "/data/relationships/product"),
        ),
    ] {
        assert_eq!(shop.admin.post("packages", body.clone()).await.error(), error, "{body}");
    }
}

#[tokio::test]
async fn another_engine_must_be_able_to_read_the_versions() {
    let shop = Shop::open("LICENSED").await;
    let package = shop.package("widget", Some("npm")).await;
    shop.release("1.0.0", Some(&package)).await;
    let set = |engine: Value| {
        let body = change("packages", json!({ "engine": engine }));
        let (admin, path) = (shop.admin.clone(), format!("packages/{package}"));
        async move { admin.patch(&path, body).await }
    };
    assert_eq!(set(json!("pypi")).await.status, 200);
    let again = shop.try_release(json!({ "version": "1.0" }), Some(&package)).await;
    assert_eq!(again.error(), (422, "VERSION_TAKEN", "/data/attributes/version"), "1.0 is 1.0.0 to Python");
    shop.release("1.0.post1", Some(&package)).await;
    let refused = set(json!("npm")).await;
    assert_eq!(refused.error(), (422, "ENGINE_NOT_ALLOWED", "/data/attributes/engine"), "{}", refused.body);
    let shown = shop.admin.get(&format!("packages/{package}")).await;
    assert_eq!(shown.text("/data/attributes/engine"), "pypi", "nothing of it is written");
    assert_eq!(set(Value::Null).await.error().1, "ENGINE_NOT_ALLOWED");
}

#[tokio::test]
async fn deleting_takes_releases_and_files_along() {
    let shop = Shop::open("OPEN").await;
    let package = shop.package("widget", None).await;
    let release = shop.release("1.0.0", Some(&package)).await;
    let artifact = shop.artifact(&release, "a.bin", b"bytes").await;
    assert_eq!(shop.admin.delete(&format!("packages/{package}")).await.status, 204);
    shop.settle().await;
    for path in [format!("releases/{release}"), format!("artifacts/{artifact}")] {
        assert_eq!(shop.admin.get(&path).await.status, 404, "{path}");
    }
    assert_eq!(shop.package("widget", None).await.len(), 36, "the key is free again");
}

#[tokio::test]
async fn between_a_deletion_and_its_end_nothing_is_half_there() {
    let shop = Shop::open("OPEN").await;
    let package = shop.package("widget", Some("npm")).await;
    let release = shop.release("1.0.0", Some(&package)).await;
    let artifact = shop.artifact(&release, "a.bin", b"bytes").await;
    let path = format!("releases/{release}");
    assert_eq!(shop.admin.delete(&format!("packages/{package}")).await.status, 204);
    assert_eq!(shop.admin.get(&format!("{path}/package")).await.at("/data"), &Value::Null);
    for name in
        [path.clone(), format!("{path}/upgrade"), format!("artifacts/{artifact}"), "releases".to_owned()]
    {
        let status = shop.admin.get(&name).await.status;
        assert!(matches!(status, 200 | 303 | 404), "{name}: {status}");
    }
    assert_eq!(shop.admin.delete(&format!("products/{}", shop.product)).await.status, 204);
    for name in
        [path.clone(), format!("{path}/product"), format!("artifacts/{artifact}"), format!("{path}/upgrade")]
    {
        for client in [shop.admin.clone(), shop.anonymous()] {
            let status = client.get(&name).await.status;
            assert!(matches!(status, 401 | 404), "{name}: {status}");
        }
    }
    assert_eq!(shop.admin.post(&format!("{path}/actions/yank"), Value::Null).await.status, 404);
    shop.settle().await;
    for kind in ["packages", "releases", "artifacts"] {
        assert_eq!(shop.admin.get(kind).await.ids(), [] as [String; 0], "{kind}");
    }
}

#[tokio::test]
async fn names_of_a_deleted_product_stay_buried() {
    let shop = Shop::open("OPEN").await;
    let package = shop.package("widget", Some("npm")).await;
    let release = shop.release("1.0.0", Some(&package)).await;
    shop.artifact(&release, "a.bin", b"bytes").await;
    shop.admin.delete(&format!("products/{}", shop.product)).await;
    shop.settle().await;
    let again = id(&shop.make("products", json!({ "name": "Again" }), json!({})).await);
    let attributes = json!({ "name": "x", "key": "widget", "engine": "npm" });
    let package = id(&shop.make("packages", attributes, belonging(&again, None)).await);
    let attributes = json!({ "version": "1.0.0", "channel": "stable" });
    let body = document("releases", attributes, belonging(&again, Some(&package)));
    assert_eq!(shop.admin.post("releases", body).await.error().1, "VERSION_TAKEN");
}

#[tokio::test]
async fn a_name_stays_ours_after_its_package_took_another_or_its_environment_went() {
    let shop = Shop::open("LICENSED").await;
    let is_buried = async |package: &str| {
        let grave = Tombstone { account: shop.account, engine: "pypi", package, version: "", filename: "" };
        shop.db.is_tombstoned(&grave).await.unwrap()
    };
    let package = shop.package("Old.Name", Some("pypi")).await;
    let to = async |attributes: Value| {
        let answer = shop.admin.patch(&format!("packages/{package}"), change("packages", attributes)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    };
    to(json!({ "key": "old_name" })).await;
    assert!(!is_buried("old-name").await, "the same name");
    to(json!({ "key": "new-name" })).await;
    assert!(is_buried("old-name").await);
    to(json!({ "engine": "npm" })).await;
    assert!(is_buried("new-name").await);

    let environment = json!({ "name": "S", "code": "s", "isolationStrategy": "SHARED" });
    shop.make("environments", environment, json!({})).await;
    let inside = shop.admin.clone().inside("s");
    let attributes = json!({ "name": "x", "key": "inner", "engine": "pypi" });
    inside.make("packages", attributes, belonging(&shop.product, None)).await;
    assert!(!is_buried("inner").await);
    assert_eq!(shop.admin.delete("environments/s").await.status, 204);
    assert!(is_buried("inner").await);
}
