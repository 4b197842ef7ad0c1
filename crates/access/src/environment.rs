//! The environment a request works in, and which records that opens (`licensing.md` §5).

use keyway_base::EnvironmentId;
use keyway_domain::resources::{Environment, IsolationStrategy};
use keyway_jsonapi::Scope;

/// The current environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EnvironmentView {
    /// None was named: global records only.
    Global,
    /// Only this environment's records.
    Isolated(EnvironmentId),
    /// This environment's records, and the global ones to read.
    Shared(EnvironmentId),
}

impl EnvironmentView {
    /// The view of a request that named this environment, or none.
    pub fn of(environment: Option<&Environment>) -> Self {
        match environment {
            None => Self::Global,
            Some(found) => match found.isolation_strategy {
                IsolationStrategy::Isolated => Self::Isolated(found.id.into()),
                IsolationStrategy::Shared => Self::Shared(found.id.into()),
            },
        }
    }
    /// The environment that new records are made in.
    pub const fn current(self) -> Option<EnvironmentId> {
        match self {
            Self::Global => None,
            Self::Isolated(id) | Self::Shared(id) => Some(id),
        }
    }
    /// Whether a record of this environment can be seen, or a credential of it used.
    pub fn reads(self, environment: Option<EnvironmentId>) -> bool {
        match self {
            Self::Global => environment.is_none(),
            Self::Isolated(id) => environment == Some(id),
            Self::Shared(id) => environment.is_none_or(|other| other == id),
        }
    }
    /// Whether a record of this environment can be changed.
    pub fn writes(self, environment: Option<EnvironmentId>) -> bool {
        environment == self.current()
    }
    /// The records that can be seen.
    pub fn scope(self) -> Scope {
        let global = Scope::IsNull("environment_id");
        match self {
            Self::Global => global,
            Self::Isolated(id) => Scope::id("environment_id", id),
            Self::Shared(id) => global.or(Scope::id("environment_id", id)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_spec() {
        let id = |text: &str| text.parse::<EnvironmentId>().unwrap();
        let (own, other) =
            (id("0190163d-8694-739b-aea5-966c26f8ad91"), id("0190163d-8694-739b-aea5-966c26f8ad92"));
        let (global, isolated, shared) =
            (EnvironmentView::Global, EnvironmentView::Isolated(own), EnvironmentView::Shared(own));
        for (view, record, reads, writes) in [
            (global, None, true, true),
            (global, Some(own), false, false),
            (isolated, None, false, false),
            (isolated, Some(own), true, true),
            (isolated, Some(other), false, false),
            (shared, None, true, false),
            (shared, Some(own), true, true),
            (shared, Some(other), false, false),
        ] {
            assert_eq!(view.reads(record), reads, "{view:?} reads {record:?}");
            assert_eq!(view.writes(record), writes, "{view:?} writes {record:?}");
        }
    }
}
