//! What a file is, from its first bytes and its name; decides the content type that artifacts are served with.

use crate::tarball::is_tar_header;

/// How many first bytes are worth passing to [`sniff`].
pub const HEAD_LEN: usize = 512;

/// A kind of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// gzip, whatever is in it.
    Gzip,
    /// zip; wheels and jars too.
    Zip,
    /// An uncompressed tar archive.
    Tar,
    /// A Ruby gem: a tar archive by that name.
    Gem,
    /// A Windows program or library.
    Pe,
    /// A Linux or BSD program or library.
    Elf,
    /// A macOS program or library, also a universal one.
    MachO,
    /// A macOS disk image.
    Dmg,
    /// An AppImage.
    AppImage,
    /// A Debian package.
    Deb,
    /// An RPM package.
    Rpm,
    /// A Windows installer database.
    Msi,
    /// xz.
    Xz,
    /// zstd.
    Zstd,
    /// bzip2.
    Bzip2,
    /// A JSON text.
    Json,
    /// A YAML text.
    Yaml,
    /// Any other UTF-8 text.
    Text,
    /// Anything else.
    Unknown,
}

impl Kind {
    /// The media type to serve such a file with.
    pub fn media_type(self) -> &'static str {
        match self {
            Kind::Gzip => "application/gzip",
            Kind::Zip => "application/zip",
            Kind::Tar | Kind::Gem => "application/x-tar",
            Kind::Pe => "application/vnd.microsoft.portable-executable",
            Kind::Elf => "application/x-executable",
            Kind::MachO => "application/x-mach-binary",
            Kind::Dmg => "application/x-apple-diskimage",
            Kind::AppImage => "application/vnd.appimage",
            Kind::Deb => "application/vnd.debian.binary-package",
            Kind::Rpm => "application/x-rpm",
            Kind::Msi => "application/x-msi",
            Kind::Xz => "application/x-xz",
            Kind::Zstd => "application/zstd",
            Kind::Bzip2 => "application/x-bzip2",
            Kind::Json => "application/json",
            Kind::Yaml => "application/yaml",
            Kind::Text => "text/plain; charset=utf-8",
            Kind::Unknown => "application/octet-stream",
        }
    }
}

/// Tells the kind of a file from its first bytes (`head`, best [`HEAD_LEN`] of them) and its `name`.
///
/// Bytes win over the name; the name decides only among texts, for gems, and for disk images, whose mark is at
/// their end.
pub fn sniff(head: &[u8], name: &str) -> Kind {
    let extension =
        name.rsplit_once('.').map_or(String::new(), |(_, extension)| extension.to_ascii_lowercase());
    by_magic(head)
        .map(|kind| if kind == Kind::Tar && extension == "gem" { Kind::Gem } else { kind })
        .or_else(|| (extension == "dmg" && !is_text(head)).then_some(Kind::Dmg))
        .or_else(|| is_text(head).then(|| text_kind(head, &extension)))
        .unwrap_or(Kind::Unknown)
}

fn by_magic(head: &[u8]) -> Option<Kind> {
    Some(match head {
        [0x1f, 0x8b, ..] => Kind::Gzip,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Kind::Zip,
        [0x7f, b'E', b'L', b'F', _, _, _, _, b'A', b'I', 1 | 2, ..] => Kind::AppImage,
        [0x7f, b'E', b'L', b'F', ..] => Kind::Elf,
        [b'M', b'Z', rest @ ..] if !is_text(rest) => Kind::Pe,
        [0xfe, 0xed, 0xfa, 0xce | 0xcf, ..] | [0xce | 0xcf, 0xfa, 0xed, 0xfe, ..] => Kind::MachO,
        // Java classes share this mark; they have their (larger) version where the number of programs is.
        [0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 1..=0x1e, ..] => Kind::MachO,
        [b'!', b'<', b'a', b'r', b'c', b'h', b'>', b'\n', b'd', b'e', b'b', b'i', b'a', b'n', ..] => {
            Kind::Deb
        }
        [0xed, 0xab, 0xee, 0xdb, ..] => Kind::Rpm,
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ..] => Kind::Msi,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Kind::Xz,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Kind::Zstd,
        [b'B', b'Z', b'h', b'1'..=b'9', b'1', b'A', b'Y', b'&', b'S', b'Y', ..] => Kind::Bzip2,
        _ if is_tar_header(head) => Kind::Tar,
        _ => return None,
    })
}

/// UTF-8 without control characters other than blanks; the last character may be cut.
fn is_text(head: &[u8]) -> bool {
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) if error.error_len().is_none() => head
            .get(..error.valid_up_to())
            .and_then(|valid| std::str::from_utf8(valid).ok())
            .unwrap_or_default(),
        Err(_) => return false,
    };
    !valid.is_empty()
        && !valid
            .chars()
            .any(|character| character.is_control() && !matches!(character, '\n' | '\r' | '\t' | '\x0c'))
}

fn text_kind(head: &[u8], extension: &str) -> Kind {
    let opens_like_json = matches!(head.trim_ascii_start(), [b'{' | b'[', ..]);
    match extension {
        "json" if opens_like_json => Kind::Json,
        "yml" | "yaml" => Kind::Yaml,
        _ => Kind::Text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_known() {
        let table: [(&[u8], &str, Kind); 27] = [
            (b"\x1f\x8b\x08\0", "acme-1.0.0.tar.gz", Kind::Gzip),
            (b"\x1f\x8b\x08\0", "liar.zip", Kind::Gzip),
            (b"PK\x03\x04\x14\0", "acme.whl", Kind::Zip),
            (b"PK\x05\x06\0\0", "empty.zip", Kind::Zip),
            (b"MZ\x90\0\x03\0", "setup.exe", Kind::Pe),
            (b"MZ is also text", "note.txt", Kind::Text),
            (b"\x7fELF\x02\x01\x01\0\0\0\0", "acme", Kind::Elf),
            (b"\x7fELF\x02\x01\x01\0AI\x02", "Acme.AppImage", Kind::AppImage),
            (b"\xcf\xfa\xed\xfe\x07\0\0\x01", "acme", Kind::MachO),
            (b"\xca\xfe\xba\xbe\0\0\0\x02", "acme", Kind::MachO),
            (b"\xca\xfe\xba\xbe\0\0\0\x3d", "Acme.class", Kind::Unknown),
            (b"x\xda\xff\0\x01", "Acme.dmg", Kind::Dmg),
            (b"!<arch>\ndebian-binary   ", "acme.deb", Kind::Deb),
            (b"!<arch>\nfoo.o/          ", "libacme.a", Kind::Text),
            (b"\xed\xab\xee\xdb\x03\0", "acme.rpm", Kind::Rpm),
            (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "acme.msi", Kind::Msi),
            (b"\xfd7zXZ\0\0", "acme.tar.xz", Kind::Xz),
            (b"\x28\xb5\x2f\xfd\0", "acme.tar.zst", Kind::Zstd),
            (b"BZh91AY&SY", "acme.tar.bz2", Kind::Bzip2),
            (b"BZh is text", "acme.txt", Kind::Text),
            (b" {\"a\": 1}", "RELEASES.JSON", Kind::Json),
            (b"{\"a\": 1}", "config", Kind::Text),
            (b"version: 1.0.0\n", "latest.yml", Kind::Yaml),
            (b"#!/bin/sh\necho hi\n", "install.sh", Kind::Text),
            ("schön".as_bytes().get(..4).unwrap(), "cut", Kind::Text),
            (b"\0\x01\x02", "data.json", Kind::Unknown),
            (b"", "empty.json", Kind::Unknown),
        ];
        for (head, name, kind) in table {
            assert_eq!(sniff(head, name), kind, "{name}");
        }
    }

    #[test]
    fn a_gem_is_a_tar_by_that_name() {
        let mut header = tar::Header::new_ustar();
        header.set_path("metadata.gz").unwrap();
        header.set_size(0);
        header.set_cksum();
        assert_eq!(sniff(header.as_bytes(), "acme-1.0.0.gem"), Kind::Gem);
        assert_eq!(sniff(header.as_bytes(), "acme-1.0.0.tar"), Kind::Tar);
    }

    #[test]
    fn every_media_type_is_well_formed() {
        for kind in [Kind::Gzip, Kind::Pe, Kind::Text, Kind::Unknown, Kind::Json, Kind::Gem, Kind::Dmg] {
            assert_eq!(kind.media_type().split('/').count(), 2);
        }
    }
}
