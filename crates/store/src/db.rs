//! The database as the rest of the house sees it.

mod queue;

use std::path::PathBuf;
use std::sync::Arc;

use keyway_base::{AccountId, Timestamp};
use keyway_jsonapi::{Record, Resource, Scope};

use crate::arg::Arg;
use crate::migrate::{bring_up_to_date, steps};
use crate::own::OwnEntries;
use crate::postgres::{self, PostgresPools};
use crate::session::Session;
use crate::sqlite::SqlitePools;
use crate::statement::Statement;
use crate::tables::refuse_part_way;
use crate::{
    Freshness, Location, LocationError, MigrationStep, Page, Read, SigningKey, StoreError, Tombstone, Write,
    records, retrying,
};

/// How many entries of the change log one statement drops at most.
const PRUNED_AT_ONCE: i64 = 5_000;

/// How to open the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Where it is.
    pub location: Location,
    /// Connections: on SQLite those that read, of which there is one more that writes.
    pub connections: u32,
}

impl Options {
    /// A file, which is made when it does not exist.
    pub fn file(path: impl Into<PathBuf>, connections: u32) -> Self {
        Self { location: Location::File(path.into()), connections }
    }
    /// A database named by a URL: see [`Location::parse`].
    ///
    /// # Errors
    /// [`LocationError`] for a text that names none.
    pub fn at(url: &str, connections: u32) -> Result<Self, LocationError> {
        Ok(Self { location: Location::parse(url)?, connections })
    }
}

/// The database: records, transactions, jobs. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Db {
    pools: Pools,
    shared: Shared,
}

/// The connections to whatever database it is.
#[derive(Debug, Clone)]
pub(crate) enum Pools {
    Sqlite(SqlitePools),
    Postgres(PostgresPools),
}

/// What transactions and the tail of one [`Db`] share.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared {
    pub(crate) freshness: Arc<Freshness>,
    pub(crate) own: Arc<OwnEntries>,
}

impl Pools {
    pub(crate) async fn open(options: &Options) -> Result<Self, StoreError> {
        match &options.location {
            Location::File(path) => SqlitePools::open(path, options.connections).await.map(Self::Sqlite),
            Location::Server(url) => PostgresPools::open(url, options.connections).await.map(Self::Postgres),
        }
    }
    pub(crate) async fn reader(&self) -> Result<Session, StoreError> {
        match self {
            Self::Sqlite(pools) => pools.reader().await,
            Self::Postgres(pools) => pools.reader().await,
        }
    }
    pub(crate) async fn snapshot(&self) -> Result<Session, StoreError> {
        match self {
            Self::Sqlite(pools) => pools.snapshot().await,
            Self::Postgres(pools) => pools.snapshot().await,
        }
    }
    /// A snapshot that may be held for long, by one who keeps nobody waiting.
    pub(crate) async fn long_snapshot(&self) -> Result<Session, StoreError> {
        match self {
            Self::Sqlite(pools) => pools.snapshot().await,
            Self::Postgres(pools) => pools.long_snapshot().await,
        }
    }
    pub(crate) async fn transaction(&self) -> Result<Session, StoreError> {
        match self {
            Self::Sqlite(pools) => pools.transaction().await,
            Self::Postgres(pools) => pools.transaction().await,
        }
    }
    /// For one statement that writes.
    pub(crate) async fn statement(&self) -> Result<Session, StoreError> {
        match self {
            Self::Sqlite(pools) => pools.transaction().await,
            Self::Postgres(pools) => pools.statement().await,
        }
    }
    /// For changing the schema, alone.
    pub(crate) async fn migration(&self) -> Result<Session, StoreError> {
        match self {
            Self::Sqlite(pools) => pools.transaction().await,
            Self::Postgres(pools) => pools.migration().await,
        }
    }
    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite(pools) => pools.close().await,
            Self::Postgres(pools) => pools.close().await,
        }
    }
    /// For reading the change log.
    pub(crate) async fn tail(&self) -> Result<Session, StoreError> {
        match self {
            Self::Sqlite(pools) => pools.reader().await,
            Self::Postgres(pools) => pools.tail().await,
        }
    }
}

impl Db {
    /// Opens the database and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError`] when it cannot be opened or migrated, [`StoreError::PartWay`] when a move into it has not
    /// ended.
    pub async fn open(options: &Options) -> Result<Self, StoreError> {
        let pools = Pools::open(options).await?;
        bring_up_to_date(&pools).await?;
        refuse_part_way(&mut pools.reader().await?).await?;
        Ok(Self { pools, shared: Shared::default() })
    }

    /// The steps of the schema, and which of them the database has taken. Changes nothing, but that an SQLite
    /// file is made where there is none.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be opened, or was made by a different build.
    pub async fn migrations(options: &Options) -> Result<Vec<MigrationStep>, StoreError> {
        let pools = Pools::open(options).await?;
        let found = steps(&mut pools.reader().await?).await;
        pools.close().await;
        found
    }

    /// How many connections of servers or commands other than ours a database server has. A file has none: the lock
    /// of its directory tells.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be opened or cannot answer.
    pub async fn others(options: &Options) -> Result<u64, StoreError> {
        if !options.location.is_shared() {
            return Ok(0);
        }
        let pools = Pools::open(options).await?;
        let row = pools.reader().await?.row(Statement::fixed(postgres::OTHERS, Vec::new())).await;
        pools.close().await;
        Ok(row?.and_then(|row| row.int(0)).and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
    }

    /// Closes every connection. Without it they are closed in the background when the last clone goes.
    pub async fn close(&self) {
        self.pools.close().await;
    }

    /// The freshness of what this process caches.
    pub const fn freshness(&self) -> &Arc<Freshness> {
        &self.shared.freshness
    }

    /// The oldest record that matches.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn find(
        &self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
    ) -> Result<Option<Record>, StoreError> {
        records::find(&mut self.reader().await?, resource, Some(account), scope).await
    }

    /// A part of the records that match.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn list(
        &self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
        page: &Page,
    ) -> Result<Vec<Record>, StoreError> {
        records::list(&mut self.reader().await?, resource, Some(account), scope, page).await
    }

    /// How many records match.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn count(
        &self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
    ) -> Result<u64, StoreError> {
        records::count(&mut self.reader().await?, resource, account, scope).await
    }

    /// The oldest account that matches; the one look-up without a tenant. `accounts` is the declaration of
    /// accounts, which this crate does not know.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn account(
        &self,
        accounts: &'static Resource,
        scope: &Scope,
    ) -> Result<Option<Record>, StoreError> {
        records::find(&mut self.reader().await?, accounts, None, scope).await
    }

    /// Every account, oldest first. `accounts` is the declaration of accounts.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn accounts(&self, accounts: &'static Resource) -> Result<Vec<Record>, StoreError> {
        self.accounts_where(accounts, &Scope::All, &Page::all()).await
    }

    /// A part of the accounts that match. `accounts` is the declaration of accounts.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn accounts_where(
        &self,
        accounts: &'static Resource,
        scope: &Scope,
        page: &Page,
    ) -> Result<Vec<Record>, StoreError> {
        records::list(&mut self.reader().await?, accounts, None, scope, page).await
    }

    /// A consistent snapshot. The generation is noted first, so that what is built from it can be cached
    /// under [`Read::noted`].
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn read(&self) -> Result<Read, StoreError> {
        let noted = self.shared.freshness.note();
        Ok(Read::new(self.pools.snapshot().await?, noted))
    }

    /// A transaction. What it has read still holds when it commits: on SQLite because only one runs at a time,
    /// across processes too, while the others wait; on PostgreSQL because it fails otherwise, at any statement
    /// or at its commit, with [`StoreError::Contended`]. Run the whole of it again then: see
    /// [`retrying`](crate::retrying).
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn begin(&self) -> Result<Write, StoreError> {
        Ok(Write::new(self.pools.transaction().await?, self.shared.clone()))
    }

    /// Whether the name, version or file is buried.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn is_tombstoned(&self, tombstone: &Tombstone<'_>) -> Result<bool, StoreError> {
        records::is_tombstoned(&mut self.reader().await?, tombstone).await
    }

    /// The keys that sign blob URLs, the one that signs first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        let rows = self.reader().await?.rows(SigningKey::select()).await?;
        rows.iter().map(SigningKey::read).collect()
    }

    /// Adds a key that signs blob URLs; `false` when a key of this id exists (another process was faster).
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn add_signing_key(&self, key: &SigningKey) -> Result<bool, StoreError> {
        Ok(self.execute(key.insert()).await? > 0)
    }

    /// Forgets the keys made before `before` and says how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn drop_signing_keys(&self, before: Timestamp) -> Result<u64, StoreError> {
        self.execute(SigningKey::delete(before)).await
    }

    /// Drops all but the newest `keep` entries of the change log (never all of them) and says how many. A
    /// tail that has not read them starts over, at the cost of everything its process has cached.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn prune_changes(&self, keep: u32) -> Result<u64, StoreError> {
        let mut dropped = 0;
        loop {
            // A part at a time: nobody who writes waits for long.
            let statement = Statement::fixed(
                "DELETE FROM changes WHERE seq <= (SELECT max(seq) FROM changes) - $1 \
                 AND seq < (SELECT min(seq) FROM changes) + $2",
                vec![Arg::int(keep.max(1).into()), Arg::int(PRUNED_AT_ONCE)],
            );
            match self.execute(statement).await? {
                0 => return Ok(dropped),
                part => dropped += part,
            }
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// [`StoreError`] when it does not.
    pub async fn ping(&self) -> Result<(), StoreError> {
        const ANY: &str = "SELECT version FROM schema_migrations LIMIT 1";
        self.reader().await?.rows(Statement::fixed(ANY, Vec::new())).await.map(drop)
    }

    /// Whether other nodes may write to it, whose changes are heard of a little later here.
    pub const fn is_shared(&self) -> bool {
        matches!(self.pools, Pools::Postgres(_))
    }

    pub(crate) const fn pools(&self) -> &Pools {
        &self.pools
    }
    pub(crate) async fn reader(&self) -> Result<Session, StoreError> {
        self.pools.reader().await
    }
    pub(crate) async fn tail(&self) -> Result<Session, StoreError> {
        self.pools.tail().await
    }
    pub(crate) const fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Runs one statement that touches nothing that is cached, in a transaction of its own.
    async fn execute(&self, statement: Statement) -> Result<u64, StoreError> {
        retrying(|| async {
            let mut session = self.pools.statement().await?;
            let changed = session.execute(statement.clone()).await?;
            session.commit().await?;
            Ok(changed)
        })
        .await
    }
}
