//! A release's constraints (`distribution.md` §7).

use http::Method;
use serde_json::{Value, json};

use super::shop::{Shop, constraint};
use crate::world::{Answer, id};

fn detach(constraint: &str) -> Value {
    json!({ "type": "constraints", "id": constraint })
}

async fn ask(shop: &Shop, method: Method, release: &str, items: Vec<Value>) -> Answer {
    let path = format!("releases/{release}/constraints");
    shop.admin.send(method, &path, Some(json!({ "data": items }))).await
}

#[tokio::test]
async fn constraints_are_attached_all_or_none() {
    let shop = Shop::open("LICENSED").await;
    let (pro, plus) = (shop.entitlement("PRO").await, shop.entitlement("PLUS").await);
    let release = shop.release("1.0.0", None).await;
    let attached = ask(&shop, Method::POST, &release, vec![constraint(&pro)]).await;
    assert_eq!(attached.status, 200, "{}", attached.body);
    let first = id(&attached.body["data"][0]);
    assert_eq!(attached.text("/data/0/type"), "constraints");
    assert_eq!(attached.text("/data/0/relationships/entitlement/data/id"), pro);
    let path = format!("/v1/accounts/{}/releases/{release}/constraints/{first}", shop.account);
    assert_eq!(attached.text("/data/0/links/self"), path);
    let unknown = shop.admin_id.to_string();
    for (items, error) in [
        (
            vec![constraint(&plus), constraint(&pro)],
            (422, "ENTITLEMENT_TAKEN", "/data/relationships/entitlement"),
        ),
        (
            vec![constraint(&plus), constraint(&plus)],
            (422, "ENTITLEMENT_TAKEN", "/data/relationships/entitlement"),
        ),
        (
            vec![constraint(&plus), constraint(&unknown)],
            (422, "ENTITLEMENT_NOT_FOUND", "/data/relationships/entitlement"),
        ),
        (vec![], (400, "", "/data")),
        (vec![detach(&first)], (400, "", "/data/0/id")),
    ] {
        assert_eq!(ask(&shop, Method::POST, &release, items.clone()).await.error(), error, "{items:?}");
    }
    let listed = shop.admin.get(&format!("releases/{release}/constraints")).await.ids();
    assert_eq!(listed, std::slice::from_ref(&first), "the refused ones left nothing");
    let shown = shop.admin.get(&format!("releases/{release}/constraints/{first}")).await;
    assert_eq!(shown.text("/data/id"), first);
    let entitlement = shop.admin.get(&format!("releases/{release}/entitlements/PRO")).await;
    assert_eq!(entitlement.text("/data/id"), pro);
    assert_eq!(shop.admin.get(&format!("releases/{release}/entitlements/PLUS")).await.status, 404);
}

#[tokio::test]
async fn constraints_are_detached_all_or_none() {
    let shop = Shop::open("LICENSED").await;
    let (pro, plus) = (shop.entitlement("PRO").await, shop.entitlement("PLUS").await);
    let release = shop.release("1.0.0", None).await;
    let attached = ask(&shop, Method::POST, &release, vec![constraint(&pro), constraint(&plus)]).await;
    let (first, second) = (id(&attached.body["data"][0]), id(&attached.body["data"][1]));
    let refused = ask(&shop, Method::DELETE, &release, vec![detach(&first), detach(&pro)]).await;
    assert_eq!(refused.error(), (422, "", "/data/1"));
    assert_eq!(refused.detail(), format!("cannot detach constraint '{pro}' (constraint is not attached)"));
    let listed = shop.admin.get(&format!("releases/{release}/constraints?limit=100")).await.ids();
    assert_eq!(listed.len(), 2, "nothing was detached");
    let detached = ask(&shop, Method::DELETE, &release, vec![detach(&first), detach(&first)]).await;
    assert_eq!(detached.status, 204, "{}", detached.body);
    assert_eq!(shop.admin.get(&format!("releases/{release}/constraints")).await.ids(), [second]);
    let other = shop.release("2.0.0", None).await;
    assert_eq!(ask(&shop, Method::DELETE, &other, vec![detach(&first)]).await.status, 422);
}

#[tokio::test]
async fn they_decide_who_gets_the_release() {
    let shop = Shop::open("OPEN").await;
    let pro = shop.entitlement("PRO").await;
    let release = shop.release("1.0.0", None).await;
    let path = format!("releases/{release}");
    let customer = shop.licensed(json!({}), json!({})).await;
    assert_eq!(shop.anonymous().get(&path).await.status, 200);
    let attached = ask(&shop, Method::POST, &release, vec![constraint(&pro)]).await;
    let constraint = id(&attached.body["data"][0]);
    assert_eq!(shop.anonymous().get(&path).await.status, 404);
    assert_eq!(customer.get(&path).await.status, 404);
    let license = customer.get("me").await.text("/data/id").to_owned();
    let body = json!({ "data": [{ "type": "entitlements", "id": pro }] });
    assert_eq!(shop.admin.post(&format!("licenses/{license}/entitlements"), body).await.status, 200);
    assert_eq!(customer.get(&path).await.status, 200, "at once");
    let all = customer.get(&format!("{path}/entitlements")).await.ids();
    assert_eq!(all, [pro]);
    ask(&shop, Method::DELETE, &release, vec![detach(&constraint)]).await;
    assert_eq!(shop.anonymous().get(&path).await.status, 200);
}
