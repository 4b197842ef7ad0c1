//! The Tauri engine through its public face: what apps are told, and which uploads are refused (`updaters.md` §1).

#![allow(clippy::unwrap_used, reason = "what cannot be built fails the test")]

mod files;
mod latest;
mod polls;
mod refusals;
mod shop;
mod uploads;
