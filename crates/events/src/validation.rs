//! When licences were validated last (`licensing.md` §15): known at once to those who validate them here, written down
//! within a second, each licence once however often it was validated meanwhile.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use keyway_base::{AccountId, LicenseId, Timestamp};
use keyway_store::{Db, LastValidated, StoreError};

use crate::behind::{Behind, NotWritten, Note};

/// How many licences are known at least before those are forgotten that nobody holds.
const KNOWN: usize = 16 * 1024;
/// The time of what never happened.
const NEVER: i64 = i64::MIN;

/// When a licence was validated last, as far as this node knows.
#[derive(Debug)]
pub struct Validity {
    account: AccountId,
    license: LicenseId,
    at: AtomicI64,
    /// Whether it waits to be written down.
    waits: AtomicBool,
}

impl Validity {
    /// The time; none when the licence was never validated.
    pub fn at(&self) -> Option<Timestamp> {
        let at = self.at.load(Ordering::Acquire);
        (at != NEVER).then(|| Timestamp::from_micros(at))
    }
    /// Takes over what the database says.
    pub fn learn(&self, at: Option<Timestamp>) {
        if let Some(at) = at {
            self.at.fetch_max(at.as_micros(), Ordering::AcqRel);
        }
    }
}

/// Those that are known.
#[derive(Debug, Default)]
struct Known {
    all: HashMap<(AccountId, LicenseId), Arc<Validity>>,
    /// How many there were after the last ones were forgotten.
    held: usize,
}

/// The validations of this node, on their way into the database.
#[derive(Debug)]
pub struct Validations {
    behind: Behind<Arc<Validity>>,
    known: Mutex<Known>,
}

impl Note for Arc<Validity> {
    const WHAT: &'static str = "validations";

    async fn write(db: &Db, notes: &[Self]) -> Result<(), StoreError> {
        let mut last: Vec<LastValidated> = notes.iter().filter_map(|validity| validity.taken()).collect();
        // In one order everywhere, so that two nodes do not wait for each other; and each once, with its newest time.
        last.sort_unstable_by(|one, other| other.cmp(one));
        last.dedup_by_key(|(account, license, _)| (*account, *license));
        let outcome = db.note_validations(&last).await;
        if outcome.is_err() {
            notes.iter().for_each(|validity| validity.waits.store(true, Ordering::Release));
        }
        outcome
    }
    fn lost(&self) {
        self.waits.store(false, Ordering::Release);
    }
}

impl Validity {
    /// What is to be written; from now on the next validation has to be written again.
    fn taken(&self) -> Option<LastValidated> {
        self.waits.swap(false, Ordering::AcqRel);
        Some((self.account, self.license, self.at()?))
    }
}

impl Validations {
    /// Starts the task that writes. It ends when this is dropped, after what is left.
    pub fn start(db: Db) -> Self {
        Self { behind: Behind::start(db), known: Mutex::default() }
    }

    /// When a licence was validated last, for whoever has read what the database says of that and lets it
    /// [learn](Validity::learn) it.
    pub fn of(&self, account: AccountId, license: LicenseId) -> Arc<Validity> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.all.len() >= KNOWN.max(2 * known.held) {
            let is_held = |validity: &Arc<Validity>| {
                Arc::strong_count(validity) > 1 || validity.waits.load(Ordering::Acquire)
            };
            known.all.retain(|_, validity| is_held(validity));
            known.held = known.all.len();
        }
        let new = || {
            let (at, waits) = (AtomicI64::new(NEVER), AtomicBool::new(false));
            Arc::new(Validity { account, license, at, waits })
        };
        Arc::clone(known.all.entry((account, license)).or_insert_with(new))
    }

    /// Notes that a licence was validated: within a second it is written down.
    pub fn note(&self, validity: &Arc<Validity>, at: Timestamp) {
        validity.at.fetch_max(at.as_micros(), Ordering::AcqRel);
        if !validity.waits.swap(true, Ordering::AcqRel) && !self.behind.put(Arc::clone(validity)) {
            validity.waits.store(false, Ordering::Release);
        }
    }

    /// Waits until everything noted so far is written.
    ///
    /// # Errors
    /// [`NotWritten`] when the database does not take it.
    pub async fn flush(&self) -> Result<(), NotWritten> {
        self.behind.flush().await
    }
}
