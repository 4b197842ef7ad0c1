//! Rules of licences.

pub mod filter;
