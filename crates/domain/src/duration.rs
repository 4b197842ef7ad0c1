//! Duration arithmetic (`licensing.md` §7): seconds are split greedily into calendar units, which are added in
//! turn, month ends clamping. Heartbeats and token expiries use plain seconds instead.

use jiff::{Span, tz::TimeZone};
use keyway_base::Timestamp;

/// The units in the order in which they are split off, each with its seconds.
const YEAR: i64 = 31_556_952;
const MONTH: i64 = 2_629_746;
const WEEK: i64 = 604_800;
const DAY: i64 = 86_400;
const HOUR: i64 = 3_600;
const MINUTE: i64 = 60;

/// `from` plus a duration in seconds, by the calendar. Saturates at the last moment that can be written;
/// negative durations add nothing.
pub fn after(from: Timestamp, seconds: i64) -> Timestamp {
    add(from, seconds.max(0)).unwrap_or(Timestamp::MAX)
}

fn add(from: Timestamp, seconds: i64) -> Option<Timestamp> {
    let mut rest = seconds;
    let mut take = |unit: i64| {
        let count = rest / unit;
        rest %= unit;
        count
    };
    let counts = [take(YEAR), take(MONTH), take(WEEK), take(DAY), take(HOUR), take(MINUTE), take(1)];
    let [years, months, weeks, days, hours, minutes, seconds] = counts;
    let spans = [
        Span::new().try_years(years).ok()?,
        Span::new().try_months(months).ok()?,
        Span::new().try_weeks(weeks).ok()?,
        Span::new().try_days(days).ok()?,
        Span::new().try_hours(hours).ok()?,
        Span::new().try_minutes(minutes).ok()?,
        Span::new().try_seconds(seconds).ok()?,
    ];
    let start = from.to_jiff().to_zoned(TimeZone::UTC).datetime();
    let end = spans.into_iter().try_fold(start, |at, span| at.checked_add(span).ok())?;
    Some(Timestamp::from_jiff(end.to_zoned(TimeZone::UTC).ok()?.timestamp()))
}

/// `from` plus a number of check-in intervals.
pub fn after_intervals(
    from: Timestamp,
    interval: crate::resources::CheckInInterval,
    count: i64,
) -> Timestamp {
    use crate::resources::CheckInInterval::{Day, Month, Week, Year};
    let span = match interval {
        Day => Span::new().try_days(count),
        Week => Span::new().try_weeks(count),
        Month => Span::new().try_months(count),
        Year => Span::new().try_years(count),
    };
    let start = from.to_jiff().to_zoned(TimeZone::UTC).datetime();
    let end = span.and_then(|span| start.checked_add(span)).and_then(|at| at.to_zoned(TimeZone::UTC));
    end.map_or(from, |zoned| Timestamp::from_jiff(zoned.timestamp()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn the_examples_of_the_specification() {
        for (from, seconds, expected) in [
            ("2021-07-19T00:00:00Z", 7_889_238, "2021-10-19T00:00:00.000Z"),
            ("2026-01-01T00:00:00Z", 31_536_000, "2026-12-31T04:39:54.000Z"),
            ("2026-01-01T00:00:00Z", 7_776_000, "2026-03-30T03:01:48.000Z"),
            ("2026-01-01T00:00:00Z", 31_556_952, "2027-01-01T00:00:00.000Z"),
            ("2026-01-31T00:00:00Z", 2_629_746, "2026-02-28T00:00:00.000Z"),
            ("2026-01-31T00:00:00Z", 86_400, "2026-02-01T00:00:00.000Z"),
            ("2026-01-31T12:00:00Z", 0, "2026-01-31T12:00:00.000Z"),
        ] {
            assert_eq!(after(at(from), seconds).to_string(), expected, "{from} + {seconds}");
        }
    }

    #[test]
    fn huge_durations_end_at_the_last_moment() {
        assert_eq!(after(at("2026-01-01T00:00:00Z"), i64::MAX).to_string(), "9999-12-30T22:00:00.000Z");
    }
}
