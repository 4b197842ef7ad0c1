//! One digest on its own: MD5 for clients that compare their copies by it, SHA-256 for what is compared alone.

use std::fmt;

use aws_lc_rs::digest as provider;
use md5::Digest as _;

use super::{Md5, Sha256};

/// The MD5 of bytes that are at hand.
pub fn md5(bytes: &[u8]) -> Md5 {
    Md5::new(md5::Md5::digest(bytes).into())
}

/// An MD5 that can be asked for after every piece: the digests of a document's beginnings.
#[derive(Clone, Default)]
pub struct RunningMd5(md5::Md5);

impl RunningMd5 {
    /// Takes in some more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    /// The digest of everything so far.
    pub fn so_far(&self) -> Md5 {
        Md5::new(self.0.clone().finalize().into())
    }
}

impl fmt::Debug for RunningMd5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunningMd5")
    }
}

/// A SHA-256 of what comes in pieces.
#[derive(Clone)]
pub struct RunningSha256(provider::Context);

impl RunningSha256 {
    /// Takes in some more bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
    /// The digest of everything.
    pub fn finish(self) -> Sha256 {
        Sha256::from_provider(self.0.finish().as_ref())
    }
}

impl Default for RunningSha256 {
    fn default() -> Self {
        Self(provider::Context::new(&provider::SHA256))
    }
}

impl fmt::Debug for RunningSha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RunningSha256")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test suite of RFC 1321.
    #[test]
    fn beginnings_have_the_digests_of_the_rfc() {
        let mut running = RunningMd5::default();
        assert_eq!(running.so_far().hex(), "d41d8cd98f00b204e9800998ecf8427e");
        running.update(b"a");
        assert_eq!(running.so_far().hex(), "0cc175b9c0f1b6a831c399e269772661");
        running.update(b"bc");
        assert_eq!(
            (running.so_far(), running.so_far().hex().as_str()),
            (md5(b"abc"), "900150983cd24fb0d6963f7d28e17f72")
        );
    }

    /// The example of FIPS 180-2.
    #[test]
    fn pieces_have_the_digest_of_the_whole() {
        let mut running = RunningSha256::default();
        running.update(b"a");
        running.update(b"bc");
        assert_eq!(
            running.finish().hex(),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
