//! The endpoint in process, over a database of its own.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

use std::sync::Arc;

use http::Method;
use keyway_base::{Clock, ManualClock, RecordId, Secret, Timestamp};
use keyway_blob::{BlobStore, DiskOptions, Urls};
use keyway_crypto::signed_url::{KeyId, UrlKeys};
use keyway_domain::resources::{ALL, Account, License, Token};
use keyway_engine::Engines;
use keyway_jsonapi::{Declared, Scope};
use keyway_store::{Db, NewJob, Options};
use keyway_support::{Parts, SettableClock, Support, SupportAnswer, SupportRequest};
use serde_json::{Value as Json, json};

struct World {
    _directory: tempfile::TempDir,
    db: Db,
    urls: Arc<Urls>,
    support: Arc<Support>,
    account: String,
}

const ENGINES: Engines = Engines::new(&[
    &keyway_engine_npm::NpmEngine,
    &keyway_engine_pypi::PypiEngine,
    &keyway_engine_raw::RawEngine,
    &keyway_engine_rubygems::RubygemsEngine,
]);

fn id() -> String {
    RecordId::generate(Timestamp::from_micros(1_700_000_000_000_000)).to_string()
}

impl World {
    async fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("keyway.db");
        let db = Db::open(&Options::file(path, 2)).await.unwrap();
        let blobs = BlobStore::open(DiskOptions::new(directory.path().join("blobs"))).await.unwrap();
        let system = ManualClock::at(Timestamp::from_micros(1_795_000_000_000_000));
        let keys = UrlKeys::new(KeyId(1), &Secret::new(vec![7; UrlKeys::KEY_LENGTH]));
        let urls = Arc::new(Urls::new("https://api.example.com", keys));
        let support = Support::new(Parts {
            db: db.clone(),
            blobs,
            urls: Arc::clone(&urls),
            engines: ENGINES,
            clock: SettableClock::over(Arc::new(system) as Arc<dyn Clock>),
            wake_jobs: Box::new(|| {}),
            settle: Box::new(|| Box::pin(async {})),
            sweep: Box::new(|| Box::pin(async { Ok(0) })),
            set_storage: Box::new(|_| {}),
            admin_token: None,
        });
        let mut world = Self { _directory: directory, db, urls, support, account: id() };
        let account = world.account.clone();
        world.account = world.made("accounts", json!({ "slug": "acme" }), Some(&account)).await["id"]
            .as_str()
            .unwrap()
            .to_owned();
        world
    }

    async fn ask(&self, method: Method, path: &str, query: &str, body: Json) -> SupportAnswer {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = SupportRequest {
            method,
            path: format!("/v1/_test{path}"),
            query: query.to_owned(),
            authorization: None,
            body: body.into(),
        };
        self.support.handle(request).await
    }

    async fn fixtures(&self, body: Json) -> SupportAnswer {
        self.ask(Method::POST, "/fixtures", "", body).await
    }

    fn full(&self, kind: &str, attributes: Json, given: Option<&str>) -> Json {
        let id = given.map_or_else(id, str::to_owned);
        json!({ "type": kind, "id": id, "account_id": self.account, "attributes": attributes })
    }

    /// Inserts a record and gives what was answered.
    async fn made(&self, kind: &str, attributes: Json, given: Option<&str>) -> Json {
        let answer = self.fixtures(json!({ "insert": [self.full(kind, attributes, given)] })).await;
        assert_eq!(answer.status, 200, "{kind}: {:?}", answer.body);
        answer.body.unwrap()["data"][0].clone()
    }

    async fn refused(&self, kind: &str, attributes: Json) -> (u16, String) {
        let answer = self.fixtures(json!({ "insert": [self.full(kind, attributes, None)] })).await;
        (answer.status.as_u16(), answer.body.unwrap()["error"].as_str().unwrap().to_owned())
    }

    async fn records(&self, kind: &str) -> Vec<Json> {
        let answer = self.ask(Method::GET, "/records", &format!("type={kind}"), Json::Null).await;
        answer.body.unwrap()["data"].as_array().unwrap().clone()
    }

    /// One record of every stored type; gives their ids by type.
    async fn one_of_each(&self) -> serde_json::Map<String, Json> {
        let mut ids = serde_json::Map::new();
        for (kind, attributes) in [
            ("environments", json!({ "code": "staging" })),
            ("settings", json!({ "key": "default_user_permissions", "value": ["license.read"] })),
            ("groups", json!({ "name": "Team", "max_users": 2 })),
            ("users", json!({ "email": "Ann@example.com", "password": "a secret" })),
            ("group_owners", json!({ "group_id": "groups", "user_id": "users" })),
            ("second_factors", json!({ "user_id": "users" })),
            ("products", json!({ "name": "Acme", "code": "acme" })),
            ("entitlements", json!({ "code": "PRO" })),
            ("policies", json!({ "duration": 86_400, "product_id": "products" })),
            ("policy_entitlements", json!({ "policy_id": "policies", "entitlement_id": "entitlements" })),
            ("keys", json!({ "policy_id": "policies", "key": "a-pooled-key" })),
            ("licenses", json!({ "policy_id": "policies", "owner_id": "users" })),
            ("license_entitlements", json!({ "license_id": "licenses", "entitlement_id": "entitlements" })),
            ("license_users", json!({ "license_id": "licenses", "user_id": "users" })),
            ("machines", json!({ "license_id": "licenses", "owner_id": "users", "fingerprint": "F" })),
            ("components", json!({ "machine_id": "machines", "fingerprint": "C", "name": "disk" })),
            ("processes", json!({ "machine_id": "machines", "pid": "1" })),
            ("tokens", json!({ "bearer_type": "License", "bearer_id": "licenses" })),
            ("engines", json!({ "key": "pypi" })),
            ("platforms", json!({ "key": "linux" })),
            ("arches", json!({ "key": "arm64" })),
            ("channels", json!({ "key": "stable" })),
            ("packages", json!({ "key": "Acme_Widget", "engine": "pypi", "product_id": "products" })),
            ("releases", json!({ "version": "1.0.0", "package_id": "packages" })),
            ("constraints", json!({ "release_id": "releases", "entitlement_id": "entitlements" })),
            ("rollouts", json!({ "release_id": "releases", "percentage": 1000 })),
            (
                "artifacts",
                json!({ "filename": "a.whl", "filetype": "whl", "release_id": "releases", "status": "UPLOADED" }),
            ),
            (
                "manifests",
                json!({ "kind": "x", "content": "{}", "release_id": "releases", "artifact_id": "artifacts" }),
            ),
            (
                "part_uploads",
                json!({
                    "artifact_id": "artifacts", "blob_key": "a/b", "size": 9, "part_size": 5,
                    "expires_at": "2026-01-01T00:00:00Z",
                }),
            ),
            ("package_tags", json!({ "tag": "next", "package_id": "packages", "release_id": "releases" })),
            (
                "content_blobs",
                json!({ "digest": "sha256:0", "size": 9, "blob_key": "a/c", "package_id": "packages" }),
            ),
            (
                "content_manifests",
                json!({ "digest": "sha256:1", "media_type": "x", "content": "{}", "package_id": "packages" }),
            ),
            ("content_edges", json!({ "parent": "sha256:1", "child": "sha256:0", "package_id": "packages" })),
            (
                "content_tags",
                json!({ "tag": "v1", "digest": "sha256:1", "package_id": "packages", "release_id": "releases" }),
            ),
            (
                "content_roots",
                json!({
                    "digest": "sha256:1", "package_id": "packages", "release_id": "releases", "waiting": [],
                }),
            ),
            (
                "content_uploads",
                json!({
                    "package_id": "packages", "who_type": "products", "who_id": "products", "state": "x",
                    "expires_at": "2026-01-01T00:00:00Z",
                }),
            ),
            ("webhook_endpoints", json!({ "url": "https://hooks.example.com", "product_id": "products" })),
            (
                "webhook_events",
                json!({ "event": "license.created", "webhook_endpoint_id": "webhook_endpoints" }),
            ),
            ("event_logs", json!({ "event": "x", "resource_type": "Release", "resource_id": "releases" })),
            ("request_logs", json!({ "url": "/v1/me", "status": 200, "requestor_type": "User" })),
            ("usage_snapshots", json!({ "metric": "users", "day": 20_605, "count": 3 })),
        ] {
            let mut attributes = attributes;
            for value in attributes.as_object_mut().unwrap().values_mut() {
                if let Some(named) = value.as_str().and_then(|kind| ids.get(kind)).cloned() {
                    *value = named;
                }
            }
            let made = self.made(kind, attributes, None).await;
            ids.insert(kind.to_owned(), made["id"].clone());
        }
        ids
    }
}

#[tokio::test]
async fn a_record_of_every_type_is_stored_and_shown_again() {
    let world = World::new().await;
    let ids = world.one_of_each().await;
    for resource in ALL.iter().filter(|resource| **resource != Account::RESOURCE) {
        let stored = world.records(resource.table).await;
        let wanted = &ids[resource.table];
        assert!(stored.iter().any(|record| record["id"] == *wanted), "{}: {stored:?}", resource.table);
    }
    let attributes = |records: Vec<Json>| records[0]["attributes"].clone();
    let package = attributes(world.records("packages").await);
    assert_eq!(package["normalised_key"], "acme-widget");
    let release = attributes(world.records("releases").await);
    assert_eq!(release["product_id"], ids["products"]);
    assert_eq!((&release["channel"], &release["semver"]["major"]), (&json!("stable"), &json!(1)));
    let license = attributes(world.records("licenses").await);
    assert!(license["key"].as_str().unwrap().ends_with("-V3"));
    assert_eq!(license["product_id"], ids["products"]);
    let component = attributes(world.records("components").await);
    assert_eq!((&component["product_id"], &component["license_id"]), (&ids["products"], &ids["licenses"]));
    assert!(!license["permissions"].as_array().unwrap().is_empty());
    assert_eq!(world.records("filetypes").await[0]["attributes"]["key"], "whl");
    assert_eq!(attributes(world.records("users").await)["email"], "ann@example.com");
}

#[tokio::test]
async fn what_is_deleted_takes_along_what_cannot_be_without_it() {
    let world = World::new().await;
    let ids = world.one_of_each().await;
    let gone = |kind: &str| json!({ "delete": [{ "type": kind, "id": ids[kind] }] });
    assert_eq!(world.fixtures(gone("users")).await.status, 200);
    let license = world.records("licenses").await[0]["attributes"].clone();
    assert_eq!(license["owner_id"], Json::Null);
    assert!(world.records("license_users").await.is_empty());
    assert_eq!(world.fixtures(gone("products")).await.status, 200);
    for kind in
        ["policies", "licenses", "tokens", "packages", "releases", "artifacts", "manifests", "constraints"]
    {
        assert!(world.records(kind).await.is_empty(), "{kind}");
    }
    assert_eq!(world.records("entitlements").await.len(), 1);
}

#[tokio::test]
async fn updates_change_what_they_name_and_derive_the_rest_anew() {
    let world = World::new().await;
    let ids = world.one_of_each().await;
    let update = |kind: &str, attributes: Json| json!({ "update": [{ "type": kind, "id": ids[kind], "account_id": world.account, "attributes": attributes }] });
    let answer = world.fixtures(update("releases", json!({ "version": "2.0.0b1" }))).await.body.unwrap();
    let release = &answer["data"][0]["attributes"];
    assert_eq!(
        (&release["version"], &release["semver"]["prerelease"]),
        (&json!("2.0.0b1"), &json!("beta.1"))
    );
    let answer =
        world.fixtures(update("licenses", json!({ "suspended": true, "expiry": null }))).await.body.unwrap();
    let license = &answer["data"][0]["attributes"];
    assert_eq!((&license["suspended"], &license["expiry"]), (&json!(true), &Json::Null));
    assert!(license["key"].as_str().unwrap().ends_with("-V3"));
}

#[tokio::test]
async fn a_token_s_secret_is_given_and_can_be_minted() {
    let world = World::new().await;
    let user = world.made("users", json!({ "role": "admin" }), None).await;
    let token = world.made("tokens", json!({ "bearer_type": "User", "bearer_id": user["id"] }), None).await;
    let secret = token["secret"].as_str().unwrap();
    assert!(secret.starts_with("admin-") && secret.ends_with("v3"), "{secret}");
    assert_eq!(token["attributes"]["kind"], "admin-token");
    assert_eq!(token["attributes"].get("digest"), None);
    let mint = |kind: &str| json!({ "kind": kind, "type": "tokens", "id": token["id"] });
    let answer = world.ask(Method::POST, "/mint", "", mint("secret")).await;
    assert_eq!(answer.body.unwrap()["value"], token["secret"]);
    assert_eq!(world.ask(Method::POST, "/mint", "", mint("cookie")).await.status, 422, "no session");
}

#[tokio::test]
async fn a_session_s_cookie_is_sealed_for_its_token() {
    let world = World::new().await;
    let user = world.made("users", json!({ "role": "admin" }), None).await;
    let token = world.made("tokens", json!({ "bearer_type": "User", "bearer_id": user["id"] }), None).await;
    let mint = async |attributes: Json| {
        let session = world.made("sessions", attributes, None).await;
        let body = json!({ "kind": "cookie", "type": "sessions", "id": session["id"] });
        let answer = world.ask(Method::POST, "/mint", "", body).await;
        answer.body.unwrap()["value"].as_str().map(str::to_owned).ok_or(answer.status.as_u16())
    };
    let read = |cookie: &str| {
        let (name, value) = cookie.split_once('=').unwrap();
        (name.to_owned(), keyway_crypto::session::read(&world.urls.keys(), value).unwrap())
    };
    let time = |text: &str| text.parse::<Timestamp>().unwrap();
    let plain = json!({ "token_id": token["id"], "created_at": "2026-11-01T00:00:00.000Z" });
    let (name, session) = read(&mint(plain).await.unwrap());
    assert_eq!((name.as_str(), session.account.to_string()), ("session_id", world.account.clone()));
    assert_eq!(session.expires, time("2026-11-08T00:00:00.000Z"), "a week, where nothing else says so");
    let stored = world.db.find(Token::RESOURCE, session.account, &Scope::All).await.unwrap().unwrap();
    assert_eq!(stored.get("digest").as_bytes(), Some(&session.token.as_bytes()[..]));
    let environment = world.made("environments", json!({ "code": "staging" }), None).await["id"].clone();
    let over = json!({
        "token_id": token["id"], "environment_id": environment,
        "created_at": "2026-11-01T00:00:00.000Z", "expiry": "2026-11-02T00:00:00.000Z",
    });
    let (name, session) = read(&mint(over).await.unwrap());
    assert_eq!(name, format!("session_id.{}", environment.as_str().unwrap()));
    assert_eq!(session.expires, time("2026-11-02T00:00:00.000Z"));
    assert_eq!(mint(json!({ "bearer_id": user["id"] })).await, Err(422), "of no token");
    assert_eq!(mint(json!({ "token_id": id() })).await, Err(422), "of one that is not there");
}

#[tokio::test]
async fn keys_of_licences_follow_the_scheme_of_their_policy() {
    let world = World::new().await;
    let product = world.made("products", json!({}), None).await;
    for (scheme, given, form) in [
        ("ED25519_SIGN", Json::Null, "key/"),
        ("RSA_2048_JWT_RS256", json!("{}"), "eyJ"),
        ("ECDSA_P256_SIGN", json!("seed"), "key/c2VlZA==."),
        ("RSA_2048_PKCS1_PSS_SIGN_V2", json!("seed"), "key/c2VlZA==."),
        ("RSA_2048_PKCS1_SIGN", json!("seed"), "c2VlZA==."),
    ] {
        let policy = json!({ "product_id": product["id"], "scheme": scheme });
        let policy = world.made("policies", policy, None).await;
        let license = world.made("licenses", json!({ "policy_id": policy["id"], "key": given }), None).await;
        let key = license["attributes"]["key"].as_str().unwrap();
        assert!(key.starts_with(form) && key.contains('.'), "{scheme}: {key}");
        let again = world
            .made("licenses", json!({ "policy_id": policy["id"], "key": format!("{key}A") }), None)
            .await;
        if scheme != "RSA_2048_PKCS1_SIGN" {
            assert_eq!(again["attributes"]["key"], format!("{key}A"), "a signed key is kept as it is");
        }
    }
}

#[tokio::test]
async fn a_hashed_key_is_the_secret_and_keys_of_pools_are_of_their_policy() {
    let world = World::new().await;
    let product = world.made("products", json!({}), None).await;
    let policy = json!({ "product_id": product["id"], "encrypted": true });
    let policy = world.made("policies", policy, None).await;
    let license = world.made("licenses", json!({ "policy_id": policy["id"] }), None).await;
    let stored = license["attributes"]["key"].as_str().unwrap();
    let raw = license["secret"].as_str().unwrap();
    assert!(stored.starts_with("$2b$") && raw.ends_with("v1"), "{stored} {raw}");
    let mint = json!({ "kind": "secret", "type": "licenses", "id": license["id"] });
    assert_eq!(world.ask(Method::POST, "/mint", "", mint).await.body.unwrap()["value"], json!(raw));
    let pool = json!({ "product_id": product["id"], "use_pool": true });
    let pool = world.made("policies", pool, None).await;
    let key = world.made("keys", json!({ "policy_id": pool["id"], "key": "a-pooled-key" }), None).await;
    assert_eq!(key["attributes"]["product_id"], product["id"]);
}

#[tokio::test]
async fn metadata_that_was_given_is_read_as_that_of_an_upload() {
    let world = World::new().await;
    let product = world.made("products", json!({}), None).await;
    for (engine, filename, content, kinds) in [
        (
            "npm",
            "widget-1.0.0.tgz",
            json!({ "name": "other", "license": "MIT" }),
            vec!["npm.full", "npm.abbreviated"],
        ),
        ("pypi", "widget-1.0.0-py3-none-any.whl", Json::Null, vec!["pypi.file", "pypi.html"]),
    ] {
        let package = json!({ "product_id": product["id"], "key": "widget", "engine": engine });
        let package = world.made("packages", package, None).await;
        let release = json!({ "package_id": package["id"], "version": "1.0.0", "status": "PUBLISHED" });
        let release = world.made("releases", release, None).await;
        let artifact = json!({ "release_id": release["id"], "filename": filename, "status": "UPLOADED" });
        let artifact = world.made("artifacts", artifact, None).await;
        if !content.is_null() {
            let manifest = json!({ "artifact_id": artifact["id"], "content": content.to_string(), "content_path": "package.json" });
            world.made("manifests", manifest, None).await;
        }
        let stored = world.records("manifests").await;
        let of_it: Vec<&str> = stored
            .iter()
            .map(|record| &record["attributes"])
            .filter(|manifest| manifest["artifact_id"] == artifact["id"])
            .filter_map(|manifest| manifest["kind"].as_str())
            .collect();
        assert_eq!(of_it, kinds, "{engine}");
    }
    let gemspec = json!({ "engine": "rubygems", "key": "widget", "product_id": product["id"] });
    let package = world.made("packages", gemspec, None).await;
    let release =
        world.made("releases", json!({ "package_id": package["id"], "version": "1.0.0" }), None).await;
    let artifact =
        json!({ "release_id": release["id"], "filename": "widget-1.0.0.gem", "status": "UPLOADED" });
    let artifact = world.made("artifacts", artifact, None).await;
    let broken = json!({ "artifact_id": artifact["id"], "content": "no gemspec" });
    assert_eq!(world.refused("manifests", broken).await.0, 422);
}

#[tokio::test]
async fn what_the_server_cannot_hold_is_said() {
    let world = World::new().await;
    for (kind, attributes, status, text) in [
        ("license_validation_sparks", json!({}), 422, "no notion"),
        ("unicorns", json!({}), 400, "not a type"),
        ("products", json!({ "horn": 1 }), 422, "no notion of horn of products"),
        ("products", json!({ "distribution_strategy": "SOMETIMES" }), 422, "\"SOMETIMES\""),
        ("licenses", json!({ "policy_id": id() }), 422, "names no policy"),
        ("releases", json!({}), 422, "cannot be without product_id"),
        ("accounts", json!({ "subscription_state": "lapsed" }), 422, "\"lapsed\""),
    ] {
        let (given, error) = world.refused(kind, attributes).await;
        assert_eq!(given, status, "{kind}: {error}");
        assert!(error.contains(text), "{kind}: {error}");
    }
    world.made("products", json!({ "horn": null, "id": "ignored" }), None).await;
    assert_eq!(world.records("products").await.len(), 1, "what was refused left nothing");
}

#[tokio::test]
async fn a_frozen_day_dates_what_is_made_and_keeps_its_order() {
    let world = World::new().await;
    let freeze = json!({ "now": "2024-01-15T00:00:00.000Z" });
    assert_eq!(world.ask(Method::POST, "/clock", "", freeze).await.status, 200);
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(world.made("products", json!({}), None).await);
    }
    let stored = world.records("products").await;
    assert_eq!(stored, made);
    assert!(stored.iter().all(|record| record["attributes"]["created_at"] == "2024-01-15T00:00:00.000Z"));
    let old = world.made("products", json!({ "created_at": "2020-01-01T00:00:00Z" }), None).await;
    assert_eq!(world.records("products").await[0], old);
}

#[tokio::test]
async fn a_reset_leaves_nothing_and_ends_what_is_cached() {
    let world = World::new().await;
    world.one_of_each().await;
    let account: RecordId = world.account.parse().unwrap();
    let mut write = world.db.begin().await.unwrap();
    let job = NewJob {
        kind: "artifact.ingest".to_owned(),
        key: id(),
        account: account.into(),
        payload: json!({}),
        run_at: Timestamp::from_micros(0),
    };
    write.enqueue(&job).await.unwrap();
    write.commit(keyway_store::Changes::none()).await.unwrap();
    let busy = world.ask(Method::GET, "/effects", "", Json::Null).await.body.unwrap();
    assert_eq!(busy["idle"], false);
    let noted = world.db.freshness().note();
    assert_eq!(world.ask(Method::POST, "/reset", "", Json::Null).await.status, 204);
    assert!(!world.db.freshness().is_fresh(noted, &[keyway_base::Slot(7)]));
    assert_eq!(world.ask(Method::GET, "/effects", "", Json::Null).await.body.unwrap()["idle"], true);
    assert_eq!(world.db.find(License::RESOURCE, account.into(), &Scope::All).await.unwrap(), None);
    for resource in ALL {
        assert!(world.records(resource.table).await.is_empty(), "{}", resource.table);
    }
    assert!(world.records("filetypes").await.is_empty());
}
