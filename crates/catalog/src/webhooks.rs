//! The webhook endpoints of an account: an event that nobody listens to costs no query.

use std::sync::Arc;

use keyway_base::{AccountId, SlotKey};
use keyway_domain::resources::WebhookEndpoint;
use keyway_jsonapi::{Declared, Scope};

use crate::cache::{Loaded, Weigh};
use crate::{Catalog, CatalogError};

/// Every webhook endpoint of an account, oldest first.
pub type Webhooks = Arc<[WebhookEndpoint]>;

impl Weigh for Webhooks {
    fn weigh(&self) -> usize {
        let each = |endpoint: &WebhookEndpoint| {
            let names = endpoint.subscriptions.as_array().map_or(0, Vec::len);
            size_of::<WebhookEndpoint>() + endpoint.url.len() + 64 * names
        };
        self.iter().map(each).sum()
    }
}

impl Catalog {
    /// The webhook endpoints of an account.
    ///
    /// # Errors
    /// [`CatalogError`] when they cannot be loaded.
    pub async fn webhooks(&self, account: AccountId) -> Result<Webhooks, CatalogError> {
        if let Some(webhooks) = self.webhooks.hit(&account) {
            return Ok(webhooks);
        }
        Box::pin(self.webhooks.get(account, || self.load_webhooks(account))).await
    }

    async fn load_webhooks(&self, account: AccountId) -> Result<Loaded<Webhooks>, CatalogError> {
        let what = "the webhook endpoints";
        let mut read = self.db.read().await.map_err(|error| CatalogError::store(what, error))?;
        let records = read.all(WebhookEndpoint::RESOURCE, account, &Scope::All).await;
        let records = records.map_err(|error| CatalogError::store(what, error))?;
        let endpoints: Result<Vec<WebhookEndpoint>, _> =
            records.iter().map(|record| record.typed()).collect();
        let value = endpoints.map_err(|error| CatalogError::damaged(what, error))?.into();
        Ok(Loaded { value, slots: [SlotKey::Webhooks(account).into()].into() })
    }
}
