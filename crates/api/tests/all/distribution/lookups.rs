//! Engines, platforms, arches and channels, and what lies below a product (`distribution.md` §5.4, §7).

use serde_json::{Value, json};

use super::shop::{Shop, belonging};
use crate::world::{Answer, document, id};

fn keys(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let mut keys: Vec<String> = answer.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object["attributes"]["key"].as_str().unwrap().to_owned())
        .collect();
    keys.sort();
    keys
}

#[tokio::test]
async fn they_come_into_being_with_what_uses_them() {
    let shop = Shop::open("LICENSED").await;
    for kind in ["engines", "platforms", "arches", "channels"] {
        assert_eq!(keys(&shop.admin.get(kind).await), [] as [&str; 0], "{kind}");
    }
    let package = shop.package("p", Some("npm")).await;
    shop.package("q", Some("pypi")).await;
    let release = shop.release("1.0.0-beta.1", Some(&package)).await;
    shop.release("1.0.0", None).await;
    shop.start(&release, json!({ "filename": "a", "platform": "Linux", "arch": "X86_64" })).await;
    shop.start(&release, json!({ "filename": "b", "platform": "darwin", "arch": "x86_64" })).await;
    for (kind, expected) in [
        ("engines", vec!["npm", "pypi"]),
        ("platforms", vec!["darwin", "linux"]),
        ("arches", vec!["x86_64"]),
        ("channels", vec!["beta", "stable"]),
    ] {
        let listed = shop.admin.get(kind).await;
        assert_eq!(keys(&listed), expected, "{kind}");
        let object = &listed.body["data"][0];
        let names: Vec<&String> = object["attributes"].as_object().unwrap().keys().collect();
        assert_eq!(names, ["name", "key", "created", "updated"]);
        assert_eq!((&object["type"], &object["attributes"]["name"]), (&json!(kind), &Value::Null));
        assert_eq!(shop.admin.get(&format!("{kind}/{}", id(object))).await.status, 200, "{kind}");
        assert_eq!(keys(&shop.admin.get(&format!("products/app/{kind}")).await), expected, "{kind}");
        assert_eq!(
            shop.admin.get(&format!("products/app/{kind}/{}", id(object))).await.status,
            200,
            "{kind}"
        );
        let refused = shop.admin.post(kind, document(kind, json!({ "key": "x" }), json!({}))).await;
        assert_eq!(refused.status, 404, "{kind} are not made by hand");
    }
    assert_eq!(shop.admin.get("engines/npm").await.status, 200, "engines also by key");
    assert_eq!(shop.admin.get("platforms/linux").await.status, 404, "the others by id only");
    assert_eq!(
        shop.admin.get("engines/cobol").await.detail(),
        "The requested release engine 'cobol' was not found"
    );
}

#[tokio::test]
async fn unused_ones_are_hidden() {
    let shop = Shop::open("LICENSED").await;
    let package = shop.package("p", Some("npm")).await;
    let release = shop.release("1.0.0", Some(&package)).await;
    let (artifact, _) = shop.start(&release, json!({ "filename": "a", "platform": "linux" })).await;
    shop.admin.delete(&format!("artifacts/{artifact}")).await;
    shop.admin.delete(&format!("packages/{package}")).await;
    shop.settle().await;
    assert_eq!(keys(&shop.admin.get("platforms").await), [] as [&str; 0]);
    assert_eq!(keys(&shop.admin.get("engines").await), [] as [&str; 0]);
}

#[tokio::test]
async fn everyone_sees_those_of_what_they_see() {
    let shop = Shop::open("LICENSED").await;
    let attributes = json!({ "name": "Free", "code": "free", "distributionStrategy": "OPEN" });
    let free = id(&shop.make("products", attributes, json!({})).await);
    shop.package("p", Some("npm")).await;
    let attributes = json!({ "name": "q", "key": "q", "engine": "raw" });
    shop.make("packages", attributes, belonging(&free, None)).await;
    let customer = shop.licensed(json!({}), json!({})).await;
    assert_eq!(keys(&shop.anonymous().get("engines").await), ["raw"]);
    assert_eq!(keys(&customer.get("engines").await), ["npm", "raw"]);
    let other = shop.product_token(&free).await;
    assert_eq!(keys(&other.get("engines").await), ["raw"], "a product sees its own");
}

#[tokio::test]
async fn a_product_lists_what_is_its_own() {
    let shop = Shop::open("OPEN").await;
    let other = id(&shop.make("products", json!({ "name": "Other", "code": "other" }), json!({})).await);
    let package = shop.package("p", Some("npm")).await;
    let release = shop.release("1.0.0", Some(&package)).await;
    let artifact = shop.artifact(&release, "a", b"abc").await;
    for (kind, own) in [("releases", &release), ("packages", &package), ("artifacts", &artifact)] {
        assert_eq!(
            &*shop.admin.get(&format!("products/app/{kind}")).await.ids(),
            std::slice::from_ref(own),
            "{kind}"
        );
        assert_eq!(
            shop.admin.get(&format!("products/other/{kind}")).await.ids(),
            [] as [String; 0],
            "{kind}"
        );
        assert_eq!(shop.admin.get(&format!("products/{other}/{kind}/{own}")).await.status, 404, "{kind}");
        let shown = shop.admin.get(&format!("products/app/{kind}/{own}")).await;
        assert!(matches!(shown.status, 200 | 303), "{kind}: {}", shown.body);
        let anonymous = shop.anonymous().get(&format!("products/app/{kind}")).await;
        assert_eq!(anonymous.error(), (401, "TOKEN_MISSING", ""), "{kind}, although it is open");
        assert_eq!(shop.admin.get(&format!("products/nosuch/{kind}")).await.status, 404);
    }
    assert_eq!(shop.admin.get("products/app/releases/1.0.0").await.text("/data/id"), release);
    assert_eq!(shop.admin.get("products/app/packages/p").await.text("/data/id"), package);
}
