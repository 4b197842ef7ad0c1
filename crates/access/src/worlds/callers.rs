//! The callers of a world: everyone without a credential, by token and by key, in every environment.

use std::collections::BTreeSet;

use keyway_base::{EntitlementId, LicenseId, RecordId, Secret, UserId};
use keyway_domain::resources as r;

use super::{NOW, World, account};
use crate::{
    AuthFailure, Bearer, Credential, CredentialScheme, EnvironmentView, LicenseRecords, PresentedAs,
    Principal, Speaker, Surface, authenticate,
};

impl World {
    /// Everyone who can authenticate in a view.
    pub fn callers(&self, view: EnvironmentView) -> Vec<Principal> {
        let anonymous = Principal::anonymous(account(), view);
        let by_token = self.tokens.iter().filter_map(|token| self.by_token(token, view).ok());
        let by_key =
            self.licenses.iter().filter_map(|license| self.by_key(license, view, Surface::Engine).ok());
        std::iter::once(anonymous).chain(by_token).chain(by_key).collect()
    }

    /// Who a token's bearer is.
    ///
    /// # Errors
    /// [`AuthFailure`] as [`authenticate`] gives it.
    pub fn by_token(&self, token: &r::Token, view: EnvironmentView) -> Result<Principal, AuthFailure> {
        let by = PresentedAs::Token(Box::new(token.clone()));
        let found = self.speaker(token.bearer_type, token.bearer_id).map(|speaker| Bearer { by, speaker });
        authenticate(account(), view, &credential(CredentialScheme::Bearer), found, Surface::Api, NOW)
    }

    /// Who a user's password speaks for.
    ///
    /// # Errors
    /// [`AuthFailure`] as [`authenticate`] gives it.
    pub fn by_password(&self, user: &r::User, view: EnvironmentView) -> Result<Principal, AuthFailure> {
        let by = PresentedAs::Password;
        let found = self.speaker(r::BearerType::User, user.id).map(|speaker| Bearer { by, speaker });
        authenticate(account(), view, &credential(CredentialScheme::Password), found, Surface::Api, NOW)
    }

    /// Who a licence's key speaks for on a surface.
    ///
    /// # Errors
    /// [`AuthFailure`] as [`authenticate`] gives it.
    pub fn by_key(
        &self,
        license: &r::License,
        view: EnvironmentView,
        surface: Surface,
    ) -> Result<Principal, AuthFailure> {
        let speaker = self.speaker(r::BearerType::License, license.id);
        let found = speaker.map(|speaker| Bearer { by: PresentedAs::LicenseKey, speaker });
        authenticate(account(), view, &credential(CredentialScheme::License), found, surface, NOW)
    }

    /// The records behind a bearer.
    pub fn speaker(&self, kind: r::BearerType, id: RecordId) -> Option<Speaker> {
        Some(match kind {
            r::BearerType::User => {
                let user = self.users.iter().find(|user| user.id == id)?.clone();
                let licenses = self.licenses.iter().filter(|license| self.uses(license, user.id.into()));
                let records = licenses.filter_map(|license| self.license_records(license)).collect();
                Speaker::User(Box::new(user), records)
            }
            r::BearerType::Product => {
                Speaker::Product(Box::new(self.products.iter().find(|product| product.id == id)?.clone()))
            }
            r::BearerType::Environment => {
                Speaker::Environment(Box::new(self.environments.iter().find(|of| of.id == id)?.clone()))
            }
            r::BearerType::License => {
                let license = self.licenses.iter().find(|license| license.id == id)?;
                Speaker::License(Box::new(self.license_records(license)?))
            }
        })
    }

    fn uses(&self, license: &r::License, user: UserId) -> bool {
        license.owner_id == Some(user)
            || self.license_users.iter().any(|of| of.license_id == id(license) && of.user_id == user)
    }

    fn license_records(&self, license: &r::License) -> Option<LicenseRecords> {
        let policy = self.policies.iter().find(|policy| policy.id == license.policy_id.into())?.clone();
        let owner = license.owner_id.and_then(|owner| self.users.iter().find(|user| user.id == owner.into()));
        let of_license = self.license_entitlements.iter().filter(|of| of.license_id == id(license));
        let of_policy = self.policy_entitlements.iter().filter(|of| of.policy_id == license.policy_id);
        let entitlements: BTreeSet<EntitlementId> =
            of_license.map(|of| of.entitlement_id).chain(of_policy.map(|of| of.entitlement_id)).collect();
        let users = self.license_users.iter().filter(|of| of.license_id == id(license)).map(|of| of.user_id);
        Some(LicenseRecords {
            license: license.clone(),
            policy,
            owner: owner.cloned(),
            users: users.collect(),
            entitlements,
        })
    }
}

fn id(license: &r::License) -> LicenseId {
    license.id.into()
}

fn credential(scheme: CredentialScheme) -> Credential {
    Credential { scheme, secret: Secret::new("secret".to_owned()), user: None }
}
