//! Work that is looked for: a job for each account in which there is something to do. Every process looks; of one kind
//! at most one job waits in an account, and its lease sees to it that one process does the work.

use keyway_domain::resources::Account;
use keyway_jsonapi::{Declared, Resource, Scope};
use keyway_store::NewJob;

use crate::JobError;
use crate::runner::Parts;

impl Parts {
    /// Adds a job of a kind for every account that has a record of one of these scopes; says how many.
    pub(crate) async fn enqueue_where(
        &self,
        kind: &str,
        payload: serde_json::Value,
        signs: &[(&'static Resource, Scope)],
    ) -> Result<usize, JobError> {
        let mut found = 0;
        for account in self.db.accounts(Account::RESOURCE).await? {
            let account = account.account();
            for (resource, scope) in signs {
                if self.db.find(resource, account, scope).await?.is_some() {
                    let (kind, key) = (kind.to_owned(), String::new());
                    let run_at = self.clock.wall();
                    self.enqueue(&NewJob { kind, key, account, payload: payload.clone(), run_at }).await?;
                    found += 1;
                    break;
                }
            }
        }
        Ok(found)
    }
}
