//! One tar header block (POSIX ustar, GNU and V7).

use std::ops::Range;

use super::Dialect;
use super::blocks::BLOCK;
use crate::{ArchiveError, EntryKind, EntryPath, EntryProblem};

const NAME: Range<usize> = 0..100;
const SIZE: Range<usize> = 124..136;
const CHECKSUM: Range<usize> = 148..156;
const TYPE: usize = 156;
const LINK: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..265;
const PREFIX: Range<usize> = 345..500;

/// The largest size that fits eleven octal digits.
pub(super) const OCTAL_MOST: u64 = 0o777_7777_7777;

/// What a header introduces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Entry(EntryKind),
    /// Extended header for the next entry.
    Pax,
    /// Extended header for all that follow.
    GlobalPax,
    /// GNU long name for the next entry.
    LongName,
}

/// A header whose checksum is right and whose numbers can be read.
#[derive(Debug)]
pub(super) struct Header<'b> {
    block: &'b [u8; BLOCK],
    size: u64,
}

impl<'b> Header<'b> {
    pub(super) fn parse(block: &'b [u8; BLOCK]) -> Result<Self, ArchiveError> {
        if !is_tar_header(block) {
            return Err(ArchiveError::Tar { problem: "a header has a wrong checksum" });
        }
        let size = octal(field(block, SIZE))
            .or_else(|| beyond_octal(field(block, SIZE)))
            .ok_or(ArchiveError::Tar { problem: "a header's size is not a number" })?;
        Ok(Header { block, size })
    }

    /// The size field in bytes.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    pub(super) fn role(&self, dialect: Dialect) -> Result<Role, ArchiveError> {
        let refuse = |problem| Err(ArchiveError::entry(until_nul(field(self.block, NAME)), problem));
        match self.block.get(TYPE).copied().unwrap_or_default() {
            b'0' | 0 => self.file_or_directory(),
            b'5' if self.size == 0 => Ok(Role::Entry(EntryKind::Directory)),
            b'5' => refuse(EntryProblem::DirectoryContent),
            b'x' => Ok(Role::Pax),
            b'g' => Ok(Role::GlobalPax),
            b'L' => Ok(Role::LongName),
            b'1' | b'2' if dialect == Dialect::Image && self.size > 0 => refuse(EntryProblem::LinkContent),
            b'1' if dialect == Dialect::Image => Ok(Role::Entry(EntryKind::HardLink)),
            b'2' if dialect == Dialect::Image => Ok(Role::Entry(EntryKind::SymbolicLink)),
            b'1' => refuse(EntryProblem::HardLink),
            b'2' | b'K' => refuse(EntryProblem::SymbolicLink),
            b'3' | b'4' => refuse(EntryProblem::Device),
            b'6' => refuse(EntryProblem::Fifo),
            b'S' => refuse(EntryProblem::Sparse),
            _ => refuse(EntryProblem::UnknownType),
        }
    }

    /// A "file" whose name ends in a slash is a directory to most readers.
    fn file_or_directory(&self) -> Result<Role, ArchiveError> {
        let name = until_nul(field(self.block, NAME));
        match (name.ends_with(b"/"), self.size) {
            (false, _) => Ok(Role::Entry(EntryKind::File)),
            (true, 0) => Ok(Role::Entry(EntryKind::Directory)),
            (true, _) => Err(ArchiveError::entry(name, EntryProblem::DirectoryContent)),
        }
    }

    /// What the link at `path` stands for: a hard link names a path of the archive, a symbolic one goes from where
    /// it lies.
    pub(super) fn target(
        &self,
        path: &EntryPath,
        kind: EntryKind,
    ) -> Result<Option<EntryPath>, ArchiveError> {
        let refuse = |problem| ArchiveError::entry(path.as_str(), problem);
        let raw = until_nul(field(self.block, LINK));
        let text = std::str::from_utf8(raw).map_err(|_| refuse(EntryProblem::NotUtf8))?;
        match kind {
            EntryKind::File | EntryKind::Directory => Ok(None),
            EntryKind::HardLink => {
                path.root().join(text).ok_or_else(|| refuse(EntryProblem::LinkOutside)).map(Some)
            }
            EntryKind::SymbolicLink => {
                path.parent().join(text).ok_or_else(|| refuse(EntryProblem::LinkOutside)).map(Some)
            }
        }
    }

    /// The name in the header itself, prefix included.
    ///
    /// Only POSIX headers have a prefix, yet some readers look for one in any header: elsewhere it has to be empty.
    pub(super) fn name(&self) -> Result<Vec<u8>, ArchiveError> {
        let name = until_nul(field(self.block, NAME));
        let prefix = field(self.block, PREFIX);
        match field(self.block, MAGIC) {
            b"ustar\x0000" => Ok(match until_nul(prefix) {
                [] => name.to_vec(),
                prefix => [prefix, b"/", name].concat(),
            }),
            b"ustar  \0" | b"\0\0\0\0\0\0\0\0" if prefix.iter().all(|byte| *byte == 0) => Ok(name.to_vec()),
            b"ustar  \0" | b"\0\0\0\0\0\0\0\0" => {
                Err(ArchiveError::Tar { problem: "a header without POSIX magic has a name prefix" })
            }
            _ => Err(ArchiveError::Tar { problem: "a header has an unknown magic" }),
        }
    }
}

/// True where `block` starts with a tar header block whose checksum is right.
pub(crate) fn is_tar_header(block: &[u8]) -> bool {
    let Some(block) = block.first_chunk::<BLOCK>() else { return false };
    let sum: u64 = block
        .iter()
        .enumerate()
        .map(|(at, byte)| if CHECKSUM.contains(&at) { u64::from(b' ') } else { u64::from(*byte) })
        .sum();
    octal(field(block, CHECKSUM)) == Some(sum)
}

fn field(block: &[u8; BLOCK], range: Range<usize>) -> &[u8] {
    block.get(range).unwrap_or_default()
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// A size that eleven octal digits cannot hold, in base 256 as GNU tar writes it then; a smaller one is written
/// so only by whoever wants to be misread.
fn beyond_octal(field: &[u8]) -> Option<u64> {
    let (high, low) = field.split_last_chunk::<8>()?;
    let size = u64::from_be_bytes(*low);
    let marked = matches!(high, [0x80, rest @ ..] if rest.iter().all(|byte| *byte == 0));
    (marked && size > OCTAL_MOST && i64::try_from(size).is_ok()).then_some(size)
}

/// An octal number, blanks before it, then only NULs and blanks. At least one digit.
fn octal(field: &[u8]) -> Option<u64> {
    let text = field.trim_ascii_start();
    let end = text.iter().position(|byte| !matches!(byte, b'0'..=b'7')).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(end)?;
    if digits.is_empty() || !rest.iter().all(|byte| matches!(byte, 0 | b' ')) {
        return None;
    }
    Some(digits.iter().fold(0, |value, digit| value * 8 + u64::from(digit - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_256_is_for_sizes_that_octal_cannot_hold() {
        let size = |bytes: [u8; 8]| beyond_octal(&[&[0x80, 0, 0, 0][..], &bytes].concat());
        assert_eq!(size([0, 0, 0, 2, 0, 0, 0, 0]), Some(8 << 30));
        assert_eq!(size([0, 0, 0, 1, 255, 255, 255, 255]), None, "it fits octal");
        assert_eq!(size([0x80, 0, 0, 0, 0, 0, 0, 0]), None, "over what a file can have");
        for negative_or_huge in
            [[0xff; 12], [0x81, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0], [0x80, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0]]
        {
            assert_eq!(beyond_octal(&negative_or_huge), None, "{negative_or_huge:?}");
        }
    }

    #[test]
    fn octal_numbers_are_read_strictly() {
        assert_eq!(octal(b"00000000017\0"), Some(15));
        assert_eq!(octal(b"     17 \0\0\0"), Some(15));
        assert_eq!(octal(b"777777777777"), Some((1 << 36) - 1));
        for bad in [&b"\0\0\0\0"[..], b"8\0", b"1 7\0", b"-1\0", b"\x80\0\0\x01", b"0x10\0", b""] {
            assert_eq!(octal(bad), None, "{bad:?}");
        }
    }
}
