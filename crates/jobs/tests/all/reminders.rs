//! Reminders of expiries and check-ins, and tokens that ended long ago (`licensing.md` §15).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use keyway_base::{RecordId, Timestamp};
use keyway_domain::resources::{EventLog, License, Policy, Token};
use keyway_jobs::{Runner, kind};
use keyway_jsonapi::{Declared as _, Record, Scope, Value};
use keyway_store::NewJob;
use tokio::sync::oneshot;

use crate::world::{World, until};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The period of the job.
const PERIOD: Duration = Duration::from_secs(10 * 60);

async fn policy(world: &World, check_in: Option<(&str, i64)>) -> Record {
    let mut policy = world.record::<Policy>();
    if let Some((interval, count)) = check_in {
        policy.set("require_check_in", Value::Bool(true));
        policy.set("check_in_interval", Value::Text(interval.to_owned()));
        policy.set("check_in_interval_count", Value::Int(count));
    }
    world.put(&policy).await;
    policy
}

async fn license(world: &World, policy: &Record, column: &str, at: Timestamp) -> RecordId {
    let mut license = world.record::<License>();
    license.set("policy_id", Value::Id(policy.id()));
    license.set(column, Value::Time(at));
    world.put(&license).await;
    license.id()
}

/// What was told, by licence, oldest first.
async fn told(world: &World) -> BTreeMap<RecordId, Vec<String>> {
    let mut read = world.db.read().await.unwrap();
    let mut all: BTreeMap<RecordId, Vec<String>> = BTreeMap::new();
    for entry in read.all(EventLog::RESOURCE, world.account, &Scope::All).await.unwrap() {
        let entry: EventLog = entry.typed().unwrap();
        assert_eq!((entry.whodunnit_id, entry.request_id), (None, None));
        all.entry(entry.resource_id).or_default().push(entry.event);
    }
    all
}

async fn told_of(world: &World, license: RecordId) -> Vec<String> {
    told(world).await.remove(&license).unwrap_or_default()
}

/// One round of the job.
async fn round(world: &World) {
    assert_eq!(world.runner.remind().await.unwrap(), 1);
    assert_eq!(world.run().await, 1);
}

#[tokio::test]
async fn an_expiry_is_told_of_once_a_day_before_and_once_after() {
    let world = World::new().await;
    let policy = policy(&world, None).await;
    assert_eq!(world.runner.remind().await.unwrap(), 0, "nothing expires");
    let later = license(&world, &policy, "expiry", world.now().plus(DAY * 5)).await;
    let past = license(&world, &policy, "expiry", world.now().minus(HOUR * 13)).await;
    assert_eq!(world.runner.remind().await.unwrap(), 0, "too early, and too late");
    let license = license(&world, &policy, "expiry", world.now().plus(HOUR * 36)).await;
    round(&world).await;
    let soon = "license.expiring-soon".to_owned();
    assert_eq!(told_of(&world, license).await, std::slice::from_ref(&soon));
    world.advance(PERIOD);
    assert_eq!(world.runner.remind().await.unwrap(), 0, "it was told of");
    world.advance(DAY - PERIOD);
    round(&world).await;
    assert_eq!(told_of(&world, license).await, [soon.clone(), soon.clone()], "a day later again");
    world.advance(HOUR * 12);
    assert_eq!(world.runner.remind().await.unwrap(), 0, "what expires now has not expired");
    world.advance(Duration::from_millis(1));
    round(&world).await;
    let all = [soon.clone(), soon, "license.expired".to_owned()];
    assert_eq!(told_of(&world, license).await, all);
    for _ in 0..13 {
        world.advance(HOUR);
        world.runner.remind().await.unwrap();
        world.run().await;
    }
    assert_eq!(told_of(&world, license).await, all, "once");
    assert_eq!(told_of(&world, past).await, Vec::<String>::new());
    // two and a half days and half a day have gone by: it ends in two
    assert_eq!(told_of(&world, later).await, ["license.expiring-soon"]);
}

#[tokio::test]
async fn check_ins_are_told_of_by_the_calendar() {
    let world = World::new().await;
    let policy = policy(&world, Some(("week", 2))).await;
    let fortnight = DAY * 14;
    let soon = license(&world, &policy, "last_check_in_at", world.now().minus(fortnight - DAY * 2)).await;
    let overdue = license(&world, &policy, "last_check_in_at", world.now().minus(fortnight + HOUR)).await;
    let long = license(&world, &policy, "last_check_in_at", world.now().minus(fortnight + DAY)).await;
    let early = license(&world, &policy, "last_check_in_at", world.now()).await;
    let mut expired = world.record::<License>();
    expired.set("policy_id", Value::Id(policy.id()));
    expired.set("last_check_in_at", Value::Time(world.now().minus(fortnight + HOUR)));
    expired.set("expiry", Value::Time(world.now().minus(DAY * 30)));
    world.put(&expired).await;
    for _ in 0..2 {
        round(&world).await;
        let told = told(&world).await;
        assert_eq!(told.get(&soon).unwrap(), &["license.check-in-required-soon"]);
        assert_eq!(told.get(&overdue).unwrap(), &["license.check-in-overdue"]);
        for silent in [long, early, expired.id()] {
            assert!(!told.contains_key(&silent), "{told:?}");
        }
        world.advance(PERIOD);
    }
}

/// Two nodes look and run at the same time, over more licences than one transaction holds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_tell_of_nothing_twice() {
    let world = Arc::new(World::new().await);
    let policy = policy(&world, None).await;
    for _ in 0..230 {
        license(&world, &policy, "expiry", world.now().minus(HOUR)).await;
    }
    let node = async |world: Arc<World>| {
        let runner = Runner::new(world.parts.clone());
        for _ in 0..3 {
            runner.remind().await.unwrap();
            runner.run_until_idle().await.unwrap();
        }
    };
    let (left, right) =
        tokio::join!(tokio::spawn(node(Arc::clone(&world))), tokio::spawn(node(Arc::clone(&world))));
    left.unwrap();
    right.unwrap();
    let told = told(&world).await;
    assert_eq!(told.len(), 230);
    assert!(told.values().all(|events| events == &["license.expired"]), "{told:?}");
}

/// Even jobs that no lease keeps apart, as after a pause that outlasted one, tell of nothing twice; and what a node
/// leaves undone when it dies, another does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_dies_or_sleeps_through_its_lease_loses_and_doubles_nothing() {
    let world = Arc::new(World::new().await);
    let policy = policy(&world, None).await;
    for _ in 0..120 {
        license(&world, &policy, "expiry", world.now().minus(HOUR)).await;
    }
    assert_eq!(world.runner.remind().await.unwrap(), 1);
    let lease = Duration::from_secs(60);
    let dead = world.db.claim(world.now(), lease, &[kind::REMIND]).await.unwrap();
    assert!(dead.is_some(), "a node takes the job and is never heard of again");
    assert_eq!(world.run().await, 0, "its lease holds");
    world.advance(lease);
    let job = |key: &str| NewJob {
        key: key.to_owned(),
        ..kind::about(kind::REMIND, world.account, policy.id(), world.now())
    };
    for key in ["one", "two"] {
        world.enqueue(&job(key)).await;
    }
    let runs = async |world: Arc<World>| world.run().await;
    let (left, right) =
        tokio::join!(tokio::spawn(runs(Arc::clone(&world))), tokio::spawn(runs(Arc::clone(&world))));
    assert_eq!(left.unwrap() + right.unwrap(), 3);
    let told = told(&world).await;
    assert_eq!(told.len(), 120);
    assert!(told.values().all(|events| events == &["license.expired"]), "{told:?}");
}

#[tokio::test]
async fn tokens_go_ninety_days_after_they_ended() {
    let world = World::new().await;
    let mut kept = world.record::<Token>();
    kept.set("bearer_type", Value::Text("users".into()));
    let never = kept.id();
    world.put(&kept).await;
    for _ in 0..120 {
        let mut token = world.record::<Token>();
        token.set("bearer_type", Value::Text("users".into()));
        token.set("expiry", Value::Time(world.now()));
        world.put(&token).await;
    }
    world.advance(DAY * 90);
    assert_eq!(world.runner.prune_tokens().await.unwrap(), 0, "just ninety days");
    world.advance(Duration::from_secs(1));
    assert_eq!(world.runner.prune_tokens().await.unwrap(), 1);
    assert_eq!(world.run().await, 1);
    assert_eq!(world.count::<Token>().await, 1);
    assert!(world.db.find(Token::RESOURCE, world.account, &Scope::id("id", never)).await.unwrap().is_some());
    assert_eq!(world.runner.prune_tokens().await.unwrap(), 0);
}

/// The runner looks by itself, by the clock that everything else goes by.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_runner_follows_the_calendar() {
    let world = Arc::new(World::new().await);
    let policy = policy(&world, None).await;
    let license = license(&world, &policy, "expiry", world.now().plus(DAY * 30)).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(Arc::clone(&world.runner).run(async move { drop(stopped.await) }));
    for (ahead, event) in [(DAY * 28, "license.expiring-soon"), (DAY * 2 + HOUR, "license.expired")] {
        world.advance(ahead);
        until(event, async || told_of(&world, license).await.last().is_some_and(|last| last == event)).await;
    }
    stop.send(()).unwrap();
    running.await.unwrap();
    assert_eq!(told_of(&world, license).await, ["license.expiring-soon", "license.expired"]);
}
