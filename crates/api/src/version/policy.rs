//! Policies: the names that attributes had, and the defaults that new policies got.

use serde_json::{Map, Value};

use super::Route;
use super::documents::{attributes, each, each_error, object, rename, rename_error};

/// An attribute by its current and its earlier name: in documents, in bodies, and in codes.
struct Renamed {
    now: (&'static str, &'static str),
    then: (&'static str, &'static str),
}

const LEASING: &[Renamed] = &[Renamed {
    now: ("processLeasingStrategy", "process_leasing_strategy"),
    then: ("leasingStrategy", "leasing_strategy"),
}];
const FINGERPRINTS: &[Renamed] = &[
    Renamed {
        now: ("machineUniquenessStrategy", "machine_uniqueness_strategy"),
        then: ("fingerprintUniquenessStrategy", "fingerprint_uniqueness_strategy"),
    },
    Renamed {
        now: ("machineMatchingStrategy", "machine_matching_strategy"),
        then: ("fingerprintMatchingStrategy", "fingerprint_matching_strategy"),
    },
];

/// Until 1.6, processes were all that leases were for.
pub(super) fn leasing(document: &mut Value, route: Route) {
    show(document, route, LEASING);
}
pub(super) fn accept_leasing(body: &mut Map<String, Value>, route: Route) {
    accept(body, route, LEASING);
}
/// Until 1.3, fingerprints were all that machines were told apart by.
pub(super) fn fingerprints(document: &mut Value, route: Route) {
    show(document, route, FINGERPRINTS);
}
pub(super) fn accept_fingerprints(body: &mut Map<String, Value>, route: Route) {
    accept(body, route, FINGERPRINTS);
}

fn show(document: &mut Value, route: Route, renamed: &[Renamed]) {
    for Renamed { now, then } in renamed {
        each(document, "policies", |policy| {
            if let Some(attributes) = object(policy, "attributes") {
                rename(attributes, now.0, then.0);
            }
        });
        if route.writes("/policies") {
            let pointer = |name: &str| format!("/data/attributes/{name}");
            let (from, to) = (pointer(now.0), pointer(then.0));
            let codes = (now.1.to_ascii_uppercase(), then.1.to_ascii_uppercase());
            each_error(document, |error| rename_error(error, (&from, &to), (&codes.0, &codes.1)));
        }
    }
}

fn accept(body: &mut Map<String, Value>, route: Route, renamed: &[Renamed]) {
    let Some(attributes) = attributes(body).filter(|_| route.writes("/policies")) else { return };
    renamed.iter().for_each(|Renamed { now, then }| rename(attributes, then.1, now.1));
}

/// Until 1.2, a machine's heartbeat began with its first ping.
pub(super) fn first_ping(body: &mut Map<String, Value>, route: Route) {
    default(body, route, "heartbeat_basis", "FROM_FIRST_PING");
}

/// Until 1.1, a policy was concurrent or not.
pub(super) fn concurrent(document: &mut Value, _: Route) {
    each(document, "policies", |policy| {
        let Some(attributes) = object(policy, "attributes") else { return };
        if let Some(overage) = attributes.get("overageStrategy") {
            let concurrent = overage != "NO_OVERAGE";
            attributes.insert("concurrent".to_owned(), concurrent.into());
        }
    });
}

/// What is concurrent may be over its limits. What is neither boolean nor there is left to the schema.
pub(super) fn accept_concurrent(body: &mut Map<String, Value>, route: Route) {
    let Some(attributes) = attributes(body).filter(|_| route.writes("/policies")) else { return };
    if let Some(Value::Bool(concurrent)) = attributes.get("concurrent") {
        let overage = if *concurrent { "ALWAYS_ALLOW_OVERAGE" } else { "NO_OVERAGE" };
        attributes.remove("concurrent");
        attributes.entry("overage_strategy").or_insert(overage.into());
    }
    default(body, route, "overage_strategy", "ALWAYS_ALLOW_OVERAGE");
}

/// Sets an attribute of a new policy that was not sent.
fn default(body: &mut Map<String, Value>, route: Route, name: &str, value: &str) {
    if let Some(attributes) = attributes(body).filter(|_| route.creates("/policies")) {
        attributes.entry(name).or_insert(value.into());
    }
}
