//! Wheels (PEP 427): a zip archive with `{name}-{version}.dist-info/` in it.

mod name;
mod record;

use std::io::{Read, Seek};

pub use name::WheelName;

use crate::{ArchiveError, Limits, Quoted, zipfile::ZipFile};

/// The largest RECORD that is read, in bytes.
const RECORD_LIMIT: u64 = 32 * 1024 * 1024;

/// What a wheel holds, as far as an index cares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wheel {
    /// `METADATA`, byte for byte, as it is served beside the wheel (PEP 658); at most 2 MiB unless the limits say
    /// otherwise.
    pub metadata: Vec<u8>,
    /// Files and directories.
    pub entries: u64,
    /// The sizes of all files together, in bytes.
    pub unpacked_size: u64,
}

/// Reads a wheel within [`Limits::wheel`].
///
/// # Errors
/// As [`read_within`].
pub fn read<R: Read + Seek + ?Sized>(source: &mut R, name: &WheelName) -> Result<Wheel, ArchiveError> {
    read_within(source, name, &Limits::wheel())
}

/// Reads the wheel of that file name, decompressing every member once.
///
/// Whether METADATA names the project and version that the file name does is for the caller to compare, who knows
/// which versions are equal.
///
/// # Errors
/// Where it is not a zip archive with one reading, has another `.dist-info` directory than the file name calls for,
/// lacks METADATA, WHEEL or RECORD, has a RECORD that does not list exactly its members, or passes a limit.
pub fn read_within<R: Read + Seek + ?Sized>(
    source: &mut R,
    name: &WheelName,
    limits: &Limits,
) -> Result<Wheel, ArchiveError> {
    let mut zip = ZipFile::open(source, limits)?;
    let dist_info = name.dist_info();
    check_dist_info(&zip, &dist_info)?;
    let metadata = zip.read(&format!("{dist_info}/METADATA"), limits.member)?;
    zip.read(&format!("{dist_info}/WHEEL"), limits.member)?;
    let record = zip.read(&format!("{dist_info}/RECORD"), RECORD_LIMIT)?;
    record::check(&record, zip.members(), &dist_info)?;
    zip.verify()?;
    Ok(Wheel { metadata, entries: zip.members().len() as u64, unpacked_size: zip.unpacked_size() })
}

/// Installers look for the one directory ending in `.dist-info`: there may be no other.
fn check_dist_info<R: Read + Seek + ?Sized>(
    zip: &ZipFile<'_, R>,
    expected: &str,
) -> Result<(), ArchiveError> {
    let mut found = zip
        .members()
        .iter()
        .map(|member| member.path.top())
        .filter(|top| top.to_ascii_lowercase().ends_with(".dist-info"));
    match found.find(|top| *top != expected) {
        None => Ok(()),
        Some(other) => {
            Err(ArchiveError::TopDirectory { found: Quoted::new(other), expected: Quoted::new(expected) })
        }
    }
}
