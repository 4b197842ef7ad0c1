//! The grammar of manifests' addresses: never panics, and files have no way up in their names.
#![no_main]

use http::{HeaderMap, Method};
use keyway_engine::Head;
use keyway_engine_selfupdate::{Op, What};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (path, query) = input;
    if let Ok(op) = Op::parse(&Head { method: &Method::GET, path, query, headers: &HeaderMap::new() }) {
        assert!(!op.package.is_empty());
        if let What::File(file) = op.what {
            assert!(file.filename.split('/').all(|part| !matches!(part, "" | "." | "..")));
        }
    }
});
