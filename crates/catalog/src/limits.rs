//! How much memory each cache may hold.

/// Bounds of the caches, each in bytes. What does not fit is loaded again when it is asked for; a single value
/// larger than its cache is never kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CacheLimits {
    /// Accounts with their keys and environments.
    pub accounts: u64,
    /// Principals: who stands behind a credential.
    pub principals: u64,
    /// Credentials that are known to be no good. Kept apart so that guessing evicts nothing but guesses.
    pub refusals: u64,
    /// What validations of licences are made from.
    pub licenses: u64,
    /// Packages with their releases and manifests, and the lists of package names.
    pub packages: u64,
    /// Package keys that are known not to exist.
    pub absences: u64,
    /// What each principal may see of each package.
    pub seen: u64,
    /// Rendered documents, as they are and compressed.
    pub documents: u64,
}

const MIB: u64 = 1024 * 1024;

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            accounts: 16 * MIB,
            principals: 32 * MIB,
            refusals: 4 * MIB,
            licenses: 32 * MIB,
            packages: 128 * MIB,
            absences: 4 * MIB,
            seen: 32 * MIB,
            documents: 192 * MIB,
        }
    }
}
