//! Ruby gems.

use keyway_archive::gem::{self, Gem, Member, Witness};
use keyway_archive::{ArchiveError, Limits};

use crate::tar_writer::{Tar, gzip};

const METADATA: &[u8] = b"--- !ruby/object:Gem::Specification\nname: widget\n";

#[derive(Default)]
struct Seen {
    metadata: Vec<u8>,
    data: Vec<u8>,
}

impl Witness for Seen {
    fn saw(&mut self, member: Member, bytes: &[u8]) {
        match member {
            Member::Metadata => self.metadata.extend(bytes),
            Member::Data => self.data.extend(bytes),
        }
    }
}

fn data() -> Vec<u8> {
    Tar::default().file("lib/widget.rb", b"# widget").tgz()
}

fn good() -> Tar {
    Tar::default().file("metadata.gz", &gzip(METADATA)).file("data.tar.gz", &data())
}

fn read(bytes: &[u8]) -> Result<Gem, ArchiveError> {
    gem::read(&mut &*bytes, &mut Seen::default())
}

fn refusal(bytes: &[u8]) -> String {
    read(bytes).unwrap_err().to_string()
}

#[test]
fn members_are_read_in_any_order_and_seen_as_they_are() {
    let checksums = gzip(b"---\n");
    let usual = good().file("checksums.yaml.gz", &checksums).end();
    let other = Tar::default()
        .file("checksums.yaml.gz", &checksums)
        .file("data.tar.gz", &data())
        .file("data.tar.gz.sig", b"signature")
        .file("metadata.gz", &gzip(METADATA))
        .end();
    for bytes in [usual, other] {
        let mut seen = Seen::default();
        let gem = gem::read(&mut bytes.as_slice(), &mut seen).unwrap();
        assert_eq!((gem.metadata.as_slice(), gem.checksums.as_deref()), (METADATA, Some(&b"---\n"[..])));
        assert_eq!((seen.metadata, seen.data), (gzip(METADATA), data()));
        assert_eq!(gem.unpacked_size, 2048);
    }
    assert_eq!(read(&good().end()).unwrap().checksums, None, "gems of old have none");
}

#[test]
fn both_members_have_to_be_there_once_as_files() {
    assert_eq!(refusal(&Tar::default().file("data.tar.gz", &data()).end()), "'metadata.gz' is missing");
    assert_eq!(
        refusal(&Tar::default().file("metadata.gz", &gzip(METADATA)).end()),
        "'data.tar.gz' is missing"
    );
    assert!(refusal(&good().file("metadata.gz", &gzip(b"x")).end()).contains("same name"));
    let directory = Tar::default().directory("metadata.gz/").file("data.tar.gz", &data()).end();
    assert_eq!(refusal(&directory), "entry 'metadata.gz' is not a regular file");
    let nested = Tar::default().file("a/metadata.gz", &gzip(METADATA)).file("a/data.tar.gz", &data()).end();
    assert_eq!(refusal(&nested), "'metadata.gz' is missing");
    assert!(refusal(&good().entry("link", b'2', b"").end()).contains("symbolic link"));
}

#[test]
fn damage_is_found_in_every_member() {
    for (metadata, data) in [
        (&b"this is a text and not a gzip member"[..], data()),
        (&gzip(METADATA)[..], b"this is a text and not a gzip member".to_vec()),
    ] {
        let bytes = Tar::default().file("metadata.gz", metadata).file("data.tar.gz", &data).end();
        assert!(refusal(&bytes).starts_with("not a valid gzip file"), "{}", refusal(&bytes));
    }
    let cut = data();
    let bytes =
        Tar::default().file("metadata.gz", &gzip(METADATA)).file("data.tar.gz", &cut[..cut.len() - 3]).end();
    assert!(refusal(&bytes).contains("cut short"));
    let whole = good().end();
    assert!(refusal(&whole[..700]).contains("cut short"));
    assert!(refusal(b"# old gems are scripts\nMD5SUM = \"\"\n").contains("cut short"));
}

#[test]
fn limits_hold() {
    let within = |bytes: &[u8], limits: &Limits| {
        gem::read_within(&mut &*bytes, &mut Seen::default(), limits).unwrap_err().to_string()
    };
    let long = Tar::default().file("metadata.gz", &gzip(&[b' '; 4097])).file("data.tar.gz", &data()).end();
    let limits = Limits { member: 4096, ..Limits::gem() };
    assert_eq!(within(&long, &limits), "entry 'metadata.gz' is larger than 4096 bytes");
    let bomb = Tar::default()
        .file("metadata.gz", &gzip(METADATA))
        .file("data.tar.gz", &gzip(&vec![0; 4 << 20]))
        .end();
    let limits = Limits { ratio_floor: 1 << 20, ..Limits::gem() };
    assert_eq!(within(&bomb, &limits), "the archive decompresses to more than 200 times its size");
    let limits = Limits { compressed: 1000, ..Limits::gem() };
    let text = within(&good().end(), &limits);
    assert!(text.contains("cut short") || text.contains("larger than 1000"), "{text}");
}
