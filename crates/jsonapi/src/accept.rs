//! Content negotiation (`licensing.md` §1.2).

/// What the body is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaType {
    /// `application/vnd.api+json`.
    JsonApi,
    /// `application/json`.
    Json,
}

impl MediaType {
    /// The `Content-Type` value.
    pub const fn header(self) -> &'static str {
        match self {
            Self::JsonApi => "application/vnd.api+json; charset=utf-8",
            Self::Json => "application/json; charset=utf-8",
        }
    }
    /// Chooses the type that an `Accept` header asks for; `None` when it allows none of ours. JSON only when
    /// it is named with a higher priority than JSON:API. Bytes say nothing about the documents beside them.
    pub fn negotiate(accept: Option<&str>) -> Option<Self> {
        let Some(accept) = accept.map(str::trim).filter(|accept| !accept.is_empty()) else {
            return Some(Self::JsonApi);
        };
        let mut ranges: Vec<(&str, f32)> = accept.split(',').filter_map(range).collect();
        ranges.sort_by(|left, right| right.1.total_cmp(&left.1));
        let bytes = || ranges.iter().any(|(range, _)| range.eq_ignore_ascii_case("application/octet-stream"));
        ranges.iter().find_map(|(range, _)| Self::of(range)).or_else(|| bytes().then_some(Self::JsonApi))
    }
    /// The same, for endpoints that accept any `Accept`.
    pub fn negotiate_any(accept: Option<&str>) -> Self {
        Self::negotiate(accept).unwrap_or(Self::JsonApi)
    }
    fn of(range: &str) -> Option<Self> {
        match range.to_ascii_lowercase().as_str() {
            "application/vnd.api+json" | "application/vnd.keygen+json" | "*/*" | "*" | "application/*" => {
                Some(Self::JsonApi)
            }
            "application/json" => Some(Self::Json),
            _ => None,
        }
    }
}

/// A media range without parameters, and its weight; `None` for weight zero.
fn range(text: &str) -> Option<(&str, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let range = parts.next()?;
    let weight =
        parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.trim().parse().unwrap_or(0.0));
    (weight > 0.0 && !range.is_empty()).then_some((range, weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jsonapi_unless_json_comes_first() {
        for (accept, expected) in [
            (None, Some(MediaType::JsonApi)),
            (Some(""), Some(MediaType::JsonApi)),
            (Some("*/*"), Some(MediaType::JsonApi)),
            (Some("*"), Some(MediaType::JsonApi)),
            (Some("application/json"), Some(MediaType::Json)),
            (Some("application/json, application/vnd.api+json"), Some(MediaType::Json)),
            (Some("application/json;q=0.5, application/vnd.api+json"), Some(MediaType::JsonApi)),
            (Some("application/vnd.keygen+json"), Some(MediaType::JsonApi)),
            (Some("Application/VND.API+JSON; charset=utf-8"), Some(MediaType::JsonApi)),
            (Some("application/*"), Some(MediaType::JsonApi)),
            (Some("application/json; q=0.1, */*;q=0.2"), Some(MediaType::JsonApi)),
            (Some("application/xml"), None),
            (Some("application/octet-stream"), Some(MediaType::JsonApi)),
            (Some("application/octet-stream, application/json"), Some(MediaType::Json)),
            (Some("text/html, application/octet-stream"), Some(MediaType::JsonApi)),
            (Some("text/html, application/json;q=0.9"), Some(MediaType::Json)),
            (Some("text/html"), None),
            (Some("application/json;q=0"), None),
        ] {
            assert_eq!(MediaType::negotiate(accept), expected, "{accept:?}");
        }
    }
}
