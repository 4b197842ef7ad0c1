//! The grammar of images and control files: never panics, and what it accepts names a package and a file.
#![no_main]

use http::{HeaderMap, Method};
use keyway_engine::Head;
use keyway_engine_zsync::Op;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|path: &str| {
    let headers = HeaderMap::new();
    if let Ok(op) = Op::parse(&Head { method: &Method::GET, path, query: "", headers: &headers }) {
        assert!(!op.package.is_empty());
    }
});
