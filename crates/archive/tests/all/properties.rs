//! What holds for arbitrary and for mutated input: no panic, and no limit passed.

use std::io::{Cursor, Read};

use keyway_archive::{
    ArchiveError, CoreMetadata, Limits, Quoted, SdistName, WheelName, gunzip, npm_tarball,
    parse_object_strict, sdist, sniff, tarball, wheel, zipfile::ZipFile,
};
use proptest::prelude::*;

use crate::{
    tar_writer::{Tar, gzip},
    zip_writer::{Member, archive},
};

const SMALL: Limits = Limits {
    compressed: 4096,
    decompressed: 8192,
    ratio: 10,
    ratio_floor: 2048,
    entries: 4,
    member: 64,
    name_len: 64,
    names: 512,
};

fn good_tar() -> Vec<u8> {
    Tar::default()
        .pax(&[("path", "package/package.json")])
        .file("package/p", b"{\"name\":\"a\"}")
        .entry("././@LongLink", b'L', b"package/lib/index.js\0")
        .file("package/i", b"content")
        .directory("package/d/")
        .end()
}

fn good_zip() -> Vec<u8> {
    let info = "a-1.dist-info";
    let record =
        format!("a.py,sha256=x,4\n{info}/METADATA,sha256=x,\n{info}/WHEEL,sha256=x,\n{info}/RECORD,,\n");
    archive(&[
        Member::deflated("a.py", b"pass"),
        Member::deflated("a-1.dist-info/METADATA", b"Metadata-Version: 2.1\nName: a\nVersion: 1\n"),
        Member::stored("a-1.dist-info/WHEEL", b"Wheel-Version: 1.0\n"),
        Member::deflated("a-1.dist-info/RECORD", record.as_bytes()),
    ])
}

/// Some bytes of `whole` overwritten, then perhaps cut.
fn mutated(whole: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = whole.len();
    let changes = prop::collection::vec((0..length, any::<u8>()), 1..6);
    (changes, 0..length * 4).prop_map(move |(changes, cut)| {
        let mut bytes = whole.clone();
        changes.into_iter().for_each(|(at, byte)| bytes[at] = byte);
        bytes.truncate(cut.max(1));
        bytes
    })
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..3000)
}

fn walk(bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut names = 0;
    let mut members = 0;
    let result = tarball::walk(&mut &*bytes, &SMALL, |entry, content| {
        names += 1;
        assert!(entry.path.as_str().len() <= SMALL.name_len && !entry.path.as_str().contains(".."));
        if entry.size <= SMALL.member {
            members += content.read_to_vec(entry, SMALL.member)?.len() as u64;
        }
        Ok(())
    });
    prop_assert!(names <= SMALL.entries);
    if let Ok(summary) = result {
        prop_assert!(summary.unpacked_size <= SMALL.decompressed && members <= summary.unpacked_size);
        prop_assert_eq!(summary.entries, names);
    }
    Ok(())
}

fn inflate(bytes: &[u8]) -> Result<(), TestCaseError> {
    let mut out = Vec::new();
    let complete = gunzip(bytes, &SMALL).read_to_end(&mut out).is_ok();
    // The read that passes a limit is refused, so nothing of it comes out.
    prop_assert!(out.len() as u64 <= SMALL.decompressed, "{} bytes, complete: {complete}", out.len());
    let _ = npm_tarball::read_within(&mut &*bytes, &SMALL).map(|tarball| {
        assert!(tarball.package_json.len() as u64 <= SMALL.member);
    });
    let name = SdistName::parse("package-1.tar.gz").unwrap();
    prop_assert!(sdist::read_within(&mut &*bytes, &name, &SMALL).is_err());
    Ok(())
}

fn unzip(bytes: &[u8]) -> Result<(), TestCaseError> {
    let name = WheelName::parse("a-1-py3-none-any.whl").unwrap();
    let result = wheel::read_within(&mut Cursor::new(bytes), &name, &SMALL);
    let mut source = Cursor::new(bytes);
    if let Ok(zip) = ZipFile::open(&mut source, &SMALL) {
        prop_assert!(
            zip.members().len() as u64 <= SMALL.entries && zip.unpacked_size() <= SMALL.decompressed
        );
    } else {
        prop_assert!(result.is_err());
    }
    Ok(())
}

/// An error's text is one line, escaped and short enough to show.
fn showable(error: &ArchiveError) -> bool {
    let text = error.to_string();
    !text.contains(char::is_control) && text.chars().count() < 2500
}

#[test]
fn the_seeds_are_good() {
    assert_eq!(
        tarball::walk(&mut good_tar().as_slice(), &SMALL, |_, _| Ok(()))
            .map(|summary| summary.entries)
            .unwrap(),
        3
    );
    let name = WheelName::parse("a-1-py3-none-any.whl").unwrap();
    assert_eq!(wheel::read_within(&mut Cursor::new(good_zip()), &name, &SMALL).unwrap().entries, 4);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes_break_nothing(bytes in bytes(), name in ".{0,40}") {
        walk(&bytes)?;
        inflate(&bytes)?;
        inflate(&gzip(&bytes))?;
        unzip(&bytes)?;
        if let Err(error) = CoreMetadata::parse(&bytes) {
            prop_assert!(showable(&error), "{error}");
        }
        if let Err(error) = parse_object_strict(&bytes, 8) {
            prop_assert!(showable(&error), "{error}");
        }
        prop_assert!(sniff(&bytes, &name).media_type().contains('/'));
        prop_assert!(Quoted::new(&bytes).as_str().chars().all(|character| !character.is_control()));
    }

    #[test]
    fn mutated_tars_break_nothing(bytes in mutated(good_tar())) {
        walk(&bytes)?;
        inflate(&gzip(&bytes))?;
    }

    #[test]
    fn mutated_gzips_break_nothing(bytes in mutated(gzip(&good_tar()))) {
        inflate(&bytes)?;
    }

    #[test]
    fn mutated_wheels_break_nothing(bytes in mutated(good_zip())) {
        unzip(&bytes)?;
    }

    #[test]
    fn metadata_like_text_breaks_nothing(text in "([A-Za-z-]{1,8}:? ?.{0,8}\r?\n){0,9}") {
        match CoreMetadata::parse(text.as_bytes()) {
            Ok(metadata) => prop_assert!(!metadata.name().is_empty() && !metadata.version().is_empty()),
            Err(error) => prop_assert!(showable(&error), "{error}"),
        }
    }

    #[test]
    fn file_names_read_back_as_they_are(name in "[a-zA-Z0-9._-]{0,20}(-py3-none-any\\.whl|\\.tar\\.gz)") {
        if let Ok(wheel) = WheelName::parse(&name) {
            prop_assert_eq!(wheel.to_string(), name.as_str());
        }
        if let Ok(sdist) = SdistName::parse(&name) {
            prop_assert_eq!(sdist.to_string(), name.as_str());
        }
    }
}
