//! The end record and the central directory.

use std::io::{Read, Seek};

use super::{
    Member, Method,
    extra::sizes,
    fields::{Fields, read_at},
    record::{END_LENGTH, END_MARK, EndRecord, EntryHead},
};
use crate::{ArchiveError, EntryKind, EntryPath, EntryProblem, Limits, entry_path::Names, tarball::Dialect};

/// Sizes or names come after the data, not before it.
pub(super) const DATA_DESCRIPTOR: u16 = 1 << 3;
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;
const UTF8_NAME: u16 = 1 << 11;
/// Deflate effort, data descriptor, UTF-8 name.
const ALLOWED_FLAGS: u16 = 1 << 1 | 1 << 2 | DATA_DESCRIPTOR | UTF8_NAME;

/// Where the central directory is.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    entries: u64,
    directory_size: u64,
    pub(super) directory_at: u64,
}

/// Reads the end record and the members of an archive of `length` bytes.
pub(super) fn read<R: Read + Seek + ?Sized>(
    source: &mut R,
    length: u64,
    limits: &Limits,
) -> Result<(End, Vec<Member>), ArchiveError> {
    let end_at = length.checked_sub(END_LENGTH).ok_or(ArchiveError::Zip { problem: "it is too short" })?;
    let end = parse_end(&read_at(source, end_at, END_LENGTH)?, end_at)?;
    if end.entries > limits.entries {
        return Err(ArchiveError::Entries { limit: limits.entries });
    }
    if end.directory_size > limits.names.saturating_mul(2) {
        return Err(ArchiveError::Names { limit: limits.names });
    }
    let directory = read_at(source, end.directory_at, end.directory_size)?;
    if directory.windows(END_MARK.len()).any(|window| window == END_MARK) {
        return Err(ArchiveError::Zip { problem: "it has more than one end record" });
    }
    Ok((end, parse_members(&directory, end, limits)?))
}

fn parse_end(record: &[u8], end_at: u64) -> Result<End, ArchiveError> {
    let refuse = |problem| ArchiveError::Zip { problem };
    let end = EndRecord::parse(&mut Fields::new(record)).ok_or_else(|| {
        refuse("it does not end with an end record (a comment or data after it is not allowed)")
    })?;
    let EndRecord { disks, entries_here, entries, directory_size, directory_at, comment } = end;
    if entries == u16::MAX || directory_size == u32::MAX || directory_at == u32::MAX {
        return Err(refuse("it is a zip64 archive"));
    }
    if comment != 0 {
        return Err(refuse("it has a comment"));
    }
    if disks != (0, 0) || entries_here != entries {
        return Err(refuse("it is split over several disks"));
    }
    let (directory_size, directory_at) = (u64::from(directory_size), u64::from(directory_at));
    if directory_at + directory_size != end_at {
        return Err(refuse("its central directory does not reach to the end record"));
    }
    Ok(End { entries: entries.into(), directory_size, directory_at })
}

fn parse_members(directory: &[u8], end: End, limits: &Limits) -> Result<Vec<Member>, ArchiveError> {
    let mut fields = Fields::new(directory);
    let mut names = Names::new(limits, Dialect::Package);
    let mut members = Vec::new();
    for _ in 0..end.entries {
        let raw = RawMember::parse(&mut fields)
            .ok_or(ArchiveError::Zip { problem: "its central directory is malformed" })?;
        let member = raw.check(limits)?;
        names.claim(&member.path, member.kind)?;
        members.push(member);
    }
    match fields.is_empty() {
        true => Ok(members),
        false => {
            Err(ArchiveError::Zip { problem: "its central directory has more than the declared entries" })
        }
    }
}

/// One central directory record as it stands.
struct RawMember<'d> {
    head: EntryHead,
    name: &'d [u8],
    extra: &'d [u8],
    comment: &'d [u8],
}

impl<'d> RawMember<'d> {
    fn parse(fields: &mut Fields<'d>) -> Option<Self> {
        let head = EntryHead::parse(fields)?;
        Some(RawMember {
            name: fields.take(head.name.into())?,
            extra: fields.take(head.extra.into())?,
            comment: fields.take(head.comment.into())?,
            head,
        })
    }

    fn check(&self, limits: &Limits) -> Result<Member, ArchiveError> {
        let path = EntryPath::parse(self.name, limits.name_len)?;
        let member = self.member(path).map_err(|problem| ArchiveError::entry(self.name, problem))?;
        Ok(member)
    }

    fn member(&self, path: EntryPath) -> Result<Member, EntryProblem> {
        self.check_flags()?;
        let method = match self.head.method {
            0 => Method::Stored,
            8 => Method::Deflated,
            _ => return Err(EntryProblem::Compression),
        };
        if !self.comment.is_empty() {
            return Err(EntryProblem::Comment);
        }
        let sizes = sizes(self.head.compressed, self.head.size, self.extra)?;
        if method == Method::Stored && sizes.compressed != sizes.size {
            return Err(EntryProblem::WrongSize);
        }
        let kind = self.kind()?;
        if kind == EntryKind::Directory && sizes.size != 0 {
            return Err(EntryProblem::DirectoryContent);
        }
        if self.head.disk != 0 {
            return Err(EntryProblem::Layout);
        }
        Ok(Member {
            path,
            kind,
            size: sizes.size,
            compressed: sizes.compressed,
            method,
            flags: self.head.flags,
            crc: self.head.crc,
            raw_name: self.name.to_vec(),
            header_at: self.head.header_at.into(),
            data_at: 0,
        })
    }

    fn check_flags(&self) -> Result<(), EntryProblem> {
        if self.head.flags & ENCRYPTED != 0 {
            return Err(EntryProblem::Encrypted);
        }
        if self.head.flags & !ALLOWED_FLAGS != 0 {
            return Err(EntryProblem::Flags);
        }
        // Without the flag, some readers take such a name for code page 437.
        if self.head.flags & UTF8_NAME == 0 && !self.name.is_ascii() {
            return Err(EntryProblem::NotUtf8);
        }
        Ok(())
    }

    /// The Unix mode, where there is one, must agree with the name.
    fn kind(&self) -> Result<EntryKind, EntryProblem> {
        const DIRECTORY: u32 = 0o4;
        const FILE: u32 = 0o10;
        match (self.head.attributes >> 28, self.name.ends_with(b"/")) {
            (0 | DIRECTORY, true) => Ok(EntryKind::Directory),
            (0 | FILE, false) => Ok(EntryKind::File),
            (0o12, _) => Err(EntryProblem::SymbolicLink),
            (0o1, _) => Err(EntryProblem::Fifo),
            (0o2 | 0o6, _) => Err(EntryProblem::Device),
            (FILE, true) | (DIRECTORY, false) => Err(EntryProblem::NotAFile),
            _ => Err(EntryProblem::UnknownType),
        }
    }
}
