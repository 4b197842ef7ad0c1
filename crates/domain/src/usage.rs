//! What of an account is counted (`licensing.md` §14): users, licences, machines, and active licensed users.

mod period;

use keyway_base::Timestamp;
use keyway_jsonapi::{Declared as _, Resource, Scope};

use crate::license::filter::is_active;
use crate::resources::{License, Machine, User};
pub use period::{Bound, Period, PeriodError, today};

/// What can be counted at any time, and is counted each day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Active licensed users.
    Alus,
    /// Licences.
    Licenses,
    /// Machines.
    Machines,
    /// Users.
    Users,
}

impl Metric {
    /// Every metric.
    pub const ALL: [Self; 4] = [Self::Alus, Self::Licenses, Self::Machines, Self::Users];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alus => "alus",
            Self::Licenses => "licenses",
            Self::Machines => "machines",
            Self::Users => "users",
        }
    }
    /// The metric of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|metric| metric.as_str() == name)
    }
    /// What is to be counted, and added up, of the records in a view.
    pub fn counted(self, view: &Scope, now: Timestamp) -> Vec<(&'static Resource, Scope)> {
        match self {
            Self::Alus => active_licensed_users(view, now),
            Self::Licenses => vec![(License::RESOURCE, view.clone())],
            Self::Machines => vec![(Machine::RESOURCE, view.clone())],
            Self::Users => vec![(User::RESOURCE, view.clone())],
        }
    }
}

/// Users with an active licence, and active licences without users. Who is banned does not count, and neither do
/// licences of theirs.
fn active_licensed_users(view: &Scope, now: Timestamp) -> Vec<(&'static Resource, Scope)> {
    let banned = Scope::IsNull("banned_at").negate();
    let active = is_active(now).and(Scope::belongs("users", "owner_id", banned).negate());
    let owns = Scope::has("licenses", "owner_id", active.clone());
    let uses =
        Scope::has("license_users", "user_id", Scope::belongs("licenses", "license_id", active.clone()));
    let users = view.clone().and(Scope::IsNull("banned_at")).and(owns.or(uses));
    let nobody =
        Scope::IsNull("owner_id").and(Scope::has("license_users", "license_id", Scope::All).negate());
    vec![(User::RESOURCE, users), (License::RESOURCE, view.clone().and(active).and(nobody))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_known_by_name() {
        for metric in Metric::ALL {
            assert_eq!(Metric::named(metric.as_str()), Some(metric));
        }
        assert_eq!(Metric::named("requests"), None);
    }
}
