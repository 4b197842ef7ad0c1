//! The grammar of feeds and files: never panics, and what it accepts reads back from its canonical path.
#![no_main]

use http::{HeaderMap, Method};
use keyway_engine::Head;
use keyway_engine_electron::Op;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|path: &str| {
    let headers = HeaderMap::new();
    let parse = |path| Op::parse(&Head { method: &Method::GET, path, query: "", headers: &headers }).ok();
    if let Some(op) = parse(path) {
        if let Op::File { name, .. } = &op {
            assert!(name.split('/').all(|part| !matches!(part, "" | "." | "..")));
        }
        assert_eq!(parse(&op.path()), Some(op));
    }
});
