//! When it is time for what is done every so often, by the clock that everything else goes by: one that is set forward
//! is followed at once.

use std::time::Duration;

use keyway_base::Timestamp;

/// Something that is done at the start and then every so often.
#[derive(Debug)]
pub(crate) struct Recurring {
    every: Duration,
    last: Option<Timestamp>,
}

impl Recurring {
    /// Every so often.
    pub(crate) const fn every(every: Duration) -> Self {
        Self { every, last: None }
    }

    /// Whether it is time, which it then is not again for a while. After a clock was set back the while begins anew.
    pub(crate) fn is_due(&mut self, now: Timestamp) -> bool {
        let due = self.last.is_none_or(|last| now >= last && now.since(last) >= self.every);
        if due || self.last.is_some_and(|last| now < last) {
            self.last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_time_at_the_start_and_then_every_so_often() {
        let at = |seconds: u64| Timestamp::from_micros(0).plus(Duration::from_secs(seconds));
        let mut recurring = Recurring::every(Duration::from_secs(600));
        let expected = [
            (1_000, true),
            (1_000, false),
            (1_599, false),
            (1_600, true),
            (2_100, false),
            (9_000, true),
            (5_000, false),
            (5_599, false),
            (5_600, true),
        ];
        for (seconds, due) in expected {
            assert_eq!(recurring.is_due(at(seconds)), due, "{seconds}");
        }
    }
}
