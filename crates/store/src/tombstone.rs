//! Names and versions that existed: never given out again, never passed through to a public index.

use keyway_base::{AccountId, Timestamp};

use crate::StoreError;
use crate::arg::Arg;
use crate::statement::Statement;

/// Something that was deleted, or is reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone<'a> {
    /// The account.
    pub account: AccountId,
    /// The engine's key; empty for packages of no engine.
    pub engine: &'a str,
    /// The package's normalised key.
    pub package: &'a str,
    /// The version's normalised key; empty for the package itself.
    pub version: &'a str,
    /// The file name; empty for the version itself.
    pub filename: &'a str,
}

impl Tombstone<'_> {
    /// The statement that buries it. To bury twice is to bury once.
    ///
    /// # Errors
    /// [`StoreError::NulByte`] for a name that cannot be stored.
    pub(crate) fn bury(&self, now: Timestamp) -> Result<Statement, StoreError> {
        let mut args = self.args().ok_or(StoreError::NulByte { column: "name of a tombstone" })?;
        args.push(Arg::int(now.as_micros()));
        Ok(Statement::fixed(
            "INSERT INTO tombstones (account_id, engine, package, version, filename, at) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING",
            args,
        ))
    }

    /// The statement that finds it; `None` for names that are never stored.
    pub(crate) fn look_up(&self) -> Option<Statement> {
        Some(Statement::fixed(
            "SELECT 1 FROM tombstones WHERE account_id = $1 AND engine = $2 AND package = $3 \
             AND version = $4 AND filename = $5",
            self.args()?,
        ))
    }

    fn args(&self) -> Option<Vec<Arg>> {
        let names = [self.engine, self.package, self.version, self.filename];
        if names.iter().any(|name| name.contains('\0')) {
            return None;
        }
        Some(std::iter::once(Arg::shown(self.account)).chain(names.map(Arg::text)).collect())
    }
}
