//! Moments in time: UTC microseconds since 1970, rendered with milliseconds (`licensing.md` §1.3).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// A moment, in UTC microseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

/// A text that is not a moment in any form that the API reads.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an ISO 8601 time or a Unix timestamp")]
pub struct TimestampError;

/// 9999-12-30T22:00:00Z: the last moment that the calendar library can express in every offset.
const MAX_MICROS: i64 = 253_402_207_200_000_000;

impl Timestamp {
    /// The last moment there is.
    pub const MAX: Self = Self(MAX_MICROS);

    /// From microseconds since the epoch.
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }
    /// From seconds since the epoch; `None` past the year 9999.
    pub fn from_seconds(seconds: i64) -> Option<Self> {
        let micros = seconds.checked_mul(1_000_000)?;
        (micros.abs() <= MAX_MICROS).then_some(Self(micros))
    }
    /// Microseconds since the epoch.
    pub const fn as_micros(self) -> i64 {
        self.0
    }
    /// Whole seconds since the epoch, rounded down.
    pub const fn as_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }
    /// This moment plus a plain duration, saturating.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)).min(MAX_MICROS))
    }
    /// This moment minus a plain duration, saturating.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)).max(-MAX_MICROS))
    }
    /// Time passed since `earlier`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0).max(0).unsigned_abs())
    }
    /// The same moment as `jiff` sees it, for calendar arithmetic.
    pub fn to_jiff(self) -> jiff::Timestamp {
        jiff::Timestamp::from_microsecond(self.0.clamp(-MAX_MICROS, MAX_MICROS))
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
    }
    /// From a `jiff` moment; what is below a microsecond is dropped.
    pub fn from_jiff(moment: jiff::Timestamp) -> Self {
        Self(moment.as_microsecond())
    }
    /// `2026-11-22`, in UTC.
    pub fn day(self) -> String {
        self.to_jiff().strftime("%Y-%m-%d").to_string()
    }
    /// `Sun, 22 Nov 2026 03:29:13 GMT`, as HTTP headers want it (RFC 9110 §5.6.7).
    pub fn http_date(self) -> String {
        self.to_jiff().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}

impl fmt::Display for Timestamp {
    /// ISO 8601, UTC, with milliseconds: `2022-03-15T19:27:50.440Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.to_jiff())
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Reads ISO 8601 (date and time with an offset; a date alone, or a time without offset, is taken as
    /// UTC) or a Unix timestamp in digits.
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            return text.parse().ok().and_then(Self::from_seconds).ok_or(TimestampError);
        }
        if let Ok(moment) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::from_jiff(moment));
        }
        let civil = text.strip_suffix(['Z', 'z']).unwrap_or(text);
        let civil = civil.parse::<jiff::civil::DateTime>().map_err(|_| TimestampError)?;
        match civil.to_zoned(jiff::tz::TimeZone::UTC) {
            Ok(zoned) => Ok(Self::from_jiff(zoned.timestamp())),
            // "for ever" is often written as the last day of the year 9999
            Err(_) if civil.year() == 9999 => Ok(Self::MAX),
            Err(_) => Err(TimestampError),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renders_iso_8601_with_milliseconds() {
        assert_eq!(Timestamp::from_micros(1_647_372_470_440_999).to_string(), "2022-03-15T19:27:50.440Z");
        assert_eq!(Timestamp::from_micros(0).to_string(), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn reads_the_forms_of_the_api() {
        let expected = Timestamp::from_micros(1_647_372_470_000_000);
        for text in
            ["2022-03-15T19:27:50Z", "2022-03-15T20:27:50+01:00", "2022-03-15T19:27:50.000Z", "1647372470"]
        {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        assert_eq!("2022-03-15".parse::<Timestamp>().unwrap().to_string(), "2022-03-15T00:00:00.000Z");
        for text in ["9999-12-31T23:59:59Z", "9999-12-31", "9999-12-31T00:00:00.000Z"] {
            assert_eq!(text.parse(), Ok(Timestamp::MAX), "{text}");
        }
        for bad in ["", "soon", "2022-13-01", "99999999999999999999"] {
            assert_eq!(bad.parse::<Timestamp>(), Err(TimestampError), "{bad}");
        }
    }

    #[test]
    fn renders_http_dates() {
        assert_eq!(Timestamp::from_micros(784_111_777_000_000).http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
