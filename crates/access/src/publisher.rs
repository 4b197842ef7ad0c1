//! Who publishes with the tools of an ecosystem: asked before a body is read. What exactly they may, the actions
//! say.

use keyway_engine::{Denial, Reason};
use keyway_jsonapi::Role;

use crate::{AuthFailure, Principal};

/// Whether a caller is one that publishes: the team, an environment, a product. Customers never are.
///
/// # Errors
/// [`Denial`] that says what to use instead.
pub fn publisher(principal: &Principal) -> Result<(), Denial> {
    const INSTEAD: &str = "use the token of a product or an environment";
    let message = match principal.role {
        Role::Admin | Role::Developer | Role::Environment | Role::Product => return Ok(()),
        Role::Anonymous => {
            let message = format!("a token is required to publish: {INSTEAD}");
            return Err(Denial { reason: AuthFailure::TOKEN_MISSING.reason, message });
        }
        Role::License => format!("a licence cannot publish: {INSTEAD}"),
        Role::User => format!("a customer's account cannot publish: {INSTEAD}"),
        other => format!("the role {} cannot publish: {INSTEAD}", other.as_str()),
    };
    Err(Denial { reason: Reason::PermissionMissing, message })
}

#[cfg(test)]
mod tests {
    use keyway_base::{AccountId, RecordId, Timestamp};

    use super::*;
    use crate::EnvironmentView;

    #[test]
    fn the_team_products_and_environments_publish() {
        let account = AccountId::from(RecordId::generate(Timestamp::from_micros(0)));
        let anonymous = Principal::anonymous(account, EnvironmentView::Global);
        for role in Role::ALL {
            let allowed = matches!(role, Role::Admin | Role::Developer | Role::Environment | Role::Product);
            let decided = publisher(&Principal { role, ..anonymous.clone() });
            assert_eq!(decided.is_ok(), allowed, "{role:?}");
            if let Err(denial) = decided {
                let status = if role == Role::Anonymous { 401 } else { 403 };
                assert_eq!(denial.reason.status().as_u16(), status, "{role:?}");
                assert!(denial.message.contains("token of a product"), "{role:?}: {}", denial.message);
            }
        }
    }
}
