//! MSIX packages: the end records, the directory, and the manifest that it leads to.
#![no_main]

use std::io::Cursor;

use keyway_archive::{Limits, appx};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { entries: 100, member: 4096, ..Limits::image() };
    if let Ok(appx::Manifest::Package(bytes) | appx::Manifest::Bundle(bytes)) =
        appx::read(&mut Cursor::new(data), &limits)
    {
        assert!(bytes.len() <= 4096);
    }
});
