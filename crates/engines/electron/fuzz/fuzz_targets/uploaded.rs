//! Whatever a vendor uploads as a feed or an AppImage is taken in or refused, and never panics.
#![no_main]

use keyway_engine::testing::take_in;
use keyway_engine_electron::ElectronEngine;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for name in ["latest.yml", "other.yml", "App.AppImage"] {
        if let Ok(artifact) = take_in(&ElectronEngine, "app", "1.0.0", name, bytes) {
            for manifest in artifact.manifests.iter() {
                // written anew, letters may be escaped and aliases are what they name
                let limit = if manifest.kind.ends_with("versioned") { 8 << 20 } else { bytes.len().max(20) };
                assert!(manifest.bytes.len() <= limit);
            }
        }
    }
});
