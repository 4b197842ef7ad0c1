//! Reading records through any session.

use keyway_base::AccountId;
use keyway_jsonapi::{Record, Resource, Scope};

use crate::session::Session;
use crate::{Page, StoreError, Tombstone, select};

/// The oldest record that matches.
///
/// # Errors
/// [`StoreError`] when the database cannot answer.
pub(crate) async fn find(
    session: &mut Session,
    resource: &'static Resource,
    account: Option<AccountId>,
    scope: &Scope,
) -> Result<Option<Record>, StoreError> {
    let statement = select::find(session.dialect(), resource, account, scope);
    session.row(statement).await?.map(|row| row.record(resource)).transpose()
}

/// A part of the records that match.
///
/// # Errors
/// [`StoreError`] when the database cannot answer.
pub(crate) async fn list(
    session: &mut Session,
    resource: &'static Resource,
    account: Option<AccountId>,
    scope: &Scope,
    page: &Page,
) -> Result<Vec<Record>, StoreError> {
    let statement = select::list(session.dialect(), resource, account, scope, page);
    session.rows(statement).await?.iter().map(|row| row.record(resource)).collect()
}

/// How many records match.
///
/// # Errors
/// [`StoreError`] when the database cannot answer.
pub(crate) async fn count(
    session: &mut Session,
    resource: &'static Resource,
    account: AccountId,
    scope: &Scope,
) -> Result<u64, StoreError> {
    let statement = select::count(session.dialect(), resource, account, scope);
    let row = session.row(statement).await?;
    let count = row.and_then(|row| row.int(0)).unwrap_or(0);
    Ok(u64::try_from(count).unwrap_or(0))
}

/// Whether the name, version or file is buried.
///
/// # Errors
/// [`StoreError`] when the database cannot answer.
pub(crate) async fn is_tombstoned(
    session: &mut Session,
    tombstone: &Tombstone<'_>,
) -> Result<bool, StoreError> {
    match tombstone.look_up() {
        Some(statement) => Ok(session.row(statement).await?.is_some()),
        None => Ok(false),
    }
}
