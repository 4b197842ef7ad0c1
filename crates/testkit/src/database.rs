//! An empty database for a test, on the engine that the environment names.
//!
//! `TESTS_DATABASE=postgres` is PostgreSQL, and anything else SQLite. `TESTS_POSTGRES` may hold the URL of a
//! server whose role can make databases; without it every test program starts a throw-away server with
//! `tests/postgres`. A server that cannot be had fails the test: nothing is left out silently.

#![expect(clippy::disallowed_methods, reason = "tests have no settings but these two variables")]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

/// A database that goes when this is dropped.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    File(#[expect(dead_code, reason = "the directory goes with it")] TempDir),
    Server { name: String },
}

impl TestDatabase {
    /// An empty database on the engine that the environment names.
    pub fn new() -> Self {
        match std::env::var("TESTS_DATABASE").as_deref() {
            Ok("postgres") => Self::postgres(),
            Ok("sqlite" | "") | Err(_) => Self::sqlite(),
            Ok(other) => panic!("TESTS_DATABASE is {other}: it may be sqlite or postgres"),
        }
    }

    /// A file that does not exist yet, in a directory of its own, in memory where there is such.
    pub fn sqlite() -> Self {
        let directory = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir());
        let directory = directory.expect("a temporary directory can be made");
        let url = format!("sqlite://{}", directory.path().join("keyway.db").display());
        Self { url, kind: Kind::File(directory) }
    }

    /// An empty database on a PostgreSQL server.
    pub fn postgres() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        psql(&format!("CREATE DATABASE {name}"));
        Self { url: in_database(server(), &name), kind: Kind::Server { name } }
    }

    /// Where it is: `sqlite://…` or `postgres://…`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Default for TestDatabase {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // A server of our own goes as a whole.
        if let Kind::Server { name } = &self.kind
            && is_lent()
            && !std::thread::panicking()
        {
            psql(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// The URL of another database on the same server.
fn in_database(server: &str, name: &str) -> String {
    let (place, query) = server.split_once('?').unwrap_or((server, ""));
    let (scheme, rest) = place.split_once("://").expect("TESTS_POSTGRES is a URL");
    let host = rest.split('/').next().unwrap_or(rest);
    let query = if query.is_empty() { String::new() } else { format!("?{query}") };
    format!("{scheme}://{host}/{name}{query}")
}

/// Runs a statement on the server.
fn psql(statement: &str) {
    let done = Command::new("psql").args(["-X", "-q", "-d", server(), "-c", statement]).output();
    let done = done.expect("psql runs: it is part of the PostgreSQL that tests/install installs");
    assert!(done.status.success(), "{statement}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Whether the server is there for others too.
fn is_lent() -> bool {
    std::env::var("TESTS_POSTGRES").is_ok_and(|url| !url.is_empty())
}

/// The server that tests of this program share.
fn server() -> &'static str {
    static SERVER: OnceLock<(String, Option<Running>)> = OnceLock::new();
    let (url, _) = SERVER.get_or_init(|| match std::env::var("TESTS_POSTGRES") {
        Ok(url) if !url.is_empty() => (url, None),
        _ => {
            let (url, running) = start();
            (url, Some(running))
        }
    });
    url
}

/// A throw-away server: it stops when its input ends, which happens when this program does, however it ends.
struct Running {
    _input: ChildStdin,
    _process: Child,
}

fn start() -> (String, Running) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/postgres");
    let mut process = Command::new(&script)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{} cannot be run: {error}", script.display()));
    let output = process.stdout.take().expect("it is piped");
    let mut url = String::new();
    BufReader::new(output).read_line(&mut url).expect("its output is text");
    assert!(!url.is_empty(), "PostgreSQL could not be started: see above, and tests/install");
    let input = process.stdin.take().expect("it is piped");
    (url.trim().to_owned(), Running { _input: input, _process: process })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_in_the_url_of_its_server() {
        for (server, expected) in [
            ("postgres://keyway@%2Ftmp%2Fx/postgres", "postgres://keyway@%2Ftmp%2Fx/t"),
            ("postgres://u:p@h:5433/postgres?sslmode=disable", "postgres://u:p@h:5433/t?sslmode=disable"),
            ("postgres://h", "postgres://h/t"),
        ] {
            assert_eq!(in_database(server, "t"), expected);
        }
    }
}
