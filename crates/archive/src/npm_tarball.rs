//! npm tarballs (`.tgz`): gzip, tar, one top directory of any name with `package.json` in it.

use std::io::Read;

use crate::{
    ArchiveError, EntryKind, EntryProblem, Limits, Quoted, gunzip,
    tarball::{self, Content, Entry, TopDirectory},
};

/// What a tarball holds, as far as a registry cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NpmTarball {
    /// `package.json`, byte for byte; at most 1 MiB unless the limits say otherwise. Not parsed:
    /// see [`crate::parse_object_strict`].
    pub package_json: Vec<u8>,
    /// The top directory, usually `package`.
    pub top_dir: String,
    /// Files and directories.
    pub entries: u64,
    /// Regular files (`dist.fileCount`).
    pub files: u64,
    /// The sizes of all files together, in bytes (`dist.unpackedSize`).
    pub unpacked_size: u64,
    /// There is a `binding.gyp` beside `package.json`: installing builds it even where no script says so.
    pub has_binding_gyp: bool,
    /// There is an `npm-shrinkwrap.json` beside `package.json`.
    pub has_shrinkwrap: bool,
}

/// Reads a tarball within [`Limits::npm`].
///
/// # Errors
/// As [`read_within`].
pub fn read(source: &mut dyn Read) -> Result<NpmTarball, ArchiveError> {
    read_within(source, &Limits::npm())
}

/// Reads a tarball to its end.
///
/// # Errors
/// Where it is not one gzip member with a well-formed tar in it, has an entry that is unsafe to extract, has not
/// exactly one top directory with one regular `package.json`, or passes a limit.
pub fn read_within(source: &mut dyn Read, limits: &Limits) -> Result<NpmTarball, ArchiveError> {
    let mut top = TopDirectory::default();
    let mut found = Found::default();
    let summary = tarball::walk(&mut gunzip(source, limits), limits, |entry, content| {
        top.admit(entry)?;
        found.visit(entry, content, limits)
    })?;
    let missing = || ArchiveError::Missing { name: Quoted::new("package.json") };
    Ok(NpmTarball {
        package_json: found.package_json.ok_or_else(missing)?,
        top_dir: top.into_name().ok_or_else(missing)?,
        entries: summary.entries,
        files: summary.files,
        unpacked_size: summary.unpacked_size,
        has_binding_gyp: found.binding_gyp,
        has_shrinkwrap: found.shrinkwrap,
    })
}

#[derive(Debug, Default)]
struct Found {
    package_json: Option<Vec<u8>>,
    binding_gyp: bool,
    shrinkwrap: bool,
}

impl Found {
    fn visit(
        &mut self,
        entry: &Entry,
        content: &mut Content<'_>,
        limits: &Limits,
    ) -> Result<(), ArchiveError> {
        match (entry.path.below_top(), entry.kind) {
            (Some("package.json"), EntryKind::File) => {
                self.package_json = Some(content.read_to_vec(entry, limits.member)?);
            }
            (Some("package.json"), EntryKind::Directory) => {
                return Err(ArchiveError::entry(entry.path.as_str(), EntryProblem::NotAFile));
            }
            (Some("binding.gyp"), EntryKind::File) => self.binding_gyp = true,
            (Some("npm-shrinkwrap.json"), EntryKind::File) => self.shrinkwrap = true,
            _ => {}
        }
        Ok(())
    }
}
