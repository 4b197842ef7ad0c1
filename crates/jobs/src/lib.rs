//! Work that is done after the answer: reading uploads, ending waits, deleting blobs, cascades (DESIGN §8
//! "Jobs").
//!
//! Every job is a row with a lease. A worker that dies loses nothing: the lease runs out and the job is run
//! again, which is harmless, because a job's results and its end are one transaction. The crate deliberately
//! knows no request and no caller.

mod abandoned;
mod account_recovery;
mod accounts;
mod arrival;
mod blob;
mod calendar;
mod companion;
mod content;
mod error;
mod examine;
mod expire;
mod images;
mod ingest;
pub mod kind;
mod log;
mod mailer;
mod monitor;
mod orphan;
mod partition;
mod password_reset;
mod place;
mod purge;
mod reminder;
mod runner;
mod shelf;
mod signer;
mod token;
mod upkeep;
mod usage;
mod webhook;

pub use error::JobError;
pub use log::LogsKept;
pub use mailer::{MailError, Mailer, MailerError};
pub use runner::{Options, Parts, Runner};
pub use webhook::{Answer, Carried, Carrier, Outgoing, Reach, Sender, Trouble};
