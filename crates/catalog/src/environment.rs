//! The environments of an account, and which records belong to one.

use std::sync::Arc;

use keyway_base::{AccountId, EnvironmentId, SlotKey};
use keyway_domain::resources::{Environment, IsolationStrategy};
use keyway_jsonapi::{Declared, Scope};

use crate::cache::{Loaded, Weigh};
use crate::{AccountFacts, Catalog, CatalogError};

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
    /// Whether a header or query value names this environment: its id, or its code in any case.
    pub fn is_named(&self, text: &str) -> bool {
        self.code.to_lowercase() == text.to_lowercase() || text.parse() == Ok(self.id)
    }
}

/// The records that a request in `environment` may read (`distribution.md` §3.8): global ones without an
/// environment, its own ones in an isolated environment, both in a shared one.
pub fn readable(environment: Option<&EnvironmentFacts>) -> Scope {
    let global = Scope::IsNull("environment_id");
    match environment {
        None => global,
        Some(EnvironmentFacts { id, isolation: IsolationStrategy::Isolated, .. }) => {
            Scope::id("environment_id", *id)
        }
        Some(EnvironmentFacts { id, isolation: IsolationStrategy::Shared, .. }) => {
            Scope::id("environment_id", *id).or(global)
        }
    }
}

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
        let account = account.id;
        let environments = self.environments.get(account, || self.load_environments(account)).await?;
        Ok(environments.iter().find(|environment| environment.is_named(code_or_id)).cloned())
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
