//! Local headers and data descriptors: the same as the central directory, without gaps.

use std::io::{Read, Seek};

use super::{
    Member, Method,
    directory::DATA_DESCRIPTOR,
    extra::{Sizes, sizes},
    fields::{Fields, read_at},
};
use crate::{ArchiveError, EntryProblem};

const HEADER_LENGTH: u64 = 30;
const HEADER_MARK: [u8; 4] = *b"PK\x03\x04";
const DESCRIPTOR_MARK: u32 = u32::from_le_bytes(*b"PK\x07\x08");

/// Checks the local headers of all members, notes where their data starts, and that header, data and descriptor of
/// one follow upon another from the first byte up to `directory_at`.
pub(super) fn check<R: Read + Seek + ?Sized>(
    source: &mut R,
    members: &mut [Member],
    directory_at: u64,
) -> Result<(), ArchiveError> {
    let mut in_file_order: Vec<&mut Member> = members.iter_mut().collect();
    in_file_order.sort_by_key(|member| member.header_at);
    let mut at = 0;
    for member in in_file_order {
        let named = |problem| ArchiveError::entry(&member.raw_name, problem);
        if member.header_at != at {
            return Err(named(EntryProblem::Layout));
        }
        let header = LocalHeader::read(source, member, directory_at)?;
        if !header.agrees_with(member).map_err(named)? {
            return Err(named(EntryProblem::HeadersDiffer));
        }
        let data_at = at + header.length();
        at = data_at
            .checked_add(member.compressed)
            .filter(|end| *end <= directory_at)
            .ok_or_else(|| named(EntryProblem::Layout))?;
        if member.flags & DATA_DESCRIPTOR != 0 {
            at += descriptor_length(source, member, at, directory_at)?;
        }
        member.data_at = data_at;
    }
    match at == directory_at {
        true => Ok(()),
        false => {
            Err(ArchiveError::Zip { problem: "data lies between the last entry and the central directory" })
        }
    }
}

struct LocalHeader {
    flags: u16,
    method: u16,
    crc: u32,
    compressed: u32,
    size: u32,
    name: Vec<u8>,
    extra: Vec<u8>,
}

impl LocalHeader {
    fn read<R: Read + Seek + ?Sized>(
        source: &mut R,
        member: &Member,
        directory_at: u64,
    ) -> Result<Self, ArchiveError> {
        let layout = || ArchiveError::entry(&member.raw_name, EntryProblem::Layout);
        let fixed_end = member.header_at + HEADER_LENGTH;
        if fixed_end > directory_at {
            return Err(layout());
        }
        let fixed = read_at(source, member.header_at, HEADER_LENGTH)?;
        let (mut header, name, extra) = Self::parse_fixed(&fixed).ok_or_else(layout)?;
        if fixed_end + u64::from(name) + u64::from(extra) > directory_at {
            return Err(layout());
        }
        header.name = read_at(source, fixed_end, name.into())?;
        header.extra = read_at(source, fixed_end + u64::from(name), extra.into())?;
        Ok(header)
    }

    /// The header without its name and extra field, and how long those are.
    fn parse_fixed(fixed: &[u8]) -> Option<(Self, u16, u16)> {
        let mut fields = Fields::new(fixed);
        if fields.array()? != HEADER_MARK {
            return None;
        }
        // Version needed.
        fields.take(2)?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        // Time and date.
        fields.take(4)?;
        let (crc, compressed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name, extra) = (fields.u16()?, fields.u16()?);
        Some((
            LocalHeader { flags, method, crc, compressed, size, name: Vec::new(), extra: Vec::new() },
            name,
            extra,
        ))
    }

    fn length(&self) -> u64 {
        HEADER_LENGTH + self.name.len() as u64 + self.extra.len() as u64
    }

    /// With a data descriptor, checksum and sizes may be 0 here; all three or none. Not for stored data, whose end
    /// a streaming reader could only guess.
    fn agrees_with(&self, member: &Member) -> Result<bool, EntryProblem> {
        let declared = Sizes { compressed: member.compressed, size: member.size };
        let deferred =
            member.flags & DATA_DESCRIPTOR != 0 && (member.method == Method::Deflated || member.size == 0);
        let here = sizes(self.compressed, self.size, &self.extra)?;
        let numbers_agree = (self.crc == member.crc && here == declared)
            || (deferred && self.crc == 0 && here == Sizes { compressed: 0, size: 0 });
        Ok(numbers_agree
            && self.flags == member.flags
            && self.method == member.method.number()
            && self.name == member.raw_name)
    }
}

/// The length of the data descriptor at `at`: checksum and 32-bit sizes, with or without a mark before them.
fn descriptor_length<R: Read + Seek + ?Sized>(
    source: &mut R,
    member: &Member,
    at: u64,
    directory_at: u64,
) -> Result<u64, ArchiveError> {
    const WITH_MARK: u64 = 16;
    const BARE: u64 = 12;
    let bytes = read_at(source, at, WITH_MARK.min(directory_at.saturating_sub(at)))?;
    let says_the_same = |mut fields: Fields<'_>| {
        fields.u32() == Some(member.crc)
            && fields.u32().map(u64::from) == Some(member.compressed)
            && fields.u32().map(u64::from) == Some(member.size)
    };
    let mut marked = Fields::new(&bytes);
    if marked.u32() == Some(DESCRIPTOR_MARK) && says_the_same(marked) {
        return Ok(WITH_MARK);
    }
    match says_the_same(Fields::new(&bytes)) {
        true => Ok(BARE),
        false => Err(ArchiveError::entry(&member.raw_name, EntryProblem::HeadersDiffer)),
    }
}
