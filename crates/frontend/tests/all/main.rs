//! The front end through sockets: a whole server over a small account, with toy engines and a toy API.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod api;
mod blobs;
mod drain;
mod engines;
mod heads;
mod hosts;
mod images;
mod operations;
mod polls;
mod pushes;
mod rates;
mod registry;
mod shelf;
mod signatures;
mod tls;
#[path = "../../src/toy.rs"]
mod toy;
mod updates;
mod wire;
mod world;
