//! Analytics (`licensing.md` §14): what an account has, had and was asked, in figures. For dashboards, so that it is not
//! below `/v1`.

mod figure;
mod kept;
mod log;

use std::collections::BTreeMap;
use std::sync::Arc;

use keyway_domain::resources::{License, UsageSnapshot};
use keyway_domain::usage::{Metric, Period, PeriodError, today};
use keyway_jsonapi::{ApiError, Declared, Scope, Value as Column};
use keyway_store::By;
use serde_json::{Value, json};

use crate::call::Call;
use crate::endpoint::Endpoint as E;
use crate::refusal::Outcome;
use crate::work::Work;
use figure::{Figure, shown};
pub(crate) use kept::KeptFigures;
use kept::figures;

/// Every endpoint of this module.
pub(crate) static ENDPOINTS: &[E] = &[
    E::get("/analytics/gauges/{metric}", figures!(gauge)).internal(),
    E::get("/analytics/gauges/events/{event}", figures!(event_gauge)).internal(),
    E::get("/analytics/sparks/{metric}", figures!(spark)).internal(),
    E::get("/analytics/sparks/events/{event}", figures!(event_series)).internal(),
    E::get("/analytics/events/{event}", figures!(event_series)).internal(),
    E::get("/analytics/usage", figures!(usage)).internal(),
    E::get("/analytics/leaderboards/{name}", figures!(leaderboard)).internal(),
    E::get("/analytics/heatmaps/{name}", figures!(heatmap)).internal(),
];

/// The most entries that a leaderboard has, and how many it has unless it is asked for more.
const LEADERS: (u32, u32) = (100, 10);
/// How many days the heatmap of expirations looks ahead: 52 weeks.
const WEEKS: i64 = 52;

fn period(call: &Call) -> Result<Period, ApiError> {
    let wrong = |error: PeriodError| ApiError::parameter(error.bound().parameter(), error.to_string());
    Period::read(call.query.get("date"), call.now).map_err(wrong)
}

/// How much there is now, or was today.
async fn gauge(call: Arc<Call>) -> Outcome<Value> {
    let mut work = Work::reading(&call).await?;
    let today = Period::day_of(call.now);
    let figures = match (Metric::named(call.param(0)), call.param(0)) {
        (Some(metric), _) => vec![count(&mut work, metric).await?],
        (None, "validations") => log::validations(&mut work, today, log::of_license(&call)).await?,
        (None, "requests") => log::requests(&mut work, today).await?,
        (None, unknown) => return Err(ApiError::not_found("gauge", unknown).into()),
    };
    Ok(shown(figures, Figure::gauge))
}

async fn count(work: &mut Work, metric: Metric) -> Outcome<Figure> {
    let (view, now) = (work.call.view.scope(), work.now());
    let mut count = 0;
    for (resource, scope) in metric.counted(&view, now) {
        count += work.count(resource, &scope).await?;
    }
    Ok(Figure { metric: metric.as_str().to_owned(), day: today(now), count })
}

/// How often something happened today.
async fn event_gauge(call: Arc<Call>) -> Outcome<Value> {
    let mut work = Work::reading(&call).await?;
    let figures = log::events(&mut work, Period::day_of(call.now), log::named(call.param(0))).await?;
    Ok(shown(figures, Figure::gauge))
}

/// How much there was on each day.
async fn spark(call: Arc<Call>) -> Outcome<Value> {
    let mut work = Work::reading(&call).await?;
    let period = period(&call)?;
    let figures = match (Metric::named(call.param(0)), call.param(0)) {
        (Some(metric), _) => snapshots(&mut work, &[metric], period).await?,
        (None, "validations") => log::validations(&mut work, period, Scope::All).await?,
        (None, "requests") => log::requests(&mut work, period).await?,
        (None, unknown) => return Err(unknown_series(unknown).into()),
    };
    Ok(shown(figures, Figure::of_day))
}

/// How often something happened on each day.
async fn event_series(call: Arc<Call>) -> Outcome<Value> {
    let mut work = Work::reading(&call).await?;
    let period = period(&call)?;
    let names = log::named(call.param(0));
    if names.is_empty() {
        return Err(unknown_series(call.param(0)).into());
    }
    let figures = log::events(&mut work, period, names).await?;
    Ok(shown(figures, Figure::of_day))
}

fn unknown_series(name: &str) -> ApiError {
    ApiError::bad_request(format!("there is no series '{name}'"))
}

/// All that is counted each day.
async fn usage(call: Arc<Call>) -> Outcome<Value> {
    let mut work = Work::reading(&call).await?;
    let period = period(&call)?;
    Ok(shown(snapshots(&mut work, &Metric::ALL, period).await?, Figure::of_day))
}

/// What was counted on each day in all that is seen from this environment.
async fn snapshots(work: &mut Work, metrics: &[Metric], period: Period) -> Outcome<Vec<Figure>> {
    let names = metrics.iter().map(|metric| Column::Text(metric.as_str().to_owned())).collect();
    let scope = period.days("day").and(Scope::In("metric", names)).and(work.call.view.scope());
    let mut counts: BTreeMap<(i64, String), u64> = BTreeMap::new();
    for record in work.all(UsageSnapshot::RESOURCE, &scope).await? {
        let snapshot: UsageSnapshot = record.typed()?;
        *counts.entry((snapshot.day, snapshot.metric)).or_default() +=
            u64::try_from(snapshot.count).unwrap_or(0);
    }
    let there = counts.into_iter().filter(|(_, count)| *count > 0);
    Ok(there.map(|((day, metric), count)| Figure { metric, day, count }).collect())
}

/// Who and what is seen most in the log of requests.
async fn leaderboard(call: Arc<Call>) -> Outcome<Value> {
    let mut work = Work::reading(&call).await?;
    let (column, of) = match call.param(0) {
        "ips" => ("ip", Scope::All),
        "urls" => ("url", Scope::All),
        "user-agents" => ("user_agent", Scope::All),
        "licenses" => ("resource_id", Scope::text("resource_type", License::RESOURCE.kind)),
        unknown => return Err(ApiError::not_found("leaderboard", unknown).into()),
    };
    let period = period(&call)?;
    let limit = leaders(&call)?;
    let leaders = log::leaders(&mut work, period, column, of, limit).await?;
    let leaders = leaders.into_iter().map(|(name, count)| json!({ "discriminator": name, "count": count }));
    Ok(leaders.collect())
}

/// How many a leaderboard is to have.
fn leaders(call: &Call) -> Result<u32, ApiError> {
    let (most, usual) = LEADERS;
    let Some(text) = call.query.text("limit") else { return Ok(usual) };
    let limit = text.parse().ok().filter(|limit| (1..=most).contains(limit));
    let wrong = || ApiError::parameter("limit", format!("must be a number between 1 and {most} (inclusive)"));
    limit.ok_or_else(wrong)
}

/// How many licences expire on each day to come.
async fn heatmap(call: Arc<Call>) -> Outcome<Value> {
    let mut work = Work::reading(&call).await?;
    if call.param(0) != "expirations" {
        return Err(ApiError::not_found("heatmap", call.param(0)).into());
    }
    let first = today(call.now);
    let period = Period { first, last: first + WEEKS * 7 - 1 };
    let scope = call.view.scope().and(period.scope("expiry"));
    let most = u32::try_from(WEEKS * 7).unwrap_or(u32::MAX);
    let bars = work.histogram(License::RESOURCE, &scope, &[By::Day("expiry")], most).await?;
    let hottest = bars.iter().map(|bar| bar.count).max().unwrap_or(1).max(1);
    let count =
        |day: i64| bars.iter().find(|bar| figure::day(bar, 0) == Some(day)).map_or(0, |bar| bar.count);
    let cells = (period.first..=period.last).map(|day| {
        let (count, nth) = (count(day), day - first);
        json!({
            "date": Period::written(day), "x": nth / 7, "y": nth % 7,
            "temperature": temperature(count, hottest), "count": count,
        })
    });
    Ok(cells.collect())
}

/// A share of the hottest day, from 0 to 1, in thousandths.
fn temperature(count: u64, hottest: u64) -> f64 {
    let thousandths = u128::from(count) * 1000 / u128::from(hottest.max(1));
    f64::from(u32::try_from(thousandths).unwrap_or(1000)) / 1000.0
}
