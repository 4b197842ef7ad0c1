//! Ruby gems (`.gem`): a plain tar of `metadata.gz`, `data.tar.gz` and `checksums.yaml.gz`, in any order.

use std::io::{self, Read, sink};

use crate::{ArchiveError, EntryKind, EntryProblem, Limits, Quoted, gunzip, tarball};

/// A member that a gem's checksums speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Member {
    /// `metadata.gz`: the gemspec as YAML.
    Metadata,
    /// `data.tar.gz`: the files.
    Data,
}

impl Member {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Metadata, Self::Data];

    /// Its name in the archive.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata.gz",
            Self::Data => "data.tar.gz",
        }
    }
}

/// Is shown a member's packed bytes as they go by: what checksums are computed of.
pub trait Witness {
    /// Some more bytes of a member.
    fn saw(&mut self, member: Member, bytes: &[u8]);
}

/// What a gem holds, as far as a registry cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gem {
    /// The gemspec's YAML, decompressed; at most 1 MiB unless the limits say otherwise.
    pub metadata: Vec<u8>,
    /// The declared checksums' YAML, decompressed. Gems from before 2013 have none.
    pub checksums: Option<Vec<u8>>,
    /// The size of `data.tar.gz`, decompressed.
    pub unpacked_size: u64,
}

/// Reads a gem within [`Limits::gem`].
///
/// # Errors
/// As [`read_within`].
pub fn read(source: &mut dyn Read, witness: &mut dyn Witness) -> Result<Gem, ArchiveError> {
    read_within(source, witness, &Limits::gem())
}

/// Reads a gem to its end. Whether the checksums are right is for the caller to say, with what `witness` saw.
///
/// # Errors
/// Where it is not a well-formed tar with one `metadata.gz` and one `data.tar.gz`, each one whole gzip member, or
/// passes a limit.
pub fn read_within(
    source: &mut dyn Read,
    witness: &mut dyn Witness,
    limits: &Limits,
) -> Result<Gem, ArchiveError> {
    let mut found = Found::default();
    let mut capped = source.take(limits.compressed.saturating_add(1));
    tarball::walk(&mut capped, limits, |entry, content| {
        let name = entry.path.as_str();
        if !matches!(name, "metadata.gz" | "data.tar.gz" | "checksums.yaml.gz") {
            return Ok(());
        }
        if entry.kind != EntryKind::File {
            return Err(ArchiveError::entry(name, EntryProblem::NotAFile));
        }
        found.take(name, content, witness, limits)
    })?;
    if capped.limit() == 0 {
        return Err(ArchiveError::Compressed { limit: limits.compressed });
    }
    let missing = |member: Member| ArchiveError::Missing { name: Quoted::new(member.name()) };
    Ok(Gem {
        metadata: found.metadata.ok_or_else(|| missing(Member::Metadata))?,
        checksums: found.checksums,
        unpacked_size: found.unpacked_size.ok_or_else(|| missing(Member::Data))?,
    })
}

#[derive(Debug, Default)]
struct Found {
    metadata: Option<Vec<u8>>,
    checksums: Option<Vec<u8>>,
    unpacked_size: Option<u64>,
}

impl Found {
    fn take(
        &mut self,
        name: &str,
        content: &mut dyn Read,
        witness: &mut dyn Witness,
        limits: &Limits,
    ) -> Result<(), ArchiveError> {
        match name {
            "metadata.gz" => {
                let watched = Watched { source: content, member: Member::Metadata, witness };
                self.metadata = Some(inflated(watched, name, limits)?);
            }
            "data.tar.gz" => {
                let watched = Watched { source: content, member: Member::Data, witness };
                self.unpacked_size = Some(io::copy(&mut gunzip(watched, limits), &mut sink())?);
            }
            _ => self.checksums = Some(inflated(content, name, limits)?),
        }
        Ok(())
    }
}

/// A small member, decompressed.
fn inflated(source: impl Read, name: &str, limits: &Limits) -> Result<Vec<u8>, ArchiveError> {
    let mut out = Vec::new();
    gunzip(source, limits).take(limits.member.saturating_add(1)).read_to_end(&mut out)?;
    if out.len() as u64 > limits.member {
        return Err(ArchiveError::entry(name, EntryProblem::TooLarge { limit: limits.member }));
    }
    Ok(out)
}

struct Watched<'w, R> {
    source: R,
    member: Member,
    witness: &'w mut dyn Witness,
}

impl<R: Read> Read for Watched<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        self.witness.saw(self.member, buffer.get(..count).unwrap_or_default());
        Ok(count)
    }
}
