//! RubyGems' versions: dotted segments of digits or letters, where letters mean pre-release.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use crate::{Channel, Scheme, VersionError, semver};

/// A `Gem::Version`. Trailing zeros do not count: `1.0` is `1`, `1.0.a` is `1.a`.
#[derive(Debug, Clone)]
pub struct Version {
    text: String,
    segments: Vec<Segment>,
}

/// Letters are below digits. Numbers may be of any length, so they are kept as digits without leading zeros.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Segment {
    Letters(String),
    Digits(String),
}

impl Segment {
    fn read(token: &str) -> Self {
        if token.bytes().all(|b| b.is_ascii_digit()) {
            let significant = token.trim_start_matches('0');
            Self::Digits(if significant.is_empty() { "0" } else { significant }.to_owned())
        } else {
            Self::Letters(token.to_owned())
        }
    }
    fn is_zero(&self) -> bool {
        matches!(self, Self::Digits(digits) if digits == "0")
    }
    fn text(&self) -> &str {
        match self {
            Self::Letters(text) | Self::Digits(text) => text,
        }
    }
}

impl Ord for Segment {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Letters(a), Self::Letters(b)) => a.cmp(b),
            (Self::Letters(_), Self::Digits(_)) => Ordering::Less,
            (Self::Digits(_), Self::Letters(_)) => Ordering::Greater,
            (Self::Digits(a), Self::Digits(b)) => (a.len(), a).cmp(&(b.len(), b)),
        }
    }
}
impl PartialOrd for Segment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Version {
    /// The text that all spellings of the version share: its segments without trailing zeros, joined with
    /// dots.
    pub fn key(&self) -> String {
        self.segments.iter().map(Segment::text).collect::<Vec<_>>().join(".")
    }

    /// Whether it contains a letter.
    pub fn is_prerelease(&self) -> bool {
        self.segments.iter().any(|segment| matches!(segment, Segment::Letters(_)))
    }

    /// The channel of the first word (`pre`, which a dash stands for, is passed over); an unknown one is dev.
    pub fn channel(&self) -> Channel {
        if !self.is_prerelease() {
            return Channel::Stable;
        }
        let words = self.segments.iter().filter_map(|segment| match segment {
            Segment::Letters(word) if word != "pre" => Some(word),
            _ => None,
        });
        words.map(|word| Channel::of_prerelease(word)).next().unwrap_or(Channel::Dev)
    }

    /// The same version in upstream's dialect; `None` when it has more than three leading numbers.
    pub fn semver(&self) -> Option<semver::Version> {
        let mut core = [0; 3];
        let leading =
            self.segments.iter().take_while(|segment| matches!(segment, Segment::Digits(_))).count();
        if leading > core.len() {
            return None;
        }
        for (slot, segment) in core.iter_mut().zip(self.segments.iter().take(leading)) {
            *slot = segment.text().parse().ok()?;
        }
        let mut label = self.segments.iter().skip(leading).map(Segment::text).peekable();
        // The word that a dash stands for says nothing where another word follows: `1.0-rc1` is `1.0.0-rc.1`.
        let dashed = self.text.contains('-') && label.peek() == Some(&"pre");
        let label = label.skip(usize::from(dashed)).collect::<Vec<_>>().join(".");
        semver::Version::new(core, (!label.is_empty()).then_some(label.as_str()), None).ok()
    }
}

impl FromStr for Version {
    type Err = VersionError;

    /// Reads `[0-9]+(\.[0-9A-Za-z]+)*(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?`.
    fn from_str(text: &str) -> Result<Self, VersionError> {
        if !is_well_formed(text) {
            return Err(VersionError::malformed(Scheme::Gem, text));
        }
        Ok(Self { text: text.to_owned(), segments: canonical_segments(text) })
    }
}

fn is_well_formed(text: &str) -> bool {
    let (release, label) = match text.split_once('-') {
        Some((release, label)) => (release, Some(label)),
        None => (text, None),
    };
    let alphanumeric = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let dashed =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    let starts_with_number =
        release.split('.').next().is_some_and(|first| first.bytes().all(|b| b.is_ascii_digit()));
    starts_with_number
        && release.split('.').all(alphanumeric)
        && label.is_none_or(|label| label.split('.').all(dashed))
}

/// The runs of digits and of letters, `-` read as `.pre.`, without the zeros that end the numeric part and
/// the part from the first letters on.
fn canonical_segments(text: &str) -> Vec<Segment> {
    let spelled = text.replace('-', ".pre.");
    let mut segments: Vec<Segment> = runs(&spelled).into_iter().map(Segment::read).collect();
    let letters = segments.iter().position(|s| matches!(s, Segment::Letters(_))).unwrap_or(segments.len());
    let mut tail = segments.split_off(letters);
    for part in [&mut segments, &mut tail] {
        while part.pop_if(|last| last.is_zero()).is_some() {}
    }
    if segments.is_empty() {
        segments.push(Segment::Digits("0".to_owned()));
    }
    segments.append(&mut tail);
    segments
}

/// The maximal runs of digits or of letters in a text.
fn runs(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let same_kind = |c: char| match first {
            '0'..='9' => c.is_ascii_digit(),
            'a'..='z' | 'A'..='Z' => c.is_ascii_alphabetic(),
            _ => !c.is_ascii_alphanumeric(),
        };
        let (run, after) = rest.split_at(rest.find(|c| !same_kind(c)).unwrap_or(rest.len()));
        if first.is_ascii_alphanumeric() {
            found.push(run);
        }
        rest = after;
    }
    found
}

impl Ord for Version {
    /// Segment by segment; where one version has no more, the other is compared with zero.
    fn cmp(&self, other: &Self) -> Ordering {
        let zero = Segment::Digits("0".to_owned());
        (0..self.segments.len().max(other.segments.len()))
            .map(|at| {
                let [ours, theirs] = [self, other].map(|version| version.segments.get(at).unwrap_or(&zero));
                ours.cmp(theirs)
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}
impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Version {}
impl Hash for Version {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.segments.hash(state);
    }
}
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn orders_as_rubygems_documents() {
        let ascending = [
            "0.beta.1",
            "0.0.0.1",
            "1.0.a",
            "1.0.a9",
            "1.0.a10",
            "1.0.b1",
            "1.0.0.pre1",
            "1.0.0.rc2",
            "1.0",
            "1.0.1",
            "1.9.a",
            "1.9",
            "1.10",
        ];
        for pair in ascending.windows(2) {
            let [low, high] = pair else { panic!("windows of two") };
            assert!(version(low) < version(high), "{low} < {high}");
        }
        assert!(version("20260101000000000000000000001") > version("20260101000000000000000000000"));
    }

    /// Some hundred versions as Ruby's own `Gem::Version` sorts them: equal ones share a line, and an exclamation
    /// mark stands after pre-releases.
    #[test]
    fn orders_as_ruby_does() {
        let lines: Vec<Vec<(Version, bool)>> = include_str!("gem/ruby_order.txt")
            .lines()
            .map(|line| {
                line.split(' ').map(|text| (version(text.trim_end_matches('!')), text.ends_with('!')))
            })
            .map(Iterator::collect)
            .collect();
        for (low, line) in lines.iter().enumerate() {
            for (one, is_prerelease) in line {
                assert_eq!(one.is_prerelease(), *is_prerelease, "{one}");
                assert!(line.iter().all(|(other, _)| one == other && one.key() == other.key()), "{one}");
            }
            for higher in lines.iter().skip(low + 1).filter_map(|line| line.first()) {
                assert!(line[0].0 < higher.0, "{} < {}", line[0].0, higher.0);
            }
        }
    }

    #[test]
    fn trailing_zeros_and_dashes_are_spelling() {
        for (text, key) in [
            ("1.0.0", "1"),
            ("0", "0"),
            ("0.0.a.0", "0.a"),
            ("1.0.a", "1.a"),
            ("1.0-rc1", "1.pre.rc.1"),
            ("1.02", "1.2"),
        ] {
            assert_eq!(version(text).key(), key, "{text}");
            assert_eq!(version(text), version(key), "{text}");
        }
        assert_ne!(version("1.a"), version("1.A"));
    }

    #[test]
    fn derives_channel_and_semver() {
        for (text, channel, mapped) in [
            ("1.2", Channel::Stable, Some("1.2.0")),
            ("1.2.3.rc1", Channel::Rc, Some("1.2.3-rc.1")),
            ("1.0-rc1", Channel::Rc, Some("1.0.0-rc.1")),
            ("1.2.3.beta.4", Channel::Beta, Some("1.2.3-beta.4")),
            ("1.2.3.pre4", Channel::Dev, Some("1.2.3-pre.4")),
            ("1.2.3.4", Channel::Stable, None),
        ] {
            assert_eq!(version(text).channel(), channel, "{text}");
            assert_eq!(version(text).semver().map(|v| v.to_string()).as_deref(), mapped, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_gem_version() {
        for bad in ["", "v1", "1..0", "1.", "1.0_1", "a", "1.0 ", "1-", "1.0+5"] {
            let expected = VersionError::Malformed { scheme: Scheme::Gem, text: bad.to_owned() };
            assert_eq!(bad.parse::<Version>(), Err(expected), "{bad}");
        }
    }
}
