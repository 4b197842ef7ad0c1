//! Core metadata, strict JSON and file names: texts that vendors write.
#![no_main]

use keyway_archive::{CoreMetadata, SdistName, WheelName, parse_object_strict};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    if let Ok(metadata) = CoreMetadata::parse(data) {
        assert!(!metadata.name().is_empty() && !metadata.version().is_empty());
    }
    let _ = parse_object_strict(data, 32);
    if let Ok(text) = std::str::from_utf8(data) {
        if let Ok(name) = WheelName::parse(text) {
            assert_eq!(name.to_string(), text);
        }
        if let Ok(name) = SdistName::parse(text) {
            assert_eq!(name.to_string(), text);
        }
    }
});
