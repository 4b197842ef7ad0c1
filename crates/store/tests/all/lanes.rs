//! Lanes of the job queue: none waits for another.

use std::time::Duration;

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_store::{Changes, Db, Job, NewJob, Shares};
use serde_json::json;

use crate::world::World;

const LEASE: Duration = Duration::from_secs(60);
const SHARES: Shares = Shares { lane: 2, account: 3 };

async fn enqueue(db: &Db, account: AccountId, lane: Option<RecordId>, key: &str, run_at: Timestamp) {
    let (kind, key) = ("webhook".to_owned(), key.to_owned());
    let job = NewJob { kind, key, account, payload: json!({}), run_at };
    let mut write = db.begin().await.unwrap();
    match lane {
        Some(lane) => write.enqueue_in(lane, &job).await.unwrap(),
        None => write.enqueue(&job).await.unwrap(),
    }
    write.commit(Changes::none()).await.unwrap();
}

/// Claims as long as there is something to claim.
async fn claim_all(world: &World, now: Timestamp) -> Vec<Job> {
    let mut claimed = Vec::new();
    while let Some(job) = world.db.claim_in_lane(now, LEASE, SHARES).await.unwrap() {
        claimed.push(job);
    }
    claimed
}

fn keys(jobs: &[Job]) -> Vec<&str> {
    jobs.iter().map(|job| job.key.as_str()).collect()
}

#[tokio::test]
async fn the_oldest_of_a_lane_is_first_and_only_some_are_done_at_a_time() {
    let world = World::new().await;
    let (now, lane) = (world.now(), RecordId::generate(world.now()));
    for (key, age) in [("second", 2), ("third", 1), ("first", 3), ("fourth", 0)] {
        let due = now.minus(Duration::from_secs(age));
        enqueue(&world.db, world.account, Some(lane), key, due).await;
    }
    enqueue(&world.db, world.account, Some(lane), "later", now.plus(LEASE)).await;
    enqueue(&world.db, world.account, None, "elsewhere", now).await;
    let claimed = claim_all(&world, now).await;
    assert_eq!(keys(&claimed), ["first", "second"], "two are done at a time");
    let first = claimed.first().unwrap();
    assert_eq!((first.attempts, first.account, first.kind.as_str()), (1, world.account, "webhook"));
    assert!(world.db.finish(first).await.unwrap());
    assert_eq!(keys(&claim_all(&world, now).await), ["third"], "there is room for one more");
    let lapsed = claim_all(&world, now.plus(LEASE)).await;
    assert_eq!(
        keys(&lapsed),
        ["second", "third"],
        "those who had claimed them are dead: they come first again"
    );
    assert!(lapsed.iter().all(|job| job.attempts == 2));
}

#[tokio::test]
async fn a_long_lane_holds_up_neither_others_of_its_account_nor_other_accounts() {
    let world = World::new().await;
    let now = world.now();
    let account = |_: u32| AccountId::generate(now);
    let lane = || RecordId::generate(now);
    let (busy, quiet, beside) = (lane(), lane(), lane());
    let (late, later) = (account(1), account(2));
    for number in 0..40 {
        enqueue(&world.db, world.account, Some(busy), &format!("busy {number:02}"), now.minus(LEASE)).await;
        enqueue(&world.db, world.account, Some(quiet), &format!("quiet {number:02}"), now.minus(LEASE / 2))
            .await;
    }
    // of one name, and yet another lane
    enqueue(&world.db, late, Some(busy), "late", now).await;
    enqueue(&world.db, later, Some(beside), "later", now).await;
    let claimed = claim_all(&world, now).await;
    assert_eq!(
        keys(&claimed),
        ["busy 00", "late", "later", "quiet 00", "busy 01"],
        "who has least under way is next, and an account has three at most"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn claimers_who_come_together_share_a_lane_and_get_no_job_twice() {
    let world = World::new().await;
    let other = world.another().await;
    let (now, lane) = (world.now(), RecordId::generate(world.now()));
    for number in 0..20 {
        enqueue(&world.db, world.account, Some(lane), &format!("{number:02}"), now).await;
    }
    let done = [world.db.clone(), other].map(|db| {
        tokio::spawn(async move {
            let mut done = Vec::new();
            while db.jobs_under_way(now).await.unwrap() > 0 {
                if let Some(job) = db.claim_in_lane(now, LEASE, SHARES).await.unwrap() {
                    assert!(db.finish(&job).await.unwrap(), "{}", job.key);
                    done.push(job.key);
                }
            }
            done
        })
    });
    let mut all = Vec::new();
    for done in done {
        let done = done.await.unwrap();
        assert!(done.is_sorted(), "the oldest first: {done:?}");
        all.extend(done);
    }
    all.sort_unstable();
    assert_eq!(all, (0..20).map(|number| format!("{number:02}")).collect::<Vec<_>>());
}
