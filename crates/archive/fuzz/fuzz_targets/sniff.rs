//! The first bytes of anything.
#![no_main]

use keyway_archive::sniff;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for name in ["a", "a.gem", "a.dmg", "a.json", "a.yml"] {
        assert!(sniff(data, name).media_type().contains('/'));
    }
});
