//! The records behind a credential.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use keyway_access::{Bearer, EnvironmentView, LicenseRecords, PresentedAs, Speaker};
use keyway_base::{AccountId, EntitlementId, LicenseId, PolicyId, RecordId, Slot, SlotKey, UserId};
use keyway_crypto::token::CredentialDigest;
use keyway_domain::resources::{
    BearerType, Environment, License, LicenseEntitlement, LicenseUser, Policy, PolicyEntitlement, Product,
    Token, User,
};
use keyway_jsonapi::{Scope, Value};

use crate::CatalogError;
use crate::rows::Rows;

/// One search, and what its result depends on.
pub(crate) struct BearerSearch<'r> {
    rows: Rows<'r>,
    account: AccountId,
    view: EnvironmentView,
    slots: BTreeSet<Slot>,
}

impl<'r> BearerSearch<'r> {
    /// Whatever is found depends on policies, products and entitlements.
    pub(crate) fn of(rows: Rows<'r>, account: AccountId, view: EnvironmentView) -> Self {
        Self { rows, account, view, slots: BTreeSet::from([SlotKey::Access(account).into()]) }
    }

    pub(crate) fn into_slots(self) -> Box<[Slot]> {
        self.slots.into_iter().collect()
    }

    /// The bearer of the token with this digest.
    pub(crate) async fn by_token(
        &mut self,
        digest: CredentialDigest,
    ) -> Result<Option<Bearer>, CatalogError> {
        self.depends_on(SlotKey::Credential(self.account, digest.as_bytes()));
        let named = Scope::Is("digest", Value::Bytes(digest.as_bytes().to_vec()));
        let Some(token) = self.rows.find::<Token>(&named).await? else { return Ok(None) };
        self.depends_on(SlotKey::Token(self.account, token.id));
        let speaker = self.speaker(&token).await?;
        Ok(speaker.map(|speaker| Bearer { by: PresentedAs::Token(Box::new(token)), speaker }))
    }

    /// The bearer of the session of the token with this digest.
    pub(crate) async fn by_session(
        &mut self,
        digest: CredentialDigest,
    ) -> Result<Option<Bearer>, CatalogError> {
        let found = self.by_token(digest).await?;
        Ok(found.map(|Bearer { by, speaker }| match by {
            PresentedAs::Token(token) => Bearer { by: PresentedAs::Session(token), speaker },
            by => Bearer { by, speaker },
        }))
    }

    /// The licence with this key.
    pub(crate) async fn by_key(
        &mut self,
        key: &str,
        digest: CredentialDigest,
    ) -> Result<Option<Bearer>, CatalogError> {
        self.depends_on(SlotKey::Credential(self.account, digest.as_bytes()));
        if key.contains('\0') {
            return Ok(None);
        }
        let license = self.license(&Scope::text("key", key)).await?;
        let speaker = license.map(|found| Speaker::License(Box::new(found)));
        Ok(speaker.map(|speaker| Bearer { by: PresentedAs::LicenseKey, speaker }))
    }

    /// The licence of this id, if its key has this digest.
    pub(crate) async fn by_license(
        &mut self,
        id: LicenseId,
        is_its_key: impl Fn(&str) -> bool,
    ) -> Result<Option<Bearer>, CatalogError> {
        self.depends_on(SlotKey::License(self.account, id.into()));
        let license = self.license(&Scope::id("id", id)).await?;
        let license = license.filter(|found| is_its_key(&found.license.key));
        let speaker = license.map(|found| Speaker::License(Box::new(found)));
        Ok(speaker.map(|speaker| Bearer { by: PresentedAs::LicenseKey, speaker }))
    }

    fn depends_on(&mut self, key: SlotKey<'_>) {
        self.slots.insert(key.into());
    }

    /// Whom a token speaks for; `None` when the bearer is being deleted.
    async fn speaker(&mut self, token: &Token) -> Result<Option<Speaker>, CatalogError> {
        let id = token.bearer_id;
        Ok(match token.bearer_type {
            BearerType::Environment => {
                self.rows.by_id::<Environment>(id).await?.map(Box::new).map(Speaker::Environment)
            }
            BearerType::Product => self.rows.by_id::<Product>(id).await?.map(Box::new).map(Speaker::Product),
            BearerType::License => {
                self.license(&Scope::id("id", id)).await?.map(Box::new).map(Speaker::License)
            }
            BearerType::User => {
                self.depends_on(SlotKey::User(self.account, id));
                match self.rows.by_id::<User>(id).await? {
                    Some(user) => Some(Speaker::User(Box::new(user), self.licenses_of(id).await?)),
                    None => None,
                }
            }
        })
    }

    async fn license(&mut self, named: &Scope) -> Result<Option<LicenseRecords>, CatalogError> {
        let Some(license) = self.rows.find::<License>(named).await? else { return Ok(None) };
        Ok(self.with_terms(vec![license]).await?.pop())
    }

    /// The licences that a user owns or is attached to, oldest first, as far as the environment reads them.
    async fn licenses_of(&mut self, user: RecordId) -> Result<Vec<LicenseRecords>, CatalogError> {
        let attached = Scope::has("license_users", "license_id", Scope::id("user_id", user));
        let theirs = Scope::id("owner_id", user).or(attached).and(self.view.scope());
        let licenses = self.rows.all(&theirs).await?;
        self.with_terms(licenses).await
    }

    /// Adds what the access of licences depends on. A licence whose policy is being deleted is gone already.
    async fn with_terms(&mut self, licenses: Vec<License>) -> Result<Vec<LicenseRecords>, CatalogError> {
        let policies = self.policies(&licenses).await?;
        let owners = self.owners(&licenses).await?;
        let mut users = self.users(&licenses).await?;
        let mut entitlements = self.entitlements(&licenses).await?;
        let inherited = self.policy_entitlements(&licenses).await?;
        let mut found = Vec::with_capacity(licenses.len());
        for license in licenses {
            self.depends_on(SlotKey::License(self.account, license.id));
            let Some(policy) = policies.get(&license.policy_id) else { continue };
            let id = LicenseId::from(license.id);
            let mut held = entitlements.remove(&id).unwrap_or_default();
            held.extend(inherited.get(&license.policy_id).into_iter().flatten());
            found.push(LicenseRecords {
                owner: license.owner_id.and_then(|owner| owners.get(&owner).cloned()),
                users: users.remove(&id).unwrap_or_default(),
                policy: policy.clone(),
                entitlements: held,
                license,
            });
        }
        Ok(found)
    }

    async fn policies(&mut self, licenses: &[License]) -> Result<HashMap<PolicyId, Policy>, CatalogError> {
        let ids = licenses.iter().map(|license| license.policy_id.into());
        let policies: Vec<Policy> = self.rows.all_in("id", ids).await?;
        Ok(policies.into_iter().map(|policy| (policy.id.into(), policy)).collect())
    }

    async fn owners(&mut self, licenses: &[License]) -> Result<HashMap<UserId, User>, CatalogError> {
        let ids: Vec<RecordId> = licenses.iter().filter_map(|l| l.owner_id).map(Into::into).collect();
        ids.iter().for_each(|id| self.depends_on(SlotKey::User(self.account, *id)));
        let owners: Vec<User> = self.rows.all_in("id", ids).await?;
        Ok(owners.into_iter().map(|user| (user.id.into(), user)).collect())
    }

    async fn users(&mut self, licenses: &[License]) -> Result<HashMap<LicenseId, Vec<UserId>>, CatalogError> {
        let ids = licenses.iter().map(|license| license.id);
        let rows: Vec<LicenseUser> = self.rows.all_in("license_id", ids).await?;
        let mut users: HashMap<LicenseId, Vec<UserId>> = HashMap::new();
        rows.into_iter().for_each(|row| users.entry(row.license_id).or_default().push(row.user_id));
        Ok(users)
    }

    async fn entitlements(
        &mut self,
        licenses: &[License],
    ) -> Result<BTreeMap<LicenseId, BTreeSet<EntitlementId>>, CatalogError> {
        let ids = licenses.iter().map(|license| license.id);
        let rows: Vec<LicenseEntitlement> = self.rows.all_in("license_id", ids).await?;
        Ok(grouped(rows.into_iter().map(|row| (row.license_id, row.entitlement_id))))
    }

    async fn policy_entitlements(
        &mut self,
        licenses: &[License],
    ) -> Result<BTreeMap<PolicyId, BTreeSet<EntitlementId>>, CatalogError> {
        let ids = licenses.iter().map(|license| license.policy_id.into());
        let rows: Vec<PolicyEntitlement> = self.rows.all_in("policy_id", ids).await?;
        Ok(grouped(rows.into_iter().map(|row| (row.policy_id, row.entitlement_id))))
    }
}

fn grouped<K: Ord>(pairs: impl Iterator<Item = (K, EntitlementId)>) -> BTreeMap<K, BTreeSet<EntitlementId>> {
    let mut groups: BTreeMap<K, BTreeSet<EntitlementId>> = BTreeMap::new();
    pairs.for_each(|(key, entitlement)| {
        groups.entry(key).or_default().insert(entitlement);
    });
    groups
}
