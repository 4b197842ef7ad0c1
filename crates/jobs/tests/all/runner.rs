//! The runner at work in the background.

use std::sync::Arc;

use keyway_domain::resources::ArtifactStatus;
use tokio::sync::oneshot;

use crate::world::{World, until};

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
