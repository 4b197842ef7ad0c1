//! One transaction of one request: what is read is of one moment, what is written is written together, and
//! what it makes stale is gathered on the way.

use std::sync::Arc;

use http::Method;
use keyway_base::{AccountId, RecordId, Slot, Timestamp};
use keyway_catalog::Webhooks;
use keyway_jsonapi::{ApiError, Failure, Invalid, Record, Resource, Scope, Value};
use keyway_store::{Bar, By, Changes, Inserted, NewJob, Page, Read, Tally, Tombstone, UniqueIndex, Write};

use crate::call::Call;
use crate::read_by_id::ReadById;
use crate::refusal::{Outcome, Refusal};

/// A transaction in progress. Dropped without [`Work::commit`], it undoes everything.
pub(crate) struct Work {
    /// The request.
    pub(crate) call: Arc<Call>,
    transaction: Transaction,
    changes: Changes,
    wakes_jobs: bool,
    /// The webhook endpoints of the account, where it may write.
    listeners: Option<Webhooks>,
    read: ReadById,
}

enum Transaction {
    Read(Read),
    Write(Write),
}

/// Calls a method that both kinds of transaction have.
macro_rules! either {
    ($work:expr, $transaction:ident => $call:expr) => {
        match &mut $work.transaction {
            Transaction::Read($transaction) => $call.await,
            Transaction::Write($transaction) => $call.await,
        }
    };
}

impl Work {
    /// A snapshot to read from.
    pub(crate) async fn reading(call: &Arc<Call>) -> Outcome<Self> {
        let read = call.api.parts().db.read().await?;
        Ok(Self::of(call, Transaction::Read(read)))
    }
    /// A transaction that may write.
    pub(crate) async fn writing(call: &Arc<Call>) -> Outcome<Self> {
        // Before the transaction: it must not wait for another connection.
        let listeners = call.api.parts().catalog.webhooks(call.account.id).await?;
        let write = call.api.parts().db.begin().await?;
        Ok(Self { listeners: Some(listeners), ..Self::of(call, Transaction::Write(write)) })
    }
    fn of(call: &Arc<Call>, transaction: Transaction) -> Self {
        let (call, changes, read) = (Arc::clone(call), Changes::none(), ReadById::default());
        Self { call, transaction, changes, wakes_jobs: false, listeners: None, read }
    }
    /// The account.
    pub(crate) fn account(&self) -> AccountId {
        self.call.account.id
    }
    /// The webhook endpoints that may be told of what is written.
    pub(crate) fn listeners(&self) -> Webhooks {
        self.listeners.clone().unwrap_or_default()
    }
    /// The time of the request.
    pub(crate) fn now(&self) -> Timestamp {
        self.call.now
    }

    /// The oldest record that matches.
    pub(crate) async fn find(
        &mut self,
        resource: &'static Resource,
        scope: &Scope,
    ) -> Outcome<Option<Record>> {
        let account = self.account();
        Ok(either!(self, transaction => transaction.find(resource, account, scope))?)
    }
    /// The record with an id, whoever may see it.
    pub(crate) async fn get(&mut self, resource: &'static Resource, id: RecordId) -> Outcome<Option<Record>> {
        if let Some(read) = self.read.get(resource, id) {
            return Ok(read);
        }
        let found = self.find(resource, &Scope::id("id", id)).await?;
        self.read.keep(resource, id, found.as_ref());
        Ok(found)
    }
    /// The record with an id that another record refers to.
    pub(crate) async fn need(&mut self, resource: &'static Resource, id: RecordId) -> Outcome<Record> {
        let missing = || Refusal::Broken(format!("a {} that is referred to does not exist", resource.name));
        self.get(resource, id).await?.ok_or_else(missing)
    }
    /// The record that a column of another refers to, if it refers to any that is there.
    pub(crate) async fn referred(
        &mut self,
        record: &Record,
        column: &str,
        resource: &'static Resource,
    ) -> Outcome<Option<Record>> {
        match record.get(column).as_id() {
            Some(id) => self.get(resource, id).await,
            None => Ok(None),
        }
    }
    /// A part of the records that match.
    pub(crate) async fn list(
        &mut self,
        resource: &'static Resource,
        scope: &Scope,
        page: &Page,
    ) -> Outcome<Vec<Record>> {
        let account = self.account();
        Ok(either!(self, transaction => transaction.list(resource, account, scope, page))?)
    }
    /// Every record that matches, oldest first.
    pub(crate) async fn all(&mut self, resource: &'static Resource, scope: &Scope) -> Outcome<Vec<Record>> {
        let account = self.account();
        Ok(either!(self, transaction => transaction.all(resource, account, scope))?)
    }
    /// The records with these ids, in no particular order.
    pub(crate) async fn all_of(
        &mut self,
        resource: &'static Resource,
        ids: impl IntoIterator<Item = RecordId>,
    ) -> Outcome<Vec<Record>> {
        let mut ids: Vec<RecordId> = ids.into_iter().collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.all(resource, &Scope::In("id", ids.into_iter().map(Value::Id).collect())).await
    }
    /// How many records match.
    pub(crate) async fn count(&mut self, resource: &'static Resource, scope: &Scope) -> Outcome<u64> {
        let account = self.account();
        Ok(either!(self, transaction => transaction.count(resource, account, scope))?)
    }
    /// Counts the records that match, and adds up `columns`, for each value of the column `by`.
    pub(crate) async fn tally(
        &mut self,
        resource: &'static Resource,
        scope: &Scope,
        by: &'static str,
        columns: &[&'static str],
    ) -> Outcome<Vec<Tally>> {
        let account = self.account();
        Ok(either!(self, transaction => transaction.tally(resource, account, scope, by, columns))?)
    }
    /// Counts the records that match by what they have in common; the most frequent first, at most so many.
    pub(crate) async fn histogram(
        &mut self,
        resource: &'static Resource,
        scope: &Scope,
        by: &[By],
        most: u32,
    ) -> Outcome<Vec<Bar>> {
        let account = self.account();
        Ok(either!(self, transaction => transaction.histogram(resource, account, scope, by, most))?)
    }
    /// Whether any record matches.
    pub(crate) async fn any(&mut self, resource: &'static Resource, scope: &Scope) -> Outcome<bool> {
        Ok(self.find(resource, scope).await?.is_some())
    }
    /// Whether a name, version or file is buried.
    pub(crate) async fn is_tombstoned(&mut self, tombstone: &Tombstone<'_>) -> Outcome<bool> {
        Ok(either!(self, transaction => transaction.is_tombstoned(tombstone))?)
    }

    /// The transaction for writing anything.
    pub(crate) fn write(&mut self) -> Outcome<&mut Write> {
        self.read.forget_all();
        self.beside()
    }
    /// The transaction for writing what is no record that is asked for by id: logs, jobs, locks.
    pub(crate) fn beside(&mut self) -> Outcome<&mut Write> {
        match &mut self.transaction {
            Transaction::Write(write) => Ok(write),
            Transaction::Read(_) => Err(Refusal::Broken("a write in a read-only transaction".to_owned())),
        }
    }
    /// Inserts a record. What a unique index refuses is a validation failure of the attribute behind it.
    pub(crate) async fn insert(&mut self, record: &Record) -> Outcome<()> {
        self.read.forget(record);
        match self.beside()?.insert(record).await? {
            Inserted::Yes => Ok(()),
            Inserted::Conflict(index) => Err(taken(record.resource, index)),
        }
    }
    /// Inserts a record unless an equal one is there; says whether it was inserted.
    pub(crate) async fn insert_new(&mut self, record: &Record) -> Outcome<bool> {
        self.read.forget(record);
        Ok(matches!(self.beside()?.insert(record).await?, Inserted::Yes))
    }
    /// Writes these columns of a record.
    pub(crate) async fn update(&mut self, record: &Record, columns: &[&str]) -> Outcome<()> {
        self.read.forget(record);
        match self.beside()?.update(record, columns).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(ApiError::not_found(record.resource.name, &record.id().to_string()).into()),
            Err(keyway_store::StoreError::Conflict(index)) => Err(taken(record.resource, index)),
            Err(error) => Err(error.into()),
        }
    }
    /// Deletes a record; `false` when it was gone.
    pub(crate) async fn delete(&mut self, record: &Record) -> Outcome<bool> {
        let account = self.account();
        self.read.forget(record);
        Ok(self.beside()?.delete(record.resource, account, record.id()).await?)
    }
    /// Deletes every record that matches.
    pub(crate) async fn delete_where(&mut self, resource: &'static Resource, scope: &Scope) -> Outcome<u64> {
        let account = self.account();
        self.read.forget_kind(resource);
        Ok(self.beside()?.delete_where(resource, account, scope).await?)
    }
    /// Sets a column to null in every record that matches.
    pub(crate) async fn clear_where(
        &mut self,
        resource: &'static Resource,
        column: &str,
        scope: &Scope,
    ) -> Outcome<u64> {
        let account = self.account();
        self.read.forget_kind(resource);
        Ok(self.beside()?.clear_where(resource, account, column, scope).await?)
    }
    /// Takes a licence's lock, before counting what is about to be added to it.
    pub(crate) async fn lock_license(&mut self, id: RecordId) -> Outcome<()> {
        let account = self.account();
        Ok(self.beside()?.lock_license(account, id.into()).await?)
    }
    /// Takes a group's lock, before counting its members.
    pub(crate) async fn lock_group(&mut self, id: RecordId) -> Outcome<()> {
        let account = self.account();
        Ok(self.beside()?.lock_group(account, id.into()).await?)
    }
    /// Buries a name, version or file.
    pub(crate) async fn bury(&mut self, tombstone: &Tombstone<'_>) -> Outcome<()> {
        let now = self.now();
        Ok(self.beside()?.tombstone(tombstone, now).await?)
    }
    /// Adds a job; the runner is woken once it is durable.
    pub(crate) async fn enqueue(
        &mut self,
        kind: &str,
        key: String,
        payload: serde_json::Value,
    ) -> Outcome<()> {
        let now = self.now();
        self.enqueue_at(kind, key, payload, now).await
    }
    /// Adds a job that waits for the account's mail server.
    pub(crate) async fn enqueue_mail(
        &mut self,
        kind: &str,
        key: String,
        payload: serde_json::Value,
    ) -> Outcome<()> {
        let (account, run_at) = (self.account(), self.now());
        let job = NewJob { kind: kind.to_owned(), key, account, payload, run_at };
        // One lane for all mail of an account: its id is no endpoint's.
        self.beside()?.enqueue_in(account.into(), &job).await?;
        self.wakes_jobs = true;
        Ok(())
    }
    /// Adds a job that is not to run before a moment.
    pub(crate) async fn enqueue_at(
        &mut self,
        kind: &str,
        key: String,
        payload: serde_json::Value,
        run_at: Timestamp,
    ) -> Outcome<()> {
        let job = NewJob { kind: kind.to_owned(), key, account: self.account(), payload, run_at };
        self.beside()?.enqueue(&job).await?;
        self.wakes_jobs = true;
        Ok(())
    }
    /// Adds webhook events, which are sent once they are durable.
    pub(crate) async fn deliver(&mut self, events: &[Record]) -> Outcome<()> {
        let now = self.now();
        keyway_events::deliver(self.beside()?, events, now).await?;
        self.wakes_jobs |= !events.is_empty();
        Ok(())
    }
    /// Notes what is made stale.
    pub(crate) fn touch(&mut self, slots: impl IntoIterator<Item = Slot>) {
        let more = Changes::of(self.account(), slots);
        self.changes = std::mem::replace(&mut self.changes, Changes::none()).and(more);
    }
    /// Notes that anything may be stale: cascades that reach everywhere.
    pub(crate) fn touch_everything(&mut self) {
        self.changes = Changes::everything(self.account());
    }
    /// Makes everything durable, ends what is cached of it, and wakes the job runner if there is work. Who sends `HEAD`
    /// asks what `GET` would answer: of that, nothing is done.
    pub(crate) async fn commit(self) -> Outcome<()> {
        if self.call.method == Method::HEAD {
            return Ok(());
        }
        let Transaction::Write(write) = self.transaction else { return Ok(()) };
        write.commit(self.changes).await?;
        if self.wakes_jobs {
            self.call.api.parts().wake_jobs.notify_one();
        }
        Ok(())
    }
}

/// The failure that a unique index stands for: its last column that is an attribute.
pub(crate) fn taken(resource: &'static Resource, index: &'static UniqueIndex) -> Refusal {
    if index.columns == ["id"] {
        return Refusal::invalid([Invalid::id(
            Failure::Kind("CONFLICT"),
            "must not conflict with another record's identifier (UUID)",
        )]);
    }
    let attribute = index.columns.iter().rev().find_map(|column| {
        let names = |name: &str| {
            name == *column
                || column.strip_prefix("normalised_") == Some(name)
                || column.strip_suffix("_key") == Some(name)
        };
        resource.attributes.iter().find(|attribute| attribute.column.is_some_and(names))
    });
    match attribute {
        Some(attribute) => Refusal::invalid([Invalid::taken(attribute.name)]),
        None => Refusal::Told(ApiError::taken_meanwhile()),
    }
}
