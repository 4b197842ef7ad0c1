//! Lists of names, whole or in pages: tags of a repository, repositories of the registry.

use std::borrow::Cow;

use http::StatusCode;
use http::header::{CACHE_CONTROL, LINK};
use keyway_base::AboutTag;
use keyway_engine::{Caching, Document, NameList, Plain, Reply, Site, Transfer, View};
use serde::Serialize;

use crate::invalid::Invalid;
use crate::place::{Place, repository};
use crate::refusal::{header, versioned};
use crate::target::{parameters, with_query};
use keyway_engine::Query;

/// The most entries of a page that a client asks for.
const MOST: usize = 10_000;

/// Which part of a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// How many entries at most.
    pub n: Option<usize>,
    /// The entry that the last page ended with.
    pub last: Option<String>,
}

impl Page {
    /// Reads `n` and `last`. A number that is too large to be of use is as good as the largest.
    pub(crate) fn read(query: Query<'_>) -> Result<Self, Invalid> {
        let n = query.first("n").map(|text| number(&text)).transpose()?;
        let last = query.first("last").filter(|last| !last.is_empty()).map(Cow::into_owned);
        Ok(Self { n, last })
    }

    /// Whether it is the whole list.
    pub(crate) fn is_whole(&self) -> bool {
        self.n.is_none() && self.last.is_none()
    }

    /// The entries of the page out of a sorted list, and whether there are more.
    pub(crate) fn of<'n>(&self, sorted: impl Iterator<Item = &'n str>) -> (Vec<&'n str>, bool) {
        let last = self.last.as_deref();
        let mut after = sorted.filter(|name| last.is_none_or(|last| *name > last));
        let entries: Vec<_> = after.by_ref().take(self.n.unwrap_or(usize::MAX)).collect();
        let has_more = !entries.is_empty() && after.next().is_some();
        (entries, has_more)
    }
}

fn number(text: &str) -> Result<usize, Invalid> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Invalid::Number);
    }
    Ok(text.parse().unwrap_or(MOST).min(MOST))
}

#[derive(Serialize)]
struct Tags<'a> {
    name: &'a str,
    tags: &'a [&'a str],
}

/// The tags that the caller may see. Those that only tell clients what is about a manifest are listed for the vendor.
pub(crate) fn tags(place: &Place<'_>, view: &View<'_>, page: &Page) -> Reply {
    let shown = view
        .package
        .content
        .tags
        .iter()
        .filter(|tag| view.shows_tag(tag) && (view.whole || AboutTag::parse(&tag.name).is_none()));
    let (tags, has_more) = page.of(shown.map(|tag| tag.name.as_str()));
    let body = json(&Tags { name: &place.name(), tags: &tags });
    let next = next(page, &tags, has_more, &place.path("tags/list"));
    answer(page, body, next)
}

#[derive(Serialize)]
struct Repositories<'a> {
    repositories: &'a [Cow<'a, str>],
}

/// The repositories that the caller may see.
pub(crate) fn catalog(site: Site<'_>, names: &NameList, page: &Page) -> Reply {
    let prefix = repository(site, "");
    let last = page.last.as_ref().map(|last| last.strip_prefix(&*prefix).unwrap_or(last).to_owned());
    let below = Page { n: page.n, last };
    let (entries, has_more) = below.of(names.0.iter().map(|name| name.normalised.as_str()));
    let repositories: Vec<_> = entries.iter().map(|name| repository(site, name)).collect();
    let body = json(&Repositories { repositories: &repositories });
    let next = next(page, &repositories, has_more, "/v2/_catalog");
    answer(page, body, next)
}

/// Where the list goes on.
fn next(page: &Page, entries: &[impl AsRef<str>], has_more: bool, path: &str) -> Option<String> {
    let last = entries.last().filter(|_| has_more)?.as_ref().to_owned();
    Some(with_query(path, parameters(&Page { n: page.n, last: Some(last) })))
}

/// Whole lists are kept as documents; pages are made as they are asked for.
fn answer(page: &Page, body: Vec<u8>, next: Option<String>) -> Reply {
    if page.is_whole() {
        return Reply::Document(Document {
            media_type: "application/json",
            body: body.into(),
            caching: Caching::Revalidate,
            transfer: Transfer::Negotiated,
            vary: "Accept, Authorization, Accept-Encoding",
        });
    }
    linked(versioned(StatusCode::OK), next)
        .with(CACHE_CONTROL, header("private, no-cache"))
        .body("application/json", body)
        .into()
}

/// Adds the link to the next page.
pub(crate) fn linked(plain: Plain, next: Option<String>) -> Plain {
    match next {
        Some(next) => plain.with(LINK, header(&format!("<{next}>; rel=\"next\""))),
        None => plain,
    }
}

pub(crate) fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("texts, numbers and what was JSON are JSON")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_digits_and_clamped() {
        for (query, n) in [
            ("", Ok(None)),
            ("n=0", Ok(Some(0))),
            ("n=5", Ok(Some(5))),
            ("n=9223372036854775807", Ok(Some(MOST))),
            ("n=99999999999999999999999999", Ok(Some(MOST))),
            ("n=-1", Err(Invalid::Number)),
            ("n=NaN", Err(Invalid::Number)),
            ("n=+5", Err(Invalid::Number)),
            ("n=", Err(Invalid::Number)),
            ("n=1e3", Err(Invalid::Number)),
        ] {
            assert_eq!(Page::read(Query(query)).map(|page| page.n), n, "{query}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn pages_together_are_the_list(
            names in prop::collection::btree_set("[a-c]{1,4}", 0..20),
            n in 1_usize..7,
        ) {
            let mut seen = Vec::new();
            let mut page = Page { n: Some(n), last: None };
            loop {
                let (entries, has_more) = page.of(names.iter().map(String::as_str));
                prop_assert!(entries.len() <= n);
                seen.extend(entries.iter().map(|name| (*name).to_owned()));
                if !has_more {
                    break;
                }
                page.last = seen.last().cloned();
            }
            prop_assert_eq!(seen, names.into_iter().collect::<Vec<_>>());
        }
    }
}
