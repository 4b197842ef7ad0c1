//! Revocation raced with reads: once a suspension is acknowledged, no request that starts later is admitted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use keyway_jsonapi::Value;

use crate::world::{World, license_credential};

/// How often the licence is suspended and reinstated.
const ROUNDS: u64 = 100;
const READERS: usize = 2;

/// The writer's progress: 4n while the licence is good, 4n + 1 while it is being suspended, 4n + 2 while it is
/// suspended, 4n + 3 while it is being reinstated.
#[derive(Default)]
struct Progress {
    step: AtomicU64,
    over: AtomicBool,
    /// Those of them that were wrong.
    wrong: AtomicU64,
    /// Answers that were checked against a settled state.
    checked: AtomicU64,
}

impl Progress {
    /// Begins or ends a change.
    fn advance(&self) {
        self.step.fetch_add(1, Ordering::SeqCst);
    }
    /// Compares an answer with the state, when that was settled all the while.
    fn check(&self, before: u64, after: u64, allowed: bool) {
        if before == after && before.is_multiple_of(2) {
            let wrong = u64::from(allowed != before.is_multiple_of(4));
            self.wrong.fetch_add(wrong, Ordering::SeqCst);
            self.checked.fetch_add(1, Ordering::SeqCst);
        }
    }
    /// Waits until a reader has looked at the settled state.
    async fn looked_at(&self) {
        let checked = self.checked.load(Ordering::SeqCst);
        while self.checked.load(Ordering::SeqCst) == checked {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_read_that_starts_after_a_suspension_is_admitted() {
    let world = Arc::new(World::new().await);
    let product = world.product("LICENSED").await;
    let package = world.package(&product, "widget").await;
    world.release(&package, "1.0.0").await;
    let mut license = world.license(&world.policy(&product).await, "KEY").await;
    let progress = Arc::new(Progress::default());
    let readers: Vec<_> = (0..READERS)
        .map(|_| tokio::spawn(read_until_over(Arc::clone(&world), Arc::clone(&progress))))
        .collect();
    for _ in 0..ROUNDS {
        for suspended in [true, false] {
            progress.advance();
            world.change(&mut license, "suspended", Value::Bool(suspended)).await;
            progress.advance();
            let answers = [world.by_key("KEY").await.is_ok(), offers(&world).await];
            assert_eq!(answers, [!suspended; 2], "the very next requests");
            progress.looked_at().await;
        }
    }
    progress.over.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(progress.wrong.load(Ordering::SeqCst), 0, "wrong answers");
}

async fn read_until_over(world: Arc<World>, progress: Arc<Progress>) {
    while !progress.over.load(Ordering::SeqCst) {
        let before = progress.step.load(Ordering::SeqCst);
        let admitted = world.by_key("KEY").await.is_ok();
        let after = progress.step.load(Ordering::SeqCst);
        progress.check(before, after, admitted);
        let before = progress.step.load(Ordering::SeqCst);
        let offered = offers(&world).await;
        let after = progress.step.load(Ordering::SeqCst);
        progress.check(before, after, offered);
        tokio::task::yield_now().await;
    }
}

/// Whether an engine offers the package to the licence.
async fn offers(world: &World) -> bool {
    let principal = world.by(&license_credential("KEY"), None).await.unwrap();
    let package = world.catalog.package(&world.account, None, "paper", "widget").await.unwrap().unwrap();
    !world.catalog.seen(&principal, &package).visible.is_empty()
}

/// The same for what is published: once a yank is acknowledged, no later snapshot shows the release.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn no_snapshot_asked_for_after_a_yank_offers_the_release() {
    let world = Arc::new(World::new().await);
    let product = world.product("OPEN").await;
    let package = world.package(&product, "widget").await;
    let mut release = world.release(&package, "1.0.0").await;
    let progress = Arc::new(Progress::default());
    let readers: Vec<_> = (0..READERS)
        .map(|_| tokio::spawn(look_until_over(Arc::clone(&world), Arc::clone(&progress))))
        .collect();
    for _ in 0..ROUNDS / 2 {
        for status in ["YANKED", "PUBLISHED"] {
            progress.advance();
            world.change(&mut release, "status", Value::Text(status.into())).await;
            progress.advance();
            progress.looked_at().await;
        }
    }
    progress.over.store(true, Ordering::SeqCst);
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(progress.wrong.load(Ordering::SeqCst), 0, "wrong answers");
}

async fn look_until_over(world: Arc<World>, progress: Arc<Progress>) {
    let anonymous = world.by(&keyway_access::Presented::Anonymous, None).await.unwrap();
    while !progress.over.load(Ordering::SeqCst) {
        let before = progress.step.load(Ordering::SeqCst);
        let package = world.catalog.package(&world.account, None, "paper", "widget").await.unwrap().unwrap();
        let seen = world.catalog.seen(&anonymous, &package);
        let after = progress.step.load(Ordering::SeqCst);
        progress.check(before, after, seen.visible.contains(0));
        tokio::task::yield_now().await;
    }
}
