//! Zip: what is taken, and each refusal by name, after the catalogue of ambiguous archives that indexes refuse.

use std::io::{Cursor, Write};

use keyway_archive::{ArchiveError, EntryKind, Limits, zipfile::ZipFile};

use crate::{
    tar_writer::Header,
    zip_writer::{End, Member, archive, archive_with},
};

fn open(bytes: &[u8]) -> Result<Vec<String>, ArchiveError> {
    let mut source = Cursor::new(bytes);
    let mut zip = ZipFile::open(&mut source, &Limits::wheel())?;
    zip.verify()?;
    Ok(zip.members().iter().map(|member| member.path.as_str().to_owned()).collect())
}

fn refusal(bytes: &[u8]) -> String {
    open(bytes).unwrap_err().to_string().replace("not an acceptable zip archive: ", "")
}

type Spoil = fn(&mut Member);

fn a() -> Member {
    Member::deflated("a", b"content of a, content of a")
}

fn refused(spoil: impl FnOnce(&mut Member)) -> String {
    refusal(&archive(&[a().with(spoil), Member::stored("b", b"b")]))
}

#[test]
fn stored_and_deflated_members_are_read() {
    let directory = Member::stored("d/", b"").with(|m| m.attributes = 0o040755 << 16 | 0x10);
    let bytes = archive(&[a(), directory, Member::stored("d/ä", b"raw").with(|m| m.flags = 1 << 11)]);
    let mut source = Cursor::new(bytes);
    let mut zip = ZipFile::open(&mut source, &Limits::wheel()).unwrap();
    assert_eq!(zip.members().iter().map(|m| m.kind).collect::<Vec<_>>().get(1), Some(&EntryKind::Directory));
    assert_eq!(zip.unpacked_size(), 29);
    assert_eq!(zip.read("a", 100).unwrap(), b"content of a, content of a");
    assert_eq!(zip.read("d/ä", 100).unwrap(), b"raw");
    assert_eq!(zip.read("a", 25).unwrap_err().to_string(), "entry 'a' is larger than 25 bytes");
    assert_eq!(zip.read("d", 100).unwrap_err().to_string(), "entry 'd' is not a regular file");
    assert_eq!(zip.read("x", 100).unwrap_err().to_string(), "'x' is missing");
    assert!(zip.verify().is_ok());
}

#[test]
fn what_the_zip_crate_writes_is_taken() {
    let options = zip::write::SimpleFileOptions::default();
    let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
    writer.add_directory("d", options).unwrap();
    for (name, options) in [("d/large", options.large_file(true)), ("d/é", options)] {
        writer.start_file(name, options).unwrap();
        writer.write_all(&[7; 5000]).unwrap();
    }
    assert_eq!(open(&writer.finish().unwrap().into_inner()).unwrap(), ["d", "d/large", "d/é"]);
}

#[test]
fn members_may_be_listed_in_another_order_than_they_lie() {
    let mut second_first = [a(), Member::stored("b", b"b")];
    let second_at = archive(&second_first[..1]).len() as u32 - 22 - 47;
    second_first.reverse();
    let [b, a] = second_first;
    let swapped = archive(&[a.clone(), b.clone()]);
    let directory_at = swapped.len() - 22 - 2 * 47;
    let (body, rest) = swapped.split_at(directory_at);
    let (first, rest) = rest.split_at(47);
    let (second, end) = rest.split_at(47);
    assert_eq!(u32::from_le_bytes(second[42..46].try_into().unwrap()), second_at);
    assert_eq!(open(&[body, second, first, end].concat()).unwrap(), ["b", "a"]);
}

#[test]
fn data_descriptors_are_taken_where_they_agree() {
    let streamed = |marked: bool, spoil: u32| {
        a().with(|m| {
            m.flags = 1 << 3;
            m.local_crc = Some(0);
            m.local_sizes = Some((0, 0));
            let numbers = [m.crc, m.compressed, m.size ^ spoil];
            let mark: &[u8] = if marked { b"PK\x07\x08" } else { b"" };
            m.descriptor = [mark.to_vec(), numbers.into_iter().flat_map(u32::to_le_bytes).collect()].concat();
        })
    };
    let b = Member::stored("b", b"b");
    assert!(open(&archive(&[streamed(true, 0), b.clone()])).is_ok());
    assert!(open(&archive(&[streamed(false, 0)])).is_ok());
    let differs = "entry 'a' differs between its local header and the central directory";
    assert_eq!(refusal(&archive(&[streamed(true, 1), b.clone()])), differs);
    assert_eq!(refusal(&archive(&[streamed(true, 0).with(|m| m.descriptor.clear()), b.clone()])), differs);
    let stored = streamed(true, 0).with(|m| *m = Member { method: 0, size: m.compressed, ..m.clone() });
    assert_eq!(refusal(&archive(&[stored, b])), differs);
}

#[test]
fn the_end_record_is_the_end() {
    let good = archive(&[a()]);
    let no_end = "it does not end with an end record (a comment or data after it is not allowed)";
    assert_eq!(refusal(&[good.as_slice(), b"x"].concat()), no_end);
    let comment = archive_with(b"", &[a()], b"", End { comment: b"hello", ..End::default() });
    assert_eq!(refusal(&comment), no_end);
    // A comment that is itself an end record: readers that search backwards find the inner one.
    const INNER: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";
    let nested = archive_with(b"", &[a()], b"", End { comment: INNER, ..End::default() });
    assert_eq!(refusal(&nested), "its central directory does not reach to the end record");
    let mut counted = good.clone();
    let at = counted.len() - 2;
    counted[at] = 1;
    assert_eq!(refusal(&counted), "it has a comment");
    assert_eq!(refusal(b"PK\x05\x06"), "it is too short");
    assert_eq!(
        refusal(&[good.clone(), good].concat()),
        "its central directory does not reach to the end record"
    );
}

#[test]
fn end_record_and_directory_agree() {
    let with = |end: End| refusal(&archive_with(b"", &[a()], b"", end));
    let reach = "its central directory does not reach to the end record";
    assert_eq!(with(End { more_offset: 1, ..End::default() }), reach);
    assert_eq!(with(End { more_size: -1, ..End::default() }), reach);
    let shifted = End { more_offset: 1, more_size: -1, ..End::default() };
    assert_eq!(with(shifted), "its central directory is malformed");
    assert_eq!(with(End { more_entries: 1, ..End::default() }), "its central directory is malformed");
    let fewer = End { more_entries: -1, ..End::default() };
    assert_eq!(with(fewer), "its central directory has more than the declared entries");
    assert_eq!(with(End { more_here: 1, ..End::default() }), "it is split over several disks");
    assert_eq!(with(End { disk: 1, ..End::default() }), "it is split over several disks");
    assert_eq!(with(End { more_entries: 0xfffe, ..End::default() }), "it is a zip64 archive");
    let marker = i64::from(u32::MAX);
    let offset = archive(&[a()]).len() as i64 - 22 - 47;
    assert_eq!(with(End { more_offset: marker - offset, ..End::default() }), "it is a zip64 archive");
    let locator = [b"PK\x06\x07".as_slice(), &[0; 16]].concat();
    assert_eq!(refusal(&archive_with(b"", &[a()], &locator, End::default())), reach);
    let hidden = a().with(|m| m.extra = b"xx\x04\0PK\x05\x06".to_vec());
    assert_eq!(refusal(&archive(&[hidden])), "it has more than one end record");
}

#[test]
fn nothing_lies_beside_the_members() {
    let b = Member::stored("b", b"b");
    assert_eq!(
        refusal(&archive_with(b"#!/bin/sh\n", &[a()], b"", End::default())),
        "entry 'a' overlaps another entry or follows a gap"
    );
    let gap = a().with(|m| m.gap = b"gap".to_vec());
    assert_eq!(
        refusal(&archive(&[gap.clone(), b.clone()])),
        "entry 'b' overlaps another entry or follows a gap"
    );
    assert_eq!(refusal(&archive(&[gap])), "data lies between the last entry and the central directory");
    let unlisted = Member::stored("hidden", b"x").with(|m| m.in_directory = false);
    assert!(refusal(&archive(&[unlisted.clone(), b.clone()])).contains("follows a gap"));
    assert!(refusal(&archive(&[b.clone(), unlisted])).contains("data lies between"));
    // Two entries over the same bytes: a quoted-overlap bomb.
    let twin = Member::stored("c", b"b").with(|m| m.header_at = Some(0));
    assert!(refusal(&archive(&[b, twin])).contains("overlaps another entry"));
    let beyond = a().with(|m| m.compressed += 1000);
    assert!(refusal(&archive(&[beyond])).contains("overlaps another entry"));
    let nowhere = a().with(|m| m.header_at = Some(u32::MAX - 1));
    assert!(refusal(&archive(&[nowhere])).contains("overlaps another entry"));
}

#[test]
fn local_headers_are_the_central_directory() {
    let differs = "entry 'a' differs between its local header and the central directory";
    assert_eq!(refused(|m| m.local_name = Some(b"A".to_vec())), differs);
    assert_eq!(refused(|m| m.local_crc = Some(1)), differs);
    assert_eq!(refused(|m| m.local_crc = Some(0)), differs);
    assert_eq!(refused(|m| m.local_sizes = Some((0, 0))), differs);
    assert_eq!(refused(|m| m.local_method = Some(0)), differs);
    assert_eq!(refused(|m| m.local_flags = Some(1)), differs);
}

#[test]
fn members_are_plain_files_and_directories() {
    let table: [(&str, Spoil); 19] = [
        ("is encrypted", |m| m.flags = 1),
        ("is encrypted", |m| m.flags = 1 << 6),
        ("is encrypted", |m| m.flags = 1 << 13),
        ("sets zip flags that are not allowed", |m| m.flags = 1 << 5),
        ("sets zip flags that are not allowed", |m| m.flags = 1 << 15),
        ("uses a compression other than stored or deflated", |m| m.method = 12),
        ("uses a compression other than stored or deflated", |m| m.method = 93),
        ("has a comment", |m| m.comment = b"x".to_vec()),
        ("has an extra field that is not allowed", |m| m.extra = b"up\x01\0x".to_vec()),
        ("has an extra field that is not allowed", |m| m.local_extra = b"x".to_vec()),
        ("has an extra field that is not allowed", |m| m.size = u32::MAX),
        ("is a symbolic link", |m| m.attributes = 0o120777 << 16),
        ("is a named pipe", |m| m.attributes = 0o010644 << 16),
        ("is a device", |m| m.attributes = 0o060644 << 16),
        ("is not a regular file", |m| m.attributes = 0o040755 << 16),
        ("is neither a regular file nor a directory", |m| m.attributes = 0o140644 << 16),
        ("has a name that is not UTF-8", |m| m.name = b"\xe4".to_vec()),
        ("has a name that is not UTF-8", |m| m.name = "ä".into()),
        ("overlaps another entry or follows a gap", |m| m.disk = 1),
    ];
    for (expected, spoil) in table {
        let text = refused(spoil);
        assert!(text.ends_with(expected), "{text}, not {expected}");
    }
}

#[test]
fn names_are_safe_and_distinct() {
    for (name, expected) in [
        ("/a", "has an absolute path"),
        ("x/../../a", "has '..' in its path"),
        ("x\\a", "has a backslash in its path"),
        ("C:a", "has a drive letter in its path"),
        ("a\0.py", "has a control character in its path"),
        ("x//a", "has an empty or '.' segment in its path"),
        ("B", "has the same name as another entry (letter case aside)"),
        ("b", "has the same name as another entry (letter case aside)"),
        ("b/c", "is both a file and a directory"),
    ] {
        let text = refusal(&archive(&[Member::stored("b", b"b"), Member::stored(name, b"x")]));
        assert!(text.ends_with(expected), "{name}: {text}");
    }
    let directory = Member::stored("d/", b"x").with(|m| m.attributes = 0);
    assert_eq!(refusal(&archive(&[directory])), "entry 'd/' is a directory with content");
}

#[test]
fn contents_are_what_they_declare() {
    assert_eq!(refused(|m| m.crc ^= 1), "entry 'a' does not match its checksum");
    assert_eq!(refused(|m| m.size -= 1), "entry 'a' does not have the size it declares");
    assert_eq!(refused(|m| m.size += 1), "entry 'a' does not have the size it declares");
    assert_eq!(refused(|m| m.data.fill(0xff)), "entry 'a' has damaged compressed data");
    let text = "entry 'a' has damaged compressed data";
    let padded = |m: &mut Member| {
        m.data.extend(b"hidden after the deflate stream");
        m.compressed = m.data.len() as u32;
    };
    assert_eq!(refused(padded), text);
    let cut = |m: &mut Member| {
        m.data.pop();
        m.compressed -= 1;
    };
    assert_eq!(refused(cut), text);
    assert_eq!(
        refusal(&archive(&[Member::stored("a", b"abc").with(|m| m.size = 4)])),
        "entry 'a' does not have the size it declares"
    );
}

#[test]
fn a_bomb_is_refused_before_it_is_decompressed() {
    let bytes = archive(&[Member::deflated("zeros", &vec![0; 2 << 20])]);
    let within = |limits: Limits| ZipFile::open(&mut Cursor::new(&bytes), &limits).map(drop).unwrap_err();
    assert!(matches!(
        within(Limits { ratio_floor: 1 << 20, ..Limits::wheel() }),
        ArchiveError::Ratio { ratio: 50 }
    ));
    let total = Limits { decompressed: 1 << 20, ..Limits::wheel() };
    assert!(matches!(within(total), ArchiveError::Decompressed { .. }));
    assert!(matches!(within(Limits { compressed: 10, ..Limits::wheel() }), ArchiveError::Compressed { .. }));
    assert!(matches!(within(Limits { entries: 0, ..Limits::wheel() }), ArchiveError::Entries { limit: 0 }));
    assert!(matches!(within(Limits { names: 10, ..Limits::wheel() }), ArchiveError::Names { limit: 10 }));
    // Declared small, inflates large: stopped at the declared size.
    let liar = archive(&[Member::deflated("zeros", &vec![0; 2 << 20]).with(|m| m.size = 10)]);
    assert_eq!(refusal(&liar), "entry 'zeros' does not have the size it declares");
}

#[test]
fn a_file_that_is_a_tar_too_is_refused() {
    // The name of the first member reaches over the whole tar header, its checksum field included.
    let mut header = Header::new("", b'0', 0);
    let bytes = archive(&[Member::stored(&"n".repeat(482), b"")]);
    header.set(0, &bytes[..100]).set(100, &bytes[100..124]);
    header.set(0, b"PK\x03\x04");
    let tar_like = header.sealed();
    assert_eq!(refusal(&[tar_like.as_slice(), &bytes].concat()), "it is a tar archive too");
}
