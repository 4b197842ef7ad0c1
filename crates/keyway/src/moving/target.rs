//! The database that is filled: what it may hold already.

use anyhow::{Context, Result, bail};
use keyway_base::Timestamp;
use keyway_store::{Location, Origin, Tables};

use super::ends::Ends;
use crate::embedded;
use crate::settings::Settings;

/// A database to copy into.
pub(super) struct Target {
    pub(super) tables: Tables,
}

/// What it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing.
    Empty,
    /// A part of this installation, from a move that was begun then.
    PartWay(Timestamp),
    /// This installation, since then.
    Complete(Timestamp),
}

impl Target {
    /// Opens it and makes its tables.
    ///
    /// # Errors
    /// A database that cannot be reached or changed.
    pub(super) async fn prepare(settings: &Settings) -> Result<Self> {
        let tables = Tables::prepare(&embedded::options(settings)).await;
        Ok(Self {
            tables: tables.with_context(|| format!("the target {} cannot be used", settings.database))?,
        })
    }

    /// Opens it as it is; none where there is no file, no table, or nothing to copy into.
    ///
    /// # Errors
    /// A database that cannot be reached.
    pub(super) async fn peek(ends: &Ends) -> Result<Option<Self>> {
        let place = &ends.to.database;
        if !ends.moves_rows || matches!(place, Location::File(path) if !path.exists()) {
            return Ok(None);
        }
        let tables = Tables::peek(&embedded::options(&ends.to)).await;
        let tables = tables.with_context(|| format!("the target {place} cannot be read"))?;
        Ok((!tables.all().is_empty()).then_some(Self { tables }))
    }

    /// What it holds, if this installation may be copied there.
    ///
    /// # Errors
    /// When it holds another installation, or parts of one.
    pub(super) async fn admit(&self, origin: &Origin, ends: &Ends) -> Result<State> {
        let place = &ends.to.database;
        match (self.tables.moved().await?, self.tables.first_used().await?) {
            (Some(note), _) if note.origin.installation == origin.installation => {
                Ok(note.ended_at.map_or(State::PartWay(note.began_at), State::Complete))
            }
            (Some(note), _) => bail!(
                "{place} holds what was moved from {}, which is another installation: name an empty database",
                note.origin.source
            ),
            (None, Some(used)) => bail!(
                "{place} is not empty (the table {} has rows), and a move overwrites nothing: name an empty database, \
                 in which no server was ever started",
                used.name()
            ),
            (None, None) => Ok(State::Empty),
        }
    }
}
