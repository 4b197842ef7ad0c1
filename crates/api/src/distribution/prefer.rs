//! What the client prefers: `Prefer` header or `?prefer=`, comma lists (`distribution.md` §7).

use keyway_jsonapi::QueryValue;

use crate::call::Call;
use crate::contract::Asked;

/// Preferences that these endpoints know.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Preferences {
    /// 200 with a link instead of a redirect.
    pub(super) no_redirect: bool,
    /// Neither redirect nor link.
    pub(super) no_download: bool,
    /// An upload in parts.
    pub(super) in_parts: Option<PartSize>,
}

/// The size of parts that is wanted: `multipart; part-size=N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PartSize {
    /// Whatever fits.
    Any,
    /// So many bytes.
    Bytes(u64),
    /// What was said is no number.
    Unreadable,
}

impl PartSize {
    fn of<'a>(parameters: impl Iterator<Item = &'a str>) -> Self {
        let mut named = parameters.filter_map(|parameter| parameter.split_once('='));
        match named.find(|(name, _)| name.trim().eq_ignore_ascii_case("part-size")) {
            None => Self::Any,
            Some((_, value)) => value.trim().trim_matches('"').parse().map_or(Self::Unreadable, Self::Bytes),
        }
    }
}

/// How preferences are said.
pub(super) const PREFER: [Asked; 2] = [
    Asked::header(
        "Prefer",
        text,
        "`no-redirect`: 200 with a link; `no-download`: neither; `multipart`: in parts.",
    ),
    Asked::query("prefer", text, "The same."),
];

fn text() -> serde_json::Value {
    serde_json::json!({ "type": "string" })
}

impl Preferences {
    /// Those of a request. Array-style query values are ignored.
    pub(super) fn of(call: &Call) -> Self {
        let headers = call.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        let query = match call.query.get("prefer") {
            Some(QueryValue::Text(text)) => Some(text.as_str()),
            _ => None,
        };
        Self::parse(headers.chain(query))
    }

    fn parse<'a>(lists: impl Iterator<Item = &'a str>) -> Self {
        let mut preferences = Self::default();
        for word in lists.flat_map(|list| list.split(',')) {
            let mut parts = word.split(';');
            match parts.next().unwrap_or_default().trim().to_ascii_lowercase().as_str() {
                "no-redirect" => preferences.no_redirect = true,
                "no-download" => preferences.no_download = true,
                "multipart" => preferences.in_parts = Some(PartSize::of(parts)),
                _ => {}
            }
        }
        preferences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_words_are_understood() {
        let read = |lists: &[&'static str]| {
            let preferences = Preferences::parse(lists.iter().copied());
            (preferences.no_redirect, preferences.no_download)
        };
        assert_eq!(read(&[]), (false, false));
        assert_eq!(read(&["no-redirect"]), (true, false));
        assert_eq!(read(&["respond-async, No-Download"]), (false, true));
        assert_eq!(read(&["no-download,no-redirect"]), (true, true));
        assert_eq!(read(&["no-download", "no-redirect;q=1"]), (true, true));
        assert_eq!(read(&["noredirect", ""]), (false, false));
    }

    #[test]
    fn parts_may_be_of_a_size() {
        let read = |list: &'static str| Preferences::parse(std::iter::once(list)).in_parts;
        assert_eq!(read("no-redirect"), None);
        assert_eq!(read("Multipart"), Some(PartSize::Any));
        assert_eq!(read("no-redirect, multipart; part-size=5242880"), Some(PartSize::Bytes(5_242_880)));
        assert_eq!(read("multipart;Part-Size=\"7\""), Some(PartSize::Bytes(7)));
        assert_eq!(read("multipart; part-size=8MB"), Some(PartSize::Unreadable));
    }
}
