//! Full and delta packages (`.nupkg`) in releases: what the engines of Velopack and Squirrel.Windows share.
//!
//! It reads uploads, picks the package for a client's target and finds the deltas that lead to it. It deliberately
//! knows neither feeds nor addresses, and decides on no release.

mod deltas;
mod facts;
mod ingest;
mod name;
mod target;

pub use deltas::deltas;
pub use facts::{Facts, Package};
pub use ingest::ingest;
pub use name::{Kind, squirrel_spelling};
pub use target::Target;
