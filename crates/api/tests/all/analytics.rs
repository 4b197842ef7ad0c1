//! Figures of an account (`licensing.md` §14), for its team.

use std::time::Duration;

use http::Method;
use keyway_base::{EnvironmentId, RecordId};
use keyway_domain::resources::UsageSnapshot;
use keyway_jsonapi::{Declared, Record, Value as Column};
use keyway_store::Changes;
use serde_json::{Value, json};

use crate::world::{Answer, Client, START, World, document, id, one};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// 2026-06-01, when every test begins, in days since 1970.
const TODAY: i64 = 20_605;

/// How long figures are shown again.
const KEPT: Duration = Duration::from_secs(10 * 60);

/// Asks for figures that are counted now.
async fn ask(world: &World, path: &str) -> Answer {
    world.clock.advance(KEPT);
    world.admin.get(&format!("/-/accounts/acme/analytics/{path}")).await
}

async fn figures(world: &World, path: &str) -> Value {
    let answer = ask(world, path).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer.at("/data").clone()
}

async fn write(world: &World, records: &[Record]) {
    let mut write = world.db.begin().await.unwrap();
    write.insert_all(records).await.unwrap();
    write.commit(Changes::none()).await.unwrap();
}

fn snapshot(world: &World, environment: Option<EnvironmentId>, metric: &str, day: i64, count: i64) -> Record {
    let id = RecordId::generate(START);
    let mut record = Record::new(UsageSnapshot::RESOURCE, id, world.account, environment, START);
    record.set("metric", Column::Text(metric.to_owned()));
    record.set("day", Column::Int(day));
    record.set("count", Column::Int(count));
    record
}

/// `licensing.md` §14: distinct users with an active licence, and active licences without users; who is banned does not
/// count.
#[tokio::test]
async fn active_licensed_users_are_counted_once() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({ "maxUsers": 5 })).await;
    let counted = async |expected: u64| {
        let metric = json!([{ "metric": "alus", "count": expected }]);
        assert_eq!(figures(&world, "gauges/alus").await, metric);
    };
    counted(0).await;
    let (first, _) = world.license(&policy, json!({})).await;
    let (second, _) = world.license(&policy, json!({})).await;
    counted(2).await;
    let (jane, joe) = (world.user("jane@x.yz", "user").await, world.user("joe@x.yz", "user").await);
    counted(2).await;
    for license in [&first, &second] {
        let owner = json!({ "data": { "type": "users", "id": jane } });
        assert_eq!(world.admin.put(&format!("licenses/{license}/owner"), owner).await.status, 200);
    }
    counted(1).await;
    let users = json!({ "data": [{ "type": "users", "id": joe }] });
    assert_eq!(world.admin.post(&format!("licenses/{second}/users"), users).await.status, 200);
    counted(2).await;
    assert_eq!(world.admin.post(&format!("users/{joe}/actions/ban"), json!(null)).await.status, 200);
    counted(1).await;
    world.clock.advance(DAY * 91);
    counted(0).await;
    world.license(&policy, json!({})).await;
    counted(1).await;
}

#[tokio::test]
async fn gauges_say_how_much_there_is_and_what_happened_today() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({ "strict": true, "maxMachines": 1 })).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let (suspended, _) = world.license(&policy, json!({ "suspended": true })).await;
    for license in [&license, &suspended, &suspended] {
        let path = format!("licenses/{license}/actions/validate");
        assert_eq!(world.admin.logged().post(&path, json!({})).await.status, 200);
    }
    assert_eq!(world.admin.logged().get("licenses/nobody").await.status, 404);
    world.api.flush_logs().await.unwrap();
    for (path, expected) in [
        ("gauges/licenses", json!([{ "metric": "licenses", "count": 2 }])),
        ("gauges/users", json!([{ "metric": "users", "count": 1 }])),
        ("gauges/machines", json!([{ "metric": "machines", "count": 0 }])),
        (
            "gauges/requests",
            json!([{ "metric": "requests.2xx", "count": 3 }, { "metric": "requests.4xx", "count": 1 }]),
        ),
        ("gauges/events/license.created", json!([{ "metric": "events.license-created", "count": 2 }])),
        (
            "gauges/events/license.validation.*",
            json!([
                { "metric": "events.license-validation-failed", "count": 3 },
            ]),
        ),
        ("gauges/events/license.unheard", json!([])),
    ] {
        assert_eq!(figures(&world, path).await, expected, "{path}");
    }
    let all = figures(&world, "gauges/validations").await;
    let metrics: Vec<&str> =
        all.as_array().unwrap().iter().map(|item| item["metric"].as_str().unwrap()).collect();
    assert_eq!(metrics, ["validations.no-machine", "validations.suspended"], "{all}");
    let one = figures(&world, &format!("gauges/validations?license={suspended}")).await;
    assert_eq!(one, json!([{ "metric": "validations.suspended", "count": 2 }]));
    assert_eq!(figures(&world, "gauges/validations?license=nobody").await, json!([]));
    world.clock.advance(DAY);
    for path in ["gauges/requests", "gauges/validations", "gauges/events/license.*"] {
        assert_eq!(figures(&world, path).await, json!([]), "{path}");
    }
    assert_eq!(figures(&world, "gauges/licenses").await[0]["count"], 2);
}

#[tokio::test]
async fn series_have_the_days_on_which_there_was_something() {
    let world = World::new().await;
    let product = world.product("App").await;
    world.clock.advance(DAY * 2);
    let other = world.product("Other").await;
    assert_eq!(world.admin.delete(&format!("products/{other}")).await.status, 204);
    world.api.flush_logs().await.unwrap();
    let made = |day: &str| json!({ "metric": "events.product-created", "date": day, "count": 1 });
    let both = json!([made("2026-06-01"), made("2026-06-03")]);
    for path in ["sparks/events/product.created", "events/product.created"] {
        assert_eq!(figures(&world, path).await, both, "{path}");
    }
    let all = figures(&world, "events/product.*").await;
    let deleted = json!({ "metric": "events.product-deleted", "date": "2026-06-03", "count": 1 });
    assert_eq!(all, json!([made("2026-06-01"), made("2026-06-03"), deleted]));
    for (query, expected) in [
        ("date[start]=2026-06-02", json!([made("2026-06-03")])),
        ("date[start]=2026-05-01&date[end]=2026-06-01", json!([made("2026-06-01")])),
        ("date[start]=&date[end]=&unheard=of", both),
    ] {
        assert_eq!(figures(&world, &format!("events/product.created?{query}")).await, expected, "{query}");
    }
    for query in [format!("resource[type]=product&resource[id]={product}"), format!("resource[id]={product}")]
    {
        let expected = json!([made("2026-06-01")]);
        assert_eq!(figures(&world, &format!("events/product.*?{query}")).await, expected, "{query}");
    }
    assert_eq!(figures(&world, "events/product.*?resource[type]=license").await, json!([]));
}

#[tokio::test]
async fn requests_and_validations_have_their_series() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let path = format!("licenses/{license}/actions/validate");
    assert_eq!(world.admin.logged().post(&path, json!({})).await.at("/meta/code"), "VALID");
    world.clock.advance(DAY);
    assert_eq!(world.admin.post(&path, json!({})).await.at("/meta/code"), "VALID");
    world.api.flush_logs().await.unwrap();
    let valid = |day: &str| json!({ "metric": "validations.valid", "date": day, "count": 1 });
    let validations = figures(&world, "sparks/validations").await;
    assert_eq!(validations, json!([valid("2026-06-01"), valid("2026-06-02")]));
    let requests = figures(&world, "sparks/requests").await;
    assert_eq!(requests, json!([{ "metric": "requests.2xx", "date": "2026-06-01", "count": 1 }]));
}

#[tokio::test]
async fn what_was_counted_each_day_is_added_up_over_what_is_seen() {
    let world = World::new().await;
    let attributes = json!({ "name": "S", "code": "s", "isolationStrategy": "SHARED" });
    let environment = id(&world.make("environments", attributes, json!({})).await);
    let inside: Option<EnvironmentId> = Some(environment.parse().unwrap());
    let rows = [
        snapshot(&world, None, "licenses", TODAY, 3),
        snapshot(&world, inside, "licenses", TODAY, 4),
        snapshot(&world, None, "licenses", TODAY - 1, 0),
        snapshot(&world, None, "licenses", TODAY - 14, 1),
        snapshot(&world, None, "licenses", TODAY - 15, 9),
        snapshot(&world, None, "alus", TODAY, 2),
    ];
    write(&world, &rows).await;
    let item =
        |metric: &str, date: &str, count: u64| json!({ "metric": metric, "date": date, "count": count });
    let old = item("licenses", "2026-05-18", 1);
    let seen = json!([old, item("licenses", "2026-06-01", 3)]);
    assert_eq!(figures(&world, "sparks/licenses").await, seen);
    assert_eq!(
        figures(&world, "usage").await,
        json!([old, item("alus", "2026-06-01", 2), item("licenses", "2026-06-01", 3)])
    );
    let shared = world.admin.clone().inside("s").get("/-/analytics/sparks/licenses").await;
    assert_eq!(shared.at("/data"), &json!([old, item("licenses", "2026-06-01", 7)]));
    assert_eq!(figures(&world, "sparks/machines").await, json!([]));
}

#[tokio::test]
async fn leaderboards_have_who_and_what_is_seen_most() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let (license, _) = world.license(&policy, json!({})).await;
    let client = world.admin.logged().header("user-agent", "toolkit/1.0");
    for _ in 0..2 {
        assert_eq!(client.get(&format!("licenses/{license}")).await.status, 200);
    }
    assert_eq!(client.header("user-agent", "other/2.0").get("products").await.status, 200);
    world.api.flush_logs().await.unwrap();
    let leader = |name: &str, count: u64| json!({ "discriminator": name, "count": count });
    for (path, expected) in [
        ("ips", json!([leader("127.0.0.1", 3)])),
        ("licenses", json!([leader(&license, 2)])),
        ("user-agents", json!([leader("toolkit/1.0", 2), leader("other/2.0", 1)])),
        ("urls", json!([leader(&format!("/v1/licenses/{license}"), 2), leader("/v1/products", 1)])),
        ("urls?limit=1", json!([leader(&format!("/v1/licenses/{license}"), 2)])),
        ("ips?date[end]=2026-05-31", json!([])),
    ] {
        assert_eq!(figures(&world, &format!("leaderboards/{path}")).await, expected, "{path}");
    }
    for limit in ["0", "101", "-1", "many"] {
        let answer = ask(&world, &format!("leaderboards/ips?limit={limit}")).await;
        assert_eq!(answer.error(), (400, "", "limit"), "{limit}");
    }
}

#[tokio::test]
async fn the_heatmap_has_the_expirations_of_a_year_to_come() {
    let world = World::new().await;
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    for expiry in [
        "2026-05-31T23:59:59Z",
        "2026-06-01T13:00:00Z",
        "2026-06-09T00:00:00Z",
        "2026-06-09T23:59:59Z",
        "2027-05-31T00:00:00Z",
    ] {
        world.license(&policy, json!({ "expiry": expiry })).await;
    }
    world.license(&policy, json!({ "expiry": null })).await;
    let cells = figures(&world, "heatmaps/expirations").await;
    let cells = cells.as_array().unwrap();
    assert_eq!(cells.len(), 364);
    let hot: Vec<&Value> = cells.iter().filter(|cell| cell["count"] != 0).collect();
    let cell = |date: &str, (x, y): (u32, u32), temperature: f64, count: u64| json!({ "date": date, "x": x, "y": y, "temperature": temperature, "count": count });
    assert_eq!(hot, [&cell("2026-06-01", (0, 0), 0.5, 1), &cell("2026-06-09", (1, 1), 1.0, 2)]);
    assert_eq!(cells.last(), Some(&cell("2027-05-30", (51, 6), 0.0, 0)));
}

#[tokio::test]
async fn what_there_is_none_of_is_refused() {
    let world = World::new().await;
    for (path, status) in [
        ("gauges/unheard", 404),
        ("leaderboards/unheard", 404),
        ("heatmaps/unheard", 404),
        ("sparks/unheard", 400),
        ("sparks/events/unheard", 400),
        ("events/license.unheard", 400),
        ("events/unheard.*", 400),
        ("unheard", 404),
    ] {
        assert_eq!(ask(&world, path).await.status, status, "{path}");
    }
    for (query, parameter) in [
        ("date[start]=2025-05-31", "date[start]"),
        ("date[start]=soon", "date[start]"),
        ("date[start]=2026-06-02", "date[start]"),
        ("date[end]=2026-06-02", "date[end]"),
        ("date[start]=2026-05-02&date[end]=2026-05-01", "date[end]"),
    ] {
        for path in ["sparks/alus", "sparks/requests", "events/license.created", "usage", "leaderboards/ips"]
        {
            let answer = ask(&world, &format!("{path}?{query}")).await;
            assert_eq!(answer.error(), (400, "", parameter), "{path}?{query}");
        }
    }
    let unlogged = World::without_request_logs().await;
    for path in ["gauges/requests", "sparks/requests", "leaderboards/ips"] {
        let answer = ask(&unlogged, path).await;
        assert_eq!((answer.status, answer.text("/errors/0/title")), (405, "Not supported"), "{path}");
    }
}

/// `licensing.md` §14: cached for ten minutes, apart for each account, environment and question.
#[tokio::test]
async fn figures_are_shown_again_for_ten_minutes() {
    let world = World::of_many().await;
    let shared = json!({ "name": "S", "code": "s", "isolationStrategy": "SHARED" });
    world.make("environments", shared, json!({})).await;
    let gauge = |answer: Answer| answer.at("/data/0/count").clone();
    let count = async |client: &Client, query: &str| {
        gauge(client.get(&format!("/-/accounts/acme/analytics/gauges/users{query}")).await)
    };
    assert_eq!(count(&world.admin, "").await, 1);
    world.user("jane@x.yz", "user").await;
    assert_eq!(count(&world.admin, "").await, 1, "counted before");
    assert_eq!(count(&world.admin, &format!("?unheard=of&token={}", world.admin.secret())).await, 1);
    assert_eq!(count(&world.admin, "?limit=5").await, 2, "another question");
    assert_eq!(count(&world.admin.clone().inside("s"), "").await, 2, "another environment");
    let boss =
        json!([{"type": "users", "attributes": {"email": "boss@other.example", "password": "secret"}}]);
    let body = document("accounts", json!({"slug": "other"}), json!({"admins": {"data": boss}}));
    assert_eq!(world.anonymous().post("accounts", body).await.status, 201);
    let made = world.anonymous().basic("boss@other.example", "secret");
    let made = made.post("accounts/other/tokens", Value::Null).await;
    let boss = world.anonymous().bearer(made.text("/data/attributes/token"));
    assert_eq!(gauge(boss.get("/-/accounts/other/analytics/gauges/users").await), 1, "another account");
    let refused = boss.get("/-/accounts/acme/analytics/gauges/users").await;
    assert_eq!(refused.status, 401, "what is kept is for those who may see it");
    world.clock.advance(KEPT - Duration::from_secs(1));
    assert_eq!(count(&world.admin, "").await, 1, "the last second");
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(count(&world.admin, "").await, 2);
    world.user("joe@x.yz", "user").await;
    let write = world.db.begin().await.unwrap();
    write.commit(Changes::everything(world.account)).await.unwrap();
    assert_eq!(count(&world.admin, "").await, 3, "what ends everything ends them");
    // 23:59 of the day on which every test begins
    world.clock.set(START.plus(Duration::from_secs((12 * 60 - 1) * 60)));
    assert_eq!(count(&world.admin, "").await, 3);
    world.user("jim@x.yz", "user").await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(count(&world.admin, "").await, 4, "another day");
}

#[tokio::test]
async fn figures_are_nowhere_else() {
    let world = World::new().await;
    let product = world.product("App").await;
    let products = one("product", "products", &product);
    for (method, path) in [
        (Method::GET, "/v1/analytics/usage"),
        (Method::GET, "/v1/accounts/acme/analytics/usage"),
        (Method::GET, "/-/products"),
        (Method::POST, "/-/analytics/usage"),
        (Method::GET, "/-/accounts/acme"),
    ] {
        let answer = world.admin.send(method, path, Some(products.clone())).await;
        assert_eq!(answer.status, 404, "{path}");
    }
}
