//! The note that a move leaves in the database it fills: whose copy this is, and whether it is whole. Until it is,
//! nobody may serve from it.

use keyway_base::{AccountId, Timestamp};

use crate::arg::Arg;
use crate::row::Row;
use crate::session::Session;
use crate::statement::Statement;
use crate::{Changes, StoreError};

use super::Tables;

/// Where the rows of a database were copied from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The oldest account, by which an installation is known again.
    pub installation: AccountId,
    /// Its place, in words, without secrets.
    pub source: String,
}

/// A move into this database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// What is or was moved.
    pub origin: Origin,
    /// When it was first begun.
    pub began_at: Timestamp,
    /// When it was complete.
    pub ended_at: Option<Timestamp>,
}

impl Tables {
    /// The move that filled, or fills, this database.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn moved(&self) -> Result<Option<Move>, StoreError> {
        const NOTE: &str =
            "SELECT installation, source, began_at, ended_at FROM moves ORDER BY began_at LIMIT 1";
        let row = self.pools.reader().await?.row(Statement::fixed(NOTE, Vec::new())).await?;
        row.as_ref().map(read).transpose()
    }

    /// Notes that a move begins: from now on nobody serves from this database.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn begin_move(&self, origin: &Origin, now: Timestamp) -> Result<(), StoreError> {
        let args =
            vec![Arg::shown(origin.installation), Arg::text(&origin.source), Arg::int(now.as_micros())];
        let text = "INSERT INTO moves (installation, source, began_at) VALUES ($1, $2, $3)";
        self.change(vec![Statement::fixed(text, args)]).await
    }

    /// Notes that the copy is whole. Whatever may have been cached of this database ends.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn end_move(&self, installation: AccountId, now: Timestamp) -> Result<(), StoreError> {
        let args = vec![Arg::shown(installation), Arg::int(now.as_micros())];
        let note = Statement::fixed("UPDATE moves SET ended_at = $2 WHERE installation = $1", args);
        let log = Changes::everything(installation);
        self.change(std::iter::once(note).chain(log.statements()).collect()).await
    }
}

fn read(row: &Row) -> Result<Move, StoreError> {
    let installation = row.read("moves", "installation", |row| row.id(0))?.into();
    let source = row.read("moves", "source", |row| row.text(1))?;
    let began_at = row.read("moves", "began_at", |row| row.time(2))?;
    Ok(Move { origin: Origin { installation, source }, began_at, ended_at: row.time(3) })
}

/// Lets nobody near a copy that is not whole.
///
/// # Errors
/// [`StoreError::PartWay`] when it is not.
pub(crate) async fn refuse_part_way(session: &mut Session) -> Result<(), StoreError> {
    const UNDER_WAY: &str = "SELECT source FROM moves WHERE ended_at IS NULL LIMIT 1";
    match session.row(Statement::fixed(UNDER_WAY, Vec::new())).await? {
        None => Ok(()),
        Some(row) => Err(StoreError::PartWay { source_name: row.text(0).unwrap_or_default() }),
    }
}
