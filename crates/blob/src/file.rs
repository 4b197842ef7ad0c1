//! A blob for code that reads with blocking calls and jumps about, wherever the blob is.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use bytes::Bytes;

#[cfg(feature = "s3")]
use crate::s3::ObjectReader;

/// A blob as a file, open at its start. Only for the blocking pool.
#[derive(Debug)]
pub struct BlobFile(Kind);

#[derive(Debug)]
enum Kind {
    File {
        file: File,
        len: u64,
    },
    #[cfg_attr(not(feature = "s3"), expect(dead_code, reason = "only a bucket hands its small blobs out so"))]
    Memory(io::Cursor<Bytes>),
    #[cfg(feature = "s3")]
    Object(ObjectReader),
}

impl BlobFile {
    pub(crate) const fn of_file(file: File, len: u64) -> Self {
        Self(Kind::File { file, len })
    }
    #[cfg(feature = "s3")]
    pub(crate) const fn of_bytes(bytes: Bytes) -> Self {
        Self(Kind::Memory(io::Cursor::new(bytes)))
    }
    #[cfg(feature = "s3")]
    pub(crate) const fn of_object(reader: ObjectReader) -> Self {
        Self(Kind::Object(reader))
    }

    /// The size in bytes.
    pub fn len(&self) -> u64 {
        match &self.0 {
            Kind::File { len, .. } => *len,
            Kind::Memory(bytes) => bytes.get_ref().len() as u64,
            #[cfg(feature = "s3")]
            Kind::Object(reader) => reader.len(),
        }
    }
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Read for BlobFile {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match &mut self.0 {
            Kind::File { file, .. } => file.read(room),
            Kind::Memory(bytes) => bytes.read(room),
            #[cfg(feature = "s3")]
            Kind::Object(reader) => reader.read(room),
        }
    }
}

impl Seek for BlobFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match &mut self.0 {
            Kind::File { file, .. } => file.seek(to),
            Kind::Memory(bytes) => bytes.seek(to),
            #[cfg(feature = "s3")]
            Kind::Object(reader) => reader.seek(to),
        }
    }
}
