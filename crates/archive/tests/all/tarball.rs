//! Tar: what is taken, and each refusal by name.

use std::io::Read;

use keyway_archive::{ArchiveError, EntryKind, Limits, tarball};

use crate::tar_writer::{Header, Tar, record};

fn walk(bytes: &[u8]) -> Result<Vec<(String, EntryKind, u64)>, ArchiveError> {
    walk_within(bytes, &Limits::default())
}

fn walk_within(mut bytes: &[u8], limits: &Limits) -> Result<Vec<(String, EntryKind, u64)>, ArchiveError> {
    let mut seen = Vec::new();
    tarball::walk(&mut bytes, limits, |entry, _| {
        seen.push((entry.path.as_str().to_owned(), entry.kind, entry.size));
        Ok(())
    })?;
    Ok(seen)
}

fn paths(bytes: &[u8]) -> Vec<String> {
    walk(bytes).unwrap().into_iter().map(|(path, _, _)| path).collect()
}

fn refusal(bytes: &[u8]) -> String {
    walk(bytes).unwrap_err().to_string()
}

#[test]
fn files_and_directories_are_seen_in_order() {
    let tar = Tar::default().directory("a/").file("a/b", b"hello").entry("a/c", 0, b"").end();
    let expected = [("a", EntryKind::Directory, 0), ("a/b", EntryKind::File, 5), ("a/c", EntryKind::File, 0)];
    assert_eq!(walk(&tar).unwrap(), expected.map(|(path, kind, size)| (path.to_owned(), kind, size)));
}

#[test]
fn what_the_tar_crate_writes_is_taken() {
    let long = format!("package/{}/x.js", "d".repeat(150));
    for mut header in [tar::Header::new_gnu(), tar::Header::new_ustar()] {
        let mut builder = tar::Builder::new(Vec::new());
        for path in ["package/package.json", long.as_str()] {
            header.set_size(3);
            header.set_mode(0o644);
            builder.append_data(&mut header, path, &b"{}\n"[..]).unwrap();
        }
        assert_eq!(paths(&builder.into_inner().unwrap()), ["package/package.json".to_owned(), long.clone()]);
    }
}

#[test]
fn unread_and_half_read_content_is_skipped() {
    let tar = Tar::default().file("a", &[b'x'; 700]).file("b", b"second").end();
    let mut read = Vec::new();
    let summary = tarball::walk(&mut tar.as_slice(), &Limits::default(), |entry, content| {
        let mut half = [0; 100];
        match entry.path.as_str() {
            "a" => content.read_exact(&mut half)?,
            _ => read = content.read_to_vec(entry, 6)?,
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(read, b"second");
    assert_eq!((summary.entries, summary.files, summary.unpacked_size), (2, 2, 706));
}

#[test]
fn long_names_are_honoured() {
    let long = format!("top/{}", "n".repeat(300));
    let pax = Tar::default().pax(&[("path", &long), ("mtime", "1.5")]).file("top/nnn", b"x").end();
    assert_eq!(paths(&pax), [long.as_str()]);
    let gnu = Tar::default()
        .entry("././@LongLink", b'L', format!("{long}\0").as_bytes())
        .file("top/nnn", b"")
        .end();
    assert_eq!(paths(&gnu), [long.as_str()]);
    let prefixed = Tar::default().block(Header::new("b", b'0', 0).set(345, b"top/a").sealed()).end();
    assert_eq!(paths(&prefixed), ["top/a/b"]);
    let global = Tar::default().entry("g", b'g', record("comment", "abc").as_bytes()).file("a", b"").end();
    assert_eq!(paths(&global), ["a"]);
    let same_size = Tar::default().pax(&[("size", "3")]).file("a", b"abc").end();
    assert_eq!(paths(&same_size), ["a"]);
}

#[test]
fn a_name_over_the_limit_is_refused_however_it_is_given() {
    let long = "n".repeat(2000);
    let pax = Tar::default().pax(&[("path", &long)]).file("n", b"").end();
    assert!(refusal(&pax).ends_with("has a name longer than 1024 bytes"));
    let gnu = Tar::default().entry("././@LongLink", b'L', long.as_bytes()).file("n", b"").end();
    assert!(refusal(&gnu).ends_with("has a name longer than 1024 bytes"));
    let huge = Tar::default().pax(&[("comment", &"n".repeat(70_000))]).file("n", b"").end();
    assert!(refusal(&huge).contains("an extended header is too large"));
}

#[test]
fn every_kind_but_files_and_directories_is_refused() {
    let table = [
        (b'1', "is a hard link"),
        (b'2', "is a symbolic link"),
        (b'K', "is a symbolic link"),
        (b'3', "is a device"),
        (b'4', "is a device"),
        (b'6', "is a named pipe"),
        (b'S', "is a sparse file"),
        (b'7', "is neither a regular file nor a directory"),
        (b'X', "is neither a regular file nor a directory"),
        (b'V', "is neither a regular file nor a directory"),
    ];
    for (kind, expected) in table {
        let tar = Tar::default().file("a", b"").entry("package/x", kind, b"").end();
        assert_eq!(refusal(&tar), format!("entry 'package/x' {expected}"), "type {:?}", char::from(kind));
    }
}

#[test]
fn unsafe_names_are_refused_however_they_are_given() {
    for (name, expected) in [
        ("/etc/passwd", "has an absolute path"),
        ("a/../../b", "has '..' in its path"),
        ("./a", "has an empty or '.' segment in its path"),
        ("a\\b", "has a backslash in its path"),
        ("c:/b", "has a drive letter in its path"),
        ("a\nb", "has a control character in its path"),
    ] {
        assert!(refusal(&Tar::default().file(name, b"").end()).ends_with(expected), "{name}");
        let gnu = Tar::default().entry("././@LongLink", b'L', name.as_bytes()).file("fine", b"").end();
        assert!(refusal(&gnu).ends_with(expected), "{name}");
    }
    let nul = Tar::default().entry("././@LongLink", b'L', b"a\0b\0").file("fine", b"").end();
    assert!(refusal(&nul).ends_with("has a control character in its path"));
    let latin1 = Tar::default().block(Header::new("", b'0', 0).set(0, b"\xe4").sealed()).end();
    assert!(refusal(&latin1).ends_with("has a name that is not UTF-8"));
}

#[test]
fn colliding_names_are_refused() {
    let same = Tar::default().file("a/B", b"").file("a/b", b"").end();
    assert_eq!(refusal(&same), "entry 'a/b' has the same name as another entry (letter case aside)");
    let both = Tar::default().file("a", b"").file("a/b", b"").end();
    assert_eq!(refusal(&both), "entry 'a/b' is both a file and a directory");
}

#[test]
fn contradicting_headers_are_refused() {
    let size = Tar::default().pax(&[("size", "0")]).file("a", b"abc").end();
    assert_eq!(refusal(&size), "entry 'a' has two different sizes");
    let names = Tar::default().entry("L", b'L', b"b").pax(&[("path", "c")]).file("a", b"").end();
    assert_eq!(refusal(&names), "entry 'c' has its name given twice");
    let long = Tar::default().entry("L", b'L', b"b").entry("L", b'L', b"c").file("a", b"").end();
    assert_eq!(refusal(&long), "entry 'b' has its name given twice");
    let directory = Tar::default().entry("a/", b'0', b"abc").end();
    assert_eq!(refusal(&directory), "entry 'a/' is a directory with content");
    let directory = Tar::default().entry("a", b'5', b"abc").end();
    assert_eq!(refusal(&directory), "entry 'a' is a directory with content");
    let slash = Tar::default().pax(&[("path", "a/")]).file("a", b"abc").end();
    assert_eq!(refusal(&slash), "entry 'a/' is not a regular file");
}

#[test]
fn odd_structure_is_refused() {
    let problem = |bytes: Vec<u8>| refusal(&bytes).replace("not an acceptable tar archive: ", "");
    let good = Tar::default().file("a", b"x");
    let spoilt = |at: usize, bytes: &[u8]| {
        let mut tar = good.clone().end();
        tar[at..at + bytes.len()].copy_from_slice(bytes);
        tar
    };
    assert_eq!(problem(spoilt(0, b"b")), "a header has a wrong checksum");
    assert_eq!(problem(spoilt(148, b"-00001")), "a header has a wrong checksum");
    let header = |at, bytes| Tar::default().block(Header::new("a", b'0', 0).set(at, bytes).sealed()).end();
    assert_eq!(problem(header(124, b"\x80\0\0\0\0\0\0\0\0\0\0\x01")), "a header's size is not a number");
    assert_eq!(problem(header(257, b"ustar 99")), "a header has an unknown magic");
    let gnu_prefix = Header::new("a", b'0', 0).set(257, b"ustar  \0").set(345, b"top").sealed();
    assert_eq!(
        problem(Tar::default().block(gnu_prefix).end()),
        "a header without POSIX magic has a name prefix"
    );
    let twice = Tar::default().pax(&[]).pax(&[]).file("a", b"").end();
    assert_eq!(problem(twice), "an entry has two pax headers");
    let said_twice = Tar::default().pax(&[("path", "a"), ("path", "b")]).file("a", b"").end();
    assert_eq!(problem(said_twice), "a pax header says something twice");
    assert_eq!(problem(Tar::default().pax(&[("path", "a")]).end()), "an extended header has no entry");
    assert_eq!(problem(Tar::default().entry("x", b'x', b"5 a\n").end()), "a pax header is malformed");
    let global = Tar::default().entry("g", b'g', record("path", "evil").as_bytes()).file("a", b"").end();
    assert_eq!(problem(global), "a global pax header names or sizes entries");
    let sparse = Tar::default().pax(&[("GNU.sparse.major", "1")]).file("a", b"").end();
    assert_eq!(problem(sparse), "a pax header makes a sparse file");
    let lone = good.clone().block([0; 512]).file("b", b"").end();
    assert_eq!(problem(lone), "a lone zero block stands between entries");
}

#[test]
fn data_after_the_end_is_refused_unless_it_is_zero() {
    let good = Tar::default().file("a", b"x").end();
    assert!(walk(&[good.clone(), vec![0; 8192]].concat()).is_ok());
    let hidden = [good, Tar::default().file("b", b"y").end()].concat();
    assert_eq!(refusal(&hidden), "unexpected data follows the end of the tar archive");
}

#[test]
fn every_cut_is_refused() {
    let whole = Tar::default().pax(&[("path", "a/b")]).file("b", b"content").end();
    for end in 0..whole.len() {
        let error = walk(&whole[..end]).unwrap_err();
        assert!(matches!(error, ArchiveError::Truncated { .. }), "cut at {end}: {error}");
    }
}

#[test]
fn limits_are_kept() {
    let tar = Tar::default().file("a", b"x").file("b", b"y").end();
    let entries = Limits { entries: 1, ..Limits::default() };
    assert!(matches!(walk_within(&tar, &entries), Err(ArchiveError::Entries { limit: 1 })));
    let bytes = Limits { decompressed: 1000, ..Limits::default() };
    assert!(matches!(walk_within(&tar, &bytes), Err(ArchiveError::Decompressed { limit: 1000 })));
    let member = tarball::walk(&mut tar.as_slice(), &Limits::default(), |entry, content| {
        content.read_to_vec(entry, 0).map(drop)
    });
    assert_eq!(member.unwrap_err().to_string(), "entry 'a' is larger than 0 bytes");
    let declared = Tar::default().block(Header::new("a", b'0', 1 << 32).sealed()).content(b"short").end();
    assert!(matches!(walk(&declared), Err(ArchiveError::Truncated { .. })));
}
