//! Which representation of a page a client gets (PEP 691).

use keyway_engine::{Accept, Head, Precision};

/// A representation of an index page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `application/vnd.pypi.simple.v1+json`.
    Json,
    /// `application/vnd.pypi.simple.v1+html`.
    VersionedHtml,
    /// `text/html`.
    Html,
}

/// What each representation is asked for as. `latest` is a name for version 1 for as long as there is no
/// other.
const NAMES: [(Format, [&str; 2]); 3] = [
    (Format::Json, ["application/vnd.pypi.simple.v1+json", "application/vnd.pypi.simple.latest+json"]),
    (
        Format::VersionedHtml,
        ["application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.latest+html"],
    ),
    (Format::Html, ["text/html", "text/html"]),
];

impl Format {
    /// What the client likes best; `None` when it likes nothing that there is. Between equals, what it named
    /// itself comes first, JSON before HTML; clients that would take anything get plain HTML, since those are
    /// the old ones.
    pub(crate) fn of(head: &Head<'_>) -> Option<Self> {
        let accept = Accept::of(head);
        let weigh = |names: &[&str; 2]| names.iter().filter_map(|name| accept.weigh(name)).max();
        let fits = NAMES.iter().filter_map(|(format, names)| weigh(names).map(|weight| (weight, *format)));
        fits.max_by_key(|(weight, format)| (*weight, format.rank(weight.precision))).map(|(_, format)| format)
    }

    const fn rank(self, precision: Precision) -> u8 {
        match (self, precision) {
            (Self::Html, Precision::Any) => 3,
            (Self::Json, _) => 2,
            (Self::VersionedHtml, _) => 1,
            (Self::Html, _) => 0,
        }
    }

    /// The `Content-Type` of the page.
    pub(crate) const fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/vnd.pypi.simple.v1+json",
            Self::VersionedHtml => "application/vnd.pypi.simple.v1+html; charset=utf-8",
            Self::Html => "text/html; charset=utf-8",
        }
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, Method, header::ACCEPT};

    use super::*;

    fn format(accept: &str) -> Option<Format> {
        let mut headers = HeaderMap::new();
        if !accept.is_empty() {
            headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
        }
        Format::of(&Head { method: &Method::GET, path: "/simple/", query: "", headers: &headers })
    }

    /// What the clients of `npm-pypi.md` §2.2 send, and the corners of PEP 691.
    #[test]
    fn each_client_gets_what_it_likes_best() {
        let pip = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.1, text/html;q=0.01";
        let uv = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.01";
        for (accept, expected) in [
            ("", Some(Format::Html)),
            ("*/*", Some(Format::Html)),
            (pip, Some(Format::Json)),
            (uv, Some(Format::Json)),
            ("application/vnd.pypi.simple.v1+json, */*;q=0.1", Some(Format::Json)),
            ("application/vnd.pypi.simple.v1+json, */*", Some(Format::Json)),
            ("application/vnd.pypi.simple.latest+json", Some(Format::Json)),
            ("application/vnd.pypi.simple.latest+html", Some(Format::VersionedHtml)),
            ("application/vnd.pypi.simple.v1+html", Some(Format::VersionedHtml)),
            (
                "application/vnd.pypi.simple.v1+html, application/vnd.pypi.simple.v1+json;q=0.5",
                Some(Format::VersionedHtml),
            ),
            ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", Some(Format::Html)),
            ("text/html, application/vnd.pypi.simple.v1+json", Some(Format::Json)),
            ("application/*", Some(Format::Json)),
            ("text/*", Some(Format::Html)),
            ("application/vnd.pypi.simple.v2+json", None),
            ("application/json", None),
            ("text/html;q=0", None),
            ("application/vnd.pypi.simple.v2+json, text/html;q=0.1", Some(Format::Html)),
        ] {
            assert_eq!(format(accept), expected, "{accept}");
        }
    }
}
