//! Versions, their orders and channels, and which release is an upgrade of which
//! (`distribution.md` §6).
//!
//! [`parse`] reads a version under the rules of an ecosystem's [`Scheme`] and gives an
//! [`EcosystemVersion`]: the text as written, the key two spellings of one version share, and the
//! ecosystem's own order. [`semver`] is the upstream dialect that releases without a stricter ecosystem
//! use. The crate is pure and deliberately knows nothing of releases, packages, access or storage.

mod channel;
mod content_tag;
mod ecosystem;
mod scheme;
mod upgrade;

pub mod gem;
pub mod npm;
pub mod pep440;
pub mod semver;

pub use channel::{Channel, UnknownChannel};
pub use content_tag::of_content_tag;
pub use ecosystem::{EcosystemVersion, parse};
pub use scheme::{MAX_VERSION_LENGTH, Scheme, VersionError};
pub use upgrade::{UpgradeRequest, resolve_upgrade};
