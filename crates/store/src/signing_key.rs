//! The server's own keys for blob URLs. They live in the database so that every process agrees.

use keyway_base::{Secret, Timestamp};

use crate::StoreError;
use crate::arg::Arg;
use crate::row::Row;
use crate::statement::Statement;

/// A key that signs URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Named in every URL that it signs. The key with the highest id signs; the others only verify.
    pub id: u32,
    /// The HMAC key.
    pub secret: Secret<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl SigningKey {
    /// The statement that gives every key, the one that signs first.
    pub(crate) const fn select() -> Statement {
        Statement::fixed("SELECT id, secret, created_at FROM signing_keys ORDER BY id DESC", Vec::new())
    }

    /// Reads a row of [`SigningKey::select`].
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] when a value does not fit.
    pub(crate) fn read(row: &Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.read("signing_keys", "id", |row| u32::try_from(row.int(0)?).ok())?,
            secret: Secret::new(row.read("signing_keys", "secret", |row| row.bytes(1)?)?),
            created_at: row.read("signing_keys", "created_at", |row| row.time(2))?,
        })
    }

    /// The statement that adds it, unless its id is taken.
    pub(crate) fn insert(&self) -> Statement {
        Statement::fixed(
            "INSERT INTO signing_keys (id, secret, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            vec![
                Arg::int(self.id.into()),
                Arg::Bytes(Some(self.secret.expose().clone())),
                Arg::int(self.created_at.as_micros()),
            ],
        )
    }

    /// The statement that forgets old keys.
    pub(crate) fn delete(before: Timestamp) -> Statement {
        Statement::fixed("DELETE FROM signing_keys WHERE created_at < $1", vec![Arg::int(before.as_micros())])
    }
}
