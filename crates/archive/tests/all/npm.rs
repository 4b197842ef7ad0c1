//! npm tarballs.

use std::io::{self, Read};

use keyway_archive::{ArchiveError, Limits, NpmTarball, npm_tarball};

use crate::tar_writer::{Tar, gzip};

const MANIFEST: &[u8] = br#"{"name":"@acme/widget","version":"1.0.0"}"#;

fn good() -> Tar {
    Tar::default().file("package/package.json", MANIFEST).file("package/index.js", b"//")
}

fn read(bytes: &[u8]) -> Result<NpmTarball, ArchiveError> {
    npm_tarball::read(&mut &*bytes)
}

fn refusal(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn a_good_tarball_is_described() {
    let tarball = read(&good().tgz()).unwrap();
    let expected = NpmTarball {
        package_json: MANIFEST.to_vec(),
        top_dir: "package".to_owned(),
        entries: 2,
        files: 2,
        unpacked_size: MANIFEST.len() as u64 + 2,
        has_binding_gyp: false,
        has_shrinkwrap: false,
    };
    assert_eq!(tarball, expected);
}

#[test]
fn any_top_directory_and_the_marks_beside_package_json_are_seen() {
    let tar = Tar::default()
        .directory("widget-1.0.0/")
        .file("widget-1.0.0/lib/package.json", b"{}")
        .file("widget-1.0.0/lib/npm-shrinkwrap.json", b"{}")
        .file("widget-1.0.0/binding.gyp", b"{}")
        .file("widget-1.0.0/package.json", MANIFEST);
    let tarball = read(&tar.clone().tgz()).unwrap();
    assert_eq!((tarball.top_dir.as_str(), tarball.entries, tarball.files), ("widget-1.0.0", 5, 4));
    assert!(tarball.has_binding_gyp && !tarball.has_shrinkwrap);
    assert!(read(&tar.file("widget-1.0.0/npm-shrinkwrap.json", b"{}").tgz()).unwrap().has_shrinkwrap);
}

#[test]
fn package_json_has_to_be_there_once_as_a_file() {
    assert_eq!(refusal(&Tar::default().tgz()), "'package.json' is missing");
    assert_eq!(refusal(&Tar::default().file("package/index.js", b"").tgz()), "'package.json' is missing");
    let nested = Tar::default().file("package/lib/package.json", MANIFEST).tgz();
    assert_eq!(refusal(&nested), "'package.json' is missing");
    let directory = Tar::default().directory("package/package.json/").tgz();
    assert_eq!(refusal(&directory), "entry 'package/package.json' is not a regular file");
    let link = Tar::default().entry("package/package.json", b'2', b"").tgz();
    assert_eq!(refusal(&link), "entry 'package/package.json' is a symbolic link");
    assert_eq!(
        refusal(&good().file("package/package.json", b"{}").tgz()),
        "entry 'package/package.json' has the same name as another entry (letter case aside)"
    );
    assert!(refusal(&good().file("package/Package.json", b"{}").tgz()).contains("has the same name"));
}

#[test]
fn there_is_one_top_directory() {
    let second = good().file("other/package.json", b"{}").tgz();
    assert_eq!(refusal(&second), "the archive has more than one top directory: 'package' and 'other'");
    let beside = good().file("package.json", b"{}").tgz();
    assert_eq!(refusal(&beside), "entry 'package.json' lies outside the top directory");
}

#[test]
fn a_large_package_json_is_refused() {
    let limit = 1024 * 1024;
    let of = |size| Tar::default().file("package/package.json", &vec![b' '; size]).tgz();
    assert_eq!(read(&of(limit)).unwrap().package_json.len(), limit);
    assert_eq!(refusal(&of(limit + 1)), "entry 'package/package.json' is larger than 1048576 bytes");
}

#[test]
fn what_is_not_one_gzip_of_one_tar_is_refused() {
    assert!(refusal(&good().end()).starts_with("not a valid gzip file"));
    assert!(refusal(b"").contains("cut short"));
    assert!(refusal(&gzip(b"not a tar")).contains("cut short"));
    assert!(refusal(&gzip(&[b'x'; 1024])).contains("wrong checksum"));
    let two = [good().tgz(), good().tgz()].concat();
    assert_eq!(refusal(&two), "not a valid gzip file: it has more than one member");
    let whole = good().tgz();
    assert!(refusal(&whole[..whole.len() - 1]).contains("cut short"));
    assert!(refusal(&[whole, b"x".to_vec()].concat()).contains("unexpected data follows"));
}

/// Zeros after the end of the archive, as a bomb hides them.
#[test]
fn a_bomb_is_refused_by_its_ratio() {
    let limits = Limits { ratio_floor: 1 << 20, ..Limits::npm() };
    let bomb = good().file("package/zeros", &vec![0; 2 << 20]).tgz();
    let error = npm_tarball::read_within(&mut bomb.as_slice(), &limits).unwrap_err();
    assert_eq!(error.to_string(), "the archive decompresses to more than 200 times its size");
    let trailing = gzip(&[good().end(), vec![0; 2 << 20]].concat());
    let error = npm_tarball::read_within(&mut trailing.as_slice(), &limits).unwrap_err();
    assert!(matches!(error, ArchiveError::Ratio { .. }));
}

struct Cut<'a>(&'a [u8]);
impl Read for Cut<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::ErrorKind::ConnectionReset.into()),
            count => Ok(count),
        }
    }
}

#[test]
fn a_failing_source_is_told_from_a_bad_archive() {
    let whole = good().tgz();
    let error = npm_tarball::read(&mut Cut(&whole[..40])).unwrap_err();
    assert!(error.is_source_failure(), "{error}");
    assert!(!read(&whole[..40]).unwrap_err().is_source_failure());
}
