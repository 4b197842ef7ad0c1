//! The store's contract, through its public face.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod atomics;
#[expect(unreachable_pub, reason = "the library's own file, compiled with the model's atomics")]
#[path = "../../src/freshness.rs"]
mod freshness;

mod containment;
mod contention;
mod details;
mod durability;
mod fresh;
mod jobs;
mod kept;
mod killed;
mod lanes;
mod lists;
mod metadata;
mod model;
mod partitions;
mod records;
mod scopes;
mod tables;
mod tail;
mod versions;
mod world;
