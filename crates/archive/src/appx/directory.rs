//! The central directory of a package, read entry by entry: however many there are, one is in memory.

use std::io::{BufReader, Read, Seek, SeekFrom};

use crate::zipfile::fields::{Fields, read_at};
use crate::zipfile::record::{END_LENGTH, END_MARK, ENTRY_LENGTH, EndRecord, EntryHead};
use crate::{ArchiveError, EntryProblem, Limits, Quoted};

const LOCATOR_MARK: [u8; 4] = *b"PK\x06\x07";
const LOCATOR_LENGTH: u64 = 20;
const END64_MARK: [u8; 4] = *b"PK\x06\x06";
const END64_LENGTH: u64 = 56;
/// The longest comment behind the end record.
const COMMENT: u64 = u16::MAX as u64;
/// The extra field in which sizes and places are that need 64 bits.
const ZIP64: u16 = 1;

/// Where a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) is_encrypted: bool,
    pub(super) method: u16,
    pub(super) crc: u32,
    pub(super) compressed: u64,
    pub(super) header_at: u64,
}

/// Where the central directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Directory {
    entries: u64,
    size: u64,
    at: u64,
}

/// The places of the members with these names.
///
/// # Errors
/// What is wrong with the archive, or a limit that it passes.
pub(super) fn find<R: Read + Seek + ?Sized, const N: usize>(
    source: &mut R,
    names: [&str; N],
    limits: &Limits,
) -> Result<[Option<Place>; N], ArchiveError> {
    let directory = directory(source)?;
    if directory.entries > limits.entries {
        return Err(ArchiveError::Entries { limit: limits.entries });
    }
    source.seek(SeekFrom::Start(directory.at))?;
    let mut rest = BufReader::new(source.take(directory.size));
    let mut found = [None; N];
    for _ in 0..directory.entries {
        let (name, place) = entry(&mut rest)?;
        let Some(at) = names.iter().position(|wanted| wanted.as_bytes() == name) else { continue };
        let place = place.ok_or_else(|| ArchiveError::entry(&name, EntryProblem::ExtraField))?;
        let slot = found.get_mut(at).expect("there is a slot for each name");
        if slot.replace(place).is_some() {
            return Err(ArchiveError::entry(&name, EntryProblem::SameName));
        }
    }
    Ok(found)
}

/// The end record is the last one whose comment reaches to the end of the file.
fn directory<R: Read + Seek + ?Sized>(source: &mut R) -> Result<Directory, ArchiveError> {
    let length = source.seek(SeekFrom::End(0))?;
    let tail_at = length.saturating_sub(END_LENGTH + COMMENT);
    let tail = read_at(source, tail_at, length - tail_at)?;
    let mut ends = tail.windows(END_MARK.len()).enumerate().rev().filter(|(_, mark)| **mark == END_MARK);
    let end = ends.find_map(|(at, _)| Some((at, end_record(tail.get(at..)?)?)));
    let (at, directory) = end.ok_or(ArchiveError::Zip { problem: "it is damaged, or none" })?;
    let end_at = tail_at + at as u64;
    let is_large = directory.entries == u64::from(u16::MAX)
        || [directory.size, directory.at].contains(&u64::from(u32::MAX));
    let locator_at = end_at.checked_sub(LOCATOR_LENGTH).filter(|_| is_large);
    let locator = locator_at.map(|at| read_at(source, at, LOCATOR_LENGTH)).transpose()?;
    let directory = match locator.and_then(|locator| located(&locator)) {
        Some(at) if at.checked_add(END64_LENGTH).is_some_and(|end| end <= end_at) => {
            end64_record(&read_at(source, at, END64_LENGTH)?).ok_or(DAMAGED)?
        }
        Some(_) => return Err(DAMAGED),
        None => directory,
    };
    match directory.at.checked_add(directory.size) {
        Some(end) if end <= end_at => Ok(directory),
        _ => Err(DAMAGED),
    }
}

const DAMAGED: ArchiveError = ArchiveError::Zip { problem: "it is damaged, or none" };

fn end_record(bytes: &[u8]) -> Option<Directory> {
    let mut fields = Fields::new(bytes);
    let end = EndRecord::parse(&mut fields)?;
    fields.take(end.comment.into())?;
    let (size, at) = (end.directory_size.into(), end.directory_at.into());
    fields.is_empty().then_some(Directory { entries: end.entries.into(), size, at })
}

fn located(bytes: &[u8]) -> Option<u64> {
    let mut fields = Fields::new(bytes);
    let is_locator = fields.array() == Some(LOCATOR_MARK);
    fields.take(4)?;
    fields.u64().filter(|_| is_locator)
}

fn end64_record(bytes: &[u8]) -> Option<Directory> {
    let mut fields = Fields::new(bytes);
    let is_end = fields.array() == Some(END64_MARK);
    // Its own size, the versions that made and that read it, the disks, and the entries on this one.
    fields.take(28)?;
    let (entries, size, at) = (fields.u64()?, fields.u64()?, fields.u64()?);
    is_end.then_some(Directory { entries, size, at })
}

/// The next entry: its name, and its place unless that cannot be read.
fn entry(source: &mut (impl Read + ?Sized)) -> Result<(Vec<u8>, Option<Place>), ArchiveError> {
    let bytes = exactly(source, ENTRY_LENGTH)?;
    let head = EntryHead::parse(&mut Fields::new(&bytes)).ok_or(ArchiveError::Zip { problem: MALFORMED })?;
    let name = exactly(source, head.name.into())?;
    let extra = exactly(source, head.extra.into())?;
    exactly(source, head.comment.into())?;
    Ok((name, place(&head, &extra)))
}

const MALFORMED: &str = "its central directory is malformed";

fn exactly(source: &mut (impl Read + ?Sized), count: u64) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = Vec::new();
    source.take(count).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != count {
        return Err(ArchiveError::Zip { problem: MALFORMED });
    }
    Ok(bytes)
}

/// With what the extra fields say, which hold in this order whatever did not fit: size, compressed size, place.
fn place(head: &EntryHead, extra: &[u8]) -> Option<Place> {
    let mut large = Fields::new(zip64(extra)?);
    let mut whole = |field: u32| if field == u32::MAX { large.u64() } else { Some(field.into()) };
    whole(head.size)?;
    let (compressed, header_at) = (whole(head.compressed)?, whole(head.header_at)?);
    let EntryHead { flags, method, crc, .. } = *head;
    Some(Place { is_encrypted: flags & 1 != 0, method, crc, compressed, header_at })
}

/// The content of the zip64 field; empty if there is none, `None` where fields are cut short.
fn zip64(extra: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields::new(extra);
    while !fields.is_empty() {
        let (id, length) = (fields.u16()?, fields.u16()?);
        let content = fields.take(length.into())?;
        if id == ZIP64 {
            return Some(content);
        }
    }
    Some(&[])
}

/// Where the data of a member begins, behind the header at its place.
///
/// # Errors
/// Where there is no such header.
pub(super) fn data_at<R: Read + Seek + ?Sized>(
    source: &mut R,
    place: &Place,
    name: &str,
) -> Result<u64, ArchiveError> {
    const LENGTH: u64 = 30;
    let missing = || ArchiveError::Missing { name: Quoted::new(name) };
    source.seek(SeekFrom::Start(place.header_at))?;
    let head = exactly(source, LENGTH)?;
    let mut fields = Fields::new(&head);
    let is_header = fields.array() == Some(*b"PK\x03\x04");
    let lengths = fields.take(22).and_then(|_| Some(u64::from(fields.u16()?) + u64::from(fields.u16()?)));
    let behind = lengths.filter(|_| is_header).ok_or_else(missing)?;
    place.header_at.checked_add(LENGTH + behind).ok_or_else(missing)
}
