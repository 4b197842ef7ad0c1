//! The binary as a user meets it: settings, messages, shell commands, starting and stopping.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use keyway_testkit::TestDatabase;

fn keyway(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keyway"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("KEYWAY_")) {
        command.env_remove(name);
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> Output {
    keyway(arguments).output().expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server on a free port, and what it said at its start.
struct Server {
    child: Child,
    base: String,
    admin_token: Option<String>,
}

impl Server {
    fn start(data: &Path) -> Self {
        let data = data.to_str().expect("a temporary path is text");
        let mut child = keyway(&["serve", "--data", data, "--listen", "127.0.0.1:0", "--log-level", "error"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let (mut base, mut admin_token) = (None, None);
        for line in BufReader::new(child.stdout.take().expect("it is piped")).lines() {
            let line = line.expect("it is text");
            if let Some(token) = line.strip_prefix("admin token: ") {
                admin_token = Some(token.to_owned());
            }
            if let Some(url) = line.strip_prefix("listening on ") {
                base = Some(url.to_owned());
                break;
            }
        }
        Self { child, base: base.expect("it says where it listens"), admin_token }
    }

    /// The status of a request with a bearer.
    fn get(&self, path: &str, token: &str) -> u16 {
        let authority = self.base.strip_prefix("http://").expect("it speaks plain HTTP");
        let mut stream = TcpStream::connect(authority).expect("it accepts");
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n")
            .expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("it answers");
        answer.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("an answer has a status")
    }

    fn terminate(mut self) -> bool {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill runs").success());
        self.child.wait().expect("it ends").success()
    }
}

#[test]
fn config_prints_every_setting_and_where_it_came_from() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("keyway.toml");
    std::fs::write(&file, "public_url = \"https://get.example.com\"\nlisten = \"127.0.0.1:1\"\n").unwrap();
    let output = keyway(&["config", "--config", file.to_str().unwrap(), "--log", "json"])
        .env("KEYWAY_LISTEN", "127.0.0.1:2")
        .output()
        .unwrap();
    let printed = text(&output.stdout);
    assert!(output.status.success(), "{}", text(&output.stderr));
    for expected in
        ["https://get.example.com", "127.0.0.1:2", "environment KEYWAY_LISTEN", "flag --log", "default"]
    {
        assert!(printed.contains(expected), "{expected} is missing in:\n{printed}");
    }
    assert!(!printed.contains("127.0.0.1:1\n"), "the file is weaker than the environment");
}

#[test]
fn a_wrong_setting_ends_the_start_and_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let data = data.to_str().unwrap();
    for (arguments, expected) in [
        (vec!["--database", "mysql://localhost/x"], "setting 'database' (flag --database)"),
        (
            vec!["--database", "postgres://u:geheim@127.0.0.1:1/x"],
            "cannot open the database postgres://u:***@127.0.0.1:1/x",
        ),
        (vec!["--blobs", "s3://bucket"], "'blobs' is set but 's3_access_key_id' is not"),
        (vec!["--listen", "here"], "setting 'listen' (flag --listen) is 'here'"),
        (vec!["--tls-cert", "cert.pem"], "'tls_key' is not"),
        (vec!["--config", "/nonexistent.toml"], "cannot read the settings file"),
        (vec!["--tls-cert", "/nonexistent", "--tls-key", "/nonexistent"], "setting 'tls_cert': cannot read"),
    ] {
        let all: Vec<&str> = ["serve", "--data", data].into_iter().chain(arguments.clone()).collect();
        let output = run(&all);
        let said = text(&output.stderr);
        assert!(!output.status.success() && said.contains(expected), "{arguments:?}: {said}");
        assert!(!said.contains("geheim"), "{said}");
    }
}

#[test]
fn shell_commands_need_an_installation() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("nothing");
    let output = run(&["token", "--data", data.to_str().unwrap(), "list"]);
    let said = text(&output.stderr);
    assert!(!output.status.success() && said.contains("there is no installation in"), "{said}");
    assert!(!data.exists(), "asking made nothing");
}

#[test]
fn the_first_start_prints_the_admin_token_once_and_tokens_end_beside_the_server() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path();
    let shown = data.to_str().unwrap();
    let first = Server::start(data);
    let admin = first.admin_token.clone().expect("the first start prints it");
    assert_eq!(first.get("/v1/products", &admin), 200);
    assert_eq!(first.get("/v1/products", "admin-0000"), 401);

    let second = run(&["serve", "--data", shown, "--listen", "127.0.0.1:0"]);
    assert!(text(&second.stderr).contains("another keyway server"), "{}", text(&second.stderr));

    let made = run(&["token", "--data", shown, "create", "--name", "ci"]);
    let token = text(&made.stdout).trim().to_owned();
    assert!(made.status.success() && token.starts_with("admin-"), "{}", text(&made.stderr));
    assert_eq!(first.get("/v1/products", &token), 200);
    let listed = text(&run(&["token", "list", "--data", shown]).stdout);
    assert!(!listed.contains(&token) && !listed.contains(&admin), "secrets are never listed");
    let id =
        listed.lines().find(|line| line.contains(" ci ")).and_then(|line| line.split(' ').next()).unwrap();
    assert!(run(&["token", "--data", shown, "revoke", id]).status.success());
    // the server follows what other processes write within a second
    let deadline = std::time::Duration::from_secs(1);
    let ended = until(deadline, || first.get("/v1/products", &token) == 401);
    assert!(ended, "the revoked token still works after a second");
    assert!(first.terminate(), "it stops in good order");

    let again = Server::start(data);
    assert_eq!(again.admin_token, None, "the token is printed once");
    assert_eq!(again.get("/v1/products", &admin), 200, "credentials outlive a restart");
    assert!(again.terminate());
}

#[test]
fn doctor_says_what_to_mend() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("data");
    let shown = data.to_str().unwrap().to_owned();
    let before = run(&["doctor", "--data", &shown]);
    assert!(!before.status.success());
    assert!(text(&before.stdout).contains("mend   data directory"), "{}", text(&before.stdout));
    let server = Server::start(&data);
    let listen = server.base.strip_prefix("http://").unwrap().to_owned();
    let well = run(&["doctor", "--data", &shown, "--listen", &listen]);
    assert!(well.status.success(), "{}", text(&well.stdout));
    let said = text(&well.stdout);
    for about in ["data directory", "clock", "database", "blob store", "public URL", "images"] {
        assert!(said.contains(&format!("ok     {about} ")), "{about}: {said}");
    }
    assert!(server.terminate());
}

/// Whether a condition comes true within a time.
#[expect(clippy::disallowed_methods, reason = "a test waits for real time")]
fn until(limit: std::time::Duration, mut holds: impl FnMut() -> bool) -> bool {
    let started = std::time::Instant::now();
    while started.elapsed() < limit {
        if holds() {
            return true;
        }
    }
    false
}

#[test]
fn the_schema_is_shown_and_brought_up_to_date_apart_from_a_start() {
    let directory = tempfile::tempdir().unwrap();
    let place = TestDatabase::new();
    let migrate = |words: &[&str]| {
        let data = directory.path().to_str().unwrap();
        let all: Vec<&str> = ["migrate", "--data", data, "--database", place.url()]
            .into_iter()
            .chain(words.to_vec())
            .collect();
        run(&all)
    };
    if place.url().starts_with("sqlite") {
        let none = text(&migrate(&["status"]).stderr);
        assert!(none.contains("there is no database"), "{none}");
    } else {
        assert!(text(&migrate(&["status"]).stdout).contains("pending  0001_spine"));
        let told = text(&migrate(&["up", "--dry-run"]).stdout);
        assert!(told.contains("-- 0001_spine") && told.contains("CREATE TABLE accounts"), "{told}");
        assert!(
            text(&migrate(&["status"]).stdout).contains("pending  0001_spine"),
            "a dry run changes nothing"
        );
    }
    assert!(text(&migrate(&["up"]).stdout).contains("done     0001_spine"));
    assert_eq!(text(&migrate(&["up"]).stdout), "nothing to do\n");
    assert_eq!(text(&migrate(&["up", "--dry-run"]).stdout), "");
    let status = text(&migrate(&["status"]).stdout);
    assert!(status.contains("done     0001_spine") && !status.contains("pending"), "{status}");
}
