//! Machine files (`licensing.md` §13): made like licence files, about a machine of one.

use serde_json::{Value, json};

use crate::check_out::{included, opened, payload, text};
use crate::events::{beyond, logged};
use crate::world::{World, id, one};

struct Shop {
    world: World,
    license: String,
    key: String,
    machine: String,
    path: String,
}

impl Shop {
    async fn open() -> Self {
        let world = World::new().await;
        let product = world.product("App").await;
        let policy = world.policy(&product, json!({"floating": true})).await;
        let (license, key) = world.license(&policy, json!({})).await;
        let relations = one("license", "licenses", &license);
        let machine = id(&world.make("machines", json!({"fingerprint": "4d:Eq:UV"}), relations).await);
        let path = format!("machines/{machine}/actions/check-out");
        Self { world, license, key, machine, path }
    }
}

#[tokio::test]
async fn a_machine_s_file_names_machine_and_licence() {
    let shop = Shop::open().await;
    let before = logged(&shop.world).await;
    let answer = shop.world.admin.post(&shop.path, json!({"meta": {"ttl": 3600}})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.text("/data/type"), "machine-files");
    assert_eq!(answer.text("/data/attributes/expiry"), "2026-06-01T13:00:00.000Z");
    let account = format!("/v1/accounts/{}", shop.world.account);
    for (name, kind, id) in [("license", "licenses", &shop.license), ("machine", "machines", &shop.machine)] {
        let expected = json!({
            "links": {"related": format!("{account}/{kind}/{id}")}, "data": {"type": kind, "id": id}
        });
        assert_eq!(answer.at(&format!("/data/relationships/{name}")), &expected);
    }
    let document = payload(answer.text("/data/attributes/certificate"));
    let shown = shop.world.admin.get(&format!("machines/{}", shop.machine)).await;
    assert_eq!(document["data"], shown.body["data"], "the same as GET shows afterwards");
    assert_eq!(document["data"]["attributes"]["lastCheckOut"], "2026-06-01T12:00:00.000Z");
    let events = beyond(&shop.world, &before).await;
    let names: Vec<&str> = events.iter().map(|event| event.event.as_str()).collect();
    assert_eq!(names, ["machine.checked-out"]);
    let answer = shop.world.admin.get("machines/4d:Eq:UV/actions/check-out?encrypt=true").await;
    let certificate = text(&answer);
    assert!(certificate.starts_with("-----BEGIN MACHINE FILE-----\n"), "{certificate}");
    assert_eq!(opened(&certificate)["alg"], "aes-256-gcm+ed25519");
    let name = format!("attachment; filename=\"{}.lic\"", shop.machine);
    assert_eq!(answer.header("content-disposition"), Some(name.as_str()), "the fingerprint is an alias");
}

#[tokio::test]
async fn what_the_licence_has_is_included_with_it() {
    let shop = Shop::open().await;
    let entitlement = shop.world.entitlement("PRO").await;
    let body = json!({"data": [{"type": "entitlements", "id": entitlement}]});
    shop.world.admin.post(&format!("licenses/{}/entitlements", shop.license), body).await;
    let component = json!({"name": "CPU", "fingerprint": "cpu"});
    let component =
        id(&shop.world.make("components", component, one("machine", "machines", &shop.machine)).await);
    let license = shop.world.key(&shop.key);
    let path = format!("{}?include=license.entitlements,components,license", shop.path);
    let document = payload(&text(&license.get(&path).await));
    let expected = [("licenses", &shop.license), ("entitlements", &entitlement), ("components", &component)];
    assert_eq!(included(&document), expected.map(|(kind, id)| (kind.to_owned(), id.clone())));
    let linked = |object: &Value, name: &str| object["relationships"][name]["data"].clone();
    assert_eq!(
        linked(&document["included"][0], "entitlements"),
        json!([{"type": "entitlements", "id": entitlement}])
    );
    assert_eq!(linked(&document["data"], "components"), json!([{"type": "components", "id": component}]));
}

#[tokio::test]
async fn includes_are_the_machine_s_own() {
    let shop = Shop::open().await;
    let user = shop.world.user("owner@x.yz", "user").await;
    let body = json!({"data": {"type": "users", "id": user}});
    for path in [format!("licenses/{}/owner", shop.license), format!("machines/{}/owner", shop.machine)] {
        assert_eq!(shop.world.admin.put(&path, body.clone()).await.status, 200, "{path}");
    }
    for (include, kinds) in [
        ("license.user", vec!["licenses", "users"]),
        ("license.owner,license.users", vec!["licenses", "users"]),
        ("license.product,license.policy", vec!["licenses", "products", "policies"]),
        ("owner,environment", vec!["users"]),
    ] {
        let answer = shop.world.admin.get(&format!("{}?include={include}", shop.path)).await;
        let found = included(&payload(&text(&answer)));
        let found: Vec<&str> = found.iter().map(|(kind, _)| kind.as_str()).collect();
        assert_eq!(found, kinds, "{include}");
    }
    for include in ["entitlements", "user", "license.machines", "policy"] {
        let answer = shop.world.admin.get(&format!("{}?include={include}", shop.path)).await;
        assert_eq!(answer.error(), (400, "CHECKOUT_INCLUDE_INVALID", "include"), "{include}");
    }
}

#[tokio::test]
async fn what_is_included_must_be_readable() {
    let shop = Shop::open().await;
    let license = shop.world.key(&shop.key);
    for include in ["license.policy", "license.product", "license.owner", "license.users", "owner"] {
        let answer = license.get(&format!("{}?include={include}", shop.path)).await;
        assert_eq!(answer.status, 403, "{include}: {}", answer.body);
    }
    let narrow = json!({"permissions": ["machine.check-out", "machine.read"]});
    let change = json!({"data": {"type": "licenses", "attributes": narrow}});
    assert_eq!(shop.world.admin.patch(&format!("licenses/{}", shop.license), change).await.status, 200);
    assert_eq!(license.get(&shop.path).await.status, 200);
    for include in ["license", "license.entitlements", "components"] {
        let answer = license.get(&format!("{}?include={include}", shop.path)).await;
        assert_eq!(answer.status, 403, "{include}: {}", answer.body);
    }
}
