//! Zip archives that have one reading only.
//!
//! Readers that trust the central directory, readers that stream local headers and readers that search for the end
//! record must all see the same members. So the archive has to be local headers and data without gaps from the
//! first byte on, then the central directory, then its end record and nothing more, and all three have to agree.

mod directory;
mod extra;
pub(crate) mod fields;
mod local;
pub(crate) mod record;

use std::io::{self, BufReader, Read, Seek, SeekFrom};

use flate2::{Crc, bufread::DeflateDecoder};

use crate::{ArchiveError, EntryKind, EntryPath, EntryProblem, Limits, Quoted, tarball::is_tar_header};

/// How a member is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    Stored,
    Deflated,
}

impl Method {
    fn number(self) -> u16 {
        match self {
            Method::Stored => 0,
            Method::Deflated => 8,
        }
    }
}

/// A file or directory in a zip archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its checked path.
    pub path: EntryPath,
    /// What it is.
    pub kind: EntryKind,
    /// Its decompressed size in bytes.
    pub size: u64,
    compressed: u64,
    method: Method,
    flags: u16,
    crc: u32,
    raw_name: Vec<u8>,
    header_at: u64,
    data_at: u64,
}

/// An archive whose structure has been checked.
#[derive(Debug)]
pub struct ZipFile<'s, R: ?Sized> {
    source: &'s mut R,
    members: Vec<Member>,
}

impl<'s, R: Read + Seek + ?Sized> ZipFile<'s, R> {
    /// Checks the structure of the archive in `source`: end record, central directory, local headers, layout and
    /// declared sizes. Contents are not decompressed yet: see [`ZipFile::verify`].
    ///
    /// # Errors
    /// The first thing that makes the archive unacceptable, or a limit that is passed.
    pub fn open(source: &'s mut R, limits: &Limits) -> Result<Self, ArchiveError> {
        let length = source.seek(SeekFrom::End(0))?;
        if length > limits.compressed {
            return Err(ArchiveError::Compressed { limit: limits.compressed });
        }
        refuse_tar(source)?;
        let (end, mut members) = directory::read(source, length, limits)?;
        let unpacked = members.iter().fold(0_u64, |sum, member| sum.saturating_add(member.size));
        limits.check_expansion(length, unpacked)?;
        local::check(source, &mut members, end.directory_at)?;
        Ok(ZipFile { source, members })
    }

    /// Every member, in the order of the central directory.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The declared sizes of all members together, in bytes.
    pub fn unpacked_size(&self) -> u64 {
        self.members.iter().map(|member| member.size).sum()
    }

    /// Decompresses every member and throws the bytes away.
    ///
    /// # Errors
    /// Where one does not decompress to exactly the size and checksum it declares.
    pub fn verify(&mut self) -> Result<(), ArchiveError> {
        self.members.iter().try_for_each(|member| inflate(self.source, member, &mut io::sink()))
    }

    /// The bytes of the file at `path`.
    ///
    /// # Errors
    /// Where there is no such file, it is larger than `limit` bytes, or is damaged.
    pub fn read(&mut self, path: &str, limit: u64) -> Result<Vec<u8>, ArchiveError> {
        let member = self
            .members
            .iter()
            .find(|member| member.path.as_str() == path)
            .ok_or_else(|| ArchiveError::Missing { name: Quoted::new(path) })?;
        if member.kind != EntryKind::File {
            return Err(ArchiveError::entry(path, EntryProblem::NotAFile));
        }
        if member.size > limit {
            return Err(ArchiveError::entry(path, EntryProblem::TooLarge { limit }));
        }
        let mut bytes = Vec::new();
        inflate(self.source, member, &mut bytes)?;
        Ok(bytes)
    }
}

/// No file may be both a zip and a tar archive.
fn refuse_tar<R: Read + Seek + ?Sized>(source: &mut R) -> Result<(), ArchiveError> {
    let mut head = Vec::new();
    source.seek(SeekFrom::Start(0))?;
    source.take(512).read_to_end(&mut head)?;
    match is_tar_header(&head) {
        true => Err(ArchiveError::Zip { problem: "it is a tar archive too" }),
        false => Ok(()),
    }
}

/// Decompresses `member` into `sink`: no more than its declared size, all of its compressed bytes used.
fn inflate<R: Read + Seek + ?Sized>(
    source: &mut R,
    member: &Member,
    sink: &mut dyn io::Write,
) -> Result<(), ArchiveError> {
    source.seek(SeekFrom::Start(member.data_at))?;
    let mut data = BufReader::new(Faithful { source: source.take(member.compressed), failed: None });
    let result = match member.method {
        Method::Stored => copy(&mut data, member, sink),
        Method::Deflated => {
            let mut decoder = DeflateDecoder::new(&mut data);
            let result = copy(&mut decoder, member, sink);
            let used_up = decoder.total_in() == member.compressed;
            result.and_then(|()| used_up.then_some(()).ok_or(EntryProblem::Damaged))
        }
    };
    if let Some(error) = data.into_inner().failed {
        return Err(error.into());
    }
    result.map_err(|problem| ArchiveError::entry(member.path.as_str(), problem))
}

fn copy(data: &mut dyn Read, member: &Member, sink: &mut dyn io::Write) -> Result<(), EntryProblem> {
    let mut crc = Crc::new();
    let mut remaining = member.size;
    let mut buffer = vec![0; 32 * 1024];
    loop {
        let count = data.read(&mut buffer).map_err(|_| EntryProblem::Damaged)?;
        let part = buffer.get(..count).unwrap_or_default();
        if part.is_empty() {
            break;
        }
        remaining = remaining.checked_sub(count as u64).ok_or(EntryProblem::WrongSize)?;
        crc.update(part);
        sink.write_all(part).map_err(|_| EntryProblem::Damaged)?;
    }
    match (remaining, crc.sum() == member.crc) {
        (0, true) => Ok(()),
        (0, false) => Err(EntryProblem::Checksum),
        _ => Err(EntryProblem::WrongSize),
    }
}

/// Keeps an error of the source, so that it is not taken for damage.
struct Faithful<R> {
    source: R,
    failed: Option<io::Error>,
}

impl<R: Read> Read for Faithful<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.source.read(buffer) {
                Ok(count) => return Ok(count),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    let kind = error.kind();
                    self.failed = Some(error);
                    return Err(kind.into());
                }
            }
        }
    }
}
