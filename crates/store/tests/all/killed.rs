//! A writer is killed in the middle: what it acknowledged is there, and nothing is half there (DESIGN §10).

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use keyway_base::{AccountId, RecordId, Slot};
use keyway_jsonapi::{Record, Scope};
use keyway_store::{Changes, Db, Inserted, Options, Page, Tail};

use crate::world::{LICENSES, PRODUCTS, World};

/// Marks the directory in which the child is to work.
const MARK: &str = "child works here";
const DATABASE: &str = "keyway.db";
const ACKNOWLEDGED: &str = "acknowledged ";

async fn open(directory: &Path) -> Db {
    Db::open(&Options::file(directory.join(DATABASE), 1)).await.unwrap()
}

/// The process that is killed: writes until then.
async fn child() {
    let world = World::new().await;
    let db = open(Path::new(".")).await;
    loop {
        let (license, product) = (world.record(LICENSES), world.record(PRODUCTS));
        let mut write = db.begin().await.unwrap();
        assert_eq!(write.insert(&license).await.unwrap(), Inserted::Yes);
        assert_eq!(write.insert(&product).await.unwrap(), Inserted::Yes);
        write.commit(Changes::of(world.account, [Slot(1)])).await.unwrap();
        println!("\n{ACKNOWLEDGED}{} {}", world.account, license.id());
    }
}

fn acknowledged(line: &str) -> Option<(AccountId, RecordId)> {
    let (account, id) = line.strip_prefix(ACKNOWLEDGED)?.split_once(' ')?;
    Some((account.parse().ok()?, id.parse().ok()?))
}

/// Lets a writer run until it has acknowledged `count` writes, kills it, and gives all that it acknowledged.
fn write_and_kill(directory: &Path, count: usize) -> Vec<(AccountId, RecordId)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::every_acknowledged_write_survives_and_none_is_half_there", "--nocapture"])
        .current_dir(directory)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut written: Vec<_> = lines.by_ref().filter_map(|line| acknowledged(&line)).take(count).collect();
    child.kill().unwrap();
    child.wait().unwrap();
    written.extend(lines.filter_map(|line| acknowledged(&line)));
    written
}

#[tokio::test]
async fn every_acknowledged_write_survives_and_none_is_half_there() {
    if Path::new(MARK).exists() {
        return child().await;
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join(MARK), "").unwrap();
    for count in [5, 23] {
        let written = write_and_kill(directory.path(), count);
        assert!(written.len() >= count, "the writer ended by itself");
        let (account, _) = written[0];
        let db = open(directory.path()).await;
        let licenses = db.list(LICENSES, account, &Scope::All, &Page::all()).await.unwrap();
        let there: BTreeSet<RecordId> = licenses.iter().map(Record::id).collect();
        assert!(written.iter().all(|(_, id)| there.contains(id)), "an acknowledged write is gone");
        assert!(there.len() <= written.len() + 1, "at most one write was under way");
        let products = db.count(PRODUCTS, account, &Scope::All).await.unwrap();
        assert_eq!(u64::try_from(there.len()).unwrap(), products, "half a transaction is there");
        let mut tail = Tail::start(&db).await.unwrap();
        db.begin().await.unwrap().commit(Changes::of(account, [Slot(2)])).await.unwrap();
        assert_eq!(tail.poll().await.unwrap(), 1, "the log goes on");
        db.close().await;
    }
}
