//! What is told of a licence when its dates come near or pass (`licensing.md` §15).

use std::time::Duration;

use keyway_base::Timestamp;
use keyway_jsonapi::{Scope, Value};

use super::status::{is_expired, next_check_in};
use crate::resources::{CheckInInterval, License, Policy};

const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long ahead of a date it is told of.
pub const AHEAD: Duration = Duration::from_secs(3 * 24 * 60 * 60);
/// How long after a date it is still told of: what is older is no news.
pub const LATE: Duration = Duration::from_secs(12 * 60 * 60);
/// How long nothing more is told of the same kind.
pub const APART: Duration = DAY;

/// A kind of notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The licence will expire.
    ExpiringSoon,
    /// It has expired.
    Expired,
    /// It will have to check in.
    CheckInRequiredSoon,
    /// It should have checked in.
    CheckInOverdue,
}

impl Notice {
    /// The notices of a licence's expiry.
    pub const OF_EXPIRY: [Self; 2] = [Self::Expired, Self::ExpiringSoon];
    /// The notices of its next check-in.
    pub const OF_CHECK_IN: [Self; 2] = [Self::CheckInOverdue, Self::CheckInRequiredSoon];

    /// The kind of event that it is (`expired`).
    pub const fn event(self) -> &'static str {
        match self {
            Self::ExpiringSoon => "expiring-soon",
            Self::Expired => "expired",
            Self::CheckInRequiredSoon => "check-in-required-soon",
            Self::CheckInOverdue => "check-in-overdue",
        }
    }
    /// That event's full name.
    const fn name(self) -> &'static str {
        match self {
            Self::ExpiringSoon => "license.expiring-soon",
            Self::Expired => "license.expired",
            Self::CheckInRequiredSoon => "license.check-in-required-soon",
            Self::CheckInOverdue => "license.check-in-overdue",
        }
    }
    const fn is_late(self) -> bool {
        matches!(self, Self::Expired | Self::CheckInOverdue)
    }
    /// Between which moments the date lies that is told of now, the second not included where it is late.
    fn window(self, now: Timestamp) -> (Timestamp, Timestamp) {
        if self.is_late() { (now.minus(LATE), now) } else { (now, now.plus(AHEAD)) }
    }
    fn fits(self, date: Timestamp, now: Timestamp) -> bool {
        let (from, until) = self.window(now);
        date >= from && if self.is_late() { date < until } else { date <= until }
    }

    /// Whether a licence is to be told of so by its expiry.
    pub fn is_due_by_expiry(self, license: &License, now: Timestamp) -> bool {
        Self::OF_EXPIRY.contains(&self) && license.expiry.is_some_and(|expiry| self.fits(expiry, now))
    }
    /// Whether it is by its next check-in, which nobody waits for once it has expired.
    pub fn is_due_by_check_in(self, license: &License, policy: &Policy, now: Timestamp) -> bool {
        let next = next_check_in(license, policy).filter(|_| !is_expired(license, now));
        Self::OF_CHECK_IN.contains(&self) && next.is_some_and(|next| self.fits(next, now))
    }
    /// The licences of which this may have to be told by their expiry.
    pub fn expiries(self, now: Timestamp) -> Scope {
        let (from, until) = self.window(now);
        let exact = if self.is_late() { Scope::Lt } else { Scope::Le };
        let near = Scope::Ge("expiry", Value::Time(from)).and(exact("expiry", Value::Time(until)));
        near.and(self.untold(now))
    }
    /// The licences of a policy of which it may have to be told by their next check-in; none where the policy asks
    /// for none.
    pub fn check_ins(self, policy: &Policy, now: Timestamp) -> Scope {
        let interval = policy.check_in_interval.filter(|_| policy.require_check_in);
        let Some((interval, count)) = interval.zip(policy.check_in_interval_count) else {
            return Scope::None;
        };
        let (shortest, longest) = lengths(interval, count);
        let (from, until) = self.window(now);
        let last = Scope::Ge("last_check_in_at", Value::Time(from.minus(longest)))
            .and(Scope::Le("last_check_in_at", Value::Time(until.minus(shortest))));
        Scope::id("policy_id", policy.id).and(last).and(self.untold(now))
    }
    /// Nothing of the kind was told lately. The entry in the log, which is written with the event, is what remembers
    /// it: whoever else looks at the same time, or after this one has died, finds it there or not at all.
    fn untold(self, now: Timestamp) -> Scope {
        let since = Scope::Gt("created_at", Value::Time(now.minus(APART)));
        let told = Scope::text("event", self.name()).and(since);
        Scope::has("event_logs", "resource_id", told).negate()
    }
}

/// How short and how long so many intervals are in the calendar.
fn lengths(interval: CheckInInterval, count: i64) -> (Duration, Duration) {
    let (shortest, longest) = match interval {
        CheckInInterval::Day => (1, 1),
        CheckInInterval::Week => (7, 7),
        CheckInInterval::Month => (28, 31),
        CheckInInterval::Year => (365, 366),
    };
    let count = u32::try_from(count).unwrap_or(u32::MAX);
    let days = |days: u32| DAY.saturating_mul(days).saturating_mul(count);
    (days(shortest).saturating_sub(HOUR), days(longest).saturating_add(HOUR))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::names;
    use crate::fixture;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn notices_are_events_of_licences() {
        for notice in Notice::OF_EXPIRY.into_iter().chain(Notice::OF_CHECK_IN) {
            assert_eq!(notice.name(), format!("license.{}", notice.event()));
            assert!(names().any(|name| name == notice.name()), "{notice:?}");
        }
    }

    /// Three days ahead, twelve hours after; a licence that expires now has not expired.
    #[test]
    fn an_expiry_is_told_of_when_it_is_near() {
        let now = at("2026-06-10T00:00:00Z");
        let mut license = fixture::license(now);
        for (expiry, soon, expired) in [
            ("2026-06-13T00:00:00.001Z", false, false),
            ("2026-06-13T00:00:00Z", true, false),
            ("2026-06-10T00:00:00Z", true, false),
            ("2026-06-09T23:59:59.999Z", false, true),
            ("2026-06-09T12:00:00Z", false, true),
            ("2026-06-09T11:59:59.999Z", false, false),
        ] {
            license.expiry = Some(at(expiry));
            assert_eq!(Notice::ExpiringSoon.is_due_by_expiry(&license, now), soon, "{expiry}");
            assert_eq!(Notice::Expired.is_due_by_expiry(&license, now), expired, "{expiry}");
        }
        license.expiry = None;
        assert!(!Notice::ExpiringSoon.is_due_by_expiry(&license, now));
    }

    #[test]
    fn a_check_in_is_told_of_by_the_calendar_until_the_licence_expires() {
        let now = at("2026-03-28T00:00:00Z");
        let mut policy = fixture::policy(now);
        policy.require_check_in = true;
        policy.check_in_interval = Some(CheckInInterval::Month);
        policy.check_in_interval_count = Some(1);
        let mut license = fixture::license(now);
        for (last, soon, overdue) in [
            ("2026-02-28T00:00:00Z", true, false),
            ("2026-02-27T18:00:00Z", false, true),
            ("2026-02-27T00:00:00Z", false, false),
            ("2026-03-02T00:00:00Z", false, false),
        ] {
            license.last_check_in_at = Some(at(last));
            let due = |notice: Notice| notice.is_due_by_check_in(&license, &policy, now);
            assert_eq!(due(Notice::CheckInRequiredSoon), soon, "{last}");
            assert_eq!(due(Notice::CheckInOverdue), overdue, "{last}");
        }
        license.last_check_in_at = Some(at("2026-02-28T00:00:00Z"));
        license.expiry = Some(now.minus(HOUR));
        assert!(!Notice::CheckInRequiredSoon.is_due_by_check_in(&license, &policy, now));
    }

    #[test]
    fn a_policy_that_asks_for_no_check_in_has_nobody_told() {
        let now = at("2026-03-28T00:00:00Z");
        let mut policy = fixture::policy(now);
        assert_eq!(Notice::CheckInOverdue.check_ins(&policy, now), Scope::None);
        policy.check_in_interval = Some(CheckInInterval::Day);
        policy.check_in_interval_count = Some(1);
        assert_eq!(Notice::CheckInOverdue.check_ins(&policy, now), Scope::None, "not required");
    }
}
