//! How much an archive may cost whoever reads it.

use crate::ArchiveError;

const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;
const TIB: u64 = 1024 * GIB;

/// Caps that every reader of this crate keeps to. Sizes are bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The archive as uploaded.
    pub compressed: u64,
    /// Everything in it, decompressed; for a tar that includes headers and padding.
    pub decompressed: u64,
    /// Decompressed to compressed size, once more than `ratio_floor` has come out.
    pub ratio: u64,
    /// Below this many decompressed bytes the ratio does not matter.
    pub ratio_floor: u64,
    /// Files and directories.
    pub entries: u64,
    /// A member that is read into memory.
    pub member: u64,
    /// One entry's path.
    pub name_len: usize,
    /// All paths together, with the directories they imply.
    pub names: u64,
}

impl Limits {
    /// For npm tarballs: `package.json` up to 1 MiB, 200 : 1 beyond 64 MiB.
    pub const fn npm() -> Self {
        Limits {
            compressed: GIB,
            decompressed: 4 * GIB,
            ratio: 200,
            ratio_floor: 64 * MIB,
            entries: 100_000,
            member: MIB,
            name_len: 1024,
            names: 32 * MIB,
        }
    }

    /// For wheels: METADATA up to 2 MiB, 50 : 1 beyond 64 MiB.
    pub const fn wheel() -> Self {
        Limits { ratio: 50, member: 2 * MIB, ..Self::npm() }
    }

    /// For sdists: PKG-INFO up to 2 MiB, 200 : 1 beyond 64 MiB.
    pub const fn sdist() -> Self {
        Limits { member: 2 * MIB, ..Self::npm() }
    }

    /// For gems: the gemspec up to 1 MiB, 200 : 1 beyond 64 MiB.
    pub const fn gem() -> Self {
        Self::npm()
    }

    /// For packages of apps: their description up to 1 MiB, 200 : 1 beyond 64 MiB.
    pub const fn nupkg() -> Self {
        Limits { compressed: 16 * GIB, decompressed: 64 * GIB, ..Self::npm() }
    }

    /// For archives of images: layers of any size, documents up to 4 MiB, 200 : 1 beyond 64 MiB.
    pub const fn image() -> Self {
        Limits { compressed: 5 * TIB, decompressed: 5 * TIB, member: 4 * MIB, ..Self::npm() }
    }

    /// Checks the total and the ratio of what has come out (`decompressed`) of what went in (`compressed`).
    pub(crate) fn check_expansion(&self, compressed: u64, decompressed: u64) -> Result<(), ArchiveError> {
        if decompressed > self.decompressed {
            return Err(ArchiveError::Decompressed { limit: self.decompressed });
        }
        if decompressed > self.ratio_floor && decompressed > compressed.saturating_mul(self.ratio) {
            return Err(ArchiveError::Ratio { ratio: self.ratio });
        }
        Ok(())
    }
}

/// General limits: as for npm, with members of up to 4 MiB in memory.
impl Default for Limits {
    fn default() -> Self {
        Limits { member: 4 * MIB, ..Self::npm() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_counts_only_beyond_the_floor() {
        let limits = Limits::wheel();
        assert!(limits.check_expansion(1, 64 * MIB).is_ok());
        assert!(matches!(limits.check_expansion(MIB, 64 * MIB + 1), Err(ArchiveError::Ratio { ratio: 50 })));
        assert!(limits.check_expansion(2 * MIB, 100 * MIB).is_ok());
        assert!(matches!(limits.check_expansion(GIB, 4 * GIB + 1), Err(ArchiveError::Decompressed { .. })));
    }
}
