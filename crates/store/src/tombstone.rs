//! Names and versions that existed: never given out again, never passed through to a public index.

use keyway_base::AccountId;

/// Something that was deleted, or is reserved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tombstone<'a> {
    /// The account.
    pub account: AccountId,
    /// The engine's key; empty for packages of no engine.
    pub engine: &'a str,
    /// The package's normalised key.
    pub package: &'a str,
    /// The version's normalised key; empty for the package itself.
    pub version: &'a str,
    /// The file name; empty for the version itself.
    pub filename: &'a str,
}
