//! Zip, and what is around it in a wheel.
#![no_main]

use std::io::Cursor;

use keyway_archive::{Limits, WheelName, wheel, zipfile::ZipFile};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let limits = Limits { decompressed: 1 << 20, entries: 100, member: 4096, ..Limits::wheel() };
    if let Ok(mut zip) = ZipFile::open(&mut Cursor::new(data), &limits) {
        assert!(zip.members().len() as u64 <= limits.entries && zip.unpacked_size() <= limits.decompressed);
        let _ = zip.verify();
    }
    let name = WheelName::parse("a-1-py3-none-any.whl").expect("a well-formed name");
    if let Ok(wheel) = wheel::read_within(&mut Cursor::new(data), &name, &limits) {
        assert!(wheel.metadata.len() as u64 <= limits.member);
    }
});
