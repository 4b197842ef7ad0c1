//! Rules of licences: their keys, status, validation, limits, renewal, transfer and check-out, and the list filters that know
//! the time.

pub mod check_out;
pub mod filter;
pub mod key;
pub mod limits;
pub mod notice;
pub mod renewal;
pub mod status;
pub mod transfer;
pub mod validation;
