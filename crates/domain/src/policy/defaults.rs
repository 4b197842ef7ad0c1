//! What a policy is when nothing is said (the table of `licensing.md` §7).

use keyway_jsonapi::{Declared, Kind, Record, Value};
use serde_json::json;

use crate::resources::{
    AuthenticationStrategy, ComponentUniquenessStrategy, ExpirationBasis, ExpirationStrategy, HeartbeatBasis,
    HeartbeatCullStrategy, HeartbeatResurrectionStrategy, MachineLeasingStrategy, MachineUniquenessStrategy,
    MatchingStrategy, OverageStrategy, Policy, ProcessLeasingStrategy, RenewalBasis, Scheme,
    TransferStrategy,
};

/// Gives every column of a new policy that has none its default.
pub fn set_defaults(record: &mut Record, account_protected: bool) {
    default(record, "metadata", Value::Json(json!({})));
    default(record, "protected", Value::Bool(account_protected));
    if flag(record, "encrypted") {
        default(record, "scheme", text(Scheme::LegacyEncrypt.as_str()));
    }
    let basis = match flag(record, "require_heartbeat") {
        true => HeartbeatBasis::Creation,
        false => HeartbeatBasis::FirstPing,
    };
    default(record, "heartbeat_basis", text(basis.as_str()));
    for (column, value) in STRATEGIES {
        default(record, column, text(value));
    }
    for column in Policy::RESOURCE.columns.iter().filter(|column| column.kind == Kind::Bool) {
        default(record, column.name, Value::Bool(false));
    }
    if !flag(record, "floating") {
        default(record, "max_machines", Value::Int(1));
    }
}

const STRATEGIES: [(&str, &str); 14] = [
    ("machine_uniqueness_strategy", MachineUniquenessStrategy::PerLicense.as_str()),
    ("machine_matching_strategy", MatchingStrategy::Any.as_str()),
    ("component_uniqueness_strategy", ComponentUniquenessStrategy::PerMachine.as_str()),
    ("component_matching_strategy", MatchingStrategy::Any.as_str()),
    ("expiration_strategy", ExpirationStrategy::Restrict.as_str()),
    ("expiration_basis", ExpirationBasis::Creation.as_str()),
    ("renewal_basis", RenewalBasis::Expiry.as_str()),
    ("transfer_strategy", TransferStrategy::KeepExpiry.as_str()),
    ("authentication_strategy", AuthenticationStrategy::Token.as_str()),
    ("machine_leasing_strategy", MachineLeasingStrategy::PerLicense.as_str()),
    ("process_leasing_strategy", ProcessLeasingStrategy::PerMachine.as_str()),
    ("overage_strategy", OverageStrategy::None.as_str()),
    ("heartbeat_cull_strategy", HeartbeatCullStrategy::Deactivate.as_str()),
    ("heartbeat_resurrection_strategy", HeartbeatResurrectionStrategy::None.as_str()),
];

fn default(record: &mut Record, column: &str, value: Value) {
    if record.get(column).is_null() {
        record.set(column, value);
    }
}

fn flag(record: &Record, column: &str) -> bool {
    record.get(column).as_bool().unwrap_or(false)
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

#[cfg(test)]
mod tests {
    use keyway_base::{RecordId, Timestamp};

    use super::*;

    #[test]
    fn a_policy_of_which_nothing_is_said_is_whole() {
        let now = Timestamp::from_micros(0);
        let id = RecordId::generate(now);
        let mut record = Record::new(Policy::RESOURCE, id, id.into(), None, now);
        record.set("name", text("Plain"));
        record.set("product_id", Value::Id(id));
        set_defaults(&mut record, true);
        let policy: Policy = record.typed().unwrap();
        assert!(policy.protected && !policy.floating && !policy.strict);
        assert_eq!((policy.max_machines, policy.duration, policy.scheme), (Some(1), None, None));
        assert_eq!(policy.heartbeat_basis, HeartbeatBasis::FirstPing);
    }
}
