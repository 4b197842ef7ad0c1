//! `GET /v1/_test/records`: records as they are stored, oldest first.

use keyway_base::{AccountId, RecordId};
use keyway_domain::resources::Account;
use keyway_jsonapi::{Declared, Record, Resource, Scope};
use keyway_store::Page;
use serde_json::{Value as Json, json};

use crate::notion::{Notion, is_account};
use crate::shown::shown;
use crate::{Support, SupportError};

impl Support {
    /// The records of a type, in one account or in all.
    pub(crate) async fn records(&self, kind: &str, account: Option<&str>) -> Result<Json, SupportError> {
        let malformed = |id: &str| SupportError::Malformed(format!("{id:?} is not a UUID"));
        let account = account.map(|id| id.parse::<RecordId>().map_err(|_| malformed(id))).transpose()?;
        let data: Vec<Json> = match Notion::of(kind)? {
            Notion::Kept(kind) => self.kept().of(kind, account).iter().map(|record| record.shown()).collect(),
            Notion::Stored(resource) => {
                (self.parts().settle)().await;
                let records = self.stored(resource, account.map(AccountId::from)).await?;
                let shown = |record: &Record| shown(record, self.secrets().get(record.id()));
                records.iter().map(shown).collect::<Result<_, _>>()?
            }
        };
        Ok(json!({ "data": data }))
    }

    /// Every record of a resource, oldest first.
    pub(crate) async fn stored(
        &self,
        resource: &'static Resource,
        account: Option<AccountId>,
    ) -> Result<Vec<Record>, SupportError> {
        let db = &self.parts().db;
        let accounts = db.accounts(Account::RESOURCE).await?;
        let wanted =
            accounts.into_iter().filter(|known| account.is_none_or(|account| known.account() == account));
        if is_account(resource) {
            return Ok(wanted.collect());
        }
        let mut records = Vec::new();
        for account in wanted {
            records.extend(db.list(resource, account.account(), &Scope::All, &Page::all()).await?);
        }
        records.sort_by_key(|record| (record.created(), record.id()));
        Ok(records)
    }
}
