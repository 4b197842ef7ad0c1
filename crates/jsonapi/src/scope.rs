//! Which records are meant: a small expression with two interpreters.
//!
//! The store turns it into SQL; `access` evaluates it in memory. List filters, visibility and look-ups are all
//! scopes. Columns are named by `&'static str` so that no text from outside can become SQL.

use keyway_base::Timestamp;

use crate::Value;

/// A condition on a record's columns and on related rows. Comparison with a null column is false, as in SQL,
/// except by [`Scope::IsNull`] and [`Scope::Not`], which is two-valued here: the store writes
/// `NOT coalesce(…, false)`.
#[derive(Debug, Clone, PartialEq)]
pub enum Scope {
    /// Every record.
    All,
    /// No record.
    None,
    /// All of these hold.
    And(Vec<Self>),
    /// Any of these holds.
    Or(Vec<Self>),
    /// This does not hold.
    Not(Box<Self>),
    /// The column equals the value (exact case).
    Is(&'static str, Value),
    /// The text column equals the value without regard to case (both lower-cased).
    IsCaseless(&'static str, String),
    /// The text or id column, as text, contains the text without regard to the case of its ASCII letters.
    Contains(&'static str, String),
    /// The column is one of the values.
    In(&'static str, Vec<Value>),
    /// The column is null.
    IsNull(&'static str),
    /// Column < value.
    Lt(&'static str, Value),
    /// Column ≤ value.
    Le(&'static str, Value),
    /// Column > value.
    Gt(&'static str, Value),
    /// Column ≥ value.
    Ge(&'static str, Value),
    /// The JSON column contains this document (`licensing.md` §1.5): objects by member, arrays by element.
    /// Each entry is an alternative reading of the same query value.
    JsonContains(&'static str, Vec<serde_json::Value>),
    /// A row of another table of the same account exists whose `foreign` column equals this record's `local`
    /// column and for which `scope` holds (columns in `scope` are that table's).
    Exists {
        /// The other table.
        table: &'static str,
        /// The column of this record.
        local: &'static str,
        /// The column of the other table.
        foreign: &'static str,
        /// What the other row must satisfy.
        scope: Box<Self>,
    },
    /// At least `count` rows of another table of the same account point at this record's id by their `foreign`
    /// column.
    AtLeast {
        /// The other table.
        table: &'static str,
        /// The column of the other table.
        foreign: &'static str,
        /// How many.
        count: i64,
    },
    /// More time than a related record allows has gone by since the moment in a column. From a null it never has.
    Overdue {
        /// The column of this record with the moment.
        since: &'static str,
        /// The columns to follow to that record, and the table that each leads to.
        through: &'static [(&'static str, &'static str)],
        /// That record's column with the seconds.
        seconds: &'static str,
        /// The seconds where that is null.
        otherwise: i64,
        /// The moment that it is now.
        now: Timestamp,
    },
}

impl Scope {
    /// Both hold; collapses the trivial cases.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::None, _) | (_, Self::None) => Self::None,
            (Self::All, scope) | (scope, Self::All) => scope,
            (Self::And(mut all), Self::And(more)) => {
                all.extend(more);
                Self::And(all)
            }
            (Self::And(mut all), scope) => {
                all.push(scope);
                Self::And(all)
            }
            (left, right) => Self::And(vec![left, right]),
        }
    }
    /// Either holds; collapses the trivial cases.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::All, _) | (_, Self::All) => Self::All,
            (Self::None, scope) | (scope, Self::None) => scope,
            (Self::Or(mut any), scope) => {
                any.push(scope);
                Self::Or(any)
            }
            (left, right) => Self::Or(vec![left, right]),
        }
    }
    /// The opposite.
    #[must_use]
    pub fn negate(self) -> Self {
        match self {
            Self::All => Self::None,
            Self::None => Self::All,
            Self::Not(inner) => *inner,
            scope => Self::Not(Box::new(scope)),
        }
    }
    /// A row of `table` points at this record's id by its column `foreign`, and satisfies `scope`.
    pub fn has(table: &'static str, foreign: &'static str, scope: Self) -> Self {
        Self::Exists { table, local: "id", foreign, scope: Box::new(scope) }
    }
    /// The row of `table` that this record's column `local` points at satisfies `scope`.
    pub fn belongs(table: &'static str, local: &'static str, scope: Self) -> Self {
        Self::Exists { table, local, foreign: "id", scope: Box::new(scope) }
    }
    /// The column equals an id.
    pub fn id(column: &'static str, id: impl Into<keyway_base::RecordId>) -> Self {
        Self::Is(column, Value::Id(id.into()))
    }
    /// The column equals a text.
    pub fn text(column: &'static str, text: impl Into<String>) -> Self {
        Self::Is(column, Value::Text(text.into()))
    }
}
