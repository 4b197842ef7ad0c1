//! NuGet packages: the zip around the description, and the description.
#![no_main]

use std::io::Cursor;

use keyway_archive::{Limits, nupkg};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { decompressed: 1 << 20, entries: 100, member: 4096, ..Limits::nupkg() };
    let looks_whole = nupkg::looks_whole(&mut Cursor::new(data)).expect("bytes in memory can be read");
    if let Ok(spec) = nupkg::read_within(&mut Cursor::new(data), &limits) {
        assert!(looks_whole);
        assert!(!spec.id.is_empty() && !spec.version.is_empty());
    }
});
