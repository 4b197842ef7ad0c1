//! Walks a tar stream without ever unpacking it.
//!
//! Installers differ in how they read odd archives, so whatever two of them could read differently is refused:
//! links, devices, sparse files, headers that contradict one another, names that collide. The walk always goes to
//! the end of the stream.

mod blocks;
mod extension;
mod header;
mod top;

use std::io::{self, Read};

use blocks::Blocks;
use extension::Extension;
pub(crate) use header::is_tar_header;
use header::{Header, Role};
pub(crate) use top::TopDirectory;

use crate::{ArchiveError, EntryKind, EntryPath, EntryProblem, Limits, entry_path::Names};

/// A file or directory in a tar archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its checked path.
    pub path: EntryPath,
    /// What it is.
    pub kind: EntryKind,
    /// Its size in bytes; 0 for what is no file.
    pub size: u64,
    /// What a link stands for: a path of the archive, though not always one that it has.
    pub target: Option<EntryPath>,
}

/// Who is to read an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// Installers, which unpack it: plain files and directories, each with a name of its own.
    Package,
    /// Nobody but us: archives of images are only looked through. Their tools write links, begin names with `./`,
    /// and may write a file twice; whether both are the same is for the visitor to say.
    Image,
}

/// What a walk has seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Files and directories.
    pub entries: u64,
    /// Regular files.
    pub files: u64,
    /// The sizes of all files together, in bytes.
    pub unpacked_size: u64,
}

/// The bytes of one entry. What a visitor leaves unread is skipped.
pub struct Content<'a> {
    source: &'a mut dyn Read,
    remaining: u64,
}

impl Content<'_> {
    /// Reads the rest of `entry` into memory; refuses it where that is more than `limit` bytes.
    pub fn read_to_vec(&mut self, entry: &Entry, limit: u64) -> Result<Vec<u8>, ArchiveError> {
        if self.remaining > limit {
            return Err(ArchiveError::entry(entry.path.as_str(), EntryProblem::TooLarge { limit }));
        }
        let mut bytes = Vec::new();
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.remaining).unwrap_or(usize::MAX).min(buffer.len());
        let Some(part) = buffer.get_mut(..wanted).filter(|part| !part.is_empty()) else { return Ok(0) };
        let count = self.source.read(part)?;
        if count == 0 {
            return Err(ArchiveError::Truncated { what: "content of a tar entry" }.into());
        }
        self.remaining -= count as u64;
        Ok(count)
    }
}

/// Walks the uncompressed tar archive of a package in `source` to its end, calling `visit` for every file and directory.
///
/// # Errors
/// The first thing that makes the archive unacceptable, an error of `visit`, or a limit that is passed.
pub fn walk<F>(source: &mut dyn Read, limits: &Limits, visit: F) -> Result<Summary, ArchiveError>
where
    F: FnMut(&Entry, &mut Content<'_>) -> Result<(), ArchiveError>,
{
    walk_as(Dialect::Package, source, limits, visit)
}

/// As [`walk`], for archives of a dialect.
pub(crate) fn walk_as<F>(
    dialect: Dialect,
    source: &mut dyn Read,
    limits: &Limits,
    mut visit: F,
) -> Result<Summary, ArchiveError>
where
    F: FnMut(&Entry, &mut Content<'_>) -> Result<(), ArchiveError>,
{
    let mut blocks = Blocks::new(source, limits);
    let mut names = Names::new(limits, dialect);
    let mut extension = Extension::default();
    let mut summary = Summary::default();
    while let Some(block) = blocks.next_header()? {
        let header = Header::parse(&block)?;
        match header.role(dialect)? {
            Role::Pax => extension.pax(&blocks.extension_content(header.size())?)?,
            Role::LongName => extension.long_name(&blocks.extension_content(header.size())?)?,
            Role::GlobalPax => extension::check_global(&blocks.extension_content(header.size())?)?,
            Role::Entry(kind) => {
                let described = std::mem::take(&mut extension).resolve(&header, kind, dialect, limits)?;
                let Some(entry) = described else { continue };
                names.claim(&entry.path, kind)?;
                summary.add(&entry);
                let mut content = Content { source: &mut blocks, remaining: entry.size };
                visit(&entry, &mut content)?;
                let unread = content.remaining;
                blocks.skip_content(entry.size, unread)?;
            }
        }
    }
    if !extension.is_empty() {
        return Err(ArchiveError::Tar { problem: "an extended header has no entry" });
    }
    blocks.refuse_what_follows()?;
    Ok(summary)
}

impl Summary {
    fn add(&mut self, entry: &Entry) {
        self.entries += 1;
        self.files += u64::from(entry.kind == EntryKind::File);
        self.unpacked_size = self.unpacked_size.saturating_add(entry.size);
    }
}
