//! A clock that can be made to stand still.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use keyway_base::{Clock, Timestamp};

/// Stands for a time of day that is not frozen.
const RUNNING: i64 = i64::MIN;

/// The system's clock, whose time of day can be frozen. Time since the start runs on: leases and time-outs of a
/// server whose day stands still must go on working.
pub struct SettableClock {
    system: Arc<dyn Clock>,
    frozen: AtomicI64,
    last: AtomicI64,
}

impl SettableClock {
    /// Shows what the system's clock shows.
    pub fn over(system: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { system, frozen: AtomicI64::new(RUNNING), last: AtomicI64::new(i64::MIN) })
    }

    /// Freezes the time of day, or lets it run again.
    pub fn set(&self, now: Option<Timestamp>) {
        self.frozen.store(now.map_or(RUNNING, Timestamp::as_micros), Ordering::SeqCst);
    }

    /// The time of something that happens now, unlike that of anything before it. A frozen clock moves on by a
    /// microsecond, which no rendered time shows: what is made first stays first in lists.
    pub fn tick(&self) -> Timestamp {
        let moved = self.frozen.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |frozen| {
            (frozen != RUNNING).then(|| frozen.saturating_add(1))
        });
        if let Ok(frozen) = moved {
            return Timestamp::from_micros(frozen);
        }
        let now = self.system.wall().as_micros();
        let next = |last: i64| Some(now.max(last.saturating_add(1)));
        let last = self.last.fetch_update(Ordering::SeqCst, Ordering::SeqCst, next);
        Timestamp::from_micros(last.map_or(now, |last| now.max(last.saturating_add(1))))
    }
}

impl Clock for SettableClock {
    fn wall(&self) -> Timestamp {
        match self.frozen.load(Ordering::SeqCst) {
            RUNNING => self.system.wall(),
            frozen => Timestamp::from_micros(frozen),
        }
    }
    fn monotonic(&self) -> Duration {
        self.system.monotonic()
    }
}

#[cfg(test)]
mod tests {
    use keyway_base::ManualClock;

    use super::*;

    #[test]
    fn a_frozen_day_leaves_the_time_since_the_start_alone() {
        let system = Arc::new(ManualClock::at(Timestamp::from_micros(5_000_000)));
        let clock = SettableClock::over(Arc::clone(&system) as Arc<dyn Clock>);
        clock.set(Some(Timestamp::from_micros(1_000)));
        system.advance(Duration::from_secs(1));
        assert_eq!(clock.wall().as_micros(), 1_000);
        assert_eq!(clock.monotonic(), Duration::from_secs(6));
        clock.set(None);
        assert_eq!(clock.wall().as_micros(), 6_000_000);
    }

    #[test]
    fn no_two_moments_are_the_same() {
        let clock = SettableClock::over(
            Arc::new(ManualClock::at(Timestamp::from_micros(5_000_000))) as Arc<dyn Clock>
        );
        let running = [clock.tick(), clock.tick(), clock.tick()];
        assert!(running.is_sorted() && running[0] < running[2], "{running:?}");
        clock.set(Some(Timestamp::from_micros(0)));
        let frozen = [clock.tick(), clock.tick(), clock.wall()].map(Timestamp::as_micros);
        assert_eq!(frozen, [0, 1, 2]);
    }
}
