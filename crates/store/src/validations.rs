//! When licences were validated last. That alone is no detail of theirs ([`details`](crate::details)): it changes with
//! each validation, so whoever caches licences keeps it beside them.

use keyway_base::{AccountId, LicenseId, Timestamp};

use crate::arg::Arg;
use crate::dialect::Dialect;
use crate::statement::{Sql, Statement};
use crate::write::parts;
use crate::{Db, StoreError, retrying};

/// A licence, and when it was validated.
pub type LastValidated = (AccountId, LicenseId, Timestamp);

impl Db {
    /// Notes when licences were validated last, where nothing later is known; each of them once. Those that are gone
    /// are left out.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot answer.
    pub async fn note_validations(&self, validations: &[LastValidated]) -> Result<(), StoreError> {
        if validations.is_empty() {
            return Ok(());
        }
        retrying(|| async {
            let mut session = self.pools().statement().await?;
            for part in parts(validations) {
                session.execute(noting(session.dialect(), part)).await?;
            }
            session.commit().await
        })
        .await
    }
}

fn noting(dialect: Dialect, validations: &[LastValidated]) -> Statement {
    let mut sql = Sql::new(dialect);
    sql.push("WITH v (account_id, id, at) AS (VALUES ");
    sql.separated(", ", validations, |sql, (account, license, at)| {
        sql.push("(").next(Arg::shown(account)).push(", ").next(Arg::shown(license)).push(", ");
        sql.next(Arg::int(at.as_micros())).push(")");
    });
    sql.push(") UPDATE licenses SET last_validated_at = v.at FROM v ");
    sql.push("WHERE licenses.account_id = v.account_id AND licenses.id = v.id ");
    sql.push("AND (licenses.last_validated_at IS NULL OR licenses.last_validated_at < v.at)");
    sql.finish()
}
