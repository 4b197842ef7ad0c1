//! MSIX packages and bundles: the manifest that says what is in them.
//!
//! They are zip archives as Windows' own tools write them, with zip64 records and sizes after the data, which
//! [`crate::zipfile`] refuses for what two installers may read differently. There is one installer of these, which goes
//! by the central directory and by hashes that the signature covers, so the manifest is looked up there.

use std::io::{Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::{ArchiveError, EntryProblem, Limits, Quoted};

const PACKAGE: &str = "AppxManifest.xml";
const BUNDLE: &str = "AppxMetadata/AppxBundleManifest.xml";

/// The manifest of a package or a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manifest {
    /// `AppxManifest.xml`.
    Package(Vec<u8>),
    /// `AppxMetadata/AppxBundleManifest.xml`, of several packages.
    Bundle(Vec<u8>),
}

/// Reads the manifest of the package or bundle in `source`, of at most `limits.member` bytes.
///
/// # Errors
/// Where it is not a zip archive, has neither manifest, or passes a limit.
pub fn read<R: Read + Seek + ?Sized>(source: &mut R, limits: &Limits) -> Result<Manifest, ArchiveError> {
    let mut archive = ZipArchive::new(source).map_err(problem)?;
    if archive.len() as u64 > limits.entries {
        return Err(ArchiveError::Entries { limit: limits.entries });
    }
    if archive.index_for_name(BUNDLE).is_some() {
        return member(&mut archive, BUNDLE, limits.member).map(Manifest::Bundle);
    }
    member(&mut archive, PACKAGE, limits.member).map(Manifest::Package)
}

fn member<R: Read + Seek>(
    archive: &mut ZipArchive<R>,
    name: &str,
    limit: u64,
) -> Result<Vec<u8>, ArchiveError> {
    let member = archive.by_name(name).map_err(|error| match error {
        ZipError::FileNotFound => ArchiveError::Missing { name: Quoted::new(name) },
        other => problem(other),
    })?;
    let mut bytes = Vec::new();
    member
        .take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| ArchiveError::entry(name, EntryProblem::Damaged))?;
    if bytes.len() as u64 > limit {
        return Err(ArchiveError::entry(name, EntryProblem::TooLarge { limit }));
    }
    Ok(bytes)
}

fn problem(error: ZipError) -> ArchiveError {
    match error {
        ZipError::Io(error) if error.kind() != std::io::ErrorKind::UnexpectedEof => {
            ArchiveError::Source(error)
        }
        ZipError::UnsupportedArchive(problem) => ArchiveError::Zip { problem },
        _ => ArchiveError::Zip { problem: "it is damaged, or none" },
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};

    use proptest::prelude::*;
    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    fn archive(members: &[(&str, &[u8])], is_large: bool) -> Vec<u8> {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            writer.start_file(*name, SimpleFileOptions::default().large_file(is_large)).unwrap();
            writer.write_all(content).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn read_bytes(bytes: &[u8]) -> Result<Manifest, ArchiveError> {
        read(&mut Cursor::new(bytes), &Limits { member: 100, ..Limits::image() })
    }

    #[test]
    fn packages_and_bundles_are_told_apart() {
        for is_large in [false, true] {
            let package = archive(&[("App.exe", b"x"), (PACKAGE, b"<Package/>")], is_large);
            assert_eq!(read_bytes(&package).unwrap(), Manifest::Package(b"<Package/>".to_vec()));
            let bundle = archive(&[(BUNDLE, b"<Bundle/>"), (PACKAGE, b"no")], is_large);
            assert_eq!(read_bytes(&bundle).unwrap(), Manifest::Bundle(b"<Bundle/>".to_vec()));
        }
    }

    #[test]
    fn what_is_none_is_named() {
        for (bytes, text) in [
            (b"MZ not a zip".to_vec(), "it is damaged, or none"),
            (archive(&[("App.exe", b"x")], false), "AppxManifest.xml"),
            (archive(&[(PACKAGE, &[b' '; 101])], false), "100 bytes"),
        ] {
            let said = read_bytes(&bytes).unwrap_err().to_string();
            assert!(said.contains(text), "{said}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(256))]

        #[test]
        fn no_damage_panics(at in 0_usize..200, byte in any::<u8>(), cut in 0_usize..200) {
            let mut bytes = archive(&[(PACKAGE, b"<Package/>")], true);
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
            bytes.truncate(bytes.len().saturating_sub(cut % 50));
            if let Ok(manifest) = read_bytes(&bytes) {
                prop_assert!(matches!(manifest, Manifest::Package(_)));
            }
        }
    }
}
