//! What the tokens of container registries may be good for (`spec/oci.md` §2.1): less than was asked for is no error.

use keyway_engine::Actions;

use crate::{Principal, publisher};

/// What a caller may do in the repositories of a registry, whichever they are: who publishes may do everything,
/// everybody else pull. What there is to pull, the view of each repository says.
pub fn registry_actions(principal: &Principal) -> Actions {
    if publisher(principal).is_ok() { Actions::ALL } else { Actions::PULL }
}

#[cfg(test)]
mod tests {
    use keyway_base::{AccountId, RecordId, Timestamp};
    use keyway_jsonapi::Role;

    use super::*;
    use crate::EnvironmentView;

    #[test]
    fn licences_users_and_strangers_pull() {
        let account = AccountId::from(RecordId::generate(Timestamp::from_micros(0)));
        let anonymous = Principal::anonymous(account, EnvironmentView::Global);
        for role in Role::ALL {
            let publishes = matches!(role, Role::Admin | Role::Developer | Role::Environment | Role::Product);
            let expected = if publishes { Actions::ALL } else { Actions::PULL };
            assert_eq!(registry_actions(&Principal { role, ..anonymous.clone() }), expected, "{role:?}");
        }
    }
}
