//! Content negotiation: which media types a request accepts, and how much (RFC 9110 §12.5.1).

use http::header::ACCEPT;

use crate::Head;

/// The media ranges of a request's `Accept` headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accept<'a> {
    ranges: Vec<MediaRange<'a>>,
}

/// How well a media type fits: a greater weight fits better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Weight {
    /// The quality value in thousandths, `1..=1000`.
    pub quality: u16,
    /// Which kind of range named the type.
    pub precision: Precision,
}

/// How precisely a media range names a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// `*/*`, or no `Accept` at all.
    Any,
    /// `application/*`.
    Family,
    /// The type itself.
    Exact,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct MediaRange<'a> {
    /// As it was sent, without parameters.
    name: &'a str,
    quality: u16,
}

impl<'a> Accept<'a> {
    /// Reads every `Accept` header of a request. Ranges that make no sense are skipped.
    pub fn of(head: &Head<'a>) -> Self {
        let values = head.headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        Self { ranges: values.flat_map(|value| value.split(',')).filter_map(MediaRange::read).collect() }
    }

    /// How well a media type (lower case, without parameters) fits; `None` when it is not acceptable. The
    /// most precise range that matches decides. Without any range everything is acceptable.
    pub fn weigh(&self, media_type: &str) -> Option<Weight> {
        if self.ranges.is_empty() {
            return Some(Weight { quality: 1000, precision: Precision::Any });
        }
        let fits = self.ranges.iter().filter_map(|range| {
            range.precision(media_type).map(|precision| Weight { quality: range.quality, precision })
        });
        fits.max_by_key(|weight| (weight.precision, weight.quality)).filter(|weight| weight.quality > 0)
    }

    /// The quality of a media type that is named itself, in thousandths; `None` when only a wildcard names
    /// it.
    pub fn named(&self, media_type: &str) -> Option<u16> {
        self.weigh(media_type)
            .filter(|weight| weight.precision == Precision::Exact)
            .map(|weight| weight.quality)
    }
}

impl<'a> MediaRange<'a> {
    fn read(text: &'a str) -> Option<Self> {
        let (name, parameters) = text.split_once(';').unwrap_or((text, ""));
        let name = name.trim_ascii();
        let name = if name == "*" { "*/*" } else { name };
        if !name.contains('/') {
            return None;
        }
        let mut parameters = parameters.split(';').filter_map(|part| part.split_once('='));
        let quality = parameters.find(|(key, _)| key.trim_ascii().eq_ignore_ascii_case("q"));
        Some(Self { name, quality: quality.map_or(1000, |(_, value)| thousandths(value.trim_ascii())) })
    }

    fn precision(&self, media_type: &str) -> Option<Precision> {
        if self.name.eq_ignore_ascii_case(media_type) {
            return Some(Precision::Exact);
        }
        let family = self.name.strip_suffix("/*")?;
        if family == "*" {
            return Some(Precision::Any);
        }
        let (wanted, _) = media_type.split_once('/')?;
        wanted.eq_ignore_ascii_case(family).then_some(Precision::Family)
    }
}

/// A quality value in thousandths; what is not a number in `0..=1` counts as 1.
fn thousandths(text: &str) -> u16 {
    let digits = match text.split_once('.') {
        None => return if text == "0" { 0 } else { 1000 },
        Some(("0" | "", fraction)) => fraction,
        Some(_) => return 1000,
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return if digits.is_empty() { 0 } else { 1000 };
    }
    digits.bytes().chain(*b"00").take(3).fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (ACCEPT, value.parse().unwrap())).collect()
    }

    fn accept(headers: &HeaderMap) -> Accept<'_> {
        Accept::of(&Head { method: &Method::GET, path: "/", query: "", headers })
    }

    #[test]
    fn the_most_precise_range_decides() {
        let headers =
            headers(&["application/vnd.PyPI.simple.v1+json, Application/*;q=0.2, text/html;q=0.01"]);
        let pip = accept(&headers);
        let quality = |media: &str| pip.weigh(media).map(|weight| weight.quality);
        assert_eq!(quality("application/vnd.pypi.simple.v1+json"), Some(1000));
        assert_eq!(quality("application/json"), Some(200));
        assert_eq!(quality("text/html"), Some(10));
        assert_eq!(quality("text/plain"), None);
        assert_eq!(pip.named("application/json"), None);
    }

    #[test]
    fn nothing_said_accepts_everything_and_zero_refuses() {
        let weigh = |values: &[&str]| accept(&headers(values)).weigh("text/html");
        assert_eq!(weigh(&[]).map(|weight| weight.precision), Some(Precision::Any));
        assert_eq!(weigh(&["text/html;q=0, */*"]), None);
        assert_eq!(weigh(&["*"]).map(|weight| weight.quality), Some(1000));
    }

    #[test]
    fn several_headers_are_one_list_and_odd_weights_count_as_one() {
        let headers = headers(&["text/html;q=0.5", "application/json;q=nonsense"]);
        let both = accept(&headers);
        assert_eq!(both.named("text/html"), Some(500));
        assert_eq!(both.named("application/json"), Some(1000));
    }

    #[test]
    fn reads_quality_values() {
        for (text, expected) in
            [("1", 1000), ("0", 0), ("0.8", 800), ("0.01", 10), ("0.1234", 123), ("1.0", 1000), ("0.", 0)]
        {
            assert_eq!(thousandths(text), expected, "{text}");
        }
    }
}
