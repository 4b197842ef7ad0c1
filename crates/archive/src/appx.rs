//! MSIX packages and bundles: the manifest that says what is in them.
//!
//! They are zip archives as Windows' own tools write them, with zip64 records and sizes after the data, which
//! [`crate::zipfile`] refuses for what two installers may read differently. There is one installer of these, which goes
//! by the central directory and by hashes that the signature covers, so the manifest is looked up there.

mod directory;

use std::io::{BufReader, Read, Seek, SeekFrom};

use flate2::{Crc, bufread::DeflateDecoder};

use self::directory::Place;
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
    let [bundle, package] = directory::find(source, [BUNDLE, PACKAGE], limits)?;
    match (bundle, package) {
        (Some(place), _) => member(source, BUNDLE, &place, limits.member).map(Manifest::Bundle),
        (None, Some(place)) => member(source, PACKAGE, &place, limits.member).map(Manifest::Package),
        (None, None) => Err(ArchiveError::Missing { name: Quoted::new(PACKAGE) }),
    }
}

fn member<R: Read + Seek + ?Sized>(
    source: &mut R,
    name: &str,
    place: &Place,
    limit: u64,
) -> Result<Vec<u8>, ArchiveError> {
    let refused = |problem| ArchiveError::entry(name, problem);
    if place.is_encrypted {
        return Err(refused(EntryProblem::Encrypted));
    }
    let at = directory::data_at(source, place, name)?;
    source.seek(SeekFrom::Start(at))?;
    let mut data = BufReader::new(source.take(place.compressed));
    let mut bytes = Vec::new();
    let read = match place.method {
        0 => data.take(limit + 1).read_to_end(&mut bytes),
        8 => DeflateDecoder::new(&mut data).take(limit + 1).read_to_end(&mut bytes),
        _ => return Err(refused(EntryProblem::Compression)),
    };
    if bytes.len() as u64 > limit {
        return Err(refused(EntryProblem::TooLarge { limit }));
    }
    let mut crc = Crc::new();
    crc.update(&bytes);
    match read {
        Ok(_) if crc.sum() == place.crc => Ok(bytes),
        _ => Err(refused(EntryProblem::Damaged)),
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

    #[test]
    fn what_is_mostly_a_directory_is_refused_by_its_end_record() {
        let many: Vec<String> = (0..50).map(|number| format!("{number}")).collect();
        let members: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), &b""[..])).collect();
        let limits = Limits { entries: 49, ..Limits::image() };
        let refused = |bytes: &[u8]| read(&mut Cursor::new(bytes), &limits).unwrap_err();
        let bytes = archive(&members, false);
        assert!(matches!(refused(&bytes), ArchiveError::Entries { limit: 49 }));
        // An end record that claims more than there can be: nothing is made ready for them.
        let mut claims = archive(&[(PACKAGE, b"<Package/>")], false);
        let end = claims.len() - 22;
        claims[end + 8..end + 12].copy_from_slice(&[0xff, 0xfe, 0xff, 0xfe]);
        assert!(matches!(refused(&claims), ArchiveError::Entries { limit: 49 }));
        claims[end + 8..end + 12].fill(0xff);
        let large = [large_end(u64::MAX >> 1), claims[end..].to_vec()].concat();
        assert!(matches!(refused(&large), ArchiveError::Entries { limit: 49 }));
    }

    /// A record of more than 65,535 entries, and its locator; the end record behind it has to say so.
    fn large_end(entries: u64) -> Vec<u8> {
        let mut bytes = b"PK\x06\x06".to_vec();
        bytes.extend([0; 28]);
        for number in [entries, 0, 0] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(b"PK\x06\x07\0\0\0\0");
        bytes.extend(0_u64.to_le_bytes());
        bytes.extend(1_u32.to_le_bytes());
        bytes
    }

    #[test]
    fn a_manifest_of_which_there_are_two_is_refused() {
        let mut bytes = archive(&[(PACKAGE, b"<Package/>"), ("AppxManifest.xmk", b"<Other/>")], false);
        for at in 0..bytes.len() - PACKAGE.len() {
            if &bytes[at..at + PACKAGE.len()] == b"AppxManifest.xmk" {
                bytes[at + PACKAGE.len() - 1] = b'l';
            }
        }
        let said = read_bytes(&bytes).unwrap_err().to_string();
        assert!(said.contains("AppxManifest.xml"), "{said}");
        assert!(matches!(
            read_bytes(&bytes),
            Err(ArchiveError::Entry { problem: EntryProblem::SameName, .. })
        ));
    }

    #[test]
    fn a_comment_behind_the_end_is_allowed_and_damage_is_told() {
        let mut commented = archive(&[(PACKAGE, b"<Package/>")], true);
        let end = commented.len() - 2;
        commented[end] = 5;
        commented.extend(b"PK\x05\x06!");
        assert_eq!(read_bytes(&commented).unwrap(), Manifest::Package(b"<Package/>".to_vec()));
        let mut changed = archive(&[(PACKAGE, b"<Package/>")], false);
        let at = changed.windows(PACKAGE.len()).position(|part| part == PACKAGE.as_bytes()).unwrap();
        changed[at + PACKAGE.len()] ^= 1;
        assert!(matches!(
            read_bytes(&changed),
            Err(ArchiveError::Entry { problem: EntryProblem::Damaged, .. })
        ));
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
