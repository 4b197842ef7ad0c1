//! Transactions that got in each other's way are run again.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::time::Duration;

use crate::StoreError;

/// How often a transaction is tried. Those that lose make way for one that wins, so that some go on.
const ATTEMPTS: u32 = 12;
/// The longest pause after the first failure; it doubles from then on.
const FIRST_PAUSE: Duration = Duration::from_millis(4);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// An error that may be [`StoreError::Contended`] inside.
pub trait MaybeContended {
    /// Whether the work is to be run again.
    fn is_contended(&self) -> bool;
}

impl MaybeContended for StoreError {
    fn is_contended(&self) -> bool {
        matches!(self, Self::Contended(_))
    }
}

/// Runs `work`, which begins, fills and commits one transaction, until no other transaction is in its way.
///
/// # Errors
/// What `work` ends with, which is contention only after many attempts.
pub async fn retrying<T, E, F>(work: impl FnMut() -> F) -> Result<T, E>
where
    E: MaybeContended,
    F: Future<Output = Result<T, E>>,
{
    retrying_after(|longest| tokio::time::sleep(some_of(longest)), work).await
}

async fn retrying_after<T, E, F, P>(
    mut pause: impl FnMut(Duration) -> P,
    mut work: impl FnMut() -> F,
) -> Result<T, E>
where
    E: MaybeContended,
    F: Future<Output = Result<T, E>>,
    P: Future<Output = ()>,
{
    let mut longest = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match work().await {
            Err(error) if error.is_contended() => pause(longest).await,
            outcome => return outcome,
        }
        longest = (longest * 2).min(LONGEST_PAUSE);
    }
    work().await
}

/// A random part of a pause, so that two who collided do not collide again.
fn some_of(longest: Duration) -> Duration {
    let micros = u64::try_from(longest.as_micros()).unwrap_or(u64::MAX).max(1);
    Duration::from_micros(RandomState::new().hash_one(micros) % micros)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn contended() -> StoreError {
        StoreError::Contended("in the way".into())
    }

    #[tokio::test]
    async fn what_was_in_the_way_is_tried_again_and_nothing_else() {
        let calls = Cell::new(0);
        let third = || async {
            calls.set(calls.get() + 1);
            if calls.get() < 3 { Err(contended()) } else { Ok(calls.get()) }
        };
        assert_eq!(retrying(third).await.unwrap(), 3);
        calls.set(0);
        let full = || async {
            calls.set(calls.get() + 1);
            Err::<(), _>(StoreError::Full)
        };
        assert!(matches!(retrying(full).await, Err(StoreError::Full)));
        assert_eq!(calls.get(), 1);
    }

    #[tokio::test]
    async fn it_ends() {
        let calls = Cell::new(0);
        let never = || async {
            calls.set(calls.get() + 1);
            Err::<(), _>(contended())
        };
        let pauses = Cell::new(Duration::ZERO);
        let pause = |longest| {
            pauses.set(pauses.get() + longest);
            std::future::ready(())
        };
        assert!(matches!(retrying_after(pause, never).await, Err(StoreError::Contended(_))));
        assert_eq!(calls.get(), ATTEMPTS);
        assert!(pauses.get() < Duration::from_secs(3), "{:?} is too long for a caller to wait", pauses.get());
    }
}
