//! Heartbeats of machines (`licensing.md` §10.2): pings, resets, and what dies of silence.

use std::time::Duration;

use serde_json::{Value, json};

use super::{Site, events_of};
use crate::world::{Answer, change};

const MILLI: Duration = Duration::from_millis(1);

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn act(site: &Site, machine: &str, action: &str) -> Answer {
    site.world.admin.post(&format!("machines/{machine}/actions/{action}"), json!(null)).await
}

async fn status(site: &Site, machine: &str) -> String {
    let shown = site.world.admin.get(&format!("machines/{machine}")).await;
    shown.text("/data/attributes/heartbeatStatus").to_owned()
}

/// The status, last and next heartbeat, and whether one is required, that an answer shows.
fn heartbeat(answer: &Answer) -> [&Value; 4] {
    let shown = |name: &str| answer.at(&format!("/data/attributes/{name}"));
    [shown("heartbeatStatus"), shown("lastHeartbeat"), shown("nextHeartbeat"), shown("requireHeartbeat")]
}

#[tokio::test]
async fn a_machine_that_pings_lives_until_it_is_late() {
    let site =
        Site::under(json!({"heartbeatDuration": 60, "heartbeatResurrectionStrategy": "NO_REVIVE"})).await;
    let machine = site.machine("one").await;
    let made = site.world.admin.get("machines/one").await;
    assert_eq!(heartbeat(&made), [&json!("NOT_STARTED"), &json!(null), &json!(null), &json!(false)]);
    let license = site.world.key(&site.key);
    let pinged = license.post("machines/one/actions/ping", json!(null)).await;
    assert_eq!(pinged.status, 200, "{}", pinged.body);
    let alive = [
        &json!("ALIVE"),
        &json!("2026-06-01T12:00:00.000Z"),
        &json!("2026-06-01T12:01:00.000Z"),
        &json!(true),
    ];
    assert_eq!(heartbeat(&pinged), alive);
    assert_eq!(heartbeat(&site.world.admin.get("machines/one").await), alive);
    site.world.clock.advance(seconds(60));
    assert_eq!(status(&site, &machine).await, "ALIVE", "at the very end");
    assert_eq!(act(&site, &machine, "ping-heartbeat").await.status, 200);
    site.world.clock.advance(seconds(60) + MILLI);
    assert_eq!(status(&site, &machine).await, "DEAD");
    let late = license.post(&format!("machines/{machine}/actions/ping"), json!(null)).await;
    assert_eq!(late.error(), (422, "MACHINE_HEARTBEAT_DEAD", "/data"));
    assert_eq!(late.detail(), "is dead");
    let kept = site.world.admin.get(&format!("machines/{machine}")).await;
    assert_eq!(heartbeat(&kept)[1], &json!("2026-06-01T12:01:00.000Z"), "a refused ping leaves nothing");
    let reset = act(&site, &machine, "reset").await;
    assert_eq!(reset.status, 200, "{}", reset.body);
    assert_eq!(heartbeat(&reset), [&json!("NOT_STARTED"), &json!(null), &json!(null), &json!(false)]);
    assert_eq!(act(&site, &machine, "reset-heartbeat").await.status, 200, "from any state");
    let of_heartbeat = events_of(&site.world, &machine).await;
    assert_eq!(
        of_heartbeat,
        [
            "machine.created",
            "machine.heartbeat.ping",
            "machine.heartbeat.ping",
            "machine.heartbeat.reset",
            "machine.heartbeat.reset"
        ]
    );
}

#[tokio::test]
async fn the_dead_are_revived_within_the_window_of_their_policy() {
    for (strategy, window) in [
        ("1_MINUTE_REVIVE", Some(60)),
        ("2_MINUTE_REVIVE", Some(120)),
        ("5_MINUTE_REVIVE", Some(300)),
        ("10_MINUTE_REVIVE", Some(600)),
        ("15_MINUTE_REVIVE", Some(900)),
        ("ALWAYS_REVIVE", None),
    ] {
        let site = Site::under(json!({
            "heartbeatDuration": 60, "heartbeatCullStrategy": "KEEP_DEAD", "heartbeatResurrectionStrategy": strategy,
        }))
        .await;
        let machine = site.machine("one").await;
        act(&site, &machine, "ping").await;
        site.world.clock.advance(seconds(60 + window.unwrap_or(1_000_000)));
        assert_eq!(status(&site, &machine).await, "DEAD", "{strategy}");
        let revived = act(&site, &machine, "ping").await;
        assert_eq!(revived.status, 200, "{strategy} {}", revived.body);
        assert_eq!(heartbeat(&revived)[0], &json!("RESURRECTED"), "{strategy}");
        assert_eq!(status(&site, &machine).await, "ALIVE", "{strategy}: only in the answer that revives");
        let last = events_of(&site.world, &machine).await.pop();
        assert_eq!(last.as_deref(), Some("machine.heartbeat.resurrected"), "{strategy}");
        let Some(window) = window else { continue };
        site.world.clock.advance(seconds(60 + window) + MILLI);
        assert_eq!(act(&site, &machine, "ping").await.error().1, "MACHINE_HEARTBEAT_DEAD", "{strategy}");
    }
}

#[tokio::test]
async fn where_a_heartbeat_is_required_activation_is_the_first_unless_said_otherwise() {
    let site = Site::under(json!({"requireHeartbeat": true, "heartbeatDuration": 60})).await;
    let made = site.activate("one", json!({})).await;
    let now = json!("2026-06-01T12:00:00.000Z");
    let next = json!("2026-06-01T12:01:00.000Z");
    assert_eq!(heartbeat(&made), [&json!("ALIVE"), &now, &next, &json!(true)]);
    let site = Site::under(
        json!({"requireHeartbeat": true, "heartbeatDuration": 60, "heartbeatBasis": "FROM_FIRST_PING"}),
    )
    .await;
    let made = site.activate("one", json!({})).await;
    assert_eq!(heartbeat(&made), [&json!("NOT_STARTED"), &json!(null), &json!(null), &json!(true)]);
    let machine = made.text("/data/id");
    site.world.clock.advance(seconds(60));
    assert_eq!(status(&site, machine).await, "NOT_STARTED", "at the very end");
    site.world.clock.advance(MILLI);
    assert_eq!(status(&site, machine).await, "DEAD");
    let late = act(&site, machine, "ping").await;
    assert_eq!(
        late.error().1,
        "MACHINE_HEARTBEAT_DEAD",
        "a window is counted from a ping, and there was none"
    );
}

/// What a policy says holds at once, also of machines that are there.
#[tokio::test]
async fn machines_go_by_what_their_policy_says_now() {
    let site = Site::under(json!({"heartbeatDuration": 600})).await;
    let silent = site.machine("silent").await;
    let pinging = site.machine("pinging").await;
    act(&site, &pinging, "ping").await;
    site.world.clock.advance(seconds(120));
    let policy = format!("policies/{}", site.policy);
    let terms = change("policies", json!({"heartbeatDuration": 60, "requireHeartbeat": true}));
    assert_eq!(site.world.admin.patch(&policy, terms).await.status, 200);
    assert_eq!(status(&site, &silent).await, "DEAD");
    assert_eq!(status(&site, &pinging).await, "DEAD");
    let terms = change("policies", json!({"heartbeatDuration": 300, "requireHeartbeat": false}));
    assert_eq!(site.world.admin.patch(&policy, terms).await.status, 200);
    assert_eq!(status(&site, &silent).await, "NOT_STARTED");
    assert_eq!(status(&site, &pinging).await, "ALIVE");
}

#[tokio::test]
async fn lists_are_of_the_living_or_the_dead() {
    let site = Site::under(json!({"heartbeatDuration": 60})).await;
    let strict = json!({
        "floating": true, "requireHeartbeat": true, "heartbeatBasis": "FROM_FIRST_PING", "heartbeatDuration": null,
    });
    let strict = site.another(&site.world.policy(&site.product, strict).await).await;
    let dead = site.machine("dead").await;
    act(&site, &dead, "ping").await;
    let unheard = {
        let body = crate::world::document(
            "machines",
            json!({"fingerprint": "unheard"}),
            crate::world::one("license", "licenses", &strict),
        );
        crate::world::id(&site.world.admin.post("machines", body).await.body["data"])
    };
    site.world.clock.advance(seconds(61));
    let silent = site.machine("silent").await;
    let alive = site.machine("alive").await;
    act(&site, &alive, "ping").await;
    let admin = &site.world.admin;
    let listed = async |status: &str| admin.get(&format!("machines?order=asc&status={status}")).await.ids();
    assert_eq!(listed("DEAD").await, std::slice::from_ref(&dead));
    assert_eq!(listed("alive").await, [unheard.clone(), silent.clone(), alive.clone()]);
    assert_eq!(listed("SLEEPING").await, Vec::<String>::new());
    assert_eq!(listed("").await.len(), 4, "a blank filter is none");
    site.world.clock.advance(seconds(540));
    assert_eq!(listed("DEAD").await, [dead, unheard, alive]);
    assert_eq!(listed("ALIVE").await, [silent]);
}

#[tokio::test]
async fn validation_asks_for_heartbeats() {
    let terms = json!({
        "requireHeartbeat": true, "heartbeatBasis": "FROM_FIRST_PING", "heartbeatDuration": 60,
        "heartbeatResurrectionStrategy": "ALWAYS_REVIVE", "heartbeatCullStrategy": "KEEP_DEAD",
    });
    let site = Site::under(terms).await;
    let machine = site.machine("one").await;
    let path = format!("licenses/{}/actions/validate", site.license);
    let scopes =
        [json!({"machine": machine}), json!({"fingerprint": "one"}), json!({"fingerprints": ["one"]})];
    let codes = async || {
        let mut codes = Vec::new();
        for scope in &scopes {
            let body = json!({"meta": {"scope": scope}});
            codes.push(site.world.admin.post(&path, body).await.text("/meta/code").to_owned());
        }
        codes
    };
    assert_eq!(codes().await, ["HEARTBEAT_NOT_STARTED"; 3]);
    act(&site, &machine, "ping").await;
    assert_eq!(codes().await, ["VALID"; 3]);
    site.world.clock.advance(seconds(60) + MILLI);
    assert_eq!(codes().await, ["HEARTBEAT_DEAD"; 3]);
    act(&site, &machine, "ping").await;
    assert_eq!(codes().await, ["VALID"; 3]);
}

#[tokio::test]
async fn strangers_do_not_know_of_the_machine() {
    let site = Site::under(json!({})).await;
    let machine = site.machine("one").await;
    let other = site.another(&site.policy).await;
    let stranger = site.world.token_of(&format!("licenses/{other}")).await;
    for action in ["ping", "ping-heartbeat", "reset", "reset-heartbeat", "generate-offline-proof"] {
        let path = format!("machines/{machine}/actions/{action}");
        assert_eq!(stranger.post(&path, json!(null)).await.error(), (404, "NOT_FOUND", ""), "{action}");
    }
    let own = site.world.key(&site.key).post("machines/one/actions/reset", json!(null)).await;
    assert_eq!(own.status, 403, "the vendor's alone: {}", own.body);
    let (_, licensee) = site.licensee("licensee@example.com").await;
    assert_eq!(
        licensee.post("machines/one/actions/ping", json!(null)).await.status,
        403,
        "another's machine"
    );
}

/// Many pings of one machine at once: each is heard, and there is one machine that is alive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_at_once_are_all_heard() {
    let site = Site::under(json!({"heartbeatDuration": 60})).await;
    let machine = site.machine("one").await;
    let pings = (0..24).map(|_| {
        let (client, path) = (site.world.key(&site.key), format!("machines/{machine}/actions/ping"));
        tokio::spawn(async move { client.post(&path, json!(null)).await.status })
    });
    for ping in pings.collect::<Vec<_>>() {
        assert_eq!(ping.await.unwrap(), 200);
    }
    assert_eq!(status(&site, &machine).await, "ALIVE");
    assert_eq!(events_of(&site.world, &machine).await.len(), 25);
}

#[tokio::test]
async fn a_proof_is_of_the_machine_or_of_what_the_vendor_says() {
    use base64::Engine as _;
    let site = Site::under(json!({"duration": 864_000})).await;
    let machine = site.machine("one").await;
    let path = "machines/one/actions/generate-offline-proof";
    let license = site.world.key(&site.key);
    let proven = |answer: &Answer| -> Value {
        let proof = answer.text("/meta/proof");
        let (data, signature) = proof.strip_prefix("proof/").unwrap().split_once('.').unwrap();
        let engine = &base64::engine::general_purpose::URL_SAFE;
        assert_eq!(engine.decode(signature).unwrap().len(), 256, "RSA, 2048 bits");
        serde_json::from_slice(&engine.decode(data).unwrap()).unwrap()
    };
    let made = license.post(path, json!(null)).await;
    assert_eq!((made.status, made.text("/data/id")), (200, machine.as_str()), "{}", made.body);
    assert_eq!(
        proven(&made),
        json!({
            "account": { "id": site.world.account.to_string() },
            "product": { "id": site.product },
            "policy": { "id": site.policy, "duration": 864_000 },
            "license": { "id": site.license, "key": site.key, "expiry": "2026-06-11T12:00:00.000Z" },
            "machine": { "id": machine, "fingerprint": "one", "created": "2026-06-01T12:00:00.000Z" },
            "ts": "2026-06-01T12:00:00.000Z",
        })
    );
    let body = json!({"meta": {"dataset": {"seat number": 7, "nested": {"a": [1]}}}});
    let own = site.world.admin.post(path, body.clone()).await;
    assert_eq!(proven(&own), json!({"seatNumber": 7, "nested": {"a": [1]}}));
    assert_eq!(license.post(path, body).await.error(), (400, "", "/meta/dataset"), "the vendor's alone");
    let logged = events_of(&site.world, &machine).await;
    assert_eq!(logged, ["machine.created", "machine.proofs.generated", "machine.proofs.generated"]);
}
