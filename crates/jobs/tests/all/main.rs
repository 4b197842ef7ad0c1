//! Jobs over a real database and real files, with an engine made of paper.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod account_recovery;
mod ingest;
mod monitor;
mod password_reset;
mod purge;
mod reminders;
mod runner;
mod upkeep;
mod webhooks;
mod world;
