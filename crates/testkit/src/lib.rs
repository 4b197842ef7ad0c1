//! The house rules as tests (`tests/all`): which crate may depend on which, where SQL, time and files may be
//! touched, how long files and functions may be, and what tracked files may not say. And what tests of several
//! crates share: a database.
//!
//! It knows no crate of ours: worlds and clients live beside the tests that use them.

mod database;

pub use database::TestDatabase;
