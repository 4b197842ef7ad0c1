//! What it costs to write the event of a validation down, which is done behind their answers:
//!
//! ```text
//! cargo run --release -p keyway-events --example validations
//! ```
//!
//! On the embedded store in a temporary directory: an entry of the event log, of ten thousand at a time.

use std::error::Error;
use std::time::Instant;

use keyway_base::{AccountId, RecordId, Timestamp};
use keyway_domain::event::{Origin, Validated};
use keyway_events::Journal;
use keyway_store::{Db, Options};

const ROUNDS: u32 = 20;
const EACH: u32 = 10_000;
const NOW: Timestamp = Timestamp::from_micros(1_780_315_200_000_000);

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::disallowed_methods, reason = "a measurement reads the time itself")]
async fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let db = Db::open(&Options::file(directory.path().join("keyway.db"), 1)).await?;
    let journal = Journal::start(db);
    let account = AccountId::generate(NOW);
    let licenses: Vec<RecordId> = (0..EACH).map(|_| RecordId::generate(NOW)).collect();
    let begun = Instant::now();
    for _ in 0..ROUNDS {
        for license in &licenses {
            let (environment, license) = (None, *license);
            let validated = Validated { account, environment, license, valid: true, code: "VALID" };
            journal.note_validated(validated, Origin::default(), NOW);
        }
        journal.flush().await?;
    }
    println!("event: {:.1} µs", begun.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS * EACH));
    Ok(())
}
