//! Writes tar archives, well-formed or not, block by block.

use std::io::Write;

use flate2::{Compression, write::GzEncoder};

/// One header block; every field can be spoilt before it is sealed.
pub(crate) struct Header([u8; 512]);

impl Header {
    pub(crate) fn new(name: &str, kind: u8, size: u64) -> Self {
        let mut header = Header([0; 512]);
        header
            .set(0, name.as_bytes())
            .set(100, b"0000644\0")
            .set(108, b"0000000\0")
            .set(116, b"0000000\0")
            .set(124, format!("{size:011o}\0").as_bytes())
            .set(136, b"03554035644\0")
            .set(156, &[kind])
            .set(257, b"ustar\x0000");
        header
    }

    pub(crate) fn set(&mut self, at: usize, bytes: &[u8]) -> &mut Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    /// Writes the checksum.
    pub(crate) fn sealed(&mut self) -> [u8; 512] {
        self.set(148, b"        ");
        let sum: u32 = self.0.iter().map(|byte| u32::from(*byte)).sum();
        self.set(148, format!("{sum:06o}\0 ").as_bytes());
        self.0
    }
}

/// An archive that grows.
#[derive(Default, Clone)]
pub(crate) struct Tar(pub(crate) Vec<u8>);

impl Tar {
    pub(crate) fn block(mut self, block: [u8; 512]) -> Self {
        self.0.extend(block);
        self
    }

    pub(crate) fn content(mut self, content: &[u8]) -> Self {
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    pub(crate) fn entry(self, name: &str, kind: u8, content: &[u8]) -> Self {
        self.block(Header::new(name, kind, content.len() as u64).sealed()).content(content)
    }

    pub(crate) fn file(self, name: &str, content: &[u8]) -> Self {
        self.entry(name, b'0', content)
    }

    pub(crate) fn directory(self, name: &str) -> Self {
        self.entry(name, b'5', b"")
    }

    /// A pax header with these records.
    pub(crate) fn pax(self, records: &[(&str, &str)]) -> Self {
        let content: String = records.iter().map(|(key, value)| record(key, value)).collect();
        self.entry("PaxHeader/x", b'x', content.as_bytes())
    }

    pub(crate) fn end(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }

    pub(crate) fn tgz(self) -> Vec<u8> {
        gzip(&self.end())
    }
}

/// A pax record with its own length before it.
pub(crate) fn record(key: &str, value: &str) -> String {
    let rest = format!(" {key}={value}\n");
    (1..)
        .map(|digits| format!("{}{rest}", rest.len() + digits))
        .find(|r| r.starts_with(&format!("{} ", r.len())))
        .unwrap()
}

pub(crate) fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}
