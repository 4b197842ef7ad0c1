//! Manifests of packages and bundles: never panics, and what is kept of one reads back.
#![no_main]

use keyway_archive::appx::Manifest;
use keyway_engine_msix::Identity;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for manifest in [Manifest::Package(bytes.to_vec()), Manifest::Bundle(bytes.to_vec())] {
        if let Ok(identity) = Identity::read(&manifest) {
            assert_eq!(Identity::of(&identity.kept()), Some(identity));
        }
    }
});
