//! Links between the pages of a list (`licensing.md` §1.6): path and query, sorted keys, no credentials.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use keyway_base::RecordId;

use crate::{Paging, Part, Query};

/// What stands for itself in a query component.
const COMPONENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'*');

/// A page as it came out.
#[derive(Debug, Clone, Copy)]
pub struct Paged {
    /// How many records there are in all; only numbered pages ask, and not of logs.
    pub total: Option<u64>,
    /// How many records are on this page.
    pub shown: usize,
    /// The last record of this page, where there are more after it; only cursors ask.
    pub next: Option<RecordId>,
}

/// The `links` member; `None` when the list is not paged.
pub fn links(path: &str, query: &Query, paging: &Paging, paged: &Paged) -> Option<Value> {
    match paging.part {
        Part::Limit(_) => None,
        Part::Number { number, size } => {
            let at = |number: u64| url(path, query, "number", &number.to_string(), size);
            let Some(total) = paged.total else {
                let full = paged.shown >= usize::try_from(size).unwrap_or(usize::MAX);
                let number = u64::from(number);
                return Some(json!({
                    "self": at(number),
                    "prev": (number > 1).then(|| at(number - 1)),
                    "next": full.then(|| at(number + 1)),
                }));
            };
            let pages = total.div_ceil(u64::from(size));
            let number = u64::from(number);
            Some(json!({
                "self": at(number),
                "prev": (number > 1).then(|| at(number - 1)),
                "next": (number < pages).then(|| at(number + 1)),
                "first": at(1),
                "last": at(pages.max(1)),
                "meta": { "pages": pages, "count": total },
            }))
        }
        Part::Cursor { after, size } => {
            let at = |cursor: &str| url(path, query, "cursor", cursor, size);
            let next = paged.next.map(|id| at(&id.to_string()));
            Some(json!({ "self": at(&after.map(|id| id.to_string()).unwrap_or_default()), "next": next }))
        }
    }
}

fn url(path: &str, query: &Query, style: &str, position: &str, size: u32) -> String {
    let kept = |name: &str| {
        let root = name.split('[').next().unwrap_or(name);
        !matches!(root, "token" | "auth") && !matches!(name, "page[number]" | "page[cursor]" | "page[size]")
    };
    let mut pairs: Vec<(String, String)> = query.flat().into_iter().filter(|(name, _)| kept(name)).collect();
    pairs.push((format!("page[{style}]"), position.to_owned()));
    pairs.push(("page[size]".to_owned(), size.to_string()));
    pairs.sort_by(|left, right| left.0.cmp(&right.0));
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    format!("{path}?{}", pairs.join("&"))
}

/// Percent-encodes a query component or path segment.
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, COMPONENT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(raw: &str, paged: &Paged) -> Option<Value> {
        let query = Query::parse(raw).unwrap();
        links("/v1/accounts/a/licenses", &query, &Paging::of(&query).unwrap(), paged)
    }

    #[test]
    fn numbered_pages_keep_filters_and_drop_credentials() {
        let paged = Paged { total: Some(25), shown: 10, next: None };
        let links = of("token=x&status=ACTIVE&page[number]=2&auth=y&metadata[a b]=c", &paged).unwrap();
        let expected = |n: u32| {
            format!(
                "/v1/accounts/a/licenses?metadata%5Ba%20b%5D=c&page%5Bnumber%5D={n}&page%5Bsize%5D=10&status=ACTIVE"
            )
        };
        assert_eq!(
            links,
            json!({"self": expected(2), "prev": expected(1), "next": expected(3), "first": expected(1),
                   "last": expected(3), "meta": {"pages": 3, "count": 25}})
        );
    }

    #[test]
    fn cursors_lead_to_what_is_left() {
        let id: RecordId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let more = Paged { total: None, shown: 1, next: Some(id) };
        let links = of("page[cursor]=&page[size]=1", &more).unwrap();
        assert_eq!(links["next"], format!("/v1/accounts/a/licenses?page%5Bcursor%5D={id}&page%5Bsize%5D=1"));
        assert_eq!(links["self"], "/v1/accounts/a/licenses?page%5Bcursor%5D=&page%5Bsize%5D=1");
        let last = Paged { total: None, shown: 1, next: None };
        let links = of("page[cursor]=&page[size]=1", &last).unwrap();
        assert_eq!(links["next"], Value::Null);
        assert!(of("limit=3", &Paged { total: None, shown: 3, next: None }).is_none());
    }
}
