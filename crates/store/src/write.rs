//! A transaction that changes records.
//!
//! # Commit and bump
//! What a commit makes stale is bumped after the commit and before the caller can answer anyone. A caller that
//! stops waiting half-way (its client hung up) cannot come between the two: the commit runs in a task of its
//! own that owns the transaction and the guard that bumps, whatever the outcome. Callers still run whole
//! mutations in a task of their own, since a mutation dropped *before* its commit is undone.

use std::{fmt, iter, mem, ptr, slice};

use keyway_base::{AccountId, GroupId, LicenseId, RecordId, ReleaseId, Timestamp};
use keyway_jsonapi::{Column, Record, Resource, Scope};

use crate::changes::Bump;
use crate::db::Shared;
use crate::details::Details;
use crate::session::Session;
use crate::statement::{Alias, Sql, Statement};
use crate::{Bar, By, Changes, Job, NewJob, Page, StoreError, Tally, Tombstone, UniqueIndex, histogram};
use crate::{arg::Arg, details, job, records, select, tally, unique};

/// What became of an insertion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a conflict means that nothing was inserted"]
pub enum Inserted {
    /// The record is in.
    Yes,
    /// Another record has it already; nothing was written and the transaction goes on.
    Conflict(&'static UniqueIndex),
}

/// A transaction. Dropping it without [`Write::commit`] undoes everything.
pub struct Write {
    session: Session,
    shared: Shared,
    details: Details,
}

impl Write {
    pub(crate) fn new(session: Session, shared: Shared) -> Self {
        Self { session, shared, details: Details::default() }
    }

    /// The oldest record that matches, as this transaction sees it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn find(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
    ) -> Result<Option<Record>, StoreError> {
        records::find(&mut self.session, resource, Some(account), scope).await
    }

    /// The oldest account that matches, whatever its id. `accounts` is the declaration of accounts.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn account(
        &mut self,
        accounts: &'static Resource,
        scope: &Scope,
    ) -> Result<Option<Record>, StoreError> {
        records::find(&mut self.session, accounts, None, scope).await
    }

    /// A part of the records that match.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn list(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
        page: &Page,
    ) -> Result<Vec<Record>, StoreError> {
        records::list(&mut self.session, resource, Some(account), scope, page).await
    }

    /// Every record that matches, oldest first.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn all(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
    ) -> Result<Vec<Record>, StoreError> {
        self.list(resource, account, scope, &Page::all()).await
    }

    /// How many records match.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn count(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
    ) -> Result<u64, StoreError> {
        records::count(&mut self.session, resource, account, scope).await
    }

    /// Counts the records that match, and adds up `columns`, for each value of the column `by`.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn tally(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
        by: &'static str,
        columns: &[&'static str],
    ) -> Result<Vec<Tally>, StoreError> {
        tally::tally(&mut self.session, resource, account, scope, (by, columns)).await
    }

    /// Counts the records that match by what they have in common; the most frequent first, at most so many.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn histogram(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
        by: &[By],
        most: u32,
    ) -> Result<Vec<Bar>, StoreError> {
        histogram::histogram(&mut self.session, resource, account, scope, (by, most)).await
    }

    /// Whether the name, version or file is buried.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn is_tombstoned(&mut self, tombstone: &Tombstone<'_>) -> Result<bool, StoreError> {
        records::is_tombstoned(&mut self.session, tombstone).await
    }

    /// Adds a record, unless another one has what must be unique.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer, or a text holds a NUL byte.
    pub async fn insert(&mut self, record: &Record) -> Result<Inserted, StoreError> {
        if self.session.execute(self.insertion(slice::from_ref(record))?).await? > 0 {
            self.details.note(record);
            return Ok(Inserted::Yes);
        }
        let rivals = unique::rivals_of_new(self.session.dialect(), record)?;
        match self.first_met(rivals).await? {
            Some(index) => Ok(Inserted::Conflict(index)),
            None => Err(StoreError::Statement {
                what: format!("a {} was refused, but none like it exists", record.resource.name),
            }),
        }
    }

    /// Adds records that nothing can stand in the way of, many with one statement.
    ///
    /// # Errors
    /// [`StoreError::Statement`] when something does; other [`StoreError`]s as for [`Write::insert`].
    pub async fn insert_all(&mut self, records: &[Record]) -> Result<(), StoreError> {
        for alike in records.chunk_by(|one, next| ptr::eq(one.resource, next.resource)) {
            for part in parts(alike) {
                let added = self.session.execute(self.insertion(part)?).await?;
                if usize::try_from(added) != Ok(part.len()) {
                    let what = format!("{added} of {} new records were inserted", part.len());
                    return Err(StoreError::Statement { what });
                }
            }
        }
        records.iter().for_each(|record| self.details.note(record));
        Ok(())
    }

    /// Writes these columns of the record, and its `updated_at`; `false` when it is gone.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] when another record has what must be unique; other [`StoreError`]s when the
    /// database cannot answer, a text holds a NUL byte, or the resource has no such column.
    pub async fn update(&mut self, record: &Record, columns: &[&str]) -> Result<bool, StoreError> {
        let update = self.updating(record, columns)?;
        if details::whose(record.resource).is_some_and(|whose| columns.contains(&whose)) {
            // It moves: what it was part of till now changes, too.
            let own = Scope::id("id", record.id());
            let before = self.find(record.resource, record.account(), &own).await?;
            before.iter().for_each(|before| self.details.note(before));
        }
        self.details.note(record);
        let rivals = unique::rivals_of_update(self.session.dialect(), record, columns)?;
        if let Some(index) = self.first_met(rivals).await? {
            return Err(StoreError::Conflict(index));
        }
        Ok(self.session.execute(update).await? > 0)
    }

    /// Deletes one record; `false` when it was gone. What refers to it is the caller's to delete.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn delete(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        id: RecordId,
    ) -> Result<bool, StoreError> {
        Ok(self.delete_where(resource, account, &Scope::id("id", id)).await? > 0)
    }

    /// Deletes every record that matches and says how many.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn delete_where(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        scope: &Scope,
    ) -> Result<u64, StoreError> {
        let mut sql = Sql::new(self.session.dialect());
        sql.push("DELETE FROM ").push(resource.table).push(" AS ").name(Alias::MAIN);
        select::push_where(&mut sql, Some(account), scope);
        self.changed_of(resource, account, sql).await
    }

    /// Sets a column to null in every record that matches and says in how many: what it referred to goes.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer, or the resource has no such column.
    pub async fn clear_where(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        name: &str,
        scope: &Scope,
    ) -> Result<u64, StoreError> {
        let column = column(resource, name)?;
        let mut sql = Sql::new(self.session.dialect());
        sql.push("UPDATE ").push(resource.table).push(" AS ").name(Alias::MAIN);
        sql.push(" SET ").push(column.name).push(" = NULL");
        select::push_where(&mut sql, Some(account), scope);
        self.changed_of(resource, account, sql).await
    }

    /// Runs what changes or deletes rows of a resource, notes whose details they are part of, and says how many.
    async fn changed_of(
        &mut self,
        resource: &'static Resource,
        account: AccountId,
        mut sql: Sql,
    ) -> Result<u64, StoreError> {
        let Some(column) = details::whose(resource) else { return self.session.execute(sql.finish()).await };
        sql.push(" RETURNING ").push(column);
        let rows = self.session.rows(sql.finish()).await?;
        for row in &rows {
            self.details.of(account, row.read(resource.table, column, |row| row.id(0))?);
        }
        Ok(u64::try_from(rows.len()).unwrap_or(u64::MAX))
    }

    /// Empties the tables of these resources, the job queue and the tombstones, for every account. Only a server
    /// that exists to be tested has a use for it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn erase(&mut self, resources: &[&'static Resource]) -> Result<(), StoreError> {
        let tables = resources.iter().map(|resource| resource.table).chain(["jobs", "tombstones"]);
        for table in tables {
            let mut sql = Sql::new(self.session.dialect());
            sql.push("DELETE FROM ").push(table);
            self.session.execute(sql.finish()).await?;
        }
        Ok(())
    }

    /// Takes the licence's lock until the transaction ends. Take it before counting what is about to be added,
    /// or the last seat is sold twice.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn lock_license(&mut self, account: AccountId, license: LicenseId) -> Result<(), StoreError> {
        let statement = Statement::fixed(
            "UPDATE licenses SET lock = lock + 1 WHERE account_id = $1 AND id = $2",
            vec![Arg::shown(account), Arg::shown(license)],
        );
        self.session.execute(statement).await.map(drop)
    }

    /// Takes the release's lock until the transaction ends. Take it before looking for a file that is to be read
    /// together with another, or neither of two that come at once sees the other.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn lock_release(&mut self, account: AccountId, release: ReleaseId) -> Result<(), StoreError> {
        let statement = Statement::fixed(
            "UPDATE releases SET updated_at = updated_at WHERE account_id = $1 AND id = $2",
            vec![Arg::shown(account), Arg::shown(release)],
        );
        self.session.execute(statement).await.map(drop)
    }

    /// Takes the group's lock until the transaction ends. Take it before counting its members, or the last place
    /// is given twice.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn lock_group(&mut self, account: AccountId, group: GroupId) -> Result<(), StoreError> {
        let statement = Statement::fixed(
            "UPDATE groups SET updated_at = updated_at WHERE account_id = $1 AND id = $2",
            vec![Arg::shown(account), Arg::shown(group)],
        );
        self.session.execute(statement).await.map(drop)
    }

    /// Adds a job, or refreshes the one of its kind and key that waits.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer, or a text holds a NUL byte.
    pub async fn enqueue(&mut self, new: &NewJob) -> Result<(), StoreError> {
        self.session.execute(job::enqueue(new, None)?).await.map(drop)
    }

    /// The same of a job in a lane, of which only some are done at a time
    /// ([`Db::claim_in_lane`](crate::Db::claim_in_lane)).
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer, or a text holds a NUL byte.
    pub async fn enqueue_in(&mut self, lane: RecordId, new: &NewJob) -> Result<(), StoreError> {
        self.session.execute(job::enqueue(new, Some(lane))?).await.map(drop)
    }

    /// Ends a claimed job together with its results; `false` when the lease was lost, and then the caller
    /// must not commit.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn finish_job(&mut self, job: &Job) -> Result<bool, StoreError> {
        Ok(self.session.execute(job::finish(job)).await? > 0)
    }

    /// Buries a name, version or file for good.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer, or a text holds a NUL byte.
    pub async fn tombstone(&mut self, tombstone: &Tombstone<'_>, now: Timestamp) -> Result<(), StoreError> {
        self.session.execute(tombstone.bury(now)?).await.map(drop)
    }

    /// Makes everything durable, then ends what is cached of it, in this process at once and in the others
    /// through the change log. Dropping the returned future does not stop it.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer. If that happens during the commit itself, whether it
    /// took effect is not known; what it touches counts as stale either way.
    pub async fn commit(self, changes: Changes) -> Result<(), StoreError> {
        let task = tokio::spawn(self.commit_and_bump(changes));
        task.await.unwrap_or_else(|cause| Err(StoreError::Unavailable(Box::new(cause))))
    }

    async fn commit_and_bump(mut self, changes: Changes) -> Result<(), StoreError> {
        let changes = mem::take(&mut self.details).and(changes);
        let mut logged = Vec::new();
        for statement in changes.statements() {
            let rows = self.session.rows(statement).await?;
            logged.extend(rows.first().and_then(|row| row.int(0)));
        }
        let bump = Bump::of(&self.shared.freshness, &changes);
        self.session.commit().await?;
        drop(bump);
        // Only now: an entry that the tail may pass over must be committed and bumped.
        self.shared.own.remember(&logged);
        Ok(())
    }

    async fn first_met(
        &mut self,
        rivals: Vec<unique::Rival>,
    ) -> Result<Option<&'static UniqueIndex>, StoreError> {
        for (index, statement) in rivals {
            if self.session.row(statement).await?.is_some() {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    /// Inserts records of one resource.
    fn insertion(&self, records: &[Record]) -> Result<Statement, StoreError> {
        let mut sql = Sql::new(self.session.dialect());
        let nothing = || StoreError::Statement { what: "nothing to insert".to_owned() };
        let resource = records.first().ok_or_else(nothing)?.resource;
        sql.push("INSERT INTO ").push(resource.table).push(" (");
        sql.separated(", ", resource.columns, |sql, column| {
            sql.push(column.name);
        })
        .push(") VALUES ");
        let row = |record: &Record| {
            let args = resource.columns.iter().map(|column| Arg::of(column, record.get(column.name)));
            args.collect::<Result<Vec<_>, _>>()
        };
        let rows = records.iter().map(row).collect::<Result<Vec<_>, _>>()?;
        sql.separated(", ", rows, |sql, args| {
            sql.push("(");
            sql.separated(", ", args, |sql, arg| {
                sql.next(arg);
            })
            .push(")");
        })
        .push(" ON CONFLICT DO NOTHING");
        Ok(sql.finish())
    }

    fn updating(&self, record: &Record, names: &[&str]) -> Result<Statement, StoreError> {
        let mut sql = Sql::new(self.session.dialect());
        sql.push("UPDATE ")
            .push(record.resource.table)
            .push(" AS ")
            .name(Alias::MAIN)
            .push(" SET updated_at = ");
        sql.param(Arg::int(record.get("updated_at").as_time().map_or(0, Timestamp::as_micros)));
        for name in names.iter().filter(|name| **name != "updated_at") {
            let column = column(record.resource, name)?;
            sql.push(", ").push(column.name).push(" = ").param(Arg::of(column, record.get(name))?);
        }
        select::push_where(&mut sql, Some(record.account()), &Scope::id("id", record.id()));
        Ok(sql.finish())
    }
}

/// What is to be written in parts of few different lengths: each length is a statement to prepare.
pub(crate) fn parts<T>(mut records: &[T]) -> impl Iterator<Item = &[T]> {
    iter::from_fn(move || {
        let len = [64, 8, 1].into_iter().find(|len| records.len() >= *len)?;
        let (part, rest) = records.split_at(len);
        records = rest;
        Some(part)
    })
}

fn column(resource: &'static Resource, name: &str) -> Result<&'static Column, StoreError> {
    let missing = || StoreError::Statement { what: format!("{} has no column {name}", resource.table) };
    resource.columns.iter().find(|column| column.name == name).ok_or_else(missing)
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Write")
    }
}
