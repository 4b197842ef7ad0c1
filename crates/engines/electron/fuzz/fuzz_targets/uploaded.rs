//! Whatever a vendor uploads as a feed or an AppImage is taken in or refused, and never panics.
#![no_main]

use keyway_engine::testing::take_in;
use keyway_engine_electron::ElectronEngine;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for name in ["latest.yml", "other.yml", "App.AppImage"] {
        if let Ok(artifact) = take_in(&ElectronEngine, "app", "1.0.0", name, bytes) {
            assert!(artifact.manifests.iter().all(|manifest| manifest.bytes.len() <= bytes.len().max(20)));
        }
    }
});
