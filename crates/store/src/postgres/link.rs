//! A connection to a server while it is in use.
//!
//! The network between us and the server may lose packets without a word. So nothing here waits for ever: not for
//! an answer, and not for a connection to be in order before others may have it. A connection that is not is
//! dropped, and its place in the pool is free for a new one.

use std::io;
use std::ops::DerefMut as _;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres};
use tokio::runtime::Handle;
use tokio::time::timeout;

/// How long an answer may take: longer than the server works on a statement.
const ANSWER: Duration = Duration::from_secs(12);
/// How long changes of the schema may take.
const PATIENT: Duration = Duration::from_secs(24 * 60 * 60);
/// How long a connection may take to be ready for the next.
const RETURN: Duration = Duration::from_secs(5);

/// A connection, with a transaction on it or without.
pub(crate) struct Link {
    /// Away once it was given back.
    connection: Option<PoolConnection<Postgres>>,
    in_transaction: bool,
    answer: Duration,
}

impl Link {
    /// Every statement is a transaction of its own.
    pub(crate) const fn alone(connection: PoolConnection<Postgres>) -> Self {
        Self { connection: Some(connection), in_transaction: false, answer: ANSWER }
    }

    /// Begins a transaction with a statement. It is rolled back unless it is committed.
    pub(crate) async fn begin(
        connection: PoolConnection<Postgres>,
        statement: &'static str,
    ) -> Result<Self, sqlx::Error> {
        let mut link = Self::alone(connection);
        link.in_transaction = true;
        link.say(statement).await?;
        Ok(link)
    }

    /// Waits for answers as long as changes of the schema may take.
    pub(crate) const fn be_patient(&mut self) {
        self.answer = PATIENT;
    }

    /// How long an answer may take.
    pub(crate) const fn answer(&self) -> Duration {
        self.answer
    }

    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        self.connection.as_mut().expect("it is given back only when this is dropped").deref_mut()
    }

    pub(crate) async fn commit(mut self) -> Result<(), sqlx::Error> {
        if self.in_transaction {
            self.say("COMMIT").await?;
            self.in_transaction = false;
        }
        Ok(())
    }

    async fn say(&mut self, statement: &'static str) -> Result<(), sqlx::Error> {
        let answer = self.answer;
        in_time(answer, sqlx::raw_sql(statement).execute(self.connection())).await.map(drop)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(give_back(connection, self.in_transaction))),
            Err(_) => drop(connection.detach()),
        }
    }
}

/// Undoes what was not committed, and gives the connection back if the server answers.
async fn give_back(mut connection: PoolConnection<Postgres>, in_transaction: bool) {
    if in_transaction {
        let undone = sqlx::raw_sql("ROLLBACK").execute(connection.deref_mut());
        if in_time(RETURN, undone).await.is_err() {
            drop(connection.detach());
            return;
        }
    }
    // What the driver does when a connection is dropped, but that would wait for ever.
    let _ = timeout(RETURN, connection.return_to_pool()).await;
}

/// The outcome of something asked of the server, or that it took too long.
pub(crate) async fn in_time<T>(
    time: Duration,
    asked: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let late = || sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the server does not answer"));
    timeout(time, asked).await.unwrap_or_else(|_| Err(late()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StoreError;

    #[tokio::test]
    async fn an_answer_that_does_not_come_is_an_absent_server() {
        let never = std::future::pending::<Result<(), sqlx::Error>>();
        let late = in_time(Duration::from_millis(1), never).await.unwrap_err();
        assert!(matches!(StoreError::from(late), StoreError::Unavailable(_)));
        assert_eq!(in_time(Duration::from_secs(60), async { Ok(7) }).await.unwrap(), 7);
    }
}
