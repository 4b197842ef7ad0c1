//! Records on disk: one [`Db`] face over the database, migrations, the change log that keeps caches fresh,
//! and the job queue (DESIGN §6 "Freshness", §8).
//!
//! It is the only crate that holds SQL. It deliberately knows no resource in particular: tables and columns
//! come from the declarations of `jsonapi`, conditions come as [`Scope`](keyway_jsonapi::Scope)s, and who may
//! see what is decided elsewhere.

mod arg;
mod atomics;
mod changes;
mod contention;
mod db;
mod details;
mod dialect;
mod error;
mod freshness;
mod histogram;
mod job;
mod lane;
mod location;
mod lock;
mod metadata_entry;
mod migrate;
mod own;
mod page;
mod partition;
mod postgres;
mod read;
mod records;
mod row;
mod scope_sql;
mod select;
mod session;
mod signing_key;
mod sqlite;
mod statement;
mod tables;
mod tail;
mod tally;
mod tombstone;
mod unique;
mod validations;
mod write;

pub use changes::Changes;
pub use contention::{MaybeContended, retrying};
pub use db::{Db, Options};
pub use error::StoreError;
pub use freshness::{Freshness, Generation};
pub use histogram::{Bar, By};
pub use job::{Job, NewJob};
pub use lane::Shares;
pub use location::{Location, LocationError, ServerUrl};
pub use lock::{DataDirLock, LockError};
pub use migrate::MigrationStep;
pub use page::{Order, Page, Sort};
pub use partition::{Partition, Step};
pub use read::Read;
pub use signing_key::SigningKey;
pub use tables::{Cells, Key, Move, Origin, Rows, Table, Tables, Walk};
pub use tail::Tail;
pub use tally::Tally;
pub use tombstone::Tombstone;
pub use unique::UniqueIndex;
pub use validations::LastValidated;
pub use write::{Inserted, Write};
