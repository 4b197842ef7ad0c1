//! Work to be done later: rows with a lease, so that a worker that dies loses nothing (DESIGN §8 "Jobs").

use keyway_base::{AccountId, RecordId, Timestamp};

/// A job to enqueue. It is written in the transaction that makes it necessary.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// What kind of work (`ingest`).
    pub kind: String,
    /// Names the work: of one kind and key in an account at most one job waits. A second one replaces the
    /// payload and can only make it run earlier.
    pub key: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// What the worker needs to know.
    pub payload: serde_json::Value,
    /// Not before.
    pub run_at: Timestamp,
}

/// A job that this caller has claimed.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: RecordId,
    /// What kind of work.
    pub kind: String,
    /// Names the work.
    pub key: String,
    /// The account it belongs to.
    pub account: AccountId,
    /// What the worker needs to know.
    pub payload: serde_json::Value,
    /// How often it was claimed, this time included.
    pub attempts: u32,
    /// The claim: only its holder can finish or retry the job.
    pub lease: RecordId,
    /// When others may claim it.
    pub leased_until: Timestamp,
}
