//! The catalogue over a real database: what is found, what is shared, what a hit costs, and above all that a
//! revocation is seen by the very next request.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod documents;
mod lease;
mod packages;
mod principals;
mod revocation;
mod tenancy;
mod world;
