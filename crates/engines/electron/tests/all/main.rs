//! The engine through its public face: which release a poll leads to, the feed that is written of it, and the files
//! that it names (`updaters.md` §2).

#![allow(clippy::unwrap_used, reason = "what cannot be built fails the test")]

mod decisions;
mod feeds;
mod files;
mod shop;
