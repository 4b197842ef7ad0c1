//! The environments of an account, and what working in one means.

use std::sync::Arc;

use keyway_access::{AuthFailure, EnvironmentView, Presented, Surface};
use keyway_base::{AccountId, EnvironmentId, SlotKey};
use keyway_domain::resources::{Environment, IsolationStrategy};
use keyway_jsonapi::{Declared, Scope};

use crate::cache::{Loaded, Weigh};
use crate::{AccountFacts, Catalog, CatalogError, PrincipalError};

/// What a request in an environment needs to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentFacts {
    /// Its id.
    pub id: EnvironmentId,
    /// Its code.
    pub code: String,
    /// How far it is cut off from the global records.
    pub isolation: IsolationStrategy,
}

impl EnvironmentFacts {
    /// What a request that names this environment, or none, works in.
    pub fn view(environment: Option<&Self>) -> EnvironmentView {
        match environment {
            None => EnvironmentView::Global,
            Some(Self { id, isolation: IsolationStrategy::Isolated, .. }) => EnvironmentView::Isolated(*id),
            Some(Self { id, isolation: IsolationStrategy::Shared, .. }) => EnvironmentView::Shared(*id),
        }
    }
    /// Whether a header or query value names this environment: its id, or its code in any case.
    pub fn is_named(&self, text: &str) -> bool {
        self.code.to_lowercase() == text.to_lowercase() || text.parse() == Ok(self.id)
    }
}

/// The refusals of credentials that are not known where they were looked for.
const STRANGERS: [&str; 3] = [
    AuthFailure::TOKEN_INVALID.code,
    AuthFailure::LICENSE_INVALID.code,
    AuthFailure::TOKEN_FORMAT_INVALID.code,
];

/// Every environment of an account.
pub(crate) type Environments = Arc<[Arc<EnvironmentFacts>]>;

impl Weigh for AccountId {
    fn weigh(&self) -> usize {
        0
    }
}

impl Weigh for Environments {
    fn weigh(&self) -> usize {
        self.iter().map(|environment| 64 + size_of::<EnvironmentFacts>() + environment.code.len()).sum()
    }
}

impl Catalog {
    /// The environment that a header or query value names (code or id); `None` when there is no such.
    ///
    /// # Errors
    /// [`CatalogError`] when it cannot be loaded.
    pub async fn environment(
        &self,
        account: &AccountFacts,
        code_or_id: &str,
    ) -> Result<Option<Arc<EnvironmentFacts>>, CatalogError> {
        let environments = self.environments_of(account.id).await?;
        Ok(environments.iter().find(|environment| environment.is_named(code_or_id)).cloned())
    }

    /// The environment that a credential belongs to, for clients that cannot name one. `None` where it is known
    /// outside every environment, or in none of them, or in several.
    ///
    /// # Errors
    /// [`CatalogError`] when that cannot be told right now.
    pub async fn environment_behind(
        &self,
        account: &AccountFacts,
        surface: Surface,
        presented: &Presented,
    ) -> Result<Option<Arc<EnvironmentFacts>>, CatalogError> {
        let environments = self.environments_of(account.id).await?;
        if environments.is_empty() || self.knows(account, None, surface, presented).await? {
            return Ok(None);
        }
        let mut home = None;
        for environment in environments.iter() {
            if !self.knows(account, Some(environment), surface, presented).await? {
                continue;
            }
            if home.is_some() {
                return Ok(None);
            }
            home = Some(Arc::clone(environment));
        }
        Ok(home)
    }

    /// Whether a credential is one of this environment's, good or (expired, suspended) not.
    async fn knows(
        &self,
        account: &AccountFacts,
        environment: Option<&EnvironmentFacts>,
        surface: Surface,
        presented: &Presented,
    ) -> Result<bool, CatalogError> {
        match self.principal(account, environment, surface, presented).await {
            Ok(_) => Ok(true),
            Err(PrincipalError::Auth(failure)) => Ok(!STRANGERS.contains(&failure.code)),
            Err(PrincipalError::Unavailable(error)) => Err(error),
        }
    }

    async fn environments_of(&self, account: AccountId) -> Result<Environments, CatalogError> {
        if let Some(environments) = self.environments.hit(&account) {
            return Ok(environments);
        }
        Box::pin(self.environments.get(account, || self.load_environments(account))).await
    }

    async fn load_environments(&self, account: AccountId) -> Result<Loaded<Environments>, CatalogError> {
        let what = "the environments";
        let mut read = self.db.read().await.map_err(|error| CatalogError::store(what, error))?;
        let records = read.all(Environment::RESOURCE, account, &Scope::All).await;
        let records = records.map_err(|error| CatalogError::store(what, error))?;
        let mut environments = Vec::with_capacity(records.len());
        for record in records {
            let environment: Environment =
                record.typed().map_err(|error| CatalogError::damaged(what, error))?;
            environments.push(Arc::new(EnvironmentFacts {
                id: environment.id.into(),
                code: environment.code,
                isolation: environment.isolation_strategy,
            }));
        }
        Ok(Loaded { value: environments.into(), slots: [SlotKey::Access(account).into()].into() })
    }
}
