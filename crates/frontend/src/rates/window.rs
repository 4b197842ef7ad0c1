//! The windows of rate limits (`licensing.md` §1.8) as a setting: `30s:60, 5m:500`, or `off`.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

/// The most windows that can hold at once.
pub(super) const MOST: usize = 4;
/// A day: the longest window.
const LONGEST: u32 = 86_400;

/// So many requests in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Its length in seconds.
    pub seconds: NonZeroU32,
    /// How many requests it admits.
    pub limit: u32,
}

/// The windows that hold for client credentials; none when limits are off.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimits(Vec<Window>);

/// What is wrong with a text that should say which rate limits hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RateLimitsError {
    /// A window that is not `LENGTH:REQUESTS`.
    #[error(
        "'{0}' is not a window such as 30s:60 (length in s, m or h, up to a day; then how many requests)"
    )]
    Window(String),
    /// More windows than can be counted.
    #[error("there may be {MOST} windows at most")]
    TooMany,
}

impl RateLimits {
    /// No limits.
    pub const OFF: Self = Self(Vec::new());

    /// The windows.
    pub fn windows(&self) -> &[Window] {
        &self.0
    }
}

impl Default for RateLimits {
    /// 60 requests in 30 seconds and 500 in 5 minutes.
    fn default() -> Self {
        Self(vec![Window::of(30, 60), Window::of(300, 500)])
    }
}

impl Window {
    pub(super) const fn of(seconds: u32, limit: u32) -> Self {
        let seconds = if let Some(seconds) = NonZeroU32::new(seconds) { seconds } else { NonZeroU32::MIN };
        Self { seconds, limit }
    }
}

impl FromStr for RateLimits {
    type Err = RateLimitsError;

    fn from_str(text: &str) -> Result<Self, RateLimitsError> {
        if text.trim().eq_ignore_ascii_case("off") {
            return Ok(Self::OFF);
        }
        let windows: Vec<Window> =
            text.split(',').map(|window| window.trim().parse()).collect::<Result<_, _>>()?;
        if windows.len() > MOST { Err(RateLimitsError::TooMany) } else { Ok(Self(windows)) }
    }
}

impl FromStr for Window {
    type Err = RateLimitsError;

    fn from_str(text: &str) -> Result<Self, RateLimitsError> {
        let wrong = || RateLimitsError::Window(text.to_owned());
        let (length, limit) = text.split_once(':').ok_or_else(wrong)?;
        let (digits, unit) =
            match (length.strip_suffix('s'), length.strip_suffix('m'), length.strip_suffix('h')) {
                (Some(digits), _, _) => (digits, 1),
                (_, Some(digits), _) => (digits, 60),
                (_, _, Some(digits)) => (digits, 3600),
                _ => return Err(wrong()),
            };
        let number = |text: &str| text.trim().parse::<NonZeroU32>().ok();
        let seconds = number(digits).and_then(|count| count.checked_mul(NonZeroU32::new(unit)?));
        let seconds = seconds.filter(|seconds| seconds.get() <= LONGEST).ok_or_else(wrong)?;
        Ok(Self { seconds, limit: number(limit).ok_or_else(wrong)?.get() })
    }
}

impl fmt::Display for Window {
    /// Its name in `X-RateLimit-Window`: `30s`, `5m`, `1h`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.seconds.get() {
            seconds if seconds.is_multiple_of(3600) => write!(f, "{}h", seconds / 3600),
            seconds if seconds.is_multiple_of(60) => write!(f, "{}m", seconds / 60),
            seconds => write!(f, "{seconds}s"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_windows_and_off() {
        assert_eq!("30s:60,5m:500".parse(), Ok(RateLimits::default()));
        assert_eq!(" 1s:5 , 1m:50 ".parse(), Ok(RateLimits(vec![Window::of(1, 5), Window::of(60, 50)])));
        assert_eq!("OFF".parse(), Ok(RateLimits::OFF));
        let names: Vec<String> = "30s:1,90s:1,5m:1,2h:1"
            .parse::<RateLimits>()
            .unwrap()
            .windows()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(names, ["30s", "90s", "5m", "2h"]);
    }

    #[test]
    fn refuses_what_is_neither() {
        for text in
            ["", "on", "60", "30:60", "30s", "0s:60", "30s:0", "30s:-1", "25h:1", "99999999h:1", "30s:60,"]
        {
            assert!(matches!(text.parse::<RateLimits>(), Err(RateLimitsError::Window(_))), "{text}");
        }
        assert_eq!("1s:1,2s:1,3s:1,4s:1,5s:1".parse::<RateLimits>(), Err(RateLimitsError::TooMany));
    }
}
