//! The business as pure data and pure rules: the resources, their state machines, licence validation,
//! durations, permissions, events, and which mutation makes which cached value stale.
//!
//! It deliberately knows no caller (that is `access`), no database and no clock.

pub mod account;
pub mod artifact;
pub mod content;
pub mod duration;
pub mod event;
pub mod license;
pub mod machine;
pub mod package;
pub mod parts;
pub mod permission;
pub mod pin;
pub mod policy;
pub mod release;
pub mod request;
pub mod resources;
pub mod rollout;
pub mod setting;
pub mod touch;
pub mod usage;
pub mod webhook;

#[cfg(test)]
mod fixture;
