//! The runner at work in the background.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use keyway_domain::resources::ArtifactStatus;
use keyway_events::Teller;
use keyway_jobs::{Options, Runner, kind};
use keyway_store::{Changes, Db, Job};
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use crate::world::{World, until};

/// How long a lease goes without being renewed.
const RENEWAL: Duration = Duration::from_millis(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_woken_runner_runs_what_was_enqueued_and_stops_when_told() {
    let world = Arc::new(World::new().await);
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(Arc::clone(&world.runner).run(async move { drop(stopped.await) }));
    let artifact = world.sheet(b"hello").await;
    world.runner.wake();
    until("the file is read", async || world.artifact(&artifact).await.status == ArtifactStatus::Uploaded)
        .await;
    stop.send(()).unwrap();
    running.await.unwrap();
    let late = world.uploaded(world.waiting(&world.release, "late.paper"), b"hello").await;
    assert_eq!(world.artifact(&late).await.status, ArtifactStatus::Processing);
    // Upkeep that the stopped one did not come to may be there too.
    assert!(world.run().await >= 1);
    assert_eq!(world.artifact(&late).await.status, ArtifactStatus::Uploaded);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_runners_share_the_work_and_do_none_of_it_twice() {
    let world = Arc::new(World::new().await);
    for index in 0..20 {
        world.uploaded(world.waiting(&world.release, &format!("{index}.paper")), b"hello").await;
    }
    let runs = async |world: Arc<World>| world.run().await;
    let (left, right) =
        tokio::join!(tokio::spawn(runs(Arc::clone(&world))), tokio::spawn(runs(Arc::clone(&world))));
    assert_eq!(left.unwrap() + right.unwrap(), 20);
    assert_eq!(world.count::<keyway_domain::resources::Manifest>().await, 20);
}

/// A job that has ended itself, and comes to the moment of its renewal before that is durable.
struct Holder(Db);

impl Teller for Holder {
    fn tell<'a>(&'a self, job: &'a Job) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        Box::pin(async move {
            let mut write = self.0.begin().await.unwrap();
            assert!(write.finish_job(job).await.unwrap());
            // Of one task's timers the earlier goes off first; then the renewal has its turn, which it cannot take.
            sleep(RENEWAL * 5).await;
            for _ in 0..10 {
                yield_now().await;
            }
            write.commit(Changes::none()).await.map_err(|error| error.to_string())
        })
    }
}

#[tokio::test]
async fn a_renewal_waits_beside_the_job_that_holds_what_it_needs() {
    let world = World::new().await;
    let teller = Some(Arc::new(Holder(world.db.clone())) as Arc<dyn Teller>);
    let runner =
        Runner::with(world.parts.clone(), Options { teller, renewal: RENEWAL, ..Options::default() });
    world.enqueue(&kind::about(kind::TELL, world.account, world.release.id(), world.now())).await;
    let ran = timeout(Duration::from_secs(60), runner.run_until_idle()).await;
    assert_eq!(ran.expect("neither waits for the other").unwrap(), 1);
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
}
