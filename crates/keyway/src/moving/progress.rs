//! What an operator sees on standard error while a move runs: whole lines, on a terminal and in a log alike.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use keyway_base::Clock;

/// How long at least from one line about the same work to the next.
const PAUSE: Duration = Duration::from_secs(2);
/// How many problems are listed.
const LISTED: usize = 50;

/// Tells how far the work is.
pub(super) struct Progress {
    clock: Arc<dyn Clock>,
    last: Cell<Duration>,
}

impl Progress {
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let last = Cell::new(clock.monotonic());
        Self { clock, last }
    }

    /// Says something.
    pub(super) fn say(&self, line: &str) {
        eprintln!("{line}");
        self.last.set(self.clock.monotonic());
    }

    /// Says how far the work is, unless something was said just now.
    pub(super) fn tick(&self, line: impl FnOnce() -> String) {
        if self.clock.monotonic().saturating_sub(self.last.get()) >= PAUSE {
            self.say(&line());
        }
    }

    /// Lists what was found.
    pub(super) fn list(&self, problems: &[String]) {
        problems.iter().take(LISTED).for_each(|problem| self.say(&format!("! {problem}")));
        if let Some(more) = problems.len().checked_sub(LISTED).filter(|more| *more > 0) {
            self.say(&format!("! and {more} more"));
        }
    }
}
