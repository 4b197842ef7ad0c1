//! Which part of a list is asked for, and in which order (`licensing.md` §1.6).

use keyway_base::RecordId;

use crate::{ApiError, Query, QueryValue};

/// How many records a page has at most, and how many pages can be numbered.
const MAX: u32 = 100;
/// How many records a page has unless told.
const DEFAULT: u32 = 10;

/// Newest or oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The first so many.
    Limit(u32),
    /// A numbered page.
    Number {
        /// From 1.
        number: u32,
        /// Records per page.
        size: u32,
    },
    /// What comes after a record.
    Cursor {
        /// The last record of the page before; none for the first page.
        after: Option<RecordId>,
        /// Records per page.
        size: u32,
    },
}

/// Part and order of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Paging {
    /// Which part.
    pub part: Part,
    /// Which order.
    pub direction: Direction,
}

impl Paging {
    /// Reads `limit`, `page[…]` and `order`.
    ///
    /// # Errors
    /// 400 naming the parameter.
    pub fn of(query: &Query) -> Result<Self, ApiError> {
        let limit = number(query.get("limit"), "limit", "limit")?.unwrap_or(DEFAULT);
        let part = match query.get("page") {
            None => Part::Limit(limit),
            Some(page @ QueryValue::Map(_)) => paged(page, limit)?,
            Some(_) => return Err(ApiError::parameter("page", "page must be an object")),
        };
        Ok(Self { part, direction: direction(query.get("order"))? })
    }
    /// How many records are wanted.
    pub const fn size(&self) -> u32 {
        match self.part {
            Part::Limit(size) | Part::Number { size, .. } | Part::Cursor { size, .. } => size,
        }
    }
}

fn paged(page: &QueryValue, limit: u32) -> Result<Part, ApiError> {
    let size = number(page.get("size"), "page[size]", "page size")?.unwrap_or(limit);
    match (page.get("cursor"), page.get("number")) {
        (Some(cursor), _) => Ok(Part::Cursor { after: cursor_of(cursor)?, size }),
        (None, Some(value)) => {
            let number = number(Some(value), "page[number]", "page number")?;
            Ok(Part::Number { number: number.unwrap_or(1), size })
        }
        (None, None) => Err(ApiError::parameter("page", "page must be an object with a number or a cursor")),
    }
}

fn cursor_of(value: &QueryValue) -> Result<Option<RecordId>, ApiError> {
    let refuse = |got: &str| {
        ApiError::parameter("page[cursor]", format!("page cursor must be a valid UUID (got \"{got}\")"))
    };
    match value {
        QueryValue::Text(text) if text.is_empty() => Ok(None),
        QueryValue::Text(text) => text.parse().map(Some).map_err(|_| refuse(text)),
        _ => Err(refuse("object")),
    }
}

fn number(value: Option<&QueryValue>, parameter: &'static str, words: &str) -> Result<Option<u32>, ApiError> {
    let Some(value) = value else { return Ok(None) };
    let text = if let QueryValue::Text(text) = value { text.as_str() } else { "object" };
    match text.parse::<u32>() {
        Ok(number) if (1..=MAX).contains(&number) => Ok(Some(number)),
        parsed => {
            let too_far = parameter == "page[number]" && parsed.is_ok_and(|number| number > MAX);
            let advice = if too_far { "; use page[cursor] to go further" } else { "" };
            let detail = format!("{words} must be a number between 1 and {MAX} (got \"{text}\"{advice})");
            Err(ApiError::parameter(parameter, detail))
        }
    }
}

fn direction(value: Option<&QueryValue>) -> Result<Direction, ApiError> {
    let Some(value) = value else { return Ok(Direction::Descending) };
    let text = if let QueryValue::Text(text) = value { text.as_str() } else { "object" };
    match text.to_ascii_lowercase().as_str() {
        "asc" => Ok(Direction::Ascending),
        "desc" => Ok(Direction::Descending),
        _ => Err(ApiError::parameter("order", format!("order must be either asc or desc (got \"{text}\")"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Source;

    fn of(query: &str) -> Result<Paging, String> {
        Paging::of(&Query::parse(query).unwrap()).map_err(|error| match error.source_of_first() {
            Some(Source::Parameter(parameter)) => parameter.clone(),
            other => panic!("{other:?}"),
        })
    }

    #[test]
    fn three_styles() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        for (query, part) in [
            ("", Part::Limit(10)),
            ("limit=100", Part::Limit(100)),
            ("page[number]=2", Part::Number { number: 2, size: 10 }),
            ("page[number]=100&page[size]=3&limit=7", Part::Number { number: 100, size: 3 }),
            ("page[number]=1&limit=7", Part::Number { number: 1, size: 7 }),
            ("page[cursor]=", Part::Cursor { after: None, size: 10 }),
            (
                "page[cursor]=0190163d8694739baea5966c26f8ad91&page[size]=2",
                Part::Cursor { after: id.parse().ok(), size: 2 },
            ),
        ] {
            assert_eq!(of(query).map(|paging| paging.part), Ok(part), "{query}");
        }
        assert_eq!(of("order=ASC").unwrap().direction, Direction::Ascending);
    }

    #[test]
    fn errors_name_the_parameter() {
        for (query, parameter) in [
            ("limit=0", "limit"),
            ("limit=101", "limit"),
            ("limit=x", "limit"),
            ("limit=", "limit"),
            ("page[size]=5", "page"),
            ("page=1", "page"),
            ("page[]=1", "page"),
            ("page[number]=0", "page[number]"),
            ("page[number]=101", "page[number]"),
            ("page[number]=1&page[size]=101", "page[size]"),
            ("page[cursor]=foo", "page[cursor]"),
            ("order=random", "order"),
        ] {
            assert_eq!(of(query), Err(parameter.to_owned()), "{query}");
        }
        let error = Paging::of(&Query::parse("page[cursor]=foo").unwrap()).unwrap_err();
        assert_eq!(error.detail(), "page cursor must be a valid UUID (got \"foo\")");
    }
}
