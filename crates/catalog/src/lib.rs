//! What the read path holds in memory: principals, packages, what each may see of the other, and rendered
//! documents (DESIGN §6).
//!
//! Values are immutable and shared. Each knows which slots it depends on, and a hit compares them with the
//! database's [`Freshness`](keyway_store::Freshness) and time limits with the clock: no time-to-live stands in
//! for invalidation. A hit takes no contended lock, does nothing per release and does not touch the database.
//! The crate decides nothing itself (that is `access`) and deliberately knows neither HTTP servers nor any
//! ecosystem.

mod account;
mod asking;
mod bearer;
mod cache;
mod catalog;
mod document;
mod environment;
mod error;
mod favourites;
mod fingerprint;
mod flight;
mod known;
mod lease;
mod limits;
mod names;
mod package;
mod principal;
mod reach;
mod reserved;
mod rows;
mod seen;
mod shelf;
mod snapshot;
mod stock;
mod tail;
mod tenancy;
mod to_the_end;
mod webhooks;

pub use account::{AccountFacts, AccountSigner};
pub use asking::Asking;
pub use catalog::{CacheSizes, Catalog};
pub use document::{Answer, DocumentAddress, Rendered};
pub use environment::EnvironmentFacts;
pub use error::{AccountError, CatalogError};
pub use known::{Identity, Known};
pub use limits::CacheLimits;
pub use names::Listing;
pub use principal::PrincipalError;
pub use shelf::{Shelf, ShelfKey};
pub use stock::{Stock, StockSeen};
pub use tenancy::{BadMode, Mode, Tenancy};
pub use to_the_end::{Died, to_the_end};
pub use webhooks::Webhooks;
