//! The installation that is moved.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use keyway_base::AccountId;
use keyway_domain::resources::Account;
use keyway_jsonapi::{Declared, Record};
use keyway_store::{Db, Location, Origin, Tables};

use crate::embedded;
use crate::settings::Settings;

/// An open installation that is only read.
pub(super) struct Source {
    pub(super) db: Db,
    pub(super) tables: Tables,
    pub(super) origin: Origin,
    pub(super) accounts: BTreeSet<AccountId>,
}

impl Source {
    /// Opens it.
    ///
    /// # Errors
    /// When there is none, it is of another version, or it has no account.
    pub(super) async fn open(settings: &Settings) -> Result<Self> {
        let place = &settings.database;
        if let Location::File(path) = place
            && !path.exists()
        {
            bail!("there is no installation at {place}: name its data directory with --from-data");
        }
        let options = embedded::options(settings);
        let steps =
            Db::migrations(&options).await.with_context(|| format!("the source {place} cannot be read"))?;
        if steps.iter().any(|step| !step.done) {
            bail!(
                "the schema of {place} is older than this program: start its server once with this version"
            );
        }
        let db = Db::open(&options).await.with_context(|| format!("the source {place} cannot be read"))?;
        let tables = Tables::of(&db).await?;
        let accounts = db.accounts(Account::RESOURCE).await?;
        let Some(oldest) = accounts.first() else {
            bail!("{place} has no account: there is nothing to move");
        };
        let origin = Origin { installation: oldest.id().into(), source: place.to_string() };
        let accounts = accounts.iter().map(Record::id).map(AccountId::from).collect();
        Ok(Self { db, tables, origin, accounts })
    }
}
