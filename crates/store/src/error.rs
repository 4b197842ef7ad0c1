//! What can go wrong in the store.

use keyway_jsonapi::DecodeError;
use sqlx::postgres::PgDatabaseError;

use crate::{Location, UniqueIndex, postgres};

/// The reason the database gave.
pub(crate) type Cause = Box<dyn std::error::Error + Send + Sync + 'static>;

/// A store operation that failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database cannot be reached, is locked for too long, or fails to read or write.
    #[error("the database is not available")]
    Unavailable(#[source] Cause),
    /// Other transactions were in the way. Nothing was written: run the whole transaction again.
    #[error("another transaction was in the way")]
    Contended(#[source] Cause),
    /// No room is left for the database. Reads still work.
    #[error("the disk that holds the database is full")]
    Full,
    /// A stored row does not fit its declaration.
    #[error("the database is damaged: {0}")]
    Corrupt(#[from] DecodeError),
    /// An update would make two records equal where they must differ.
    #[error("another record already has this {}", .0.columns.join(", "))]
    Conflict(&'static UniqueIndex),
    /// A text with a NUL byte, which no database of ours can store.
    #[error("the text for {column} contains a NUL byte")]
    NulByte {
        /// The column.
        column: &'static str,
    },
    /// A migration that was already run has another text in this program.
    #[error(
        "migration {name} was run with another text (recorded {recorded}, ours {ours}): this database was made by a different build"
    )]
    MigrationChanged {
        /// Its number and name.
        name: String,
        /// The checksum in the database.
        recorded: String,
        /// The checksum of our text.
        ours: String,
    },
    /// The database holds migrations that this program does not know.
    #[error(
        "the database is at schema version {found}, this program knows only up to {known}: use a newer keyway"
    )]
    Newer {
        /// The newest migration in the database.
        found: i64,
        /// The newest migration that we know.
        known: i64,
    },
    /// A migration could not be run.
    #[error("migration {name} failed")]
    Migration {
        /// Its number and name.
        name: String,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The database cannot be opened or reached.
    #[error("cannot open the database {location}")]
    Open {
        /// Where it is.
        location: Location,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The database is being filled by a move that has not ended.
    #[error(
        "the database holds a part of {source_name}, which is being moved here: run the same `keyway move` again to the end, or empty it"
    )]
    PartWay {
        /// Where the move copies from.
        source_name: String,
    },
    /// A row cannot be copied.
    #[error("row {key} of the table {table} cannot be {doing}")]
    Row {
        /// The table.
        table: String,
        /// The row's primary key.
        key: String,
        /// What was to be done with it.
        doing: &'static str,
        /// Why.
        #[source]
        source: Cause,
    },
    /// The database refuses a statement, or a statement has too few values: a defect of ours.
    #[error("a statement is wrong: {what}")]
    Statement {
        /// What is wrong with it.
        what: String,
    },
}

impl From<sqlx::Error> for StoreError {
    fn from(cause: sqlx::Error) -> Self {
        if let sqlx::Error::Io(io) = &cause
            && io.kind() == std::io::ErrorKind::StorageFull
        {
            return Self::Full;
        }
        let error = cause.as_database_error();
        match error.and_then(|error| error.try_downcast_ref::<PgDatabaseError>()).map(postgres::meaning) {
            Some(meaning) => meaning(cause),
            None => Self::Unavailable(Box::new(cause)),
        }
    }
}
