//! Figures, and how they are shown.

use keyway_domain::usage::Period;
use keyway_store::Bar;
use serde_json::{Value, json};

/// How much there was of something on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Figure {
    /// What was counted.
    pub(crate) metric: String,
    /// The day, in days since 1970.
    pub(crate) day: i64,
    /// How much there was.
    pub(crate) count: u64,
}

impl Figure {
    /// As a gauge shows it.
    pub(crate) fn gauge(&self) -> Value {
        json!({ "metric": self.metric, "count": self.count })
    }
    /// As a series shows it: not at all where there was nothing.
    pub(crate) fn of_day(&self) -> Value {
        json!({ "metric": self.metric, "date": Period::written(self.day), "count": self.count })
    }
}

/// Figures as they are shown, by day and then by name. A day without any is left out; a gauge at zero is not.
pub(crate) fn shown(mut figures: Vec<Figure>, show: fn(&Figure) -> Value) -> Value {
    figures.sort_by(|left, right| (left.day, &left.metric).cmp(&(right.day, &right.metric)));
    figures.iter().map(show).collect()
}

/// The day that a bar is of, which is the `nth` of what tells it apart.
pub(crate) fn day(bar: &Bar, nth: usize) -> Option<i64> {
    bar.of.get(nth)?.as_deref()?.parse().ok()
}
