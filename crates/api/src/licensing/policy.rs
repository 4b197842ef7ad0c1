//! Policies (`licensing.md` §7): defaults and the rules between attributes.

use keyway_access::Action;
use keyway_domain::policy::failures;
use keyway_domain::resources::{
    AuthenticationStrategy, ComponentUniquenessStrategy, ExpirationBasis, ExpirationStrategy, HeartbeatBasis,
    HeartbeatCullStrategy, HeartbeatResurrectionStrategy, MachineLeasingStrategy, MachineUniquenessStrategy,
    MatchingStrategy, OverageStrategy, Policy, ProcessLeasingStrategy, RenewalBasis, Scheme,
    TransferStrategy,
};
use keyway_jsonapi::{Declared, Kind, Record, Resource, Value};

use super::cascade;
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::subject::Subject;
use crate::work::Work;

/// The rules of policies.
pub(crate) struct Policies;

impl Hooks for Policies {
    fn resource(&self) -> &'static Resource {
        Policy::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::PolicyList,
            show: Action::PolicyShow,
            create: Action::PolicyCreate,
            update: Action::PolicyUpdate,
            delete: Action::PolicyDelete,
        }
    }
    fn subject<'a>(&'a self, _: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move { Ok(Subject::Policy(Box::new(record.typed()?))) })
    }
    fn new_subject<'a>(&'a self, _: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        crate::hooks::done(super::of_product(draft))
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        if draft.before.is_none() {
            defaults(draft, work.call.account.protected);
        }
        // A text that is in no list was noted already; the rules between attributes need a whole policy.
        if let Ok(policy) = draft.record.typed() {
            draft.failures.extend(failures(&policy));
        }
        crate::hooks::done(())
    }
    fn deleting<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, ()> {
        Box::pin(async move { cascade::policy(work, record).await })
    }
}

fn text(value: &str) -> Value {
    Value::Text(value.to_owned())
}

/// The defaults of the table in §7.
fn defaults(draft: &mut Draft, account_protected: bool) {
    super::default_metadata(draft);
    draft.default("protected", Value::Bool(account_protected));
    if draft.flag("encrypted") {
        draft.default("scheme", text(Scheme::LegacyEncrypt.as_str()));
    }
    let basis =
        if draft.flag("require_heartbeat") { HeartbeatBasis::Creation } else { HeartbeatBasis::FirstPing };
    let strategies = [
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
        ("heartbeat_basis", basis.as_str()),
    ];
    for (column, value) in strategies {
        draft.default(column, text(value));
    }
    let flags = Policy::RESOURCE.columns.iter().filter(|column| column.kind == Kind::Bool);
    for column in flags {
        draft.default(column.name, Value::Bool(false));
    }
    if !draft.flag("floating") {
        draft.default("max_machines", Value::Int(1));
    }
}
