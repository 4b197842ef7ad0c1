//! Processes (`licensing.md` §10.4).

use std::time::Duration;

use serde_json::{Value, json};

use super::{Site, events_of};
use crate::world::{Answer, Client, change, document, one};

fn body(pid: &str, machine: &str) -> Value {
    document("processes", json!({ "pid": pid }), one("machine", "machines", machine))
}

async fn start(client: &Client, pid: &str, machine: &str) -> Answer {
    client.post("processes", body(pid, machine)).await
}

#[tokio::test]
async fn processes_are_made_changed_and_done_away_with() {
    let site = Site::under(json!({"heartbeatDuration": 60})).await;
    let machine = site.machine("one").await;
    let license = site.world.key(&site.key);
    let made = start(&license, "4711", &machine).await;
    assert_eq!(made.status, 201, "{}", made.body);
    for (attribute, value) in [
        ("pid", json!("4711")),
        ("status", json!("ALIVE")),
        ("interval", json!(60)),
        ("lastHeartbeat", json!("2026-06-01T12:00:00.000Z")),
        ("nextHeartbeat", json!("2026-06-01T12:01:00.000Z")),
        ("metadata", json!({})),
    ] {
        assert_eq!(made.body["data"]["attributes"][attribute], value, "{attribute}");
    }
    let path = format!("processes/{}", made.text("/data/id"));
    for (name, of) in [("product", &site.product), ("license", &site.license), ("machine", &machine)] {
        let pointer = format!("/data/relationships/{name}/data/id");
        assert_eq!(made.text(&pointer), of);
        assert_eq!(site.world.admin.get(&format!("{path}/{name}")).await.text("/data/id"), of);
    }
    let again = start(&license, "4711", &machine).await;
    assert_eq!(again.error(), (422, "PID_TAKEN", "/data/attributes/pid"));
    assert_eq!(again.detail(), "has already been taken");
    let elsewhere = start(&license, "4711", &site.machine("two").await).await;
    assert_eq!(elsewhere.status, 201, "on another machine: {}", elsewhere.body);
    let nowhere = start(&site.world.admin, "1", &site.license).await;
    assert_eq!(nowhere.error(), (422, "MACHINE_NOT_FOUND", "/data/relationships/machine"));
    let reserved = start(&site.world.admin, "actions", &machine).await;
    assert_eq!(reserved.error(), (422, "PID_NOT_ALLOWED", "/data/attributes/pid"));
    let meta = change("processes", json!({"metadata": {"a": 1}}));
    let refused = license.patch(&path, meta.clone()).await;
    assert_eq!(refused.error(), (400, "", "/data/attributes/metadata"), "the vendor's alone");
    let changed = site.world.admin.patch(&path, meta).await;
    assert_eq!(changed.at("/data/attributes/metadata"), &json!({"a": 1}), "{}", changed.body);
    let fixed = site.world.admin.patch(&path, change("process", json!({"pid": "2"}))).await;
    assert_eq!(fixed.error(), (400, "", "/data/attributes/pid"));
    let logged = events_of(&site.world, made.text("/data/id")).await;
    assert_eq!(logged, ["process.created", "process.updated"]);
    assert_eq!(license.delete(&path).await.status, 204);
    let gone = license.get(&path).await;
    assert_eq!(gone.error(), (404, "NOT_FOUND", ""));
    assert!(gone.detail().starts_with("The requested machine process '"), "{}", gone.detail());
}

#[tokio::test]
async fn an_id_of_the_client_s_choice_is_kept_and_taken_once() {
    let site = Site::under(json!({})).await;
    let machine = site.machine("one").await;
    let chosen = "0190163d-8694-739b-aea5-966c26f8ad91";
    let mut first = body("1", &machine);
    first["data"]["id"] = json!(chosen);
    assert_eq!(site.world.admin.post("processes", first).await.text("/data/id"), chosen);
    let mut second = body("2", &machine);
    second["data"]["id"] = json!(chosen);
    let second = site.world.admin.post("processes", second).await;
    assert_eq!(second.error(), (422, "ID_CONFLICT", "/data/id"));
}

#[tokio::test]
async fn processes_are_found_by_what_they_belong_to() {
    let site = Site::under(json!({"heartbeatDuration": 60})).await;
    let (user, _) = site.licensee("licensee@example.com").await;
    let mut owned = site.body("owned", json!({}));
    owned["data"]["relationships"]["owner"] = one("owner", "users", &user)["owner"].clone();
    let owned = site.world.admin.post("machines", owned).await;
    let owned = owned.text("/data/id");
    let free = site.machine("free").await;
    let admin = &site.world.admin;
    let first = start(admin, "1", owned).await.text("/data/id").to_owned();
    site.world.clock.advance(Duration::from_secs(61));
    let second = start(admin, "1", &free).await.text("/data/id").to_owned();
    let both = vec![first.clone(), second.clone()];
    for (query, expected) in [
        (format!("machine={owned}"), vec![first.clone()]),
        (format!("owner={user}"), vec![first.clone()]),
        ("owner=licensee@example.com".to_owned(), vec![first.clone()]),
        (format!("user={user}"), both.clone()),
        (format!("license={}", site.license), both.clone()),
        (format!("product={}", site.product), both.clone()),
        ("product=unknown".to_owned(), vec![]),
        ("status=DEAD".to_owned(), vec![first.clone()]),
        ("status=ALIVE".to_owned(), vec![second.clone()]),
    ] {
        assert_eq!(admin.get(&format!("processes?order=asc&{query}")).await.ids(), expected, "{query}");
    }
    let below = format!("machines/{owned}/processes");
    assert_eq!(admin.get(&below).await.ids(), std::slice::from_ref(&first));
    assert_eq!(admin.get(&format!("{below}/{first}")).await.text("/data/id"), first);
    assert_eq!(admin.get(&format!("{below}/{second}")).await.status, 404);
}

#[tokio::test]
async fn a_process_that_pings_lives_until_it_is_late() {
    let terms = json!({"heartbeatDuration": 60, "heartbeatResurrectionStrategy": "1_MINUTE_REVIVE"});
    let site = Site::under(terms).await;
    let license = site.world.key(&site.key);
    let process = start(&license, "1", &site.machine("one").await).await.text("/data/id").to_owned();
    let ping = format!("processes/{process}/actions/ping");
    site.world.clock.advance(Duration::from_secs(60));
    let heard = license.post(&ping, json!(null)).await;
    assert_eq!((heard.status, heard.text("/data/attributes/status")), (200, "ALIVE"), "{}", heard.body);
    site.world.clock.advance(Duration::from_secs(120));
    let shown = license.get(&format!("processes/{process}")).await;
    assert_eq!(shown.text("/data/attributes/status"), "DEAD");
    let revived = license.post(&ping, json!(null)).await;
    assert_eq!(revived.text("/data/attributes/status"), "RESURRECTED");
    site.world.clock.advance(Duration::from_millis(120_001));
    let late = license.post(&ping, json!(null)).await;
    assert_eq!(late.error(), (422, "PROCESS_HEARTBEAT_DEAD", "/data"));
    assert_eq!(late.detail(), "is dead");
    let logged = events_of(&site.world, &process).await;
    assert_eq!(logged, ["process.created", "process.heartbeat.ping", "process.heartbeat.resurrected"]);
    let stranger = site.another(&site.policy).await;
    let stranger = site.world.token_of(&format!("licenses/{stranger}")).await;
    assert_eq!(stranger.post(&ping, json!(null)).await.error(), (404, "NOT_FOUND", ""));
}

/// How many may run on the machine, on another one of the same owner, and on one of another owner, once one runs on the
/// first and the limit is one.
#[tokio::test]
async fn processes_are_limited_as_the_policy_counts_them() {
    for (leasing, whose, may) in [
        ("PER_MACHINE", "machine", [false, true, true]),
        ("PER_LICENSE", "license", [false, false, false]),
        ("PER_USER", "user", [false, false, true]),
    ] {
        let terms = json!({"maxProcesses": 1, "processLeasingStrategy": leasing, "strict": true});
        let site = Site::under(terms).await;
        let (user, _) = site.licensee("licensee@example.com").await;
        let mut others = site.body("other owner", json!({}));
        others["data"]["relationships"]["owner"] = one("owner", "users", &user)["owner"].clone();
        let others = site.world.admin.post("machines", others).await;
        let machines =
            [site.machine("one").await, site.machine("two").await, others.text("/data/id").to_owned()];
        let admin = &site.world.admin;
        assert_eq!(start(admin, "1", &machines[0]).await.status, 201);
        for (machine, may) in machines.iter().zip(may) {
            let more = start(admin, "2", machine).await;
            assert_eq!(more.status == 201, may, "{leasing}: {}", more.body);
            if !may {
                assert_eq!(more.error(), (422, "MACHINE_PROCESS_LIMIT_EXCEEDED", "/data"));
                let told = format!("process count has exceeded maximum allowed for {whose} (1)");
                assert_eq!(more.detail(), told);
            }
        }
    }
}

#[tokio::test]
async fn validation_tells_of_too_many_processes() {
    let site = Site::under(json!({"maxProcesses": 2, "strict": true, "maxMachines": 5})).await;
    let machine = site.machine("one").await;
    let admin = &site.world.admin;
    for pid in ["1", "2"] {
        assert_eq!(start(admin, pid, &machine).await.status, 201);
    }
    let policy = format!("policies/{}", site.policy);
    let path = format!("licenses/{}/actions/validate", site.license);
    for (terms, scope, expected) in [
        (json!({}), json!({"fingerprint": "one"}), (true, "VALID")),
        (json!({"maxProcesses": 1}), json!({"fingerprint": "one"}), (false, "TOO_MANY_PROCESSES")),
        (json!({}), json!({}), (true, "VALID")),
        (json!({"processLeasingStrategy": "PER_LICENSE"}), json!({}), (false, "TOO_MANY_PROCESSES")),
        (json!({"processLeasingStrategy": "PER_USER"}), json!({}), (false, "TOO_MANY_PROCESSES")),
        (json!({"overageStrategy": "ALWAYS_ALLOW_OVERAGE"}), json!({}), (true, "TOO_MANY_PROCESSES")),
    ] {
        assert_eq!(admin.patch(&policy, change("policies", terms)).await.status, 200);
        let said = admin.post(&path, json!({"meta": {"scope": scope}})).await;
        let told = (said.at("/meta/valid").as_bool().unwrap(), said.text("/meta/code"));
        assert_eq!(told, expected, "{}", said.body);
        if !expected.0 {
            assert_eq!(said.text("/meta/detail"), "has too many associated processes");
        }
    }
}

#[tokio::test]
async fn processes_go_with_their_machine() {
    let site = Site::under(json!({})).await;
    let machine = site.machine("one").await;
    let admin = &site.world.admin;
    let process = start(admin, "1", &machine).await.text("/data/id").to_owned();
    assert_eq!(admin.delete(&format!("machines/{machine}")).await.status, 204);
    assert_eq!(admin.get(&format!("processes/{process}")).await.status, 404);
}

/// Twenty processes want three places: three run, the others are told so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_processes_run_as_there_are_places() {
    let site = Site::under(json!({"maxProcesses": 3})).await;
    let machine = site.machine("one").await;
    let attempts = (0..20).map(|pid| {
        let (client, body) = (site.world.key(&site.key), body(&pid.to_string(), &machine));
        tokio::spawn(async move { client.post("processes", body).await })
    });
    let (mut run, mut refused) = (0, 0);
    for attempt in attempts.collect::<Vec<_>>() {
        let answer = attempt.await.unwrap();
        match answer.status {
            201 => run += 1,
            422 => {
                assert_eq!(answer.codes(), ["MACHINE_PROCESS_LIMIT_EXCEEDED"]);
                refused += 1;
            }
            _ => panic!("{} {}", answer.status, answer.body),
        }
    }
    assert_eq!((run, refused), (3, 17));
}

/// One process id, wanted by many at once on one machine, is taken once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_id_is_taken_once() {
    let site = Site::under(json!({})).await;
    let machine = site.machine("one").await;
    let attempts = (0..12).map(|_| {
        let (client, body) = (site.world.key(&site.key), body("same", &machine));
        tokio::spawn(async move { client.post("processes", body).await.status })
    });
    let mut statuses = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        statuses.push(attempt.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], statuses[1..].iter().all(|status| *status == 422)), (201, true), "{statuses:?}");
}
