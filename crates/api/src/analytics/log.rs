//! What the logs say in figures.

use keyway_domain::event;
use keyway_domain::resources::{EventLog, RequestLog};
use keyway_domain::usage::Period;
use keyway_jsonapi::{ApiError, Declared, Scope, Value};
use keyway_store::{Bar, By};

use super::figure::{Figure, day};
use crate::call::Call;
use crate::log::unlogged;
use crate::refusal::Outcome;
use crate::work::Work;

/// The most figures that one answer is made of: those of a year of every event there is are fewer.
const MOST: u32 = 100_000;

/// Every validation's event.
const VALIDATIONS: [&str; 2] = ["license.validation.succeeded", "license.validation.failed"];

/// The events that a name means: one, or with `.*` at its end all that begin like it.
pub(super) fn named(name: &str) -> Vec<&'static str> {
    let is_meant = |event: &&'static str| match name.strip_suffix(".*") {
        Some(start) => event.strip_prefix(start).is_some_and(|rest| rest.starts_with('.')),
        None => *event == name,
    };
    event::names().filter(is_meant).collect()
}

/// The licence that a gauge of validations is asked for.
pub(super) fn of_license(call: &Call) -> Scope {
    match call.query.text("license").map(str::parse) {
        Some(Ok(id)) => Scope::Is("resource_id", Value::Id(id)),
        Some(Err(_)) => Scope::None,
        None => Scope::All,
    }
}

/// How often licences were validated, by what came of it.
pub(super) async fn validations(work: &mut Work, period: Period, of: Scope) -> Outcome<Vec<Figure>> {
    let scope = of.and(happened(work, period, &VALIDATIONS));
    let by = [By::Day("created_at"), By::Member("metadata", "code")];
    let bars = work.histogram(EventLog::RESOURCE, &scope, &by, MOST).await?;
    Ok(figures(&bars, |code| format!("validations.{}", code.to_lowercase().replace('_', "-"))))
}

/// How often each of these happened, to what the query names.
pub(super) async fn events(
    work: &mut Work,
    period: Period,
    names: Vec<&'static str>,
) -> Outcome<Vec<Figure>> {
    let scope = happened(work, period, &names).and(to_what(&work.call));
    let bars =
        work.histogram(EventLog::RESOURCE, &scope, &[By::Day("created_at"), By::Column("event")], MOST);
    Ok(figures(&bars.await?, |event| format!("events.{}", event.replace('.', "-"))))
}

fn happened(work: &Work, period: Period, names: &[&'static str]) -> Scope {
    let names = names.iter().map(|name| Value::Text((*name).to_owned())).collect();
    work.call.view.scope().and(period.scope("created_at")).and(Scope::In("event", names))
}

/// What `resource[type]` and `resource[id]` name, as in the list of events.
fn to_what(call: &Call) -> Scope {
    let filter = EventLog::RESOURCE.filters.iter().find(|filter| filter.name == "resource");
    let value = call.query.get("resource");
    let scope = filter.zip(value).and_then(|(filter, value)| (filter.scope)(value, &call.filter_context()));
    scope.unwrap_or(Scope::All)
}

/// How many requests were answered, by the first digit of the status.
pub(super) async fn requests(work: &mut Work, period: Period) -> Outcome<Vec<Figure>> {
    let scope = asked(work, period)?;
    let by = [By::Day("created_at"), By::Initial("status")];
    let bars = work.histogram(RequestLog::RESOURCE, &scope, &by, MOST).await?;
    Ok(figures(&bars, |digit| format!("requests.{digit}xx")))
}

/// What requests have most often in a column.
pub(super) async fn leaders(
    work: &mut Work,
    period: Period,
    column: &'static str,
    of: Scope,
    limit: u32,
) -> Outcome<Vec<(String, u64)>> {
    let scope = asked(work, period)?.and(of).and(Scope::IsNull(column).negate());
    let bars = work.histogram(RequestLog::RESOURCE, &scope, &[By::Column(column)], limit).await?;
    let leader = |bar: Bar| Some((bar.of.into_iter().next()??, bar.count));
    Ok(bars.into_iter().filter_map(leader).collect())
}

/// The requests of a period, where they are logged.
fn asked(work: &Work, period: Period) -> Result<Scope, ApiError> {
    match work.call.api.requests() {
        Some(_) => Ok(work.call.view.scope().and(period.scope("created_at"))),
        None => Err(unlogged()),
    }
}

/// The figures of bars that are told apart by day and something else.
fn figures(bars: &[Bar], metric: impl Fn(&str) -> String) -> Vec<Figure> {
    let figure = |bar: &Bar| {
        let what = bar.of.get(1)?.as_deref()?;
        Some(Figure { metric: metric(what), day: day(bar, 0)?, count: bar.count })
    };
    bars.iter().filter_map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_means_one_event_or_all_below_it() {
        assert_eq!(named("license.created"), ["license.created"]);
        let below = named("license.validation.*");
        assert_eq!(below, ["license.validation.succeeded", "license.validation.failed"]);
        assert!(named("license.*").len() > 20);
        for unknown in ["license", "license.", "licens.*", "*", ".*", "license.unheard"] {
            assert!(named(unknown).is_empty(), "{unknown}");
        }
    }
}
