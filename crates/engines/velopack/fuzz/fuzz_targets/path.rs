//! The grammar of Velopack's addresses: never panics, and names no file in a folder.
#![no_main]

use http::{HeaderMap, Method};
use keyway_engine::Head;
use keyway_engine_velopack::{Op, What};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (path, query) = input;
    if let Ok(op) = Op::parse(&Head { method: &Method::GET, path, query, headers: &HeaderMap::new() }) {
        assert!(!op.package.is_empty());
        if let What::File { name } = op.what {
            assert!(!name.contains('/') && !matches!(name.as_str(), "" | "." | ".."));
        }
    }
});
