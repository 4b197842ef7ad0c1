//! A zstd reader that keeps to limits: frames one after another, checksums verified.

use std::io::{self, BufReader, Read};

use zstd::stream::read::Decoder;

use crate::metered::{Metered, blame};
use crate::{ArchiveError, Limits};

/// The largest window that is taken, as a power of two: 32 MiB, four times what `zstd -19` asks for.
const WINDOW_LOG: u32 = 25;

/// Wraps `source` in an [`Unzstd`].
///
/// # Errors
/// Where the decoder cannot be set up.
pub(crate) fn unzstd<'d, R: Read>(source: R, limits: &Limits) -> Result<Unzstd<'d, R>, ArchiveError> {
    let mut decoder = Decoder::new(Metered::new(source, limits.compressed))?;
    decoder.window_log_max(WINDOW_LOG)?;
    Ok(Unzstd { decoder, limits: *limits, produced: 0 })
}

/// Decompresses zstd; its errors are [`ArchiveError`]s inside `io::Error` and come out again through
/// `ArchiveError::from`.
pub(crate) struct Unzstd<'d, R: Read> {
    decoder: Decoder<'d, BufReader<Metered<R>>>,
    limits: Limits,
    produced: u64,
}

impl<R: Read> Read for Unzstd<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.decoder.read(buffer).map_err(|error| blame(error, in_our_words))?;
        self.produced += count as u64;
        self.limits.check_expansion(self.decoder.get_ref().get_ref().so_far(), self.produced)?;
        Ok(count)
    }
}

fn in_our_words(error: &io::Error) -> ArchiveError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ArchiveError::Truncated { what: "zstd stream" },
        _ => ArchiveError::Zstd { problem: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zstd(content: &[u8]) -> Vec<u8> {
        zstd::encode_all(content, 3).unwrap()
    }

    fn expand(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, ArchiveError> {
        let mut out = Vec::new();
        unzstd(bytes, limits)?.read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn frames_are_read_one_after_another() {
        let two = [zstd(b"hello "), zstd(b"again")].concat();
        assert_eq!(expand(&two, &Limits::default()).unwrap(), b"hello again");
    }

    #[test]
    fn what_is_not_zstd_is_refused() {
        let tail = [zstd(b"a"), b"tail, and not of zstd".to_vec()].concat();
        assert!(matches!(expand(&tail, &Limits::default()), Err(ArchiveError::Zstd { .. })));
        let mut damaged = zstd(&(0..=255).collect::<Vec<u8>>());
        damaged.truncate(damaged.len() - 9);
        assert!(matches!(expand(&damaged, &Limits::default()), Err(ArchiveError::Truncated { .. })));
    }

    #[test]
    fn a_bomb_is_stopped_by_ratio_and_by_total() {
        let bomb = zstd(&vec![0; 4 << 20]);
        let ratio = Limits { ratio_floor: 1 << 20, ..Limits::default() };
        assert!(matches!(expand(&bomb, &ratio), Err(ArchiveError::Ratio { ratio: 200 })));
        let total = Limits { decompressed: 1 << 20, ..Limits::default() };
        assert!(matches!(expand(&bomb, &total), Err(ArchiveError::Decompressed { .. })));
        let size = Limits { compressed: 10, ..Limits::default() };
        assert!(matches!(expand(&bomb, &size), Err(ArchiveError::Compressed { limit: 10 })));
    }

    #[test]
    fn a_window_that_takes_too_much_memory_is_refused() {
        // A frame header that asks for 2 GiB: magic, no flags, window descriptor 21 << 3.
        let greedy = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 21 << 3, 0x01, 0x00, 0x00];
        let error = expand(&greedy, &Limits::default()).unwrap_err();
        assert!(matches!(&error, ArchiveError::Zstd { problem } if problem.contains("memory")), "{error}");
    }
}
