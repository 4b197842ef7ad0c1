//! Licence validation (`licensing.md` §9): an ordered list of conditions, of which the first that holds gives
//! the answer. Pure: the caller gathers [`Facts`] first.

mod code;
mod counting;
mod facts;
mod machines;
mod scopes;
#[cfg(test)]
mod tests;

pub use code::Code;
pub use facts::{
    ComponentFacts, Counts, EnvironmentFacts, Facts, Leased, MachineFacts, Person, ValidationScope,
};

use keyway_base::Timestamp;

use super::{limits, status};
use crate::resources::ExpirationStrategy;

/// The answer to a validation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validation {
    /// Whether the licence may be used.
    pub valid: bool,
    /// Which condition decided.
    pub code: Code,
    /// The condition in words.
    pub detail: String,
}

impl Validation {
    fn invalid(code: Code, detail: impl Into<String>) -> Self {
        Self { valid: false, code, detail: detail.into() }
    }
    fn decided(valid: bool, code: Code, detail: impl Into<String>) -> Self {
        Self { valid, code, detail: detail.into() }
    }
    /// The answer when there is no such licence.
    pub fn not_found() -> Self {
        Self::invalid(Code::NotFound, "does not exist")
    }
}

/// A step of the algorithm: the answer, or `None` to go on.
type Step = Option<Validation>;

/// Validates a licence. With `scope` absent this is the quick form, which skips every scope check, the
/// `require…Scope` flags included.
pub fn validate(facts: &Facts<'_>, scope: Option<&ValidationScope>, now: Timestamp) -> Validation {
    let early = standing(facts, now);
    let scoped = || scope.and_then(|scope| scopes::check(facts, scope, now));
    let users = || counting::users(facts);
    let strict = || if facts.policy.strict { counting::machines(facts, scope, now) } else { None };
    early.or_else(scoped).or_else(users).or_else(strict).unwrap_or_else(|| expiry(facts, now))
}

/// Steps 2 to 5: whether the licence stands at all.
fn standing(facts: &Facts<'_>, now: Timestamp) -> Step {
    let revoked = facts.policy.expiration_strategy == ExpirationStrategy::Revoke;
    let overdue = status::next_check_in(facts.license, facts.policy).is_some_and(|next| next < now);
    match () {
        () if facts.owner.is_some_and(|owner| owner.banned) => {
            Some(Validation::invalid(Code::Banned, "is banned"))
        }
        () if facts.license.suspended => Some(Validation::invalid(Code::Suspended, "is suspended")),
        () if revoked && status::is_expired(facts.license, now) => {
            Some(Validation::invalid(Code::Expired, "is expired"))
        }
        () if overdue => Some(Validation::invalid(Code::Overdue, "is overdue for check in")),
        () => None,
    }
}

/// Steps 17, 26, 27: expired or valid.
fn expiry(facts: &Facts<'_>, now: Timestamp) -> Validation {
    if !status::is_expired(facts.license, now) {
        return Validation::decided(true, Code::Valid, "is valid");
    }
    let strategy = facts.policy.expiration_strategy;
    let allowed = matches!(strategy, ExpirationStrategy::Allow | ExpirationStrategy::Maintain);
    Validation::decided(allowed, Code::Expired, "is expired")
}

/// A count above its limit: valid where the overage is tolerated, with the same code.
fn over(facts: &Facts<'_>, count: i64, limit: i64, code: Code, detail: &str) -> Step {
    let tolerated = limits::tolerates(facts.policy.overage_strategy, count, limit);
    (count > limit).then(|| Validation::decided(tolerated, code, detail))
}
