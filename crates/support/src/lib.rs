//! The test-support endpoint: `/v1/_test…`, through which a black-box suite sets up what the public API cannot
//! express (docs/test-support.md).
//!
//! Only a binary built with the feature `test-support` has this crate in it, and only `--test-support` makes it
//! answer. It writes rows past every rule of the API: no validation, no permission, no event. What a type's
//! attributes are it learns from the declarations; what it knows of single types is what the API derives for
//! every record of them (keys, digests, versions, default permissions).

mod artifact;
mod cascade;
mod clock;
mod column;
mod defaults;
mod derive;
mod effects;
mod error;
mod fixtures;
mod kept;
mod keys;
mod license_key;
mod mint;
mod notion;
mod records;
mod request;
mod reset;
mod secrets;
mod shown;
mod stand_in;
mod support;

pub use clock::SettableClock;
pub use error::SupportError;
pub use request::{SupportAnswer, SupportRequest};
pub use support::{Parts, Settling, StorageMode, Support, Sweeping};
