//! Waits that end, and bytes that nobody refers to.

use std::time::Duration;

use bytes::Bytes;
use keyway_base::{ContentAlgorithm, RecordId};
use keyway_domain::resources::{
    ArtifactStatus, ContentUpload, Environment, EventLog, RequestLog, UsageSnapshot, User,
};
use keyway_domain::usage::today;
use keyway_jobs::{LogsKept, Options, Runner, kind};
use keyway_jsonapi::{Declared as _, Record, Scope, Value};
use keyway_store::Page;

use crate::world::World;

#[tokio::test]
async fn a_file_that_did_not_come_within_the_hour_fails() {
    let world = World::new().await;
    let (late, came) = (world.waiting(&world.release, "late"), world.waiting(&world.release, "came"));
    world.put(&late).await;
    world.enqueue(&kind::expire(world.account, late.id(), world.now())).await;
    let came = world.uploaded(came, b"hello").await;
    world.enqueue(&kind::expire(world.account, came.id(), world.now())).await;
    world.run().await;
    world.advance(kind::UPLOAD_TIME - Duration::from_secs(1));
    world.run().await;
    assert_eq!(world.artifact(&late).await.status, ArtifactStatus::Waiting);
    world.advance(Duration::from_secs(2));
    world.run().await;
    let failed = world.artifact(&late).await;
    assert_eq!(failed.status, ArtifactStatus::Failed);
    assert!(failed.failure.unwrap().contains("was not uploaded within an hour"));
    assert_eq!(world.artifact(&came).await.status, ArtifactStatus::Uploaded);
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
}

#[tokio::test]
async fn an_end_of_waiting_that_comes_too_early_comes_back() {
    let world = World::new().await;
    let artifact = world.waiting(&world.release, "late");
    world.put(&artifact).await;
    world.enqueue(&kind::about(kind::EXPIRE, world.account, artifact.id(), world.now())).await;
    assert_eq!(world.run().await, 1);
    assert_eq!(world.artifact(&artifact).await.status, ArtifactStatus::Waiting);
    world.advance(kind::UPLOAD_TIME);
    assert_eq!(world.run().await, 1);
    assert_eq!(world.artifact(&artifact).await.status, ArtifactStatus::Failed);
}

#[tokio::test]
async fn a_blob_goes_when_its_grace_is_over_unless_something_refers_to_it() {
    let world = World::new().await;
    let unused = world.store(b"unused").await.to_string();
    let used = world.uploaded(world.waiting(&world.release, "used"), b"used").await;
    let used = used.get("blob_key").as_text().unwrap().to_owned();
    for key in [&unused, &used] {
        world.enqueue(&kind::delete_blob(world.account, key, world.now())).await;
    }
    world.run().await;
    assert!(world.holds(&unused).await, "a grace");
    world.advance(kind::GRACE + kind::GRACE);
    world.run().await;
    assert!(!world.holds(&unused).await);
    assert!(world.holds(&used).await);
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
}

#[tokio::test]
async fn bytes_that_came_again_get_a_new_grace() {
    let world = World::new().await;
    let key = world.store(b"again").await.to_string();
    let mut early = kind::delete_blob(world.account, &key, world.now());
    early.run_at = world.now();
    world.enqueue(&early).await;
    assert_eq!(world.run().await, 1);
    assert!(world.holds(&key).await, "just committed: an upload may be about to refer to it");
    world.advance(kind::GRACE + kind::GRACE);
    assert_eq!(world.run().await, 1);
    assert!(!world.holds(&key).await);
}

#[tokio::test]
async fn a_job_that_names_nothing_is_dropped() {
    let world = World::new().await;
    for kind in kind::ALL {
        let mut job = kind::about(kind, world.account, world.release.id(), world.now());
        job.key = "nonsense".to_owned();
        job.payload = serde_json::json!({ "id": "nonsense", "blob": "nonsense" });
        world.enqueue(&job).await;
    }
    assert_eq!(world.run().await, kind::ALL.len() - 1);
    let left = world.db.claim(world.now(), kind::GRACE, kind::ALL).await.unwrap().unwrap();
    assert_eq!(left.kind, kind::TELL, "who cannot tell leaves it to others");
    assert_eq!((left.attempts, world.db.pending_jobs().await.unwrap()), (1, 1));
    let mut artifact = world.waiting(&world.release, "a");
    artifact.set("blob_key", Value::Text("nonsense".into()));
    world.put(&artifact).await;
    world.enqueue(&kind::about(kind::INGEST, world.account, artifact.id(), world.now())).await;
    world.run().await;
    assert_eq!(world.artifact(&artifact).await.status, ArtifactStatus::Failed);
}

#[tokio::test]
async fn what_nothing_refers_to_is_swept_after_a_day() {
    let world = World::new().await;
    let lost = world.store(b"lost").await.to_string();
    let kept = world.uploaded(world.waiting(&world.release, "kept.txt"), b"kept").await;
    world.run().await;
    let kept = world.artifact(&kept).await.blob_key.unwrap();
    assert_eq!(world.runner.sweep().await.unwrap(), 0, "too young");
    world.advance(Duration::from_secs(25 * 60 * 60));
    assert_eq!(world.runner.sweep().await.unwrap(), 1);
    world.run().await;
    assert!(!world.holds(&lost).await && world.holds(&kept).await);
    assert_eq!(world.runner.sweep().await.unwrap(), 0);
}

#[tokio::test]
async fn a_push_that_is_under_way_is_not_swept() {
    let world = World::new().await;
    let state = world.blobs.grow(world.account, ContentAlgorithm::Sha256);
    let mut growing = world.blobs.resume(state, 100).await.unwrap();
    growing.write(Bytes::from_static(b"half")).await.unwrap();
    let state = growing.pause().await.unwrap();
    let mut upload = world.record::<ContentUpload>();
    upload.set("state", Value::Bytes(state.to_bytes()));
    world.put(&upload).await;
    world.advance(Duration::from_secs(25 * 60 * 60));
    assert_eq!(world.runner.sweep().await.unwrap(), 0);
    assert_eq!(world.blobs.resume(state.clone(), 100).await.unwrap().size(), 4);
    world.remove(&upload).await;
    assert_eq!(world.runner.sweep().await.unwrap(), 1);
    assert!(world.blobs.resume(state, 100).await.is_err());
}

/// `licensing.md` §15: usage snapshots, daily.
#[tokio::test]
async fn accounts_are_counted_once_a_day_apart_for_each_environment() {
    let world = World::new().await;
    let day = Duration::from_secs(24 * 60 * 60);
    let mut environment = world.record::<Environment>();
    for (column, value) in [("name", "S"), ("code", "s"), ("isolation_strategy", "SHARED")] {
        environment.set(column, Value::Text(value.to_owned()));
    }
    world.put(&environment).await;
    let mut user = world.record::<User>();
    user.set("environment_id", Value::Id(environment.id()));
    world.put(&user).await;
    world.put(&world.record::<User>()).await;
    world.put(&world.record::<User>()).await;
    assert_eq!(world.runner.count_usage().await.unwrap(), 1);
    // Another process that looks meanwhile adds no second job.
    assert_eq!(world.runner.count_usage().await.unwrap(), 1);
    assert_eq!(world.run().await, 1);
    assert_eq!(world.runner.count_usage().await.unwrap(), 0, "today is done");
    let users = async |day: i64| -> Vec<(Option<RecordId>, i64)> {
        let scope = Scope::text("metric", "users").and(Scope::Is("day", Value::Int(day)));
        let account = world.account;
        let found = world.db.list(UsageSnapshot::RESOURCE, account, &scope, &Page::all()).await.unwrap();
        let count =
            |record: &Record| (record.get("environment_id").as_id(), record.get("count").as_int().unwrap());
        found.iter().map(count).collect()
    };
    let today = today(world.now());
    assert_eq!(users(today).await, [(None, 2), (Some(environment.id()), 1)]);
    assert_eq!(world.count::<UsageSnapshot>().await, 8, "four counts, twice");
    world.remove(&user).await;
    world.advance(day);
    assert_eq!(world.runner.count_usage().await.unwrap(), 1);
    world.run().await;
    assert_eq!(users(today + 1).await, [(None, 2), (Some(environment.id()), 0)]);
    assert_eq!(users(today).await, [(None, 2), (Some(environment.id()), 1)], "what was counted stays");
    world.advance(day * 366);
    world.runner.count_usage().await.unwrap();
    world.run().await;
    assert_eq!(users(today).await, [], "but not for ever");
    assert_eq!(users(today + 1).await.len(), 2);
}

#[tokio::test]
async fn entries_of_logs_go_when_they_were_kept_long_enough() {
    let world = World::new().await;
    let day = Duration::from_secs(24 * 60 * 60);
    let kept = LogsKept { events: Some(day * 90), requests: Some(day * 30) };
    let runner = Runner::with(world.parts.clone(), Options { kept, ..Options::default() });
    assert_eq!(runner.prune_logs().await.unwrap(), 0);
    for _ in 0..1001 {
        world.put(&world.record::<EventLog>()).await;
    }
    world.put(&world.record::<RequestLog>()).await;
    // Where partitions are dropped, entries may stay a tenth longer.
    let partitioned = !world.db.partitions(EventLog::RESOURCE).await.unwrap().is_empty();
    let spare = if partitioned { 1 } else { 0 };
    world.advance(day * 30 + day * 3 * spare);
    assert_eq!(runner.prune_logs().await.unwrap(), 0, "both are just old enough to stay");
    world.advance(Duration::from_secs(1));
    assert_eq!(runner.prune_logs().await.unwrap(), 1, "each log has its own time");
    world.run().await;
    assert_eq!((world.count::<EventLog>().await, world.count::<RequestLog>().await), (1001, 0));
    world.advance(day * 60 + day * 6 * spare);
    let mut recent = world.record::<EventLog>();
    recent.set("created_at", Value::Time(world.now()));
    world.put(&recent).await;
    assert_eq!(world.runner.prune_logs().await.unwrap(), 0, "without a limit they stay for ever");
    assert_eq!(runner.prune_logs().await.unwrap(), 1);
    // Another process that looks meanwhile adds no second job.
    assert_eq!(runner.prune_logs().await.unwrap(), 1);
    assert_eq!(world.run().await, 1);
    assert_eq!(world.count::<EventLog>().await, 1);
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
}

/// A log's entry of the present, as it would be written.
fn logged(world: &World, mut entry: Record) -> Record {
    entry.set("id", Value::Id(RecordId::generate(world.now())));
    entry.set("created_at", Value::Time(world.now()));
    entry
}

#[tokio::test]
async fn partitions_are_made_ahead_and_dropped_whole() {
    let world = World::new().await;
    let day = Duration::from_secs(24 * 60 * 60);
    let kept = LogsKept { events: Some(day * 365), requests: Some(day * 30) };
    let runner = Runner::with(world.parts.clone(), Options { kept, ..Options::default() });
    assert!(!runner.keep_partitions().await.unwrap(), "the schema begins with those of the next days");
    if world.db.partitions(EventLog::RESOURCE).await.unwrap().is_empty() {
        return;
    }
    let ends = async |log| {
        let all = world.db.partitions(log).await.unwrap();
        (all.first().unwrap().until, all.last().unwrap().until)
    };
    let mut requests = Vec::new();
    for _ in 0..40 {
        let (event, request) = (world.record::<EventLog>(), world.record::<RequestLog>());
        world.put(&logged(&world, event)).await;
        let request = logged(&world, request);
        world.put(&request).await;
        requests.push((request.id(), world.now()));
        if runner.keep_partitions().await.unwrap() {
            // Another process that looks meanwhile adds no second job.
            assert!(runner.keep_partitions().await.unwrap());
            assert_eq!(world.run().await, 1);
        }
        assert!(!runner.keep_partitions().await.unwrap(), "it is done");
        assert_eq!(runner.prune_logs().await.unwrap(), 0, "nothing is left to be deleted by itself");
        let (oldest, newest) = ends(RequestLog::RESOURCE).await;
        assert!(newest >= world.now().plus(day * 3) && oldest > world.now().minus(day * 30));
        assert!(ends(EventLog::RESOURCE).await.1 >= world.now().plus(day * 31));
        world.advance(day);
    }
    world.advance(Duration::ZERO);
    assert_eq!(world.count::<EventLog>().await, 40);
    let left = world.db.list(RequestLog::RESOURCE, world.account, &Scope::All, &Page::all()).await.unwrap();
    let left: Vec<_> = left.iter().map(Record::id).collect();
    let (gone, young) = requests.split_at(requests.len() - left.len());
    assert_eq!(young.iter().map(|(id, _)| *id).collect::<Vec<_>>(), left);
    // The last look was a day ago.
    let looked = world.now().minus(day);
    assert!(gone.iter().all(|(_, at)| *at < looked.minus(day * 30)), "{gone:?}");
    assert!(young.iter().all(|(_, at)| *at >= looked.minus(day * 31)), "{young:?}");
}

#[tokio::test]
async fn a_clock_that_jumps_ahead_finds_a_partition_again() {
    let world = World::new().await;
    let day = Duration::from_secs(24 * 60 * 60);
    world.advance(day * 3650);
    let entry = world.record::<EventLog>();
    world.put(&logged(&world, entry)).await;
    if world.db.partitions(EventLog::RESOURCE).await.unwrap().is_empty() {
        return;
    }
    assert!(world.runner.keep_partitions().await.unwrap());
    world.run().await;
    assert!(!world.runner.keep_partitions().await.unwrap());
    assert_eq!(world.count::<EventLog>().await, 1, "without a limit nothing is dropped");
    let last = world.db.partitions(EventLog::RESOURCE).await.unwrap().pop().unwrap();
    assert!(last.until > world.now().plus(day * 31), "{last:?}");
}

/// `request_log_days = 0`: what was logged before is not kept either.
#[tokio::test]
async fn a_log_that_is_kept_for_no_time_is_emptied() {
    let world = World::new().await;
    let kept = LogsKept { events: None, requests: Some(Duration::ZERO) };
    let runner = Runner::with(world.parts.clone(), Options { kept, ..Options::default() });
    world.put(&world.record::<EventLog>()).await;
    world.put(&world.record::<RequestLog>()).await;
    world.advance(Duration::from_micros(1));
    assert_eq!(runner.prune_logs().await.unwrap(), 1);
    world.run().await;
    assert_eq!((world.count::<EventLog>().await, world.count::<RequestLog>().await), (1, 0));
}
