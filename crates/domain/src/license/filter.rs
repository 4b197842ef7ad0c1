//! The list filters of licences that know the time (`licensing.md` §8.2). A value that cannot be read matches
//! nothing; a filter whose keys are all unknown is ignored.

use std::time::Duration;

use jiff::Span;
use keyway_base::Timestamp;
use keyway_jsonapi::{FilterContext, QueryValue, Scope, Value};

use super::status::{EXPIRING, INACTIVE};

/// A day, for `on`.
const DAY: Duration = Duration::from_secs(86_400);

/// `status=ACTIVE|INACTIVE|EXPIRED|EXPIRING|SUSPENDED|BANNED`; looser than the attribute: `ACTIVE` and
/// `INACTIVE` look at activity alone (`licensing.md` §17.9).
pub fn status(value: &QueryValue, context: &FilterContext) -> Option<Scope> {
    let now = context.now;
    Some(match value.text()?.to_uppercase().as_str() {
        "BANNED" => Scope::belongs("users", "owner_id", Scope::IsNull("banned_at").negate()),
        "SUSPENDED" => Scope::Is("suspended", Value::Bool(true)),
        "EXPIRED" => Scope::Lt("expiry", Value::Time(now)),
        "EXPIRING" => between("expiry", now, now.plus(EXPIRING)),
        "ACTIVE" => is_active(now),
        "INACTIVE" => idle_since(now.minus(INACTIVE)),
        _ => Scope::None,
    })
}

/// `expiring=true|1`: expires within three days.
pub fn expiring(value: &QueryValue, context: &FilterContext) -> Option<Scope> {
    let scope = between("expiry", context.now, context.now.plus(EXPIRING));
    match value.text()? {
        "true" | "1" => Some(scope),
        "false" | "0" => Some(scope.negate()),
        _ => None,
    }
}

/// `expires[within|in|before|after|on]`: when the licence will expire.
pub fn expires(value: &QueryValue, context: &FilterContext) -> Option<Scope> {
    let now = context.now;
    each(value, |key, text| {
        Some(match key {
            "within" => duration(text).map(|d| between("expiry", now, now.plus(d))),
            "in" => duration(text).map(|d| day_of("expiry", now.plus(d))),
            "before" => moment(text).map(|at| Scope::Lt("expiry", Value::Time(at))),
            "after" => moment(text).map(|at| Scope::Gt("expiry", Value::Time(at))),
            "on" => moment(text).map(|at| day_of("expiry", at)),
            _ => return None,
        })
    })
}

/// `expired=bool`, or `expired[within|in|before|after|on]`: when the licence has expired.
pub fn expired(value: &QueryValue, context: &FilterContext) -> Option<Scope> {
    let now = context.now;
    let past = Scope::Lt("expiry", Value::Time(now));
    if let QueryValue::Text(_) = value {
        return match value.text()? {
            "true" | "1" => Some(past),
            "false" | "0" => Some(past.negate()),
            _ => None,
        };
    }
    let within = each(value, |key, text| {
        Some(match key {
            "within" => duration(text).map(|d| between("expiry", now.minus(d), now)),
            "in" => duration(text).map(|d| day_of("expiry", now.minus(d))),
            "before" => moment(text).map(|at| Scope::Lt("expiry", Value::Time(at))),
            "after" => moment(text).map(|at| Scope::Gt("expiry", Value::Time(at))),
            "on" => moment(text).map(|at| day_of("expiry", at)),
            _ => return None,
        })
    })?;
    Some(past.and(within))
}

/// `activity[inside|outside|before|after]`: when the licence was last validated, checked in or checked out.
pub fn activity(value: &QueryValue, context: &FilterContext) -> Option<Scope> {
    let now = context.now;
    each(value, |key, text| {
        Some(match key {
            "inside" => duration(text).map(|d| active_since(now.minus(d))),
            "outside" => duration(text).map(|d| idle_since(now.minus(d))),
            "before" => moment(text).map(idle_since),
            "after" => moment(text).map(active_since),
            _ => return None,
        })
    })
}

/// `machine=<id>`: the licence of that machine.
pub fn machine(value: &QueryValue, _: &FilterContext) -> Option<Scope> {
    let id = value.text()?.parse().map_or(Scope::None, |id| Scope::Is("id", Value::Id(id)));
    Some(Scope::has("machines", "license_id", id))
}

/// `activated=bool`: whether the licence has machines.
pub fn activated(value: &QueryValue, _: &FilterContext) -> Option<Scope> {
    let activated = Scope::has("machines", "license_id", Scope::All);
    match value.text()? {
        "true" | "1" => Some(activated),
        "false" | "0" => Some(activated.negate()),
        _ => None,
    }
}

/// `activations[eq|gt|gte|lt|lte]=n`: how many machines the licence has.
pub fn activations(value: &QueryValue, _: &FilterContext) -> Option<Scope> {
    let at_least = |count| Scope::AtLeast { table: "machines", foreign: "license_id", count };
    each(value, |key, text| {
        let count: Option<i64> = text.parse().ok();
        let more = count.map(|count| count.saturating_add(1));
        Some(match key {
            "eq" => count.zip(more).map(|(count, more)| at_least(count).and(at_least(more).negate())),
            "gt" => more.map(at_least),
            "gte" => count.map(at_least),
            "lt" => count.map(|count| at_least(count).negate()),
            "lte" => more.map(|more| at_least(more).negate()),
            _ => return None,
        })
    })
}

/// ANDs what `read` makes of each known key; text that cannot be read matches nothing.
fn each(value: &QueryValue, read: impl Fn(&str, &str) -> Option<Option<Scope>>) -> Option<Scope> {
    let QueryValue::Map(entries) = value else { return None };
    let known = entries.iter().filter_map(|(key, value)| read(key, value.text()?));
    let known: Vec<Scope> = known.map(|scope| scope.unwrap_or(Scope::None)).collect();
    (!known.is_empty()).then(|| known.into_iter().fold(Scope::All, Scope::and))
}

fn between(column: &'static str, from: Timestamp, to: Timestamp) -> Scope {
    Scope::And(vec![Scope::Ge(column, Value::Time(from)), Scope::Le(column, Value::Time(to))])
}

/// The UTC day of a moment.
fn day_of(column: &'static str, at: Timestamp) -> Scope {
    let start = Timestamp::from_micros(at.as_seconds().div_euclid(86_400) * 86_400_000_000);
    Scope::And(vec![Scope::Ge(column, Value::Time(start)), Scope::Lt(column, Value::Time(start.plus(DAY)))])
}

/// Created, validated, checked in or checked out not long ago.
pub fn is_active(now: Timestamp) -> Scope {
    active_since(now.minus(INACTIVE))
}

/// Where what a licence did last is noted; null where it never did.
const DONE: [&str; 3] = ["last_validated_at", "last_check_in_at", "last_check_out_at"];

fn active_since(at: Timestamp) -> Scope {
    let columns = ["created_at"].into_iter().chain(DONE);
    Scope::Or(columns.map(|column| Scope::Ge(column, Value::Time(at))).collect())
}

/// The opposite of [`active_since`], so that a list begins with those created before.
fn idle_since(at: Timestamp) -> Scope {
    let before = |column| Scope::Lt(column, Value::Time(at));
    let never_since = |column| Scope::Or(vec![Scope::IsNull(column), before(column)]);
    Scope::And(["created_at"].map(before).into_iter().chain(DONE.map(never_since)).collect())
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// Seconds, or an ISO 8601 duration with optional `P` (`30d`, `P1DT5H`).
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok().map(Duration::from_secs);
    }
    let upper = text.to_ascii_uppercase();
    let iso = if upper.starts_with('P') { upper } else { format!("P{upper}") };
    let span: Span = iso.parse().ok()?;
    let epoch = jiff::civil::date(2000, 1, 1);
    let seconds = span.total((jiff::Unit::Second, epoch)).ok()?;
    (seconds.is_finite() && seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(1e11)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONTEXT: FilterContext = FilterContext { now: Timestamp::from_micros(1_795_000_000_000_000) };

    fn map(key: &str, value: &str) -> QueryValue {
        QueryValue::Map(vec![(key.to_owned(), QueryValue::Text(value.to_owned()))])
    }

    #[test]
    fn reads_durations_in_every_form() {
        for (text, seconds) in [
            ("60", 60),
            ("30d", 30 * 86_400),
            ("P30D", 30 * 86_400),
            ("P1DT5H", 104_400),
            ("pt1m", 60),
            ("1w", 604_800),
        ] {
            assert_eq!(duration(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for bad in ["", "soon", "-5", "P", "1.5.2"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn unreadable_values_match_nothing_and_unknown_keys_are_ignored() {
        assert_eq!(expires(&map("within", "soon"), &CONTEXT), Some(Scope::None));
        assert_eq!(expires(&map("sometime", "30d"), &CONTEXT), None);
        assert_eq!(expired(&QueryValue::Text("maybe".into()), &CONTEXT), None);
        assert_eq!(status(&QueryValue::Text("WEIRD".into()), &CONTEXT), Some(Scope::None));
    }

    #[test]
    fn activations_are_compared_with_a_count_of_machines() {
        let at_least = |count| Scope::AtLeast { table: "machines", foreign: "license_id", count };
        for (key, expected) in [
            ("eq", at_least(2).and(at_least(3).negate())),
            ("gt", at_least(3)),
            ("gte", at_least(2)),
            ("lt", at_least(2).negate()),
            ("lte", at_least(3).negate()),
        ] {
            assert_eq!(activations(&map(key, "2"), &CONTEXT), Some(expected), "{key}");
        }
        assert_eq!(activations(&map("eq", "many"), &CONTEXT), Some(Scope::None));
        assert_eq!(activations(&map("about", "2"), &CONTEXT), None);
    }

    #[test]
    fn within_is_from_now_on() {
        let expected = between("expiry", CONTEXT.now, CONTEXT.now.plus(Duration::from_secs(60)));
        assert_eq!(expires(&map("within", "60"), &CONTEXT), Some(expected));
    }
}
