//! Machines and processes that die (`licensing.md` §10.2, §15): noticed once, removed when nothing can revive them, and
//! neither early nor twice when nodes come and go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_domain::machine::heartbeat::{Heartbeat, Ping};
use keyway_domain::resources::{Account, Component, EventLog, License, Machine, Policy, Process};
use keyway_jobs::{Runner, kind};
use keyway_jsonapi::{Declared, Record, Scope, Value};
use keyway_store::{Changes, retrying};
use tokio::sync::oneshot;

use crate::world::World;

const MINUTE: Duration = Duration::from_secs(60);
const MILLI: Duration = Duration::from_millis(1);
const DEAD: &str = "machine.heartbeat.dead";

/// A licence under a policy with pings every minute.
async fn license(world: &World, cull: &str, revival: &str, required: bool) -> Record {
    let mut policy = world.record::<Policy>();
    policy.set("heartbeat_duration", Value::Int(60));
    policy.set("heartbeat_cull_strategy", Value::Text(cull.into()));
    policy.set("heartbeat_resurrection_strategy", Value::Text(revival.into()));
    policy.set("require_heartbeat", Value::Bool(required));
    world.put(&policy).await;
    let mut license = world.record::<License>();
    license.set("policy_id", Value::Id(policy.id()));
    world.put(&license).await;
    license
}

async fn machine(world: &World, license: &Record, heard: Option<Timestamp>) -> Record {
    let mut machine = world.record::<Machine>();
    machine.set("license_id", Value::Id(license.id()));
    machine.set("created_at", Value::Time(world.now()));
    machine.set("last_heartbeat_at", heard.map_or(Value::Null, Value::Time));
    world.put(&machine).await;
    machine
}

async fn part<T: Declared>(world: &World, machine: &Record) -> Record {
    let mut part = world.record::<T>();
    part.set("machine_id", Value::Id(machine.id()));
    part.set("license_id", machine.get("license_id").clone());
    if part.resource == Process::RESOURCE {
        part.set("last_heartbeat_at", Value::Time(world.now()));
    }
    world.put(&part).await;
    part
}

/// A look, and what it leads to; whether there was anything to do.
async fn round(world: &World) -> bool {
    let found = world.runner.watch().await.unwrap();
    assert_eq!(world.run().await, found);
    found > 0
}

async fn told(world: &World) -> BTreeMap<RecordId, Vec<String>> {
    let mut read = world.db.read().await.unwrap();
    let mut all: BTreeMap<RecordId, Vec<String>> = BTreeMap::new();
    for entry in read.all(EventLog::RESOURCE, world.account, &Scope::All).await.unwrap() {
        let entry: EventLog = entry.typed().unwrap();
        all.entry(entry.resource_id).or_default().push(entry.event);
    }
    all
}

async fn told_of(world: &World, record: &Record) -> Vec<String> {
    told(world).await.remove(&record.id()).unwrap_or_default()
}

#[tokio::test]
async fn the_dead_are_noticed_once_and_removed_in_a_later_round() {
    let world = World::new().await;
    let license = license(&world, "DEACTIVATE_DEAD", "NO_REVIVE", false).await;
    let dies = machine(&world, &license, Some(world.now())).await;
    let silent = machine(&world, &license, None).await;
    part::<Component>(&world, &dies).await;
    part::<Process>(&world, &dies).await;
    world.advance(MINUTE);
    assert!(!round(&world).await, "alive at the very end");
    world.advance(MILLI);
    assert!(round(&world).await);
    assert_eq!(told_of(&world, &dies).await, [DEAD]);
    let noticed: Machine = world.find(&dies).await.expect("who is told can look");
    assert_eq!(noticed.dead_at, Some(world.now()));
    assert!(!round(&world).await, "nothing new");
    // another node looks, or this one after a restart
    world.advance(MINUTE / 2);
    assert!(!round(&world).await, "whoever is told has time to look");
    world.advance(MINUTE / 2);
    assert!(round(&world).await);
    assert!(world.find::<Machine>(&dies).await.is_none());
    assert_eq!((world.count::<Component>().await, world.count::<Process>().await), (0, 0));
    assert_eq!(told_of(&world, &dies).await, [DEAD], "no event tells of the removal");
    world.advance(MINUTE * 60 * 24);
    assert!(!round(&world).await);
    assert!(world.find::<Machine>(&silent).await.is_some(), "who need not ping and never did lives");
}

/// Who is in an account: under which policy, whether one that must ping, and when last heard of, in seconds from the
/// beginning; a process of theirs; when their death was noticed.
struct Tenant {
    cull: &'static str,
    required: bool,
    heard: Option<u64>,
    process: Option<u64>,
    noticed: Option<u64>,
}

/// An account of this kind alone.
async fn tenant(world: &World, tenant: &Tenant) -> AccountId {
    let account = world.record::<Account>();
    let within = |mut record: Record| {
        record.set("account_id", Value::Id(account.id()));
        record
    };
    let at = |seconds: Option<u64>| {
        seconds.map_or(Value::Null, |seconds| Value::Time(world.start.plus(Duration::from_secs(seconds))))
    };
    let mut policy = within(world.record::<Policy>());
    policy.set("heartbeat_duration", Value::Int(60));
    policy.set("heartbeat_cull_strategy", Value::Text(tenant.cull.into()));
    policy.set("require_heartbeat", Value::Bool(tenant.required));
    let mut license = within(world.record::<License>());
    license.set("policy_id", Value::Id(policy.id()));
    let mut machine = within(world.record::<Machine>());
    machine.set("license_id", Value::Id(license.id()));
    machine.set("last_heartbeat_at", at(tenant.heard));
    machine.set("dead_at", at(tenant.noticed));
    let mut all = vec![within(account.clone()), policy, license.clone(), machine.clone()];
    if tenant.process.is_some() {
        let mut process = within(world.record::<Process>());
        process.set("machine_id", Value::Id(machine.id()));
        process.set("license_id", Value::Id(license.id()));
        process.set("last_heartbeat_at", at(tenant.process));
        all.push(process);
    }
    for record in &all {
        world.put(record).await;
    }
    account.id().into()
}

#[tokio::test]
async fn one_look_finds_every_account_with_someone_to_judge_and_no_other() {
    let world = World::new().await;
    let kept = || Tenant { cull: "KEEP_DEAD", required: false, heard: None, process: None, noticed: None };
    let removed = || Tenant { cull: "DEACTIVATE_DEAD", ..kept() };
    let rows = [
        ("who need not ping and never did", kept(), false),
        ("who is alive up to this moment", Tenant { heard: Some(40), ..kept() }, false),
        ("who fell silent", Tenant { heard: Some(39), ..kept() }, true),
        ("who never pinged and should have", Tenant { required: true, ..kept() }, true),
        ("whose process fell silent", Tenant { heard: Some(90), process: Some(39), ..kept() }, true),
        ("whose process lives", Tenant { heard: Some(90), process: Some(90), ..kept() }, false),
        ("whose death was noticed", Tenant { heard: Some(1), noticed: Some(70), ..kept() }, false),
        ("who is to be removed", Tenant { heard: Some(1), noticed: Some(40), ..removed() }, true),
        (
            "whose death was noticed just now",
            Tenant { heard: Some(1), noticed: Some(41), ..removed() },
            false,
        ),
    ];
    let mut expected = BTreeMap::new();
    for (name, row, due) in &rows {
        let account = tenant(&world, row).await;
        if *due {
            expected.insert(account, *name);
        }
    }
    world.advance(Duration::from_secs(100));
    assert_eq!(world.runner.watch().await.unwrap(), expected.len());
    let mut found = BTreeMap::new();
    while let Some(job) = world.db.claim(world.now(), MINUTE, &[kind::WATCH]).await.unwrap() {
        found.insert(job.account, expected.get(&job.account).copied().unwrap_or("nobody"));
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn the_dead_are_not_removed_before_their_window_closes() {
    let world = World::new().await;
    let license = license(&world, "DEACTIVATE_DEAD", "2_MINUTE_REVIVE", false).await;
    let lost = machine(&world, &license, Some(world.now())).await;
    let mut revived = machine(&world, &license, Some(world.now())).await;
    world.advance(MINUTE + MILLI);
    round(&world).await;
    assert_eq!(told(&world).await.len(), 2);
    // the very end of the window
    world.advance(MINUTE * 2 - MILLI);
    round(&world).await;
    assert_eq!(world.count::<Machine>().await, 2);
    revived.set("last_heartbeat_at", Value::Time(world.now()));
    revived.set("dead_at", Value::Null);
    world.update(&revived, &["last_heartbeat_at", "dead_at"]).await;
    world.advance(MILLI);
    round(&world).await;
    assert!(world.find::<Machine>(&lost).await.is_none());
    assert!(world.find::<Machine>(&revived).await.is_some());
    world.advance(MINUTE);
    round(&world).await;
    assert_eq!(told_of(&world, &revived).await, [DEAD, DEAD], "once in each life");
    assert_eq!(told_of(&world, &lost).await, [DEAD]);
}

#[tokio::test]
async fn the_dead_are_kept_where_the_policy_keeps_them() {
    for revival in ["NO_REVIVE", "1_MINUTE_REVIVE", "ALWAYS_REVIVE"] {
        let world = World::new().await;
        let license = license(&world, "KEEP_DEAD", revival, false).await;
        let kept = machine(&world, &license, Some(world.now())).await;
        for _ in 0..5 {
            world.advance(MINUTE * 10);
            round(&world).await;
        }
        assert!(world.find::<Machine>(&kept).await.is_some(), "{revival}");
        assert_eq!(told_of(&world, &kept).await, [DEAD], "{revival}");
    }
}

#[tokio::test]
async fn who_should_have_pinged_and_never_did_dies_too() {
    let world = World::new().await;
    let license = license(&world, "DEACTIVATE_DEAD", "15_MINUTE_REVIVE", true).await;
    let unheard = machine(&world, &license, None).await;
    world.advance(MINUTE);
    assert!(!round(&world).await, "it may still begin");
    world.advance(MILLI);
    assert!(round(&world).await);
    assert_eq!(told_of(&world, &unheard).await, [DEAD]);
    world.advance(MINUTE);
    round(&world).await;
    assert!(world.find::<Machine>(&unheard).await.is_none(), "a window is counted from a ping");
}

/// A longer interval gives back to life who was noticed and not removed yet.
#[tokio::test]
async fn the_policy_of_the_moment_decides() {
    let world = World::new().await;
    let license = license(&world, "DEACTIVATE_DEAD", "NO_REVIVE", false).await;
    let spared = machine(&world, &license, Some(world.now())).await;
    world.advance(MINUTE + MILLI);
    round(&world).await;
    let scope = Scope::id("id", license.get("policy_id").as_id().unwrap());
    let mut policy = world.db.find(Policy::RESOURCE, world.account, &scope).await.unwrap().unwrap();
    policy.set("heartbeat_duration", Value::Int(600));
    world.update(&policy, &["heartbeat_duration"]).await;
    world.advance(MINUTE);
    round(&world).await;
    assert_eq!(world.find::<Machine>(&spared).await.unwrap().dead_at, None);
    world.advance(MINUTE * 10);
    round(&world).await;
    assert_eq!(told_of(&world, &spared).await, [DEAD, DEAD]);
}

#[tokio::test]
async fn processes_die_alone() {
    let world = World::new().await;
    let license = license(&world, "DEACTIVATE_DEAD", "NO_REVIVE", false).await;
    let machine = machine(&world, &license, None).await;
    let process = part::<Process>(&world, &machine).await;
    world.advance(MINUTE + MILLI);
    round(&world).await;
    assert_eq!(told_of(&world, &process).await, ["process.heartbeat.dead"]);
    world.advance(MINUTE);
    round(&world).await;
    assert!(world.find::<Process>(&process).await.is_none());
    assert!(world.find::<Machine>(&machine).await.is_some());
}

/// Two nodes look and run at the same time, over more machines than one transaction holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_notice_nobody_twice_and_miss_nobody() {
    let world = Arc::new(World::new().await);
    let license = license(&world, "DEACTIVATE_DEAD", "NO_REVIVE", false).await;
    for _ in 0..230 {
        machine(&world, &license, Some(world.now())).await;
    }
    let rounds = async |world: &Arc<World>| {
        let node = async |world: Arc<World>| {
            let runner = Runner::new(world.parts.clone());
            for _ in 0..2 {
                runner.watch().await.unwrap();
                runner.run_until_idle().await.unwrap();
            }
        };
        let (left, right) =
            tokio::join!(tokio::spawn(node(Arc::clone(world))), tokio::spawn(node(Arc::clone(world))));
        left.unwrap();
        right.unwrap();
    };
    world.advance(MINUTE + MILLI);
    rounds(&world).await;
    assert_eq!(world.count::<Machine>().await, 230, "nobody is removed in the round that notices");
    world.advance(MINUTE);
    rounds(&world).await;
    assert_eq!(world.count::<Machine>().await, 0);
    let told = told(&world).await;
    assert_eq!(told.len(), 230);
    assert!(told.values().all(|events| events == &[DEAD]), "{told:?}");
}

/// A node that dies with the job in its hands delays it by the lease; nobody is missed, and who pinged in the meantime
/// lives.
#[tokio::test]
async fn what_a_node_leaves_undone_when_it_dies_another_does() {
    let world = World::new().await;
    let license = license(&world, "DEACTIVATE_DEAD", "15_MINUTE_REVIVE", false).await;
    let dies = machine(&world, &license, Some(world.now())).await;
    let mut pings = machine(&world, &license, Some(world.now())).await;
    world.advance(MINUTE + MILLI);
    assert_eq!(world.runner.watch().await.unwrap(), 1);
    let taken = world.db.claim(world.now(), MINUTE, &[kind::WATCH]).await.unwrap();
    assert!(taken.is_some(), "a node takes the job and is never heard of again");
    assert_eq!(world.run().await, 0, "its lease holds");
    pings.set("last_heartbeat_at", Value::Time(world.now()));
    world.update(&pings, &["last_heartbeat_at"]).await;
    world.advance(MINUTE);
    assert_eq!(world.run().await, 1);
    assert_eq!(told_of(&world, &dies).await, [DEAD]);
    assert_eq!(told_of(&world, &pings).await, Vec::<String>::new(), "its ping was in time");
}

/// A ping as the API does it: judged and written in one transaction. Whether it was heard; none when the machine is gone.
async fn ping(world: &World, machine: RecordId, now: Timestamp) -> Option<Ping> {
    let attempt = async || {
        let mut write = world.db.begin().await?;
        let by_id = |id: RecordId| Scope::id("id", id);
        let Some(mut record) = write.find(Machine::RESOURCE, world.account, &by_id(machine)).await? else {
            return Ok(None);
        };
        let license = record.get("license_id").as_id().unwrap();
        let license = write.find(License::RESOURCE, world.account, &by_id(license)).await?.unwrap();
        let policy = license.get("policy_id").as_id().unwrap();
        let policy = write.find(Policy::RESOURCE, world.account, &by_id(policy)).await?.unwrap();
        let policy: Policy = policy.typed().unwrap();
        let pinged = Heartbeat::of_machine(&record.typed().unwrap(), &policy).ping(&policy, now);
        if pinged != Ping::TooLate {
            record.set("last_heartbeat_at", Value::Time(now));
            record.set("dead_at", Value::Null);
            if !write.update(&record, &["last_heartbeat_at", "dead_at"]).await? {
                return Ok(None);
            }
        }
        write.commit(Changes::none()).await?;
        Ok::<_, keyway_store::StoreError>(Some(pinged))
    };
    retrying(attempt).await.unwrap()
}

/// At the end of the window, two late pings and the monitor of a node whose clock is a little ahead: either a ping was
/// heard and the machine lives, or it is gone and no ping was heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_pings_and_a_removal_at_once_one_wins() {
    let world = Arc::new(World::new().await);
    let license = license(&world, "DEACTIVATE_DEAD", "1_MINUTE_REVIVE", false).await;
    let mut machines = Vec::new();
    for _ in 0..20 {
        machines.push(machine(&world, &license, Some(world.now())).await);
    }
    world.advance(MINUTE + MILLI);
    round(&world).await;
    world.advance(MINUTE);
    let last_moment = world.now().minus(MILLI);
    let removal = tokio::spawn({
        let world = Arc::clone(&world);
        async move { round(&world).await }
    });
    let mut pings = Vec::new();
    for machine in &machines {
        for _ in 0..2 {
            let (world, id) = (Arc::clone(&world), machine.id());
            pings.push((id, tokio::spawn(async move { ping(&world, id, last_moment).await })));
        }
    }
    let mut heard: BTreeMap<RecordId, u32> = BTreeMap::new();
    for (id, ping) in pings {
        match ping.await.unwrap() {
            Some(Ping::Heard | Ping::Revives) => *heard.entry(id).or_default() += 1,
            None => {}
            Some(Ping::TooLate) => panic!("it was in time"),
        }
    }
    removal.await.unwrap();
    round(&world).await;
    for machine in &machines {
        let left: Option<Machine> = world.find(machine).await;
        assert_eq!(
            left.is_some(),
            heard.contains_key(&machine.id()),
            "a ping that was heard is not forgotten"
        );
        if let Some(left) = left {
            assert_eq!((left.last_heartbeat_at, left.dead_at), (Some(last_moment), None));
        }
    }
}

/// The runner looks by itself, by the clock that everything else goes by.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_runner_watches() {
    let world = Arc::new(World::new().await);
    let license = license(&world, "DEACTIVATE_DEAD", "NO_REVIVE", false).await;
    let machine = machine(&world, &license, Some(world.now())).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(Arc::clone(&world.runner).run(async move { drop(stopped.await) }));
    world.advance(MINUTE * 2);
    while told_of(&world, &machine).await.is_empty() {
        tokio::task::yield_now().await;
    }
    world.advance(MINUTE * 2);
    while world.find::<Machine>(&machine).await.is_some() {
        tokio::task::yield_now().await;
    }
    stop.send(()).unwrap();
    running.await.unwrap();
}

#[tokio::test]
async fn however_many_died_all_are_removed() {
    let world = World::new().await;
    let license = license(&world, "DEACTIVATE_DEAD", "NO_REVIVE", false).await;
    for _ in 0..250 {
        machine(&world, &license, Some(world.now())).await;
    }
    world.advance(MINUTE + MILLI);
    round(&world).await;
    world.advance(MINUTE + MILLI);
    round(&world).await;
    let account = world.record::<License>().account();
    assert_eq!(world.db.count(Machine::RESOURCE, account, &Scope::All).await.unwrap(), 0);
}
