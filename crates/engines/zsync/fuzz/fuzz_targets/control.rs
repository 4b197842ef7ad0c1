//! Uploaded control files: never panics, and what is kept of one reads back.
#![no_main]

use keyway_engine_zsync::Control;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(control) = Control::parse(bytes) {
        let kept = control.kept();
        assert_eq!(Control::parse(&kept), Ok(control));
    }
});
