//! Source distributions.

use keyway_archive::{ArchiveError, Sdist, SdistName, sdist};

use crate::tar_writer::Tar;

const INFO: &[u8] = b"Metadata-Version: 2.2\nName: acme-widget\nVersion: 1.0.0\n";

fn read(tar: Tar) -> Result<Sdist, ArchiveError> {
    sdist::read(&mut tar.tgz().as_slice(), &SdistName::parse("acme_widget-1.0.0.tar.gz")?)
}

fn refusal(tar: Tar) -> String {
    read(tar).unwrap_err().to_string()
}

fn good() -> Tar {
    Tar::default()
        .directory("acme_widget-1.0.0/")
        .file("acme_widget-1.0.0/PKG-INFO", INFO)
        .file("acme_widget-1.0.0/acme_widget.egg-info/PKG-INFO", b"other")
}

#[test]
fn a_good_sdist_is_described() {
    let expected = Sdist { pkg_info: INFO.to_vec(), entries: 3, unpacked_size: INFO.len() as u64 + 5 };
    assert_eq!(read(good()).unwrap(), expected);
}

#[test]
fn top_directory_and_pkg_info_are_as_the_file_name_says() {
    let other = Tar::default().file("acme-widget-1.0.0/PKG-INFO", INFO);
    assert_eq!(
        refusal(other),
        "the top directory is 'acme-widget-1.0.0', but the file name calls for 'acme_widget-1.0.0'"
    );
    assert!(refusal(good().file("other/x", b"")).contains("more than one top directory"));
    assert_eq!(refusal(Tar::default().file("acme_widget-1.0.0/setup.py", b"")), "'PKG-INFO' is missing");
    assert_eq!(refusal(Tar::default()), "'PKG-INFO' is missing");
    assert!(
        refusal(Tar::default().directory("acme_widget-1.0.0/PKG-INFO")).contains("is not a regular file")
    );
    assert!(refusal(good().file("acme_widget-1.0.0/PKG-INFO", INFO)).contains("has the same name"));
    let large = Tar::default().file("acme_widget-1.0.0/PKG-INFO", &vec![b' '; (2 << 20) + 1]);
    assert!(refusal(large).contains("is larger than 2097152 bytes"));
    assert!(refusal(good().entry("acme_widget-1.0.0/x", b'1', b"")).contains("is a hard link"));
}
