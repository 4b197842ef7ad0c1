//! Byte ranges (RFC 9110 §14): which parts of a representation a request asks for.

/// A part of a representation: from the first byte to the last, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// Position of the first byte.
    pub first: u64,
    /// Position of the last byte.
    pub last: u64,
}

/// What a `Range` header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ranges {
    /// Everything: there is no range, or one that the server ignores.
    Whole,
    /// One part.
    One(Span),
    /// Several parts, in the order asked for.
    Several(Vec<Span>),
    /// Parts that are all past the end: 416.
    Unsatisfiable,
}

/// The most parts that are served at once; differential updaters ask for hundreds.
const MOST_PARTS: usize = 1024;

impl Span {
    /// How many bytes it holds.
    pub const fn len(self) -> u64 {
        self.last - self.first + 1
    }
    /// Never: a span has at least one byte.
    pub const fn is_empty(self) -> bool {
        false
    }
    /// Its `Content-Range` value.
    pub fn content_range(self, size: u64) -> String {
        format!("bytes {}-{}/{size}", self.first, self.last)
    }
}

/// What a part that ends before it begins does: the RFC lets a server choose.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backwards {
    /// The header is as if it were not there.
    Ignored,
    /// The header is refused, as registries do (`spec/oci.md` §1.2).
    Rejected,
}

impl Ranges {
    /// Reads a `Range` header for a representation of `size` bytes. A header that is not well formed, or that
    /// asks for more bytes than there are (overlapping parts), is ignored, as the RFC allows.
    pub fn read(header: &str, size: u64, backwards: Backwards) -> Self {
        let Some((unit, specs)) = header.split_once('=') else { return Self::Whole };
        if !unit.trim().eq_ignore_ascii_case("bytes") {
            return Self::Whole;
        }
        let mut spans = Vec::new();
        for spec in specs.split(',').map(str::trim).filter(|spec| !spec.is_empty()) {
            match Spec::read(spec) {
                Some(Spec::Backwards) if backwards == Backwards::Rejected => return Self::Unsatisfiable,
                None | Some(Spec::Backwards) => return Self::Whole,
                Some(spec) => spans.extend(spec.resolve(size)),
            }
        }
        let asked = spans.iter().fold(0_u64, |sum, span| sum.saturating_add(span.len()));
        match spans.as_slice() {
            [] if specs.trim().is_empty() => Self::Whole,
            [] => Self::Unsatisfiable,
            [span] => Self::One(*span),
            _ if spans.len() > MOST_PARTS || asked > size => Self::Whole,
            _ => Self::Several(spans),
        }
    }
}

/// One element of a range set.
enum Spec {
    /// `5-9`
    Between(u64, u64),
    /// `5-`
    From(u64),
    /// `-5`: the last five bytes.
    Last(u64),
    /// `9-5`
    Backwards,
}

impl Spec {
    fn read(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        match (first.trim(), last.trim()) {
            ("", last) => number(last).map(Self::Last),
            (first, "") => number(first).map(Self::From),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                Some(if first <= last { Self::Between(first, last) } else { Self::Backwards })
            }
        }
    }

    /// The part of a representation of `size` bytes; `None` when it lies outside.
    fn resolve(self, size: u64) -> Option<Span> {
        let end = size.checked_sub(1)?;
        match self {
            Self::Between(first, last) => (first <= end).then(|| Span { first, last: last.min(end) }),
            Self::From(first) => (first <= end).then_some(Span { first, last: end }),
            Self::Last(0) | Self::Backwards => None,
            Self::Last(count) => Some(Span { first: size.saturating_sub(count), last: end }),
        }
    }
}

/// Digits; a number too large for us lies past every end.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// `-` for everything, `416`, or the parts.
    fn read(header: &str, size: u64) -> String {
        let span = |span: &Span| format!("{}..={}", span.first, span.last);
        match Ranges::read(header, size, Backwards::Ignored) {
            Ranges::Whole => "-".to_owned(),
            Ranges::Unsatisfiable => "416".to_owned(),
            Ranges::One(one) => span(&one),
            Ranges::Several(spans) => spans.iter().map(span).collect::<Vec<_>>().join(" "),
        }
    }

    /// RFC 9110 §14.1.2 and §14.2, for 10,000 bytes as in its examples.
    #[test]
    fn the_examples_of_the_rfc() {
        for (header, expected) in [
            ("bytes=0-499", "0..=499"),
            ("bytes=500-999", "500..=999"),
            ("bytes=-500", "9500..=9999"),
            ("bytes=9500-", "9500..=9999"),
            ("bytes=0-0,-1", "0..=0 9999..=9999"),
            ("bytes= 0-999, 4500-5499, -1000", "0..=999 4500..=5499 9000..=9999"),
            ("bytes=500-600,601-999", "500..=600 601..=999"),
            ("bytes=500-700,601-999", "500..=700 601..=999"),
            ("BYTES=0-0", "0..=0"),
            ("bytes=0-99999", "0..=9999"),
            ("bytes=-99999", "0..=9999"),
            ("bytes=9999-", "9999..=9999"),
            ("bytes=10000-", "416"),
            ("bytes=10000-10001,20000-", "416"),
            ("bytes=10000-,0-0", "0..=0"),
            ("bytes=-0", "416"),
            ("bytes=99999999999999999999999-", "416"),
            ("bytes=0-99999999999999999999999", "0..=9999"),
            (",bytes=0-1", "-"),
            ("bytes=,0-1,", "0..=1"),
            ("bytes=", "-"),
            ("bytes=5-4", "-"),
            ("bytes=a-b", "-"),
            ("bytes=0-1,x", "-"),
            ("bytes=+0-1", "-"),
            ("bytes=--5", "-"),
            ("bytes", "-"),
            ("items=0-1", "-"),
            ("", "-"),
        ] {
            assert_eq!(read(header, 10_000), expected, "{header}");
        }
    }

    #[test]
    fn a_part_that_ends_before_it_begins_is_ignored_or_rejected() {
        for header in ["bytes=500-0", "bytes=0-1,500-0"] {
            assert_eq!(Ranges::read(header, 10_000, Backwards::Ignored), Ranges::Whole, "{header}");
            assert_eq!(Ranges::read(header, 10_000, Backwards::Rejected), Ranges::Unsatisfiable, "{header}");
        }
        for header in ["bytes=0-1", "bytes=x", "bytes=10000-"] {
            assert_eq!(
                Ranges::read(header, 10_000, Backwards::Ignored),
                Ranges::read(header, 10_000, Backwards::Rejected),
                "{header}"
            );
        }
    }

    #[test]
    fn nothing_of_an_empty_file_can_be_had() {
        assert_eq!(read("bytes=0-", 0), "416");
        assert_eq!(read("bytes=-1", 0), "416");
    }

    #[test]
    fn asking_for_more_than_there_is_gets_everything() {
        assert_eq!(read("bytes=0-9,0-9", 10), "-");
        assert_eq!(read(&format!("bytes={}", vec!["0-0"; 1025].join(",")), 1 << 40), "-");
        let many = (0..1000).map(|part| format!("{}-{}", part * 10, part * 10)).collect::<Vec<_>>().join(",");
        assert_eq!(read(&format!("bytes={many}"), 10_000).split(' ').count(), 1000);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn spans_lie_inside_and_never_add_up_to_more(header in "bytes=[0-9,\\- ]{0,30}", size in 0..5000_u64) {
            let spans = match Ranges::read(&header, size, Backwards::Ignored) {
                Ranges::One(span) => vec![span],
                Ranges::Several(spans) => spans,
                Ranges::Whole | Ranges::Unsatisfiable => Vec::new(),
            };
            prop_assert!(spans.iter().all(|span| span.first <= span.last && span.last < size));
            prop_assert!(spans.iter().map(|span| span.len()).sum::<u64>() <= size);
        }
    }
}
