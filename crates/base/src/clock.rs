//! The only door to the time. Pure code takes a [`Timestamp`]; code with effects takes a `&dyn Clock`.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use crate::Timestamp;

/// Reads the time.
pub trait Clock: Send + Sync + 'static {
    /// The time of day: what records, expiries and `Date` headers use.
    fn wall(&self) -> Timestamp;
    /// Time since an arbitrary start that never goes backwards and counts while the machine sleeps:
    /// leases and time-outs.
    fn monotonic(&self) -> Duration;
}

/// A clock that stands still until it is moved. For tests; it ships nowhere.
#[derive(Debug)]
pub struct ManualClock {
    micros: AtomicI64,
}

impl ManualClock {
    /// A clock that shows `now`.
    pub const fn at(now: Timestamp) -> Self {
        Self { micros: AtomicI64::new(now.as_micros()) }
    }
    /// Sets the time of day.
    pub fn set(&self, now: Timestamp) {
        self.micros.store(now.as_micros(), Ordering::SeqCst);
    }
    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.micros.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn wall(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }
    fn monotonic(&self) -> Duration {
        Duration::from_micros(self.micros.load(Ordering::SeqCst).max(0).unsigned_abs())
    }
}
