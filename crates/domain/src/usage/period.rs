//! The days that a series is asked for (`licensing.md` §14): the last two weeks, or what is said, a year back at most.

use jiff::Span;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use keyway_base::Timestamp;
use keyway_jsonapi::{QueryValue, Scope, Value};

/// How many microseconds a day has.
const DAY: i64 = 86_400_000_000;
/// How many days before the last one a period begins unless it says otherwise.
const BACK: i64 = 14;

/// Days in a row, of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    /// The first, in days since 1970.
    pub first: i64,
    /// The last.
    pub last: i64,
}

/// One of a period's two ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// `date[start]`.
    Start,
    /// `date[end]`.
    End,
}

/// Days for which there is no series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PeriodError {
    /// A text that is no date.
    #[error("must be a date")]
    Unreadable(Bound),
    /// More than a year ago, or in the future.
    #[error("must be a date of the last year")]
    OutOfRange(Bound),
    /// It ends before it begins.
    #[error("must not be before date[start]")]
    Backwards,
}

impl Bound {
    const fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::End => "end",
        }
    }
    /// The query parameter that says it.
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::Start => "date[start]",
            Self::End => "date[end]",
        }
    }
}

impl PeriodError {
    /// Which end is wrong.
    pub const fn bound(self) -> Bound {
        match self {
            Self::Unreadable(bound) | Self::OutOfRange(bound) => bound,
            Self::Backwards => Bound::End,
        }
    }
}

/// The day of a moment, in days since 1970.
pub const fn today(now: Timestamp) -> i64 {
    now.as_micros().div_euclid(DAY)
}

impl Period {
    /// The day of a moment.
    pub const fn day_of(now: Timestamp) -> Self {
        Self { first: today(now), last: today(now) }
    }
    /// Reads `date[start]` and `date[end]`, each of which may be missing.
    ///
    /// # Errors
    /// [`PeriodError`] says which of them is no date of the last year.
    pub fn read(value: Option<&QueryValue>, now: Timestamp) -> Result<Self, PeriodError> {
        let (first, last) = (year_before(now), today(now));
        let read = |bound: Bound| {
            let Some(text) = value.and_then(|value| value.get(bound.name())?.text()) else { return Ok(None) };
            let day = today(text.parse::<Timestamp>().map_err(|_| PeriodError::Unreadable(bound))?);
            if (first..=last).contains(&day) { Ok(Some(day)) } else { Err(PeriodError::OutOfRange(bound)) }
        };
        let start = read(Bound::Start)?;
        let end = read(Bound::End)?.unwrap_or(last);
        let start = start.unwrap_or((end - BACK).max(first));
        if end < start { Err(PeriodError::Backwards) } else { Ok(Self { first: start, last: end }) }
    }
    /// What a column with times has in it.
    pub fn scope(self, column: &'static str) -> Scope {
        let start = |day: i64| Value::Time(Timestamp::from_micros(day.saturating_mul(DAY)));
        Scope::Ge(column, start(self.first)).and(Scope::Lt(column, start(self.last + 1)))
    }
    /// What a column with days has in it.
    pub fn days(self, column: &'static str) -> Scope {
        Scope::Ge(column, Value::Int(self.first)).and(Scope::Le(column, Value::Int(self.last)))
    }
    /// A day as it is written: `2026-06-01`.
    pub fn written(day: i64) -> String {
        Timestamp::from_micros(day.saturating_mul(DAY)).day()
    }
}

/// The same date a year before.
fn year_before(now: Timestamp) -> i64 {
    let date: Date = now.to_jiff().to_zoned(TimeZone::UTC).date();
    let before = date.saturating_sub(Span::new().years(1)).to_zoned(TimeZone::UTC);
    before.map_or_else(|_| today(now) - 366, |zoned| today(Timestamp::from_jiff(zoned.timestamp())))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-06-01T12:00:00Z
    const NOW: Timestamp = Timestamp::from_micros(1_780_315_200_000_000);

    fn read(start: &str, end: &str) -> Result<(String, String), PeriodError> {
        let pairs = [("start", start), ("end", end)].into_iter().filter(|(_, text)| !text.is_empty());
        let pairs = pairs.map(|(name, text)| (name.to_owned(), QueryValue::Text(text.to_owned())));
        let period = Period::read(Some(&QueryValue::Map(pairs.collect())), NOW)?;
        Ok((Period::written(period.first), Period::written(period.last)))
    }

    #[test]
    fn a_period_is_the_last_two_weeks_unless_it_says_otherwise() {
        for (start, end, first, last) in [
            ("", "", "2026-05-18", "2026-06-01"),
            ("2026-05-30", "", "2026-05-30", "2026-06-01"),
            ("", "2026-04-20", "2026-04-06", "2026-04-20"),
            ("", "2025-06-03", "2025-06-01", "2025-06-03"),
            ("2025-06-01", "2026-06-01", "2025-06-01", "2026-06-01"),
            ("2026-06-01T11:00:00Z", "2026-06-01T23:00:00Z", "2026-06-01", "2026-06-01"),
        ] {
            assert_eq!(read(start, end), Ok((first.to_owned(), last.to_owned())), "{start} {end}");
        }
        assert_eq!(Period::read(None, NOW), Period::read(Some(&QueryValue::Text("x".to_owned())), NOW));
    }

    #[test]
    fn what_is_out_of_range_is_told_by_its_parameter() {
        for (start, end, error) in [
            ("2025-05-31", "", PeriodError::OutOfRange(Bound::Start)),
            ("2026-06-02", "", PeriodError::OutOfRange(Bound::Start)),
            ("", "2026-06-02", PeriodError::OutOfRange(Bound::End)),
            ("", "2025-05-31", PeriodError::OutOfRange(Bound::End)),
            ("soon", "2026-06-01", PeriodError::Unreadable(Bound::Start)),
            ("2026-05-01", "later", PeriodError::Unreadable(Bound::End)),
            ("2026-05-02", "2026-05-01", PeriodError::Backwards),
        ] {
            assert_eq!(read(start, end), Err(error), "{start} {end}");
        }
        assert_eq!(PeriodError::Backwards.bound().parameter(), "date[end]");
    }

    #[test]
    fn a_day_is_what_lies_between_its_midnights() {
        let midnight = |micros| Value::Time(Timestamp::from_micros(micros));
        let expected = Scope::Ge("created_at", midnight(1_780_272_000_000_000))
            .and(Scope::Lt("created_at", midnight(1_780_358_400_000_000)));
        assert_eq!(Period::day_of(NOW).scope("created_at"), expected);
    }
}
