//! Components, made by themselves or with their machine.

use serde_json::{Value, json};

use super::{Site, events_of};
use crate::world::{change, document, id, one};

fn component(fingerprint: &str, machine: &str) -> Value {
    let attributes = json!({"fingerprint": fingerprint, "name": "disk"});
    document("components", attributes, one("machine", "machines", machine))
}

fn embedded(site: &Site, fingerprint: &str, components: &[&str]) -> Value {
    let mut body = site.body(fingerprint, json!({}));
    let item = |fingerprint: &&str| json!({"type": "components", "attributes": {"fingerprint": fingerprint, "name": "disk"}});
    let all: Vec<Value> = components.iter().map(item).collect();
    body["data"]["relationships"]["components"] = json!({ "data": all });
    body
}

#[tokio::test]
async fn components_are_made_changed_and_done_away_with() {
    let site = Site::under(json!({})).await;
    let machine = site.machine("one").await;
    let license = site.world.key(&site.key);
    let made = license.post("components", component("c", &machine)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = format!("components/{}", made.text("/data/id"));
    for (name, of) in [("product", &site.product), ("license", &site.license), ("machine", &machine)] {
        let pointer = format!("/data/relationships/{name}/data/id");
        assert_eq!(made.text(&pointer), of);
        assert_eq!(site.world.admin.get(&format!("{path}/{name}")).await.text("/data/id"), of);
    }
    let again = license.post("components", component("c", &machine)).await;
    assert_eq!(again.error(), (422, "FINGERPRINT_TAKEN", "/data/attributes/fingerprint"));
    assert_eq!(again.detail(), "has already been taken");
    let nowhere = site.world.admin.post("components", component("d", &site.license)).await;
    assert_eq!(nowhere.error(), (422, "MACHINE_NOT_FOUND", "/data/relationships/machine"));
    let renamed = license.patch(&path, change("components", json!({"name": "board"}))).await;
    assert_eq!(renamed.text("/data/attributes/name"), "board");
    let meta = license.patch(&path, change("components", json!({"metadata": {}}))).await;
    assert_eq!((meta.status, meta.detail()), (400, "unpermitted parameter"));
    let fixed = license.patch(&path, change("components", json!({"fingerprint": "d"}))).await;
    assert_eq!(fixed.error(), (400, "", "/data/attributes/fingerprint"));
    let listed = license.get(&format!("machines/{machine}/components")).await;
    assert_eq!(listed.ids().len(), 1);
    for query in ["product", "license", "machine"].into_iter().zip([&site.product, &site.license, &machine]) {
        assert_eq!(license.get(&format!("components?{}={}", query.0, query.1)).await.ids().len(), 1);
        assert_eq!(license.get(&format!("components?{}={path}", query.0)).await.ids().len(), 0);
    }
    let logged = events_of(&site.world, made.text("/data/id")).await;
    assert_eq!(logged, ["component.created", "component.updated"]);
    assert_eq!(license.delete(&path).await.status, 204);
    assert_eq!(license.get(&path).await.error(), (404, "NOT_FOUND", ""));
}

#[tokio::test]
async fn a_machine_brings_up_to_twenty() {
    let site = Site::under(json!({})).await;
    let names: Vec<String> = (0..21).map(|n| format!("c{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let admin = &site.world.admin;
    let many = admin.post("machines", embedded(&site, "one", &names)).await;
    assert_eq!((many.status, many.detail()), (422, "too many records"));
    assert_eq!(many.error().2, "/data/relationships/components");
    let twenty = admin.post("machines", embedded(&site, "one", &names[..20])).await;
    assert_eq!(twenty.status, 201, "{}", twenty.body);
    let machine = id(&twenty.body["data"]);
    assert_eq!(admin.get(&format!("machines/{machine}/components?limit=100")).await.ids().len(), 20);
    let twice = admin.post("machines", embedded(&site, "two", &["a", "b", "a"])).await;
    assert_eq!(twice.codes(), ["COMPONENTS_FINGERPRINT_CONFLICT", "COMPONENTS_FINGERPRINT_CONFLICT"]);
    let pointers: Vec<&str> = twice.body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["source"]["pointer"].as_str().unwrap())
        .collect();
    let pointer = |at: u8| format!("/data/relationships/components/data/{at}/attributes/fingerprint");
    assert_eq!(pointers, [pointer(0), pointer(2)]);
    assert_eq!(admin.get("machines/two").await.status, 404, "nothing of it was made");
    let mut odd = embedded(&site, "two", &["a"]);
    odd["data"]["relationships"]["components"]["data"][0]["attributes"]["size"] = json!(1);
    let odd = admin.post("machines", odd).await;
    assert_eq!(odd.error(), (400, "", "/data/relationships/components/data/0/attributes/size"));
}

#[tokio::test]
async fn fingerprints_of_components_are_unique_as_far_as_the_policy_says() {
    // Whether it may be on: another machine of the licence, of the policy, of the product, of another product.
    for (strategy, shared) in [
        ("UNIQUE_PER_MACHINE", [true, true, true, true]),
        ("UNIQUE_PER_LICENSE", [false, true, true, true]),
        ("UNIQUE_PER_POLICY", [false, false, true, true]),
        ("UNIQUE_PER_PRODUCT", [false, false, false, true]),
        ("UNIQUE_PER_ACCOUNT", [false, false, false, false]),
    ] {
        let terms = json!({"componentUniquenessStrategy": strategy, "floating": true});
        let mut site = Site::under(terms.clone()).await;
        let first = site.world.admin.post("machines", embedded(&site, "first", &["same"])).await;
        assert_eq!(first.status, 201, "{}", first.body);
        let sibling = site.another(&site.policy).await;
        let cousin = site.another(&site.world.policy(&site.product, terms.clone()).await).await;
        let foreign = site.world.policy(&site.world.product("Other").await, terms).await;
        let foreign = site.another(&foreign).await;
        let licenses = [site.license.clone(), sibling, cousin, foreign];
        for (license, may) in licenses.into_iter().zip(shared) {
            site.license = license;
            let together = site.world.admin.post("machines", embedded(&site, "second", &["same"])).await;
            assert_eq!(together.status == 201, may, "{strategy}: {}", together.body);
            if !may {
                assert_eq!(together.codes(), ["COMPONENTS_FINGERPRINT_TAKEN"]);
                let machine = site.machine("third").await;
                let alone = site.world.admin.post("components", component("same", &machine)).await;
                assert_eq!(alone.error().1, "FINGERPRINT_TAKEN", "{strategy}");
            }
        }
    }
}

#[tokio::test]
async fn what_comes_with_a_machine_needs_its_own_permission() {
    let site = Site::under(json!({})).await;
    let path = format!("licenses/{}/tokens", site.license);
    let attributes = json!({"permissions": ["machine.create", "machine.read"]});
    let made =
        site.world.admin.post(&path, json!({"data": {"type": "tokens", "attributes": attributes}})).await;
    let client = site.world.anonymous().bearer(made.text("/data/attributes/token"));
    assert_eq!(client.post("machines", embedded(&site, "one", &["c"])).await.status, 403);
    assert_eq!(client.post("machines", embedded(&site, "one", &[])).await.status, 201);
}
