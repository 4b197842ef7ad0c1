//! The stream of 512-byte blocks under a tar archive.

use std::io::{self, Read};

use crate::{ArchiveError, Limits};

pub(crate) const BLOCK: usize = 512;

/// The longest extended header or long name that is read; real ones are below 1 KiB.
const EXTENSION_LIMIT: u64 = 64 * 1024;

/// Reads blocks, counting them against the limit of decompressed bytes.
pub(super) struct Blocks<'s> {
    source: &'s mut dyn Read,
    read: u64,
    limit: u64,
}

impl<'s> Blocks<'s> {
    pub(super) fn new(source: &'s mut dyn Read, limits: &Limits) -> Self {
        Blocks { source, read: 0, limit: limits.decompressed }
    }

    /// The next header block; `None` at the two zero blocks that end an archive.
    pub(super) fn next_header(&mut self) -> Result<Option<[u8; BLOCK]>, ArchiveError> {
        let block = self.block("tar header")?;
        if !is_zero(&block) {
            return Ok(Some(block));
        }
        if !is_zero(&self.block("end-of-archive mark")?) {
            return Err(ArchiveError::Tar { problem: "a lone zero block stands between entries" });
        }
        Ok(None)
    }

    /// The content of an extension entry, with its padding consumed.
    pub(super) fn extension_content(&mut self, size: u64) -> Result<Vec<u8>, ArchiveError> {
        if size > EXTENSION_LIMIT {
            return Err(ArchiveError::Tar { problem: "an extended header is too large" });
        }
        let mut content = Vec::new();
        self.by_ref().take(size).read_to_end(&mut content)?;
        self.skip_content(size, size.saturating_sub(content.len() as u64))?;
        Ok(content)
    }

    /// Skips the `unread` rest of an entry of `size` bytes, and its padding.
    pub(super) fn skip_content(&mut self, size: u64, unread: u64) -> Result<(), ArchiveError> {
        let block = BLOCK as u64;
        let padding = (block - size % block) % block;
        let skipped = io::copy(&mut self.by_ref().take(unread.saturating_add(padding)), &mut io::sink())?;
        if skipped < unread.saturating_add(padding) {
            return Err(ArchiveError::Truncated { what: "content of a tar entry" });
        }
        Ok(())
    }

    /// Reads to the end of the stream; only zeros may follow the end-of-archive mark.
    pub(super) fn refuse_what_follows(&mut self) -> Result<(), ArchiveError> {
        let mut buffer = [0; 8 * BLOCK];
        loop {
            let count = self.read(&mut buffer)?;
            if count == 0 {
                return Ok(());
            }
            if !is_zero(buffer.get(..count).unwrap_or_default()) {
                return Err(ArchiveError::TrailingData { after: "tar archive" });
            }
        }
    }

    fn block(&mut self, what: &'static str) -> Result<[u8; BLOCK], ArchiveError> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while let Some(rest) = block.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.read(rest)? {
                0 => return Err(ArchiveError::Truncated { what }),
                count => filled += count,
            }
        }
        Ok(block)
    }
}

impl Read for Blocks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = loop {
            match self.source.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        self.read += count as u64;
        if self.read > self.limit {
            return Err(ArchiveError::Decompressed { limit: self.limit }.into());
        }
        Ok(count)
    }
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
