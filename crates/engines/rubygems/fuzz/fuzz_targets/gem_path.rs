//! The grammar of the registry's URLs: never panics, and what it accepts reads back from its canonical path.
#![no_main]

use http::{HeaderMap, Method};
use keyway_engine::Head;
use keyway_engine_rubygems::{Op, Platform};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|path: &str| {
    let headers = HeaderMap::new();
    let parse = |path| Op::parse(&Head { method: &Method::GET, path, query: "", headers: &headers }).ok();
    if let Some(op) = parse(path) {
        assert_eq!(parse(&op.path()), Some(op));
    }
    let _ = Platform::parse(path).to_string();
});
