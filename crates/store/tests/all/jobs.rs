//! The job queue: claimed once, never lost.

use std::time::Duration;

use keyway_base::Timestamp;
use keyway_jsonapi::Scope;
use keyway_store::{Changes, Inserted, Job, NewJob};
use serde_json::json;

use crate::world::{LICENSES, World};

const LEASE: Duration = Duration::from_secs(60);
const KINDS: &[&str] = &["ingest"];

async fn enqueue(world: &World, key: &str, run_at: Timestamp) {
    let job = NewJob {
        kind: "ingest".into(),
        key: key.into(),
        account: world.account,
        payload: json!({ "at": run_at.as_micros() }),
        run_at,
    };
    let mut write = world.db.begin().await.unwrap();
    write.enqueue(&job).await.unwrap();
    write.commit(Changes::none()).await.unwrap();
}

async fn claim(world: &World, now: Timestamp) -> Option<Job> {
    world.db.claim(now, LEASE, KINDS).await.unwrap()
}

fn keys(jobs: &[Option<Job>]) -> Vec<&str> {
    jobs.iter().flatten().map(|job| job.key.as_str()).collect()
}

#[tokio::test]
async fn a_job_is_claimed_in_its_time_by_those_who_can_do_it() {
    let world = World::new().await;
    let now = world.now();
    enqueue(&world, "later", now.plus(LEASE)).await;
    enqueue(&world, "due", now).await;
    assert_eq!(world.db.claim(now, LEASE, &["webhook"]).await.unwrap(), None);
    assert_eq!(world.db.claim(now, LEASE, &[]).await.unwrap(), None);
    let job = claim(&world, now).await.unwrap();
    assert_eq!((job.key.as_str(), job.attempts, job.account), ("due", 1, world.account));
    assert_eq!(job.payload, json!({ "at": now.as_micros() }));
    assert_eq!(claim(&world, now).await, None);
    assert!(world.db.finish(&job).await.unwrap());
    assert!(!world.db.finish(&job).await.unwrap());
    assert_eq!(world.db.pending_jobs().await.unwrap(), 1);
}

#[tokio::test]
async fn what_a_dead_process_had_claimed_can_be_had_at_once() {
    let world = World::new().await;
    let now = world.now();
    enqueue(&world, "claimed", now).await;
    let lost = claim(&world, now).await.unwrap();
    assert_eq!(claim(&world, now).await, None);
    assert_eq!(world.db.end_leases().await.unwrap(), 1);
    let again = claim(&world, now).await.unwrap();
    assert_eq!((again.key.as_str(), again.attempts), ("claimed", 2));
    assert!(!world.db.finish(&lost).await.unwrap(), "the old claim is void");
    assert!(world.db.finish(&again).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_claimers_never_get_the_same_job() {
    let world = World::new().await;
    let other = world.another().await;
    let now = world.now();
    for number in 0..10 {
        enqueue(&world, &format!("job {number}"), now).await;
    }
    let tasks = [world.db.clone(), other].map(|db| {
        tokio::spawn(async move {
            let mut claimed = Vec::new();
            while let Some(job) = db.claim(now, LEASE, KINDS).await.unwrap() {
                claimed.push(job.key);
            }
            claimed
        })
    });
    let mut claimed = Vec::new();
    for task in tasks {
        claimed.extend(task.await.unwrap());
    }
    claimed.sort();
    let expected: Vec<String> = (0..10).map(|number| format!("job {number}")).collect();
    assert_eq!(claimed, expected);
}

#[tokio::test]
async fn a_job_whose_worker_died_runs_again_and_the_dead_cannot_finish_it() {
    let world = World::new().await;
    let now = world.now();
    enqueue(&world, "k", now).await;
    let first = claim(&world, now).await.unwrap();
    assert_eq!(claim(&world, now.plus(LEASE / 2)).await, None);
    let later = now.plus(LEASE);
    let second = claim(&world, later).await.unwrap();
    assert_eq!((second.id, second.attempts), (first.id, 2));
    assert!(!world.db.finish(&first).await.unwrap());
    assert!(!world.db.retry(&first, later, "late").await.unwrap());
    assert!(!world.db.renew(&first, later).await.unwrap());
    assert!(world.db.renew(&second, later.plus(LEASE * 2)).await.unwrap());
    assert_eq!(claim(&world, later.plus(LEASE)).await, None, "it was held for longer");
    assert!(world.db.finish(&second).await.unwrap());
}

#[tokio::test]
async fn a_failed_job_waits_for_its_next_time() {
    let world = World::new().await;
    let now = world.now();
    enqueue(&world, "k", now).await;
    let job = claim(&world, now).await.unwrap();
    let later = now.plus(LEASE / 4);
    assert!(world.db.retry(&job, later, "connection refused\0").await.unwrap());
    assert_eq!(claim(&world, now).await, None);
    assert_eq!(claim(&world, later).await.unwrap().attempts, 2);
}

#[tokio::test]
async fn a_job_that_is_put_off_has_not_failed() {
    let world = World::new().await;
    let now = world.now();
    enqueue(&world, "k", now).await;
    let failed = claim(&world, now).await.unwrap();
    assert!(world.db.retry(&failed, now, "connection refused").await.unwrap());
    let job = claim(&world, now).await.unwrap();
    let later = now.plus(LEASE / 4);
    assert!(world.db.put_off(&job, later).await.unwrap());
    assert!(!world.db.put_off(&job, now).await.unwrap(), "it is not ours any more");
    assert_eq!(claim(&world, now).await, None);
    assert_eq!(claim(&world, later).await.unwrap().attempts, 1, "attempts are counted anew");
}

#[tokio::test]
async fn of_one_name_one_job_waits_and_one_runs() {
    let world = World::new().await;
    let now = world.now();
    enqueue(&world, "k", now.plus(LEASE)).await;
    enqueue(&world, "k", now).await;
    assert_eq!(world.db.pending_jobs().await.unwrap(), 1);
    let running = claim(&world, now).await.unwrap();
    assert_eq!(running.payload, json!({ "at": now.as_micros() }), "the newer payload, the earlier time");
    enqueue(&world, "k", now).await;
    enqueue(&world, "other", now).await;
    assert_eq!(keys(&[claim(&world, now).await, claim(&world, now).await]), ["other"]);
    assert!(world.db.finish(&running).await.unwrap());
    assert_eq!(keys(&[claim(&world, now).await]), ["k"], "what came while it ran is done after it");
}

#[tokio::test]
async fn a_job_that_is_given_back_while_another_of_its_name_waits_gives_way() {
    let world = World::new().await;
    let now = world.now();
    enqueue(&world, "k", now).await;
    let first = claim(&world, now).await.unwrap();
    enqueue(&world, "k", now).await;
    assert!(world.db.retry(&first, now, "again").await.unwrap());
    assert_eq!(world.db.pending_jobs().await.unwrap(), 1);
    let second = claim(&world, now).await.unwrap();
    assert_ne!(second.id, first.id);
}

#[tokio::test]
async fn a_job_ends_together_with_its_results() {
    let world = World::new().await;
    let now = world.now();
    enqueue(&world, "k", now).await;
    let job = claim(&world, now).await.unwrap();
    let mut write = world.db.begin().await.unwrap();
    assert_eq!(write.insert(&world.record(LICENSES)).await.unwrap(), Inserted::Yes);
    assert!(write.finish_job(&job).await.unwrap());
    drop(write);
    assert_eq!(world.db.pending_jobs().await.unwrap(), 1, "neither");
    let mut write = world.db.begin().await.unwrap();
    assert_eq!(write.insert(&world.record(LICENSES)).await.unwrap(), Inserted::Yes);
    assert!(write.finish_job(&job).await.unwrap());
    write.commit(Changes::none()).await.unwrap();
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0, "both");
    assert_eq!(world.matching(LICENSES, &Scope::All).await.len(), 1);
}
