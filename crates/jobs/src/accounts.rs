//! Work that is looked for: a job for each account in which there is something to do. Every process looks, with one query
//! for all accounts; of one kind at most one job waits in an account, and its lease sees to it that one process does the
//! work.

use keyway_domain::resources::Account;
use keyway_jsonapi::{Declared, Resource, Scope};
use keyway_store::{NewJob, Page};
use serde_json::Value;

use crate::JobError;
use crate::runner::Parts;

/// What shows that there is something to do in an account: it has such a record.
pub(crate) type Sign = (&'static Resource, Scope);

/// The accounts that have one of these signs.
pub(crate) fn with_any(signs: impl IntoIterator<Item = Sign>) -> Scope {
    let has = |(resource, scope): Sign| Scope::has(resource.table, "account_id", scope);
    signs.into_iter().map(has).fold(Scope::None, Scope::or)
}

impl Parts {
    /// Adds a job of a kind for every account that matches; says how many.
    pub(crate) async fn enqueue_for(
        &self,
        accounts: &Scope,
        kind: &str,
        payload: &Value,
    ) -> Result<usize, JobError> {
        let accounts = self.db.accounts_where(Account::RESOURCE, accounts, &Page::all()).await?;
        for account in &accounts {
            let (kind, key, payload) = (kind.to_owned(), String::new(), payload.clone());
            let run_at = self.clock.wall();
            self.enqueue(&NewJob { kind, key, account: account.account(), payload, run_at }).await?;
        }
        Ok(accounts.len())
    }
}
