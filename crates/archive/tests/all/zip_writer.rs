//! Writes zip archives, well-formed or not, field by field.

use std::io::Write;

use flate2::{Compression, Crc, write::DeflateEncoder};

/// A member with everything its two headers say; spoil what a case needs.
#[derive(Clone)]
pub(crate) struct Member {
    pub(crate) name: Vec<u8>,
    pub(crate) local_name: Option<Vec<u8>>,
    pub(crate) data: Vec<u8>,
    pub(crate) flags: u16,
    pub(crate) local_flags: Option<u16>,
    pub(crate) method: u16,
    pub(crate) local_method: Option<u16>,
    pub(crate) crc: u32,
    pub(crate) local_crc: Option<u32>,
    pub(crate) compressed: u32,
    pub(crate) size: u32,
    pub(crate) local_sizes: Option<(u32, u32)>,
    pub(crate) extra: Vec<u8>,
    pub(crate) local_extra: Vec<u8>,
    pub(crate) comment: Vec<u8>,
    pub(crate) attributes: u32,
    pub(crate) disk: u16,
    pub(crate) descriptor: Vec<u8>,
    pub(crate) gap: Vec<u8>,
    pub(crate) header_at: Option<u32>,
    pub(crate) in_directory: bool,
}

impl Member {
    pub(crate) fn stored(name: &str, content: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(content);
        Member {
            name: name.into(),
            local_name: None,
            data: content.to_vec(),
            flags: 0,
            local_flags: None,
            method: 0,
            local_method: None,
            crc: crc.sum(),
            local_crc: None,
            compressed: content.len() as u32,
            size: content.len() as u32,
            local_sizes: None,
            extra: Vec::new(),
            local_extra: Vec::new(),
            comment: Vec::new(),
            attributes: 0o100644 << 16,
            disk: 0,
            descriptor: Vec::new(),
            gap: Vec::new(),
            header_at: None,
            in_directory: true,
        }
    }

    pub(crate) fn deflated(name: &str, content: &[u8]) -> Self {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(content).unwrap();
        let data = encoder.finish().unwrap();
        Member { method: 8, compressed: data.len() as u32, data, ..Member::stored(name, content) }
    }

    pub(crate) fn with(mut self, spoil: impl FnOnce(&mut Member)) -> Self {
        spoil(&mut self);
        self
    }

    fn local(&self) -> Vec<u8> {
        let name = self.local_name.as_ref().unwrap_or(&self.name);
        let (compressed, size) = self.local_sizes.unwrap_or((self.compressed, self.size));
        let numbers = [self.local_crc.unwrap_or(self.crc), compressed, size];
        let mut out = b"PK\x03\x04\x14\0".to_vec();
        out.extend(self.local_flags.unwrap_or(self.flags).to_le_bytes());
        out.extend(self.local_method.unwrap_or(self.method).to_le_bytes());
        out.extend([0, 0, 0x21, 0]);
        out.extend(numbers.into_iter().flat_map(u32::to_le_bytes));
        out.extend(
            [name.len(), self.local_extra.len()].into_iter().flat_map(|length| (length as u16).to_le_bytes()),
        );
        [&out, name, &self.local_extra, &self.data, &self.descriptor, &self.gap].map(Vec::as_slice).concat()
    }

    fn central(&self, at: u32) -> Vec<u8> {
        let mut out = b"PK\x01\x02\x14\x03\x14\0".to_vec();
        out.extend([self.flags, self.method].into_iter().flat_map(u16::to_le_bytes));
        out.extend([0, 0, 0x21, 0]);
        out.extend([self.crc, self.compressed, self.size].into_iter().flat_map(u32::to_le_bytes));
        let lengths = [self.name.len(), self.extra.len(), self.comment.len()];
        out.extend(lengths.into_iter().flat_map(|length| (length as u16).to_le_bytes()));
        out.extend([self.disk, 0].into_iter().flat_map(u16::to_le_bytes));
        out.extend([self.attributes, self.header_at.unwrap_or(at)].into_iter().flat_map(u32::to_le_bytes));
        [&out, &self.name, &self.extra, &self.comment].map(Vec::as_slice).concat()
    }
}

/// The end record.
#[derive(Clone, Copy, Default)]
pub(crate) struct End {
    pub(crate) disk: u16,
    pub(crate) more_entries: i32,
    pub(crate) more_here: i32,
    pub(crate) more_size: i64,
    pub(crate) more_offset: i64,
    pub(crate) comment: &'static [u8],
}

pub(crate) fn archive(members: &[Member]) -> Vec<u8> {
    archive_with(b"", members, b"", End::default())
}

/// `before` comes first, `between` between central directory and end record; offsets count `before` in.
pub(crate) fn archive_with(before: &[u8], members: &[Member], between: &[u8], end: End) -> Vec<u8> {
    let mut body = before.to_vec();
    let mut directory = Vec::new();
    for member in members {
        if member.in_directory {
            directory.extend(member.central(body.len() as u32));
        }
        body.extend(member.local());
    }
    let entries = members.iter().filter(|member| member.in_directory).count() as i32;
    let mut record = b"PK\x05\x06".to_vec();
    record.extend([end.disk, end.disk].into_iter().flat_map(u16::to_le_bytes));
    let counts = [entries + end.more_entries + end.more_here, entries + end.more_entries];
    record.extend(counts.into_iter().flat_map(|count| (count as u16).to_le_bytes()));
    let places = [directory.len() as i64 + end.more_size, body.len() as i64 + end.more_offset];
    record.extend(places.into_iter().flat_map(|place| (place as u32).to_le_bytes()));
    record.extend((end.comment.len() as u16).to_le_bytes());
    [&body, &directory, between, &record, end.comment].concat()
}
