//! Brings the schema up to date: numbered SQL that is part of the program, each run once, in order, in one
//! transaction; what was run is remembered with a checksum.

#[cfg(test)]
mod schema;

use crate::StoreError;
use crate::arg::Arg;
use crate::db::Pools;
use crate::dialect::Dialect;
use crate::session::Session;
use crate::statement::Statement;

/// A step of the schema, and whether this database has taken it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStep {
    /// Its file name without the ending.
    pub name: &'static str,
    /// What it does, as SQL.
    pub text: &'static str,
    /// Whether it was run.
    pub done: bool,
}

/// A step of the schema.
struct Migration {
    /// Its number: one more than the one before.
    version: i64,
    /// Its file name without the ending.
    name: &'static str,
    /// What it does.
    text: &'static str,
}

macro_rules! migrations {
    ($folder:literal: $($version:literal $name:literal),+ $(,)?) => {
        &[$(Migration {
            version: $version,
            name: $name,
            text: include_str!(concat!("../migrations/", $folder, "/", $name, ".sql")),
        }),+]
    };
}

/// The schema of SQLite. A migration that was released is never edited: a new one is added.
const SQLITE: &[Migration] = migrations!("sqlite": 1 "0001_spine", 2 "0002_partitions", 3 "0003_licenses_by_day", 4 "0004_machines_counted");
/// The same for PostgreSQL. Both have the same steps.
const POSTGRES: &[Migration] = migrations!("postgres": 1 "0001_spine", 2 "0002_partitions", 3 "0003_licenses_by_day", 4 "0004_machines_counted");

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT NOT NULL PRIMARY KEY, \
                      name TEXT NOT NULL, checksum TEXT NOT NULL)";

impl Dialect {
    const fn migrations(self) -> &'static [Migration] {
        match self {
            Self::Sqlite => SQLITE,
            Self::Postgres => POSTGRES,
        }
    }

    /// Every table that a step makes.
    pub(crate) fn tables(self) -> impl Iterator<Item = &'static str> {
        let lines = self.migrations().iter().flat_map(|step| step.text.lines());
        lines.filter_map(|line| line.strip_prefix("CREATE TABLE ")?.split_whitespace().next())
    }
}

/// Runs what was not run yet, when there is such.
///
/// # Errors
/// As [`migrate`].
pub(crate) async fn bring_up_to_date(pools: &Pools) -> Result<(), StoreError> {
    // Asked first, so that a role that may not change the schema will do where there is nothing to change.
    if steps(&mut pools.reader().await?).await?.iter().all(|step| step.done) {
        return Ok(());
    }
    migrate(pools.migration().await?).await
}

/// Runs what was not run yet. `session` is a transaction that holds a lock, so that two programs that
/// start at once do not both run a step.
///
/// # Errors
/// [`StoreError::MigrationChanged`] and [`StoreError::Newer`] when the database was made by a different build,
/// [`StoreError::Migration`] when a step fails; nothing is left of it then.
pub(crate) async fn migrate(mut session: Session) -> Result<(), StoreError> {
    let steps = session.dialect().migrations();
    session.script(LEDGER).await?;
    let done = done(&mut session).await?;
    check(steps, &done)?;
    for step in steps.iter().skip(done.len()) {
        run(&mut session, step).await?;
        tracing::info!(migration = step.name, "schema brought up to date");
    }
    session.commit().await
}

/// Every step that this program knows, in order. Changes nothing.
///
/// # Errors
/// [`StoreError::MigrationChanged`] and [`StoreError::Newer`] when the database was made by a different build.
pub(crate) async fn steps(session: &mut Session) -> Result<Vec<MigrationStep>, StoreError> {
    let steps = session.dialect().migrations();
    let exists =
        session.row(Statement::fixed(session.dialect().ledger_exists(), Vec::new())).await?.is_some();
    let done = if exists { done(session).await? } else { Vec::new() };
    check(steps, &done)?;
    let step = |(index, step): (usize, &Migration)| MigrationStep {
        name: step.name,
        text: step.text,
        done: index < done.len(),
    };
    Ok(steps.iter().enumerate().map(step).collect())
}

/// Number and checksum of what was run, in order.
async fn done(session: &mut Session) -> Result<Vec<(i64, String)>, StoreError> {
    const DONE: &str = "SELECT version, checksum FROM schema_migrations ORDER BY version";
    let rows = session.rows(Statement::fixed(DONE, Vec::new())).await?;
    let read = |row: &crate::row::Row| {
        row.read("schema_migrations", "checksum", |row| Some((row.int(0)?, row.text(1)?)))
    };
    rows.iter().map(read).collect()
}

fn check(steps: &[Migration], done: &[(i64, String)]) -> Result<(), StoreError> {
    let known = steps.last().map_or(0, |step| step.version);
    if let Some((found, _)) = done.last().filter(|(version, _)| *version > known) {
        return Err(StoreError::Newer { found: *found, known });
    }
    for (step, (_, recorded)) in steps.iter().zip(done) {
        let ours = checksum(step.text);
        if *recorded != ours {
            return Err(StoreError::MigrationChanged {
                name: step.name.into(),
                recorded: recorded.clone(),
                ours,
            });
        }
    }
    Ok(())
}

async fn run(session: &mut Session, step: &Migration) -> Result<(), StoreError> {
    let failed = |source: StoreError| match source {
        StoreError::Full => StoreError::Full,
        source => StoreError::Migration { name: step.name.into(), source: Box::new(source) },
    };
    session.script(step.text).await.map_err(failed)?;
    let record = Statement::fixed(
        "INSERT INTO schema_migrations (version, name, checksum) VALUES ($1, $2, $3)",
        vec![Arg::int(step.version), Arg::text(step.name), Arg::text(checksum(step.text))],
    );
    session.execute(record).await.map_err(failed).map(drop)
}

/// FNV-1a, 64 bits: it guards against slips, not against forgers. Line ends do not count.
fn checksum(text: &str) -> String {
    let mix = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let bytes = text.bytes().filter(|byte| *byte != b'\r');
    format!("{:016x}", bytes.fold(0xcbf2_9ce4_8422_2325, mix))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn steps_are_numbered_as_their_files_are() {
        for (position, (step, twin)) in SQLITE.iter().zip(POSTGRES).enumerate() {
            assert_eq!(step.version, i64::try_from(position).unwrap() + 1);
            assert!(step.name.starts_with(&format!("{:04}_", step.version)), "{}", step.name);
            assert_eq!((step.version, step.name), (twin.version, twin.name));
        }
        assert_eq!(SQLITE.len(), POSTGRES.len());
    }

    /// Tables with their columns, and indexes, that a step makes.
    fn made_by(text: &str) -> BTreeSet<String> {
        let mut table = "";
        let mut made = BTreeSet::new();
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["CREATE", "TABLE", name, "("] => table = name,
                // The end of a table; what follows may be indented, too.
                [");"] => table = "",
                ["CREATE", "UNIQUE", "INDEX", name, ..] | ["CREATE", "INDEX", name, ..] => {
                    made.insert(format!("index {name}"));
                }
                [column, _, ..]
                    if !table.is_empty()
                        && line.starts_with("    ")
                        && column.starts_with(|c: char| c.is_ascii_lowercase()) =>
                {
                    made.insert(format!("column {table}.{column}"));
                }
                _ => {}
            }
        }
        made
    }

    #[test]
    fn both_schemas_have_the_same_tables_columns_and_indexes() {
        /// Where the change log differs, and what SQLite's planner is told.
        const OWN: &[&str] = &["column changes.xid", "index changes_xid"];
        let all = |steps: &[Migration]| -> BTreeSet<_> {
            steps.iter().flat_map(|step| made_by(step.text)).collect()
        };
        let (ours, twin) = (all(SQLITE), all(POSTGRES));
        assert!(ours.len() > 100, "{ours:?}");
        let differ: Vec<_> =
            ours.symmetric_difference(&twin).filter(|name| !OWN.contains(&name.as_str())).collect();
        assert!(differ.is_empty(), "in one of the two schemas only: {differ:?}");
    }

    #[test]
    fn a_changed_text_and_an_unknown_step_are_refused() {
        let steps = &[Migration { version: 1, name: "0001_a", text: "SELECT 1" }];
        assert!(check(steps, &[]).is_ok());
        assert!(check(steps, &[(1, checksum("SELECT 1"))]).is_ok());
        let changed = check(steps, &[(1, checksum("SELECT 2"))]).unwrap_err().to_string();
        assert!(changed.contains("0001_a") && changed.contains("another text"), "{changed}");
        let newer = check(steps, &[(1, checksum("SELECT 1")), (2, String::new())]).unwrap_err().to_string();
        assert!(newer.contains("use a newer keyway"), "{newer}");
    }

    #[test]
    fn the_checksum_is_that_of_the_reference() {
        assert_eq!(checksum(""), "cbf29ce484222325");
        assert_eq!(checksum("a"), "af63dc4c8601ec8c");
        assert_eq!(checksum("a\r\n"), checksum("a\n"));
    }
}
