//! Who may do what with packages, releases and artifacts: every endpoint by every kind of caller
//! (`distribution.md` §3, §7). The product is LICENSED; every release asks for an entitlement.

use http::Method;
use keyway_crypto::token::TokenKind;
use serde_json::{Value, json};

use super::shop::{Shop, belonging, constraint};
use crate::world::{Client, document, id, one};

/// The callers, in the order of the columns below.
const CALLERS: [&str; 12] = [
    "admin",
    "developer",
    "sales agent",
    "support agent",
    "read-only",
    "own product",
    "other product",
    "entitled licence",
    "its owner",
    "unentitled licence",
    "stranger",
    "nobody",
];

type Row = (Method, &'static str, fn(&Fresh) -> Value, [u16; 12]);

fn nothing(_: &Fresh) -> Value {
    Value::Null
}

/// What each try is done to.
struct Fresh {
    number: u32,
    product: String,
    package: String,
    release: String,
    artifact: String,
    entitlement: String,
    plus: String,
    constraint: String,
}

impl Fresh {
    async fn make(shop: &Shop, number: u32, entitlement: &str, plus: &str) -> Self {
        let package = shop.package(&format!("p{number}"), Some("raw")).await;
        let release = shop.release(&format!("{number}.0.0"), Some(&package)).await;
        let artifact = shop.artifact(&release, &format!("file-{number}"), b"abc").await;
        let body = json!({ "data": [constraint(entitlement)] });
        let attached = shop.admin.post(&format!("releases/{release}/constraints"), body).await;
        Self {
            number,
            product: shop.product.clone(),
            package,
            release,
            artifact,
            entitlement: entitlement.to_owned(),
            plus: plus.to_owned(),
            constraint: id(&attached.body["data"][0]),
        }
    }
    fn fill(&self, path: &str) -> String {
        path.replace("{product}", &self.product)
            .replace("{package}", &self.package)
            .replace("{release}", &self.release)
            .replace("{artifact}", &self.artifact)
            .replace("{constraint}", &self.constraint)
            .replace("{entitlement}", &self.entitlement)
            .replace("{number}", &self.number.to_string())
    }
}

async fn callers(shop: &Shop, entitlement: &str) -> Vec<Client> {
    let other = id(&shop.make("products", json!({ "name": "Other" }), json!({})).await);
    let policy = shop.policy(&shop.product, json!({})).await;
    let owner = shop.user("owner@example.com", "user").await;
    let stranger = shop.user("stranger@example.com", "user").await;
    let (license, key) = shop.license(&policy, json!({})).await;
    let body = json!({ "data": [{ "type": "entitlements", "id": entitlement }] });
    assert_eq!(shop.admin.post(&format!("licenses/{license}/entitlements"), body).await.status, 200);
    let body = json!({ "data": { "type": "users", "id": owner } });
    assert_eq!(shop.admin.put(&format!("licenses/{license}/owner"), body).await.status, 200);
    let (_, unentitled) = shop.license(&policy, json!({})).await;
    let mut team = vec![shop.admin.clone()];
    for (role, kind) in [
        ("developer", TokenKind::Developer),
        ("sales-agent", TokenKind::Sales),
        ("support-agent", TokenKind::Support),
        ("read-only", TokenKind::ReadOnly),
    ] {
        let user = shop.user(&format!("{role}@acme.example"), role).await;
        team.push(shop.speak_for(&user, kind).await);
    }
    team.extend([
        shop.product_token(&shop.product).await,
        shop.product_token(&other).await,
        shop.key(&key),
        shop.speak_for(&owner, TokenKind::User).await,
        shop.key(&unentitled),
        shop.speak_for(&stranger, TokenKind::User).await,
        shop.anonymous(),
    ]);
    team
}

/// Tries each row as each caller; what changes records gets some of its own each time.
async fn hold(rows: &[Row]) {
    let shop = Shop::open("LICENSED").await;
    let (entitlement, plus) = (shop.entitlement("PRO").await, shop.entitlement("PLUS").await);
    let callers = callers(&shop, &entitlement).await;
    let mut fresh = Fresh::make(&shop, 0, &entitlement, &plus).await;
    let mut wrong = Vec::new();
    for (method, template, body, expected) in rows {
        for ((caller, name), expected) in callers.iter().zip(CALLERS).zip(expected) {
            if *method != Method::GET {
                fresh = Fresh::make(&shop, fresh.number + 1, &entitlement, &plus).await;
            }
            let answer = caller.send(method.clone(), &fresh.fill(template), Some(body(&fresh))).await;
            if answer.status != *expected {
                let got = format!("{} instead of {expected}: {}", answer.status, answer.body);
                wrong.push(format!("{method} {template} as {name}: {got}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const ALL: [u16; 12] = [200; 12];
/// Seen by the vendor and by those who are entitled.
const SEEN: [u16; 12] = [200, 200, 200, 200, 200, 200, 404, 200, 200, 404, 404, 404];
/// Packages need a licence, but no entitlement.
const HELD: [u16; 12] = [200, 200, 200, 200, 200, 200, 404, 200, 200, 200, 404, 404];

#[tokio::test]
async fn reading() {
    let bytes = SEEN.map(|status| if status == 200 { 303 } else { status });
    let known = |nobody: u16, mut row: [u16; 12]| {
        row[11] = nobody;
        row
    };
    let rows: Vec<Row> = [
        ("packages", ALL),
        ("packages/{package}", HELD),
        ("releases", ALL),
        ("releases/{release}", SEEN),
        ("releases/{number}.0.0", SEEN),
        ("releases/{release}/artifacts", SEEN),
        ("releases/{release}/artifacts/{artifact}", bytes),
        ("releases/{release}/package", SEEN),
        ("releases/{release}/entitlements", known(401, SEEN)),
        ("releases/{release}/entitlements/{entitlement}", known(401, SEEN)),
        ("releases/{release}/constraints", known(401, SEEN)),
        ("releases/{release}/constraints/{constraint}", known(401, SEEN)),
        // Customers lack the permission to read products unless they are given it.
        ("releases/{release}/product", [200, 200, 200, 200, 200, 200, 404, 403, 403, 404, 404, 401]),
        // An upgrade exists for nobody here: the package has one release.
        ("releases/{release}/upgrade", [404; 12]),
        ("artifacts", ALL),
        ("artifacts/{artifact}", bytes),
        ("artifacts/file-{number}", bytes),
        ("engines", ALL),
        ("engines/raw", HELD),
        ("platforms", ALL),
        ("arches", ALL),
        ("channels", ALL),
        ("products/{product}/releases", known(401, HELD)),
        ("products/{product}/releases/{release}", known(401, SEEN)),
        ("products/{product}/packages", known(401, HELD)),
        ("products/{product}/packages/{package}", known(401, HELD)),
        ("products/{product}/artifacts", known(401, HELD)),
        ("products/{product}/artifacts/{artifact}", known(401, bytes)),
        ("products/{product}/engines", known(401, HELD)),
        ("products/{product}/platforms", known(401, HELD)),
        ("products/{product}/arches", known(401, HELD)),
        ("products/{product}/channels", known(401, HELD)),
    ]
    .into_iter()
    .map(|(path, expected)| (Method::GET, path, nothing as fn(&Fresh) -> Value, expected))
    .collect();
    hold(&rows).await;
}

/// A change by those who publish; others are refused where they see the record, and else do not know of it.
const fn change(done: u16, unentitled: u16) -> [u16; 12] {
    [done, done, 403, 403, 403, done, 404, 403, 403, unentitled, 404, 401]
}
/// A creation: there is nothing to see, only to be refused.
const fn creation(done: u16) -> [u16; 12] {
    [done, done, 403, 403, 403, done, 403, 403, 403, 403, 403, 401]
}

#[tokio::test]
async fn changing_packages_and_releases() {
    let rows: [Row; 8] = [
        (
            Method::POST,
            "packages",
            |fresh| {
                let attributes = json!({ "name": "x", "key": format!("new-{}", fresh.number) });
                document("packages", attributes, belonging(&fresh.product, None))
            },
            creation(201),
        ),
        (
            Method::PATCH,
            "packages/{package}",
            |_| document("packages", json!({ "name": "y" }), json!({})),
            change(200, 403),
        ),
        (Method::DELETE, "packages/{package}", nothing, change(204, 403)),
        (
            Method::POST,
            "releases",
            |fresh| {
                let attributes = json!({ "version": format!("{}.1.0", fresh.number), "channel": "stable" });
                document("releases", attributes, belonging(&fresh.product, Some(&fresh.package)))
            },
            creation(201),
        ),
        (
            Method::PUT,
            "releases/{release}",
            |_| document("releases", json!({ "name": "y" }), json!({})),
            change(200, 404),
        ),
        (Method::POST, "releases/{release}/actions/publish", nothing, change(200, 404)),
        (Method::POST, "releases/{release}/actions/yank", nothing, change(200, 404)),
        (Method::DELETE, "releases/{release}", nothing, change(204, 404)),
    ];
    hold(&rows).await;
}

#[tokio::test]
async fn changing_constraints_and_artifacts() {
    let rows: [Row; 6] = [
        (
            Method::PUT,
            "releases/{release}/package",
            |fresh| json!({ "data": { "type": "packages", "id": fresh.package } }),
            change(200, 404),
        ),
        (
            Method::POST,
            "releases/{release}/constraints",
            |fresh| json!({ "data": [constraint(&fresh.plus)] }),
            change(200, 404),
        ),
        (
            Method::DELETE,
            "releases/{release}/constraints",
            |fresh| json!({ "data": [{ "type": "constraints", "id": fresh.constraint }] }),
            change(204, 404),
        ),
        (
            Method::POST,
            "artifacts",
            |fresh| {
                document(
                    "artifacts",
                    json!({ "filename": "new" }),
                    one("release", "releases", &fresh.release),
                )
            },
            creation(307),
        ),
        (
            Method::PATCH,
            "artifacts/{artifact}",
            |_| document("artifacts", json!({ "signature": "s" }), json!({})),
            change(200, 404),
        ),
        (Method::DELETE, "artifacts/{artifact}", nothing, change(204, 404)),
    ];
    hold(&rows).await;
}

#[tokio::test]
async fn unknown_parents_are_403_to_products_and_422_to_the_team() {
    let shop = Shop::open("LICENSED").await;
    let product = shop.product_token(&shop.product).await;
    let unknown = shop.admin_id.to_string();
    let release =
        document("releases", json!({ "version": "1.0.0", "channel": "stable" }), belonging(&unknown, None));
    let artifact = document("artifacts", json!({ "filename": "a" }), one("release", "releases", &unknown));
    for (path, body) in [("releases", release), ("artifacts", artifact)] {
        assert_eq!(shop.admin.post(path, body.clone()).await.status, 422, "{path}");
        assert_eq!(product.post(path, body).await.status, 403, "{path}");
    }
}
