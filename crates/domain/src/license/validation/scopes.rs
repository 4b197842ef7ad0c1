//! Steps 6 to 15: does the licence match what the client claims?

use keyway_base::{RecordId, Timestamp};

use super::{Code, Facts, Step, Validation, ValidationScope, machines};

/// Checks every scope in order.
pub(super) fn check(facts: &Facts<'_>, scope: &ValidationScope, now: Timestamp) -> Step {
    environment(facts, scope)
        .or_else(|| product(facts, scope))
        .or_else(|| policy(facts, scope))
        .or_else(|| user(facts, scope))
        .or_else(|| entitlements(facts, scope))
        .or_else(|| machines::machine(facts, scope, now))
        .or_else(|| machines::fingerprints(facts, scope, now))
        .or_else(|| machines::components(facts, scope))
        .or_else(|| checksum(facts, scope))
        .or_else(|| version(facts, scope))
}

/// A scope that must be there.
pub(super) fn required(is_required: bool, code: Code, name: &str) -> Step {
    is_required.then(|| Validation::invalid(code, format!("{name} scope is required")))
}

fn mismatch(matches: bool, code: Code, name: &str) -> Step {
    (!matches).then(|| Validation::invalid(code, format!("{name} scope does not match")))
}

fn names(text: &str, id: RecordId) -> bool {
    text.parse() == Ok(id)
}

fn environment(facts: &Facts<'_>, scope: &ValidationScope) -> Step {
    let Some(claimed) = &scope.environment else {
        let needed = facts.policy.require_environment_scope;
        return required(needed, Code::EnvironmentScopeRequired, "environment");
    };
    let matches = match (claimed, facts.environment) {
        (None, None) => true,
        (Some(text), Some(environment)) => *text == environment.code || names(text, environment.id),
        _ => false,
    };
    mismatch(matches, Code::EnvironmentScopeMismatch, "environment")
}

fn product(facts: &Facts<'_>, scope: &ValidationScope) -> Step {
    match &scope.product {
        Some(text) => {
            let matches = names(text, facts.license.product_id.into());
            mismatch(matches, Code::ProductScopeMismatch, "product")
        }
        None => required(facts.policy.require_product_scope, Code::ProductScopeRequired, "product"),
    }
}

fn policy(facts: &Facts<'_>, scope: &ValidationScope) -> Step {
    match &scope.policy {
        Some(text) => {
            let matches = names(text, facts.license.policy_id.into());
            mismatch(matches, Code::PolicyScopeMismatch, "policy")
        }
        None => required(facts.policy.require_policy_scope, Code::PolicyScopeRequired, "policy"),
    }
}

fn user(facts: &Facts<'_>, scope: &ValidationScope) -> Step {
    let matches = match &scope.user {
        None => return required(facts.policy.require_user_scope, Code::UserScopeRequired, "user"),
        Some(None) => facts.owner.is_none(),
        Some(Some(text)) => facts.owner.into_iter().chain(facts.licensees).any(|person| person.is(text)),
    };
    mismatch(matches, Code::UserScopeMismatch, "user")
}

fn entitlements(facts: &Facts<'_>, scope: &ValidationScope) -> Step {
    let claimed = scope.entitlements.as_ref()?;
    if claimed.is_empty() {
        return Some(Validation::invalid(Code::EntitlementsScopeEmpty, "entitlements scope is empty"));
    }
    let missing = claimed.iter().any(|code| !facts.entitlements.contains(code));
    missing.then(|| {
        Validation::invalid(Code::EntitlementsMissing, "is missing one or more required entitlements")
    })
}

fn checksum(facts: &Facts<'_>, scope: &ValidationScope) -> Step {
    if scope.checksum.is_none() {
        return required(facts.policy.require_checksum_scope, Code::ChecksumScopeRequired, "checksum");
    }
    let text = "checksum scope is not valid (does not match any accessible artifacts)";
    (!facts.has_checksum).then(|| Validation::invalid(Code::ChecksumScopeMismatch, text))
}

fn version(facts: &Facts<'_>, scope: &ValidationScope) -> Step {
    if scope.version.is_none() {
        return required(facts.policy.require_version_scope, Code::VersionScopeRequired, "version");
    }
    let text = "version scope is not valid (does not match any accessible releases)";
    (!facts.has_version).then(|| Validation::invalid(Code::VersionScopeMismatch, text))
}
