//! Archives that are made to harm: each is refused for its reason, and within bounds.

use keyway_archive::{ArchiveError, Limits};

use crate::image_writer::{one_image, read, read_within, refusal, tar_of};
use crate::tar_writer::{Header, Tar, gzip};

/// A good image, then whatever is added.
fn good() -> Tar {
    tar_of(&one_image().files())
}

#[test]
fn entries_that_are_no_files_are_refused() {
    for (kind, expected) in [
        (b'3', "is a device"),
        (b'4', "is a device"),
        (b'6', "is a named pipe"),
        (b'S', "is a sparse file"),
        (b'7', "is neither a regular file nor a directory"),
        (b'X', "is neither a regular file nor a directory"),
        (b'K', "is a symbolic link"),
    ] {
        assert_eq!(refusal(&good().entry("x", kind, b"").end()), format!("entry 'x' {expected}"));
    }
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let segment = "n".repeat(256);
    let long = format!("{}n", "n/".repeat(600));
    for (name, expected) in [
        ("/etc/passwd", "has an absolute path"),
        ("../etc/passwd", "has '..' in its path"),
        ("./../etc/passwd", "has '..' in its path"),
        ("blobs/sha256/../../x", "has '..' in its path"),
        ("././x", "has an empty or '.' segment in its path"),
        ("a//b", "has an empty or '.' segment in its path"),
        (".//b", "has an absolute path"),
        ("a\\b", "has a backslash in its path"),
        ("a\nb", "has a control character in its path"),
        (segment.as_str(), "has a part longer than 255 bytes in its path"),
        (long.as_str(), "has a name longer than 1024 bytes"),
    ] {
        let gnu = good().entry("././@LongLink", b'L', name.as_bytes()).file("x", b"").end();
        assert!(refusal(&gnu).ends_with(expected), "{name}: {}", refusal(&gnu));
    }
    let nul = good().entry("././@LongLink", b'L', b"a\0b\0").file("x", b"").end();
    assert!(refusal(&nul).ends_with("has a control character in its path"));
}

#[test]
fn blobs_by_other_names_are_refused() {
    let hex = "0a".repeat(32);
    for path in [
        format!("blobs/md5/{hex}"),
        format!("blobs/sha256/{}", hex.to_uppercase()),
        format!("blobs/sha256/{hex}0"),
        format!("blobs/sha256/{hex}/x"),
        "blobs/x".to_owned(),
    ] {
        let expected = format!("entry '{path}' is not named blobs/sha256/<hex> or blobs/sha512/<hex>");
        assert_eq!(refusal(&good().file(&path, b"").end()), expected);
    }
}

#[test]
fn a_path_twice_with_other_content_is_refused() {
    let same = good().file("x", b"1").file("x", b"1").end();
    assert_eq!(read(&same).manifests.len(), 1);
    let expected = "entry 'x' is in the archive twice, with different content";
    assert_eq!(refusal(&good().file("x", b"1").file("x", b"2").end()), expected);
    assert_eq!(refusal(&good().file("index.json", b"{}").end()), expected.replace("'x'", "'index.json'"));
    assert_eq!(
        refusal(&good().file("index.json/x", b"{}").end()),
        "entry 'index.json/x' is both a file and a directory"
    );
    assert_eq!(
        refusal(&good().directory("index.json").end()),
        "entry 'index.json' has the same name as another entry (letter case aside)"
    );
}

#[test]
fn sizes_that_lie_are_refused() {
    let size =
        |bytes: &[u8]| refusal(&good().block(Header::new("x", b'0', 0).set(124, bytes).sealed()).end());
    for bad in [
        &b"-0000000001\0"[..],
        b"9\0\0\0\0\0\0\0\0\0\0\0",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x80\0\0\0\0\0\0\0\0\0\0\x01",
    ] {
        assert_eq!(size(bad), "not an acceptable tar archive: a header's size is not a number", "{bad:?}");
    }
    // As large as they say, or nothing: the bytes are not there.
    for large in [&b"\x80\0\0\0\0\0\0\x02\0\0\0\0"[..], b"77777777777\0"] {
        assert_eq!(size(large), "the archive is cut short: the content of a tar entry is incomplete");
    }
    for (header, pax) in [(3, "0"), (0, "3"), (3, "4"), (3, "9000000000")] {
        let content = &b"abcd"[..header];
        assert_eq!(
            refusal(&good().pax(&[("size", pax)]).file("x", content).end()),
            "entry 'x' has two different sizes"
        );
    }
    let beyond = good().pax(&[("size", "9000000000")]).file("x", b"").end();
    assert_eq!(refusal(&beyond), "the archive is cut short: the content of a tar entry is incomplete");
    for bad in ["-1", "1e3", "18446744073709551616", ""] {
        let expected = "not an acceptable tar archive: a pax header's size is not a number";
        assert_eq!(refusal(&good().pax(&[("size", bad)]).file("x", b"").end()), expected, "{bad}");
    }
}

#[test]
fn extended_headers_are_bounded() {
    let huge = "x".repeat(70_000);
    assert!(
        refusal(&good().pax(&[("comment", &huge)]).file("x", b"").end())
            .contains("extended header is too large")
    );
    let declared = good().block(Header::new("x", b'x', 1 << 33).sealed()).end();
    assert!(refusal(&declared).contains("extended header is too large"));
    for key in ["linkpath", "GNU.sparse.size", "hdrcharset"] {
        let expected = "not an acceptable tar archive: a pax header";
        assert!(refusal(&good().pax(&[(key, "1")]).file("x", b"").end()).starts_with(expected), "{key}");
    }
}

fn refused_within(bytes: &[u8], limits: &Limits) -> ArchiveError {
    read_within(bytes, limits).0.unwrap_err()
}

#[test]
fn bombs_are_stopped() {
    let zeros = vec![0; 4 << 20];
    let bomb = good().file("layer.tar", &zeros).end();
    let ratio = Limits { ratio_floor: 1 << 20, ..Limits::image() };
    for packed in [gzip(&bomb), zstd::encode_all(bomb.as_slice(), 3).unwrap()] {
        assert!(matches!(refused_within(&packed, &ratio), ArchiveError::Ratio { ratio: 200 }));
        let total = Limits { decompressed: 1 << 20, ..Limits::image() };
        assert!(matches!(refused_within(&packed, &total), ArchiveError::Decompressed { .. }));
        let small = Limits { compressed: 100, ..Limits::image() };
        assert!(matches!(refused_within(&packed, &small), ArchiveError::Compressed { limit: 100 }));
    }
    let plain = Limits { compressed: 1000, ..Limits::image() };
    assert!(matches!(refused_within(&bomb, &plain), ArchiveError::Compressed { limit: 1000 }));
}

#[test]
fn entries_and_names_are_counted() {
    assert_eq!(Limits::image().entries, 100_000);
    let many = (0..20).fold(good(), |tar, at| tar.directory(&format!("d{at}")));
    let entries = Limits { entries: 20, ..Limits::image() };
    assert!(matches!(refused_within(&many.clone().end(), &entries), ArchiveError::Entries { limit: 20 }));
    let names = Limits { names: 100, ..Limits::image() };
    assert!(matches!(refused_within(&many.end(), &names), ArchiveError::Names { limit: 100 }));
    let again = (0..20).fold(good(), |tar, _| tar.file("x", b"")).end();
    assert!(
        matches!(refused_within(&again, &entries), ArchiveError::Entries { limit: 20 }),
        "the same one counts each time"
    );
}

#[test]
fn every_cut_is_refused() {
    let whole = good().end();
    for packed in [whole.clone(), gzip(&whole), zstd::encode_all(whole.as_slice(), 3).unwrap()] {
        for end in (0..packed.len()).step_by(if packed.len() == whole.len() { 256 } else { 16 }) {
            let error = refused_within(&packed[..end], &Limits::image());
            assert!(!error.is_source_failure(), "cut at {end}: {error}");
        }
    }
}

#[test]
fn what_follows_the_end_is_refused() {
    let tail = [good().end(), good().end()].concat();
    assert_eq!(refusal(&tail), "unexpected data follows the end of the tar archive");
    let two = [gzip(&good().end()), gzip(&good().end())].concat();
    assert_eq!(refusal(&two), "not a valid gzip file: it has more than one member");
}
