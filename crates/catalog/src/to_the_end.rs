//! Work that whoever asked for it cannot cut short.
//!
//! What is answered from memory never waits, and a task of its own would cost it more than the answer does. So work is begun
//! where it is asked for, and moves to a task of its own where it first has to wait: up to there nobody can hang up on it.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::Poll;

/// The work panicked, or the server is on its way down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it died: {0}")]
pub struct Died(String);

/// Does work to its end, even if the future that is given back is dropped once it was polled.
///
/// # Errors
/// [`Died`] when it panics.
pub async fn to_the_end<T: Send + 'static>(
    mut work: Pin<Box<dyn Future<Output = T> + Send>>,
) -> Result<T, Died> {
    let begun = poll_fn(|context| {
        // after a panic it is dropped unseen
        Poll::Ready(catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))))
    });
    match begun.await {
        Ok(Poll::Ready(done)) => Ok(done),
        Ok(Poll::Pending) => tokio::spawn(work).await.map_err(|error| Died(error.to_string())),
        Err(_) => Err(Died("it panicked".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::sync::{Notify, oneshot};
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn what_never_waits_is_done_where_it_is_asked_for() {
        let here = tokio::task::id;
        let asker = tokio::spawn(async move { (here(), to_the_end(Box::pin(async move { here() })).await) });
        let (asker, doer) = asker.await.unwrap();
        assert_eq!(doer, Ok(asker));
    }

    #[tokio::test]
    async fn what_waits_goes_on_though_nobody_waits_for_it() {
        let (started, done, gate) =
            (Arc::new(AtomicBool::new(false)), Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, hears) = oneshot::channel();
        let work = {
            let (started, done, gate) = (Arc::clone(&started), Arc::clone(&done), Arc::clone(&gate));
            async move {
                started.store(true, Ordering::Relaxed);
                gate.notified().await;
                yield_now().await;
                done.notify_one();
                told.send(7).unwrap();
            }
        };
        let asker = tokio::spawn(to_the_end(Box::pin(work)));
        while !started.load(Ordering::Relaxed) {
            yield_now().await;
        }
        asker.abort();
        assert!(asker.await.unwrap_err().is_cancelled());
        gate.notify_one();
        done.notified().await;
        assert_eq!(hears.await, Ok(7));
    }

    #[tokio::test]
    async fn a_panic_is_an_error_before_the_wait_and_after() {
        for waits in [false, true] {
            let work = async move {
                if waits {
                    yield_now().await;
                }
                assert!(!std::hint::black_box(true), "on purpose");
            };
            assert!(to_the_end(Box::pin(work)).await.is_err());
        }
    }
}
