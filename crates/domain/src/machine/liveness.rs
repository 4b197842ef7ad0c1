//! Which machines and processes live, as conditions on their rows (`licensing.md` §10.2): for lists, and for the monitor
//! that looks for those who died.

use std::time::Duration;

use keyway_base::Timestamp;
use keyway_jsonapi::{FilterContext, QueryValue, Scope, Value};

use super::heartbeat::{INTERVAL, interval};
use crate::resources::{HeartbeatCullStrategy, Policy};

/// The column with the last ping.
const HEARD: &str = "last_heartbeat_at";
/// The column with the moment at which a death was noticed.
const NOTICED: &str = "dead_at";
/// The shortest interval that a policy may have, in seconds.
const SHORTEST: Duration = Duration::from_secs(60);

/// How long the dead are left where they are at least, but for a moment: looks are a minute apart, and not to the
/// microsecond.
const REST: Duration = Duration::from_millis(59_500);

/// `status=ALIVE|DEAD`; what need not ping, or need not yet, is alive.
pub fn status(value: &QueryValue, context: &FilterContext) -> Option<Scope> {
    Some(match value.text()?.to_uppercase().as_str() {
        "ALIVE" => dead(context.now).negate(),
        "DEAD" => dead(context.now),
        _ => Scope::None,
    })
}

fn dead(now: Timestamp) -> Scope {
    let required = of_policies(Scope::Is("require_heartbeat", Value::Bool(true)));
    let unheard = Scope::IsNull(HEARD).and(required).and(overdue("created_at", now));
    overdue(HEARD, now).or(unheard)
}

/// Longer than its policy allows has gone by since the moment in a column.
fn overdue(since: &'static str, now: Timestamp) -> Scope {
    let through = &[("license_id", "licenses"), ("policy_id", "policies")];
    Scope::Overdue { since, through, seconds: "heartbeat_duration", otherwise: INTERVAL, now }
}

fn of_policies(scope: Scope) -> Scope {
    Scope::belongs("licenses", "license_id", Scope::belongs("policies", "policy_id", scope))
}

/// Those who pinged once and are dead, which nobody has noticed yet.
pub fn silent(now: Timestamp) -> Scope {
    // An index can serve this; what is overdue is asked of each row.
    let long_ago = Scope::Lt(HEARD, Value::Time(now.minus(SHORTEST)));
    Scope::IsNull(NOTICED).and(long_ago).and(overdue(HEARD, now))
}

/// Those under a policy that have never pinged and should have, which nobody has noticed yet.
pub fn unheard(policy: &Policy, now: Timestamp) -> Scope {
    let seconds = u64::try_from(interval(policy)).unwrap_or(0);
    let late = Scope::Lt("created_at", Value::Time(now.minus(Duration::from_secs(seconds))));
    let under = Scope::belongs("licenses", "license_id", Scope::id("policy_id", policy.id));
    Scope::IsNull(NOTICED).and(Scope::IsNull(HEARD)).and(late).and(under)
}

/// Policies under which there is a machine that [`unheard`] means. Only what these policies hold is looked at.
pub fn leaving_unheard(now: Timestamp) -> Scope {
    let silent = Scope::IsNull(NOTICED).and(Scope::IsNull(HEARD)).and(overdue("created_at", now));
    let machines = Scope::has("machines", "license_id", silent);
    wanting_pings().and(Scope::has("licenses", "policy_id", machines))
}

/// Policies under which something may have died without a ping.
pub fn wanting_pings() -> Scope {
    Scope::Is("require_heartbeat", Value::Bool(true))
}

/// Those whose death was noticed so long ago that whoever was told has had time to look, under policies that want the
/// dead removed.
pub fn departed(now: Timestamp) -> Scope {
    let removed = HeartbeatCullStrategy::Deactivate.as_str();
    let noticed = Scope::Lt(NOTICED, Value::Time(now.minus(REST)));
    noticed.and(of_policies(Scope::text("heartbeat_cull_strategy", removed)))
}
