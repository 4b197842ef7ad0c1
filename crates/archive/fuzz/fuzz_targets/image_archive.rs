//! Archives of images: tars as they are, and tars around files that the input chooses.
#![no_main]

use std::collections::HashMap;
use std::io::{self, Cursor};

use keyway_archive::Limits;
use keyway_archive::oci::{Plan, Sink, image_archive};
use keyway_base::{ContentAlgorithm, ContentDigest};
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Sizes {
    open: Option<(u64, u64)>,
    whole: HashMap<ContentDigest, u64>,
}

impl Sink for Sizes {
    fn begin(&mut self, _: ContentAlgorithm, size: u64) -> io::Result<()> {
        assert!(self.open.replace((size, 0)).is_none(), "one blob at a time");
        Ok(())
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.open.as_mut().expect("a blob has begun").1 += bytes.len() as u64;
        Ok(())
    }
    fn end(&mut self, digest: &ContentDigest) -> io::Result<()> {
        let (size, written) = self.open.take().expect("a blob has begun");
        assert_eq!(size, written);
        self.whole.insert(*digest, size);
        Ok(())
    }
}

fn check(bytes: &[u8]) {
    let limits = Limits { decompressed: 1 << 22, entries: 200, ..Limits::image() };
    let mut sink = Sizes::default();
    let Ok(plan) = image_archive::read(&mut Cursor::new(bytes), &mut sink, &limits) else { return };
    let Plan { manifests, blobs, roots, .. } = &plan;
    let is_taken = |digest| manifests.iter().any(|manifest| manifest.digest == digest);
    assert!(!roots.is_empty() && roots.iter().all(|root| is_taken(root.digest)));
    assert!(blobs.iter().all(|blob| sink.whole.get(&blob.digest) == Some(&blob.size)));
    assert!(manifests.iter().all(|manifest| !manifest.bytes.is_empty()));
}

/// Files at the paths that mean something, cut from the input at its zero bytes.
fn around(data: &[u8]) -> Vec<u8> {
    let paths = ["oci-layout", "index.json", "manifest.json", "c.json", "a.tar", "v/layer.tar", "top/Chart.yaml"];
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in paths.iter().zip(data.split(|byte| *byte == 0)) {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        tar.append_data(&mut header, path, content).expect("memory takes everything");
    }
    tar.into_inner().expect("memory takes everything")
}

fuzz_target!(|data: &[u8]| {
    check(data);
    check(&around(data));
});
