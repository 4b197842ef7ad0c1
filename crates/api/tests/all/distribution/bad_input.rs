//! What nobody honest sends: always a refusal, never a failure of ours, never half a record.

use http::Method;
use serde_json::{Value, json};

use super::shop::{Shop, belonging};
use crate::world::{change, document, one};

/// Every endpoint that reads a body.
const WRITES: [(Method, &str); 12] = [
    (Method::POST, "packages"),
    (Method::PATCH, "packages/{package}"),
    (Method::POST, "releases"),
    (Method::PATCH, "releases/{release}"),
    (Method::PUT, "releases/{release}/package"),
    (Method::POST, "releases/{release}/constraints"),
    (Method::DELETE, "releases/{release}/constraints"),
    (Method::POST, "artifacts"),
    (Method::PATCH, "artifacts/{artifact}"),
    (Method::PUT, "artifacts/{artifact}"),
    (Method::POST, "products/{product}/releases"),
    (Method::POST, "engines"),
];

async fn stocked() -> (Shop, [(&'static str, String); 4]) {
    let shop = Shop::open("OPEN").await;
    let package = shop.package("p", Some("npm")).await;
    let release = shop.release("1.0.0", Some(&package)).await;
    let artifact = shop.artifact(&release, "a.bin", b"abc").await;
    let names = [
        ("{package}", package),
        ("{release}", release),
        ("{artifact}", artifact),
        ("{product}", shop.product.clone()),
    ];
    (shop, names)
}

fn fill(template: &str, names: &[(&str, String)]) -> String {
    names.iter().fold(template.to_owned(), |path, (name, id)| path.replace(name, id))
}

#[tokio::test]
async fn bodies() {
    let (shop, names) = stocked().await;
    let deep = format!("{}1{}", r#"{"data":"#.repeat(60), "}".repeat(60));
    let bodies: Vec<Vec<u8>> = [
        "",
        "null",
        "1",
        "\"x\"",
        "[]",
        "{",
        "{}",
        "NaN",
        r#"{"data":1}"#,
        r#"{"data":"x"}"#,
        r#"{"data":{}}"#,
        r#"{"data":[1]}"#,
        r#"{"data":[null]}"#,
        r#"{"data":[{}]}"#,
        r#"{"data":{"type":1}}"#,
        r#"{"data":{"type":"users"}}"#,
        r#"{"data":{"type":"releases","attributes":[]}}"#,
        r#"{"data":{"type":"artifacts","attributes":{"filename":{}}}}"#,
        r#"{"data":{"type":"packages","relationships":{"product":{"data":[]}}}}"#,
        "{\"data\":\"\\u0000\"}",
        r#"{"a":1}"#,
        r#"{"data":{"type":"releases","attributes":{"version":["1"]}}}"#,
        r#"{"data":{"type":"packages","id":"x"}}"#,
        deep.as_str(),
    ]
    .into_iter()
    .map(|text| text.as_bytes().to_vec())
    .chain([vec![0xff, 0xfe], vec![b'"', 0, b'"']])
    .collect();
    for (method, template) in &WRITES {
        for body in &bodies {
            // A root that is no object is `data`, and null as a package means none.
            if body == b"null" && template.ends_with("/package") {
                continue;
            }
            let answer = shop.admin.raw(method.clone(), &fill(template, &names), body.clone()).await;
            let shown = String::from_utf8_lossy(body);
            let fine = matches!(answer.status, 400 | 404 | 422);
            assert!(fine, "{method} {template} {shown}: {} {}", answer.status, answer.body);
            assert!(answer.body["errors"][0]["title"].is_string(), "{method} {template} {shown}");
        }
    }
    for (kind, count) in [("packages", 1), ("releases", 1), ("artifacts", 1)] {
        assert_eq!(shop.admin.get(kind).await.ids().len(), count, "{kind}");
    }
}

#[tokio::test]
async fn values_of_the_wrong_kind() {
    let (shop, names) = stocked().await;
    let release = fill("{release}", &names);
    let odd = [
        json!(1),
        json!(true),
        json!([]),
        json!({}),
        json!(["x"]),
        json!(1.5),
        json!("\u{7}"),
        json!("x".repeat(20_000)),
    ];
    let good_release = json!({ "version": "3.0.0", "channel": "stable" });
    for (kind, base, relations, attributes) in [
        (
            "packages",
            json!({ "name": "x", "key": "k" }),
            belonging(&shop.product, None),
            vec!["key", "engine"],
        ),
        (
            "releases",
            good_release,
            belonging(&shop.product, None),
            vec!["version", "channel", "status", "tag", "backdated"],
        ),
        (
            "artifacts",
            json!({ "filename": "f" }),
            one("release", "releases", &release),
            vec!["filename", "filesize", "checksum"],
        ),
    ] {
        for attribute in attributes {
            for value in odd.iter().filter(|value| !(attribute == "filesize" && **value == json!(1))) {
                // A time may be a number, opaque texts may hold anything that fits.
                let opaque = matches!(attribute, "tag" | "checksum") && *value == json!("\u{7}");
                if opaque || (attribute == "backdated" && value.is_number()) {
                    continue;
                }
                let mut sent = base.clone();
                sent[attribute] = value.clone();
                let answer = shop.admin.post(kind, document(kind, sent, relations.clone())).await;
                assert!(
                    matches!(answer.status, 400 | 422),
                    "{kind}.{attribute} = {value:.40}: {}",
                    answer.status
                );
                let (_, _, pointer) = answer.error();
                assert_eq!(pointer.split('/').nth(3), Some(attribute), "{kind}.{attribute}: {pointer}");
            }
        }
    }
}

#[tokio::test]
async fn names_in_paths() {
    let (shop, _) = stocked().await;
    let long = "a".repeat(3000);
    for name in [
        "..",
        "%2e%2e",
        "..%2f..%2fetc%2fpasswd",
        "%252e%252e%252f",
        "%5c..%5c",
        "'%20OR%201=1",
        "%F0%9F%92%A9",
        "*",
        "{id}",
        "a%0ab",
        "00000000-0000-4000-8000-000000000000",
        "-1",
        "%20",
        &long,
        "0190163d-8694-739b-aea5-966c26f8ad91%2f..%2f..",
    ] {
        for template in [
            "packages/{}",
            "releases/{}",
            "artifacts/{}",
            "engines/{}",
            "platforms/{}",
            "releases/{}/artifacts",
            "releases/{}/upgrade",
            "releases/1.0.0/artifacts/{}",
            "releases/1.0.0/constraints/{}",
            "releases/1.0.0/entitlements/{}",
            "products/{}/releases",
            "products/app/releases/{}",
            "products/app/artifacts/{}",
        ] {
            let answer = shop.admin.get(&template.replace("{}", name)).await;
            assert!(
                matches!(answer.status, 400 | 404),
                "{template} {name:.60}: {} {}",
                answer.status,
                answer.body
            );
        }
    }
    for name in ["%00", "%ff", "%c0%af", "%zz", "%", "a%2"] {
        for template in
            ["packages/{}", "releases/{}", "artifacts/{}", "artifacts/a/{}", "releases/1.0.0/artifacts/{}"]
        {
            let answer = shop.admin.get(&template.replace("{}", name)).await;
            assert_eq!(answer.status, 400, "{template} {name}: {}", answer.body);
        }
    }
}

#[tokio::test]
async fn queries() {
    let (shop, names) = stocked().await;
    let product = fill("{product}", &names);
    for query in [
        "channel[]=beta",
        "package[a]=b",
        "product=%20",
        "engine[]=npm",
        "entitlements=PRO",
        "constraints[a]=b",
        "yanked=maybe",
        "status[]=DRAFT",
        "filetype[]=x",
        "platform[a]=x",
        "release[]=1.0.0",
        "prefer[a]=b",
        "ttl[]=5",
        "nosuch=1",
        "product=' OR 1=1",
        "status=%E2%82%AC",
    ] {
        for kind in ["packages", "releases", "artifacts", "engines"] {
            for path in [kind.to_owned(), format!("products/{product}/{kind}")] {
                let answer = shop.admin.get(&format!("{path}?{query}")).await;
                assert_eq!(answer.status, 200, "{path}?{query}: {}", answer.body);
            }
        }
    }
    for query in [
        "limit=0",
        "limit=101",
        "limit[]=1",
        "page=1",
        "page[number]=0",
        "page[cursor]=foo",
        "order=sideways",
        "a[=1",
        "x=%zz",
    ] {
        for kind in ["packages", "releases", "artifacts", "engines", "releases/1.0.0/artifacts"] {
            assert_eq!(shop.admin.get(&format!("{kind}?{query}")).await.status, 400, "{kind}?{query}");
        }
    }
}

#[tokio::test]
async fn changes_of_nothing_change_nothing() {
    let (shop, names) = stocked().await;
    for (kind, template) in
        [("packages", "{package}"), ("releases", "{release}"), ("artifacts", "{artifact}")]
    {
        let path = fill(&format!("{kind}/{template}"), &names);
        let before = shop.admin.get(&format!("{path}?prefer=no-download")).await.body;
        shop.clock.advance(std::time::Duration::from_secs(60));
        let answer = shop.admin.patch(&path, change(kind, json!({}))).await;
        assert!(matches!(answer.status, 200 | 400), "{kind}: {}", answer.body);
        let after = shop.admin.get(&format!("{path}?prefer=no-download")).await.body;
        assert_eq!(before["data"], after["data"], "{kind}");
    }
    let made: Value = shop.admin.get("releases").await.body;
    assert_eq!(made["data"].as_array().map(Vec::len), Some(1));
}
