//! A gzip reader that keeps to limits: one member, nothing after it, checksum verified.

use std::io::{self, BufRead, BufReader, Read};

use flate2::bufread::GzDecoder;

use crate::metered::{Metered, blame};
use crate::{ArchiveError, Limits};

/// Wraps `source` in a [`Gunzip`].
pub fn gunzip<R: Read>(source: R, limits: &Limits) -> Gunzip<R> {
    let metered = Metered::new(source, limits.compressed);
    Gunzip { decoder: GzDecoder::new(BufReader::new(metered)), limits: *limits, produced: 0, ended: false }
}

/// Decompresses one gzip member; its errors are [`ArchiveError`]s inside `io::Error` and come out again through
/// `ArchiveError::from`.
///
/// Reading to the end is what verifies the checksum and that nothing follows.
#[derive(Debug)]
pub struct Gunzip<R> {
    decoder: GzDecoder<BufReader<Metered<R>>>,
    limits: Limits,
    produced: u64,
    ended: bool,
}

impl<R: Read> Gunzip<R> {
    /// How many bytes have come out so far.
    pub fn produced(&self) -> u64 {
        self.produced
    }

    fn refuse_what_follows(&mut self) -> io::Result<()> {
        let rest = self.decoder.get_mut().fill_buf()?;
        match rest {
            [] => Ok(()),
            [0x1f, 0x8b, ..] => {
                Err(ArchiveError::Gzip { problem: "it has more than one member".to_owned() }.into())
            }
            _ => Err(ArchiveError::TrailingData { after: "gzip stream" }.into()),
        }
    }
}

impl<R: Read> Read for Gunzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.ended || buffer.is_empty() {
            return Ok(0);
        }
        let count = self.decoder.read(buffer).map_err(|error| blame(error, in_our_words))?;
        if count == 0 {
            self.refuse_what_follows()?;
            self.ended = true;
        }
        self.produced += count as u64;
        self.limits.check_expansion(self.decoder.get_ref().get_ref().so_far(), self.produced)?;
        Ok(count)
    }
}

fn in_our_words(error: &io::Error) -> ArchiveError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ArchiveError::Truncated { what: "gzip stream" },
        _ => ArchiveError::Gzip { problem: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(content: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(content).unwrap();
        encoder.finish().unwrap()
    }

    fn inflate(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, ArchiveError> {
        let mut out = Vec::new();
        gunzip(bytes, limits).read_to_end(&mut out)?;
        Ok(out)
    }

    #[test]
    fn one_good_member_is_read() {
        assert_eq!(inflate(&gzip(b"hello"), &Limits::default()).unwrap(), b"hello");
    }

    #[test]
    fn what_follows_the_member_is_refused() {
        let two = [gzip(b"a"), gzip(b"b")].concat();
        let error = inflate(&two, &Limits::default()).unwrap_err();
        assert_eq!(error.to_string(), "not a valid gzip file: it has more than one member");
        let tail = [gzip(b"a"), b"tail".to_vec()].concat();
        assert!(matches!(inflate(&tail, &Limits::default()), Err(ArchiveError::TrailingData { .. })));
        let zeros = [gzip(b"a"), vec![0; 512]].concat();
        assert!(matches!(inflate(&zeros, &Limits::default()), Err(ArchiveError::TrailingData { .. })));
    }

    #[test]
    fn every_cut_is_refused() {
        let whole = gzip(b"some content that is compressed");
        for end in 0..whole.len() {
            let error = inflate(whole.get(..end).unwrap(), &Limits::default()).unwrap_err();
            assert!(matches!(error, ArchiveError::Truncated { .. }), "cut at {end}: {error}");
        }
    }

    #[test]
    fn a_wrong_checksum_or_length_is_refused() {
        let good = gzip(b"some content");
        for back in 1..=8 {
            let mut bytes = good.clone();
            let at = bytes.len() - back;
            *bytes.get_mut(at).unwrap() ^= 1;
            assert!(matches!(inflate(&bytes, &Limits::default()), Err(ArchiveError::Gzip { .. })), "-{back}");
        }
        assert!(matches!(
            inflate(b"PK\x03\x04 not gzip", &Limits::default()),
            Err(ArchiveError::Gzip { .. })
        ));
    }

    #[test]
    fn a_bomb_is_stopped_by_ratio_and_by_total() {
        let bomb = gzip(&vec![0; 4 << 20]);
        let ratio = Limits { ratio_floor: 1 << 20, ..Limits::default() };
        assert!(matches!(inflate(&bomb, &ratio), Err(ArchiveError::Ratio { ratio: 200 })));
        let total = Limits { decompressed: 1 << 20, ..Limits::default() };
        assert!(matches!(inflate(&bomb, &total), Err(ArchiveError::Decompressed { .. })));
        let size = Limits { compressed: 10, ..Limits::default() };
        assert!(matches!(inflate(&bomb, &size), Err(ArchiveError::Compressed { limit: 10 })));
    }

    struct Failing;
    impl Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the disk went away"))
        }
    }

    #[test]
    fn a_failing_source_is_not_blamed_on_the_archive() {
        let head = gzip(b"hello");
        let source = head.get(..8).unwrap().chain(Failing);
        let error = gunzip(source, &Limits::default()).read_to_end(&mut Vec::new()).unwrap_err();
        assert!(ArchiveError::from(error).is_source_failure());
    }
}
