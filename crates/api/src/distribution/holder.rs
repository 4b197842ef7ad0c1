//! Who was given a signed URL, written into it and looked at again when it is used: in its time a token may be
//! revoked, a person banned and a licence suspended.

use keyway_access::Principal;
use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_domain::resources::{Environment, License, Product, Token, User, UserRole};
use keyway_jsonapi::{Declared, Record, Resource, Role, Scope};
use keyway_store::{Read, StoreError};

/// The bearer of a signed URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    role: Role,
    bearer: Option<RecordId>,
    token: Option<RecordId>,
}

impl Holder {
    /// The caller, as a holder.
    pub(super) fn of(principal: &Principal) -> Self {
        let token = principal.token.as_ref().map(|token| token.id.into());
        Self { role: principal.role, bearer: principal.bearer_id(), token }
    }

    /// Reads what `Display` wrote.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let (role, bearer, token) = (parts.next()?, parts.next()?, parts.next()?);
        let role = Role::ALL.into_iter().find(|known| known.as_str() == role)?;
        let id = |text: &str| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) };
        Some(Self { role, bearer: id(bearer)?, token: id(token)? })
    }

    /// Whether the bearer may still send bytes: the token holds, and the bearer is one that publishes.
    pub(super) async fn may_upload(&self, held: &mut Held<'_>) -> Result<bool, StoreError> {
        if !held.token(self.token).await? {
            return Ok(false);
        }
        match (self.role, self.bearer) {
            (Role::Admin | Role::Developer, Some(id)) => {
                held.user(id, &[UserRole::Admin, UserRole::Developer]).await
            }
            (Role::Product, Some(id)) => held.exists(Product::RESOURCE, id).await,
            (Role::Environment, Some(id)) => held.exists(Environment::RESOURCE, id).await,
            _ => Ok(false),
        }
    }

    /// Whether the bearer may still read: the token holds, and the bearer is neither gone, banned nor suspended.
    pub(super) async fn may_download(&self, held: &mut Held<'_>) -> Result<bool, StoreError> {
        if !held.token(self.token).await? {
            return Ok(false);
        }
        match (self.role, self.bearer) {
            (Role::Anonymous, _) => Ok(true),
            (Role::Product, Some(id)) => held.exists(Product::RESOURCE, id).await,
            (Role::Environment, Some(id)) => held.exists(Environment::RESOURCE, id).await,
            (Role::License, Some(id)) => {
                let license = held.find(License::RESOURCE, id).await?;
                Ok(license.is_some_and(|license| license.get("suspended").as_bool() == Some(false)))
            }
            (_, Some(id)) => held.user(id, &[]).await,
            (_, None) => Ok(false),
        }
    }
}

/// The records that a holder is looked up in.
pub(super) struct Held<'r> {
    /// The snapshot.
    pub(super) read: &'r mut Read,
    /// The account.
    pub(super) account: AccountId,
    /// The time.
    pub(super) now: Timestamp,
}

impl Held<'_> {
    async fn find(
        &mut self,
        resource: &'static Resource,
        id: RecordId,
    ) -> Result<Option<Record>, StoreError> {
        self.read.find(resource, self.account, &Scope::id("id", id)).await
    }
    async fn exists(&mut self, resource: &'static Resource, id: RecordId) -> Result<bool, StoreError> {
        Ok(self.find(resource, id).await?.is_some())
    }
    /// Whether a token, where there is one, is neither revoked nor expired.
    async fn token(&mut self, id: Option<RecordId>) -> Result<bool, StoreError> {
        let Some(id) = id else { return Ok(true) };
        let expired = |token: &Record| token.get("expiry").as_time().is_some_and(|expiry| expiry < self.now);
        let token = self.read.find(Token::RESOURCE, self.account, &Scope::id("id", id)).await?;
        Ok(token.is_some_and(|token| !expired(&token)))
    }
    /// Whether a user is there, not banned, and of one of these roles (of any, when none is named).
    async fn user(&mut self, id: RecordId, roles: &[UserRole]) -> Result<bool, StoreError> {
        let Some(user) = self.find(User::RESOURCE, id).await? else { return Ok(false) };
        let role = user.get("role").as_text();
        let fits = roles.is_empty() || roles.iter().any(|allowed| Some(allowed.as_str()) == role);
        Ok(fits && user.get("banned_at").is_null())
    }
}

impl std::fmt::Display for Holder {
    /// `<role>:<bearer>:<token>`; empty where there is none.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = |id: Option<RecordId>| id.map(|id| id.to_string()).unwrap_or_default();
        write!(f, "{}:{}:{}", self.role.as_str(), text(self.bearer), text(self.token))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holders_read_back() {
        let id: RecordId = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        for holder in [
            Holder { role: Role::Admin, bearer: Some(id), token: Some(id) },
            Holder { role: Role::License, bearer: Some(id), token: None },
            Holder { role: Role::Anonymous, bearer: None, token: None },
        ] {
            assert_eq!(Holder::parse(&holder.to_string()), Some(holder));
        }
        for bad in ["", "admin", "admin:x:", "king::", "admin:"] {
            assert_eq!(Holder::parse(bad), None, "{bad}");
        }
    }
}
