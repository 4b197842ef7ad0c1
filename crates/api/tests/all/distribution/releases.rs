//! Releases (`distribution.md` §5.2, §6, §7).

use serde_json::json;

use super::shop::{Shop, belonging, constraint};
use crate::world::{change, document, id};

const VERSION: &str = "/data/attributes/version";

#[tokio::test]
async fn a_release_is_made_shown_changed_and_deleted() {
    let shop = Shop::open("LICENSED").await;
    let made = shop
        .try_release(
            json!({ "version": "1.2.3-beta.4+exp.5", "channel": "beta", "name": "Big", "description": "text",
                    "tag": "latest", "metadata": { "k": "v" } }),
            None,
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let release = id(&made.body["data"]);
    let path = format!("/v1/accounts/{}/releases/{release}", shop.account);
    assert_eq!(made.header("location"), Some(format!("https://api.example.com{path}").as_str()));
    assert_eq!(
        made.at("/data/attributes"),
        &json!({
            "name": "Big", "description": "text", "channel": "beta", "status": "DRAFT", "tag": "latest",
            "version": "1.2.3-beta.4+exp.5",
            "semver": { "major": 1, "minor": 2, "patch": 3, "prerelease": "beta.4", "build": "exp.5" },
            "metadata": { "k": "v" }, "backdated": null, "yanked": null,
            "created": "2026-06-01T12:00:00.000Z", "updated": "2026-06-01T12:00:00.000Z",
        })
    );
    let relations: Vec<&String> = made.body["data"]["relationships"].as_object().unwrap().keys().collect();
    assert_eq!(
        relations,
        [
            "account",
            "environment",
            "product",
            "package",
            "entitlements",
            "constraints",
            "artifacts",
            "upgrade"
        ]
    );
    assert_eq!(made.at("/data/relationships/package/data"), &json!(null));
    assert_eq!(made.text("/data/relationships/upgrade/links/related"), format!("{path}/upgrade"));

    for name in [release.as_str(), "1.2.3-beta.4+exp.5", "1.2.3-beta.4%2Bexp.5", "latest"] {
        assert_eq!(shop.admin.get(&format!("releases/{name}")).await.status, 200, "{name}");
    }
    let body =
        change("releases", json!({ "name": null, "tag": "newest", "backdated": "2020-01-01T00:00:00Z" }));
    let changed = shop.admin.patch("releases/latest", body).await;
    assert_eq!(changed.at("/data/attributes/name"), &json!(null));
    assert_eq!(changed.text("/data/attributes/backdated"), "2020-01-01T00:00:00.000Z");
    for attribute in ["version", "channel", "status", "semver", "yanked"] {
        let body = change("releases", json!({ attribute: "stable" }));
        let refused = shop.admin.patch(&format!("releases/{release}"), body).await;
        assert_eq!(refused.error(), (400, "", format!("/data/attributes/{attribute}").as_str()));
        assert_eq!(refused.detail(), "unpermitted parameter");
    }
    assert_eq!(shop.admin.delete(&format!("releases/{release}")).await.status, 204);
    let gone = shop.admin.get("releases/newest").await;
    assert_eq!(gone.detail(), "The requested release 'newest' was not found");
}

#[tokio::test]
async fn versions_are_read_by_upstream_s_rules_without_an_engine() {
    let shop = Shop::open("LICENSED").await;
    for (version, channel, error) in [
        ("1.2.3.4", "stable", (422, "VERSION_INVALID", VERSION)),
        ("v1.0.0", "stable", (422, "VERSION_INVALID", VERSION)),
        ("1.0.post1", "stable", (422, "VERSION_INVALID", VERSION)),
        ("1.0.0-beta.1", "stable", (422, "VERSION_CHANNEL_INVALID", VERSION)),
        ("1.0.0", "rc", (422, "VERSION_CHANNEL_INVALID", VERSION)),
        ("1.0.0-next.1", "dev", (422, "VERSION_CHANNEL_INVALID", VERSION)),
        ("99999999999999999999.0.0", "stable", (400, "", VERSION)),
        ("1.0.0", "nightly", (400, "", "/data/attributes/channel")),
        (&"1".repeat(300), "stable", (422, "VERSION_TOO_LONG", VERSION)),
    ] {
        let answer = shop.try_release(json!({ "version": version, "channel": channel }), None).await;
        assert_eq!(answer.error(), error, "{version} {channel}: {}", answer.body);
    }
    assert_eq!(
        shop.try_release(json!({ "version": "1.0.0-beta.1" }), None).await.detail(),
        "version does not match stable channel (expected x.y.z got 1.0.0-beta.1)"
    );
    let short = shop.try_release(json!({ "version": "2" }), None).await;
    assert_eq!(short.text("/data/attributes/version"), "2.0.0");
    let same = shop.try_release(json!({ "version": "2.0.0" }), None).await;
    assert_eq!(same.error(), (422, "VERSION_TAKEN", VERSION));
    assert_eq!(same.detail(), "version already exists");
    assert_eq!(
        shop.try_release(json!({ "version": "2.0" }), None).await.error(),
        (409, "", ""),
        "as upstream"
    );
}

#[tokio::test]
async fn versions_of_an_ecosystem_stay_as_they_are() {
    let shop = Shop::open("LICENSED").await;
    let python = shop.package("widget", Some("pypi")).await;
    let npm = shop.package("widget", Some("npm")).await;
    for (package, version, channel) in [
        (&python, "1.0.post1", "stable"),
        (&python, "1!2.0", "stable"),
        (&python, "1.2.3.4", "stable"),
        (&python, "1.0.dev3", "dev"),
        (&npm, "1.0.0-next.1", "dev"),
        (&npm, "1.0.0-next.2", "beta"),
    ] {
        let answer = shop.try_release(json!({ "version": version, "channel": channel }), Some(package)).await;
        assert_eq!(answer.status, 201, "{version}: {}", answer.body);
        assert_eq!(answer.text("/data/attributes/version"), version);
        assert_eq!(answer.text("/data/attributes/channel"), channel);
    }
    let epoch = shop.admin.get(&format!("releases/1!2.0?package={python}")).await;
    assert_eq!(epoch.at("/data/attributes/semver"), &json!(null));
    for (package, version) in [(&python, "1.2.3.4.0"), (&python, "v1.0-post1"), (&npm, "1.0.0-next.1+build")]
    {
        let channel = if version.contains("next") { "dev" } else { "stable" };
        let answer = shop.try_release(json!({ "version": version, "channel": channel }), Some(package)).await;
        assert_eq!(answer.error(), (422, "VERSION_TAKEN", VERSION), "{version}: {}", answer.body);
    }
    for (package, version) in [(&npm, "1.0"), (&npm, "1.0.0.post1"), (&python, "one")] {
        let answer = shop.try_release(json!({ "version": version }), Some(package)).await;
        assert_eq!(answer.error(), (422, "VERSION_INVALID", VERSION), "{version}");
    }
}

#[tokio::test]
async fn tags_dates_statuses_and_packages_are_checked() {
    let shop = Shop::open("LICENSED").await;
    let other = id(&shop.make("products", json!({ "name": "Other" }), json!({})).await);
    let attributes = json!({ "name": "x", "key": "elsewhere" });
    let foreign = id(&shop.make("packages", attributes, belonging(&other, None)).await);
    shop.release_with("0.1.0", json!({ "tag": "latest" }), None).await;
    for (attributes, error) in [
        (json!({ "tag": "latest" }), (422, "TAG_TAKEN", "/data/attributes/tag")),
        (json!({ "tag": "actions" }), (422, "TAG_NOT_ALLOWED", "/data/attributes/tag")),
        (json!({ "tag": "t".repeat(256) }), (422, "TAG_TOO_LONG", "/data/attributes/tag")),
        (json!({ "tag": "" }), (400, "", "/data/attributes/tag")),
        (
            json!({ "backdated": "2026-06-02T12:00:00Z" }),
            (422, "BACKDATED_INVALID", "/data/attributes/backdated"),
        ),
        (json!({ "backdated": "soon" }), (400, "", "/data/attributes/backdated")),
        (json!({ "status": "YANKED" }), (400, "", "/data/attributes/status")),
        (json!({ "name": "n".repeat(256) }), (422, "NAME_TOO_LONG", "/data/attributes/name")),
        (
            json!({ "description": "d".repeat(16_385) }),
            (422, "DESCRIPTION_TOO_LONG", "/data/attributes/description"),
        ),
    ] {
        let answer = shop.try_release(attributes.clone(), None).await;
        assert_eq!(answer.error(), error, "{attributes}: {}", answer.body);
    }
    let answer = shop.try_release(json!({}), Some(&foreign)).await;
    assert_eq!(answer.error(), (422, "PACKAGE_NOT_ALLOWED", "/data/relationships/package"));
    let unknown = shop.admin_id.to_string();
    let answer = shop.try_release(json!({}), Some(&unknown)).await;
    assert_eq!(answer.error(), (422, "PACKAGE_NOT_FOUND", "/data/relationships/package"));
    assert_eq!(shop.admin.get("releases").await.ids().len(), 1, "nothing of these is there");
    let package = shop.package("p", None).await;
    assert_eq!(
        shop.try_release(json!({ "tag": "latest" }), Some(&package)).await.status,
        201,
        "tags are per package"
    );
}

#[tokio::test]
async fn the_oldest_release_of_a_name_is_meant_unless_the_query_says_which() {
    let shop = Shop::open("LICENSED").await;
    let first = shop.package("first", None).await;
    let second = shop.package("second", Some("npm")).await;
    let unpackaged = shop.release("1.0.0", None).await;
    let of_first = shop.release("1.0.0", Some(&first)).await;
    let of_second = shop.release("1.0.0", Some(&second)).await;
    let product = &shop.product;
    for (path, expected) in [
        ("releases/1.0.0".to_owned(), &unpackaged),
        (format!("releases/1.0.0?package={first}"), &of_first),
        ("releases/1.0.0?package=second".to_owned(), &of_second),
        ("releases/1.0.0?package=".to_owned(), &unpackaged),
        ("releases/1.0.0?engine=npm".to_owned(), &of_second),
        (format!("releases/1.0.0?product={product}"), &unpackaged),
    ] {
        assert_eq!(&id(&shop.admin.get(&path).await.body["data"]), expected, "{path}");
    }
    for path in [
        format!("releases/{of_first}?package=second"),
        format!("releases/1.0.0?product={first}"),
        "releases/1.0.0?package=nosuch".to_owned(),
        "releases/1.0".to_owned(),
    ] {
        assert_eq!(shop.admin.get(&path).await.status, 404, "{path}");
    }
}

#[tokio::test]
async fn publishing_and_yanking_move_the_status() {
    let shop = Shop::open("LICENSED").await;
    let release = shop.release_with("1.0.0", json!({}), None).await;
    let act = |action: &'static str| {
        let (admin, path) = (shop.admin.clone(), format!("releases/{release}/actions/{action}"));
        async move {
            let answer = admin.post(&path, json!({ "anything": true })).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let attributes = answer.at("/data/attributes").clone();
            (attributes["status"].as_str().unwrap().to_owned(), attributes["yanked"].clone())
        }
    };
    assert_eq!(act("publish").await, ("PUBLISHED".to_owned(), json!(null)));
    assert_eq!(act("publish").await, ("PUBLISHED".to_owned(), json!(null)));
    let yanked = act("yank").await;
    assert_eq!(yanked, ("YANKED".to_owned(), json!("2026-06-01T12:00:01.000Z")));
    shop.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(act("yank").await, yanked, "doing it again changes nothing");
    assert_eq!(
        act("publish").await,
        ("PUBLISHED".to_owned(), yanked.1),
        "when it was yanked stays on record"
    );
}

#[tokio::test]
async fn lists_are_filtered() {
    let shop = Shop::open("LICENSED").await;
    let package = shop.package("p", Some("npm")).await;
    let stable = shop.release("1.0.0", None).await;
    let beta = shop.release("1.1.0-beta.1", None).await;
    let dev = shop.release("1.1.0-dev.1", None).await;
    let draft = shop.release_with("2.0.0", json!({}), None).await;
    let packaged = shop.release("1.0.0", Some(&package)).await;
    shop.admin.post(&format!("releases/{dev}/actions/yank"), json!(null)).await;
    let channel = shop.admin.get("channels?limit=100").await;
    let beta_id =
        channel.body["data"].as_array().unwrap().iter().find(|c| c["attributes"]["key"] == "beta").unwrap();
    let beta_channel = format!("channel={}", id(beta_id));
    for (query, expected) in [
        ("", vec![&packaged, &draft, &dev, &beta, &stable]),
        ("status=draft", vec![&draft]),
        ("status=PUBLISHED", vec![&packaged, &beta, &stable]),
        ("channel=stable", vec![&packaged, &draft, &stable]),
        ("channel=beta", vec![&packaged, &draft, &beta, &stable]),
        (beta_channel.as_str(), vec![&packaged, &draft, &beta, &stable]),
        ("channel=dev", vec![&dev]),
        ("channel=nightly", vec![]),
        ("package=p", vec![&packaged]),
        ("package=", vec![&draft, &dev, &beta, &stable]),
        ("engine=npm", vec![&packaged]),
        ("engine=", vec![&draft, &dev, &beta, &stable]),
        ("yanked=true", vec![&dev]),
        ("yanked=false&package=", vec![&draft, &beta, &stable]),
        ("product=nosuch", vec![]),
        ("order=asc&limit=1", vec![&stable]),
    ] {
        let found = shop.admin.get(&format!("releases?{query}")).await.ids();
        assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
    }
    for query in ["limit=0", "order=up", "page[cursor]=x"] {
        assert_eq!(shop.admin.get(&format!("releases?{query}")).await.status, 400, "{query}");
    }
}

#[tokio::test]
async fn a_release_moves_between_packages_of_its_product() {
    let shop = Shop::open("LICENSED").await;
    let python = shop.package("widget", Some("pypi")).await;
    let release = shop.release("1.0.0", None).await;
    let path = format!("releases/{release}/package");
    let to = |id: &str| json!({ "data": { "type": "packages", "id": id } });
    assert_eq!(shop.admin.get(&path).await.at("/data"), &json!(null));
    let moved = shop.admin.put(&path, to(&python)).await;
    assert_eq!((moved.status, moved.text("/data/id")), (200, release.as_str()), "{}", moved.body);
    assert_eq!(moved.text("/data/relationships/package/data/id"), python);
    assert_eq!(shop.admin.get(&path).await.text("/data/id"), python);
    let same = shop.try_release(json!({ "version": "1.0" }), Some(&python)).await;
    assert_eq!(same.error().1, "VERSION_TAKEN", "it is Python's 1 now");
    for (body, error) in [
        (to(&shop.admin_id.to_string()), (422, "PACKAGE_NOT_FOUND", "/data/relationships/package")),
        (json!({}), (400, "", "/data")),
        (json!({ "data": { "type": "packages" } }), (400, "", "/data/id")),
        (json!({ "data": { "type": "products", "id": python } }), (400, "", "/data/type")),
    ] {
        assert_eq!(shop.admin.put(&path, body.clone()).await.error(), error, "{body}");
    }
    assert_eq!(shop.admin.get(&path).await.text("/data/id"), python, "an unknown id does not clear it");
    let other = id(&shop.make("products", json!({ "name": "Other" }), json!({})).await);
    let foreign =
        id(&shop.make("packages", json!({ "name": "x", "key": "f" }), belonging(&other, None)).await);
    assert_eq!(shop.admin.put(&path, to(&foreign)).await.error().1, "PACKAGE_NOT_ALLOWED");
    shop.release("1.0.0", None).await;
    assert_eq!(shop.admin.put(&path, json!({ "data": null })).await.error().1, "VERSION_TAKEN");
    let npm = shop.package("widget", Some("npm")).await;
    let odd = shop.release("1.0.post1", Some(&python)).await;
    let refused = shop.admin.put(&format!("releases/{odd}/package"), to(&npm)).await;
    assert_eq!(refused.error(), (422, "VERSION_INVALID", VERSION));
    assert_eq!(shop.admin.get(&format!("releases/{release}/product")).await.text("/data/id"), shop.product);
}

#[tokio::test]
async fn deleted_versions_of_npm_and_python_are_not_reused() {
    let shop = Shop::open("LICENSED").await;
    let npm = shop.package("widget", Some("npm")).await;
    let raw = shop.package("widget", Some("raw")).await;
    for (package, again) in [(&npm, (422, "VERSION_TAKEN", VERSION)), (&raw, (201, "", ""))] {
        let release = shop.release("1.0.0", Some(package)).await;
        shop.artifact(&release, "widget.bin", b"bytes").await;
        assert_eq!(shop.admin.delete(&format!("releases/{release}")).await.status, 204);
        shop.settle().await;
        assert_eq!(shop.try_release(json!({ "version": "1.0.0" }), Some(package)).await.error(), again);
    }
    let never_out = shop.release_with("2.0.0", json!({}), Some(&npm)).await;
    shop.admin.delete(&format!("releases/{never_out}")).await;
    let empty = shop.release("2.0.0", Some(&npm)).await;
    shop.admin.delete(&format!("releases/{empty}")).await;
    shop.release("2.0.0", Some(&npm)).await;
}

#[tokio::test]
async fn constraints_come_with_the_release() {
    let shop = Shop::open("LICENSED").await;
    let (pro, plus) = (shop.entitlement("PRO").await, shop.entitlement("PLUS").await);
    let post = |items: Vec<serde_json::Value>| {
        let mut relations = belonging(&shop.product, None);
        relations["constraints"] = json!({ "data": items });
        let body = document("releases", json!({ "version": "1.0.0", "channel": "stable" }), relations);
        let admin = shop.admin.clone();
        async move { admin.post("releases", body).await }
    };
    let at = |index: usize| format!("/data/relationships/constraints/data/{index}/relationships/entitlement");
    let unknown = shop.admin_id.to_string();
    assert_eq!(
        post(vec![constraint(&pro), constraint(&unknown)]).await.error(),
        (422, "CONSTRAINTS_ENTITLEMENT_NOT_FOUND", at(1).as_str())
    );
    assert_eq!(
        post(vec![constraint(&pro), constraint(&pro)]).await.error(),
        (422, "CONSTRAINTS_ENTITLEMENT_CONFLICT", at(1).as_str())
    );
    let many = post((0..21).map(|_| constraint(&pro)).collect()).await;
    assert_eq!((many.status, many.detail()), (422, "too many records"));
    let bad = post(vec![json!({ "type": "constraints" })]).await;
    assert_eq!(bad.error(), (400, "", "/data/relationships/constraints/data/0/relationships"));
    let made = post(vec![constraint(&pro), constraint(&plus)]).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let release = id(&made.body["data"]);
    let mut asked = shop.admin.get(&format!("releases/{release}/entitlements")).await.ids();
    asked.sort();
    let mut expected = [pro.clone(), plus];
    expected.sort();
    assert_eq!(asked, expected);
    for (query, found) in [
        ("entitlements[]=PRO", 0),
        ("entitlements[]=PRO&entitlements[]=PLUS", 1),
        ("constraints[]=PRO&constraints[]=PLUS&constraints[]=X", 1),
    ] {
        assert_eq!(shop.admin.get(&format!("releases?{query}")).await.ids().len(), found, "{query}");
    }
}
