//! The grammar of addresses: never panics, and a file's address reads back from its canonical path.
#![no_main]

use http::{HeaderMap, Method};
use keyway_engine::Head;
use keyway_engine_tauri::Op;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (path, query) = input;
    let headers = HeaderMap::new();
    let parse = |path, query| Op::parse(&Head { method: &Method::GET, path, query, headers: &headers }).ok();
    if let Some(Op::File(file)) = parse(path, query) {
        assert_eq!(parse(&file.path(), ""), Some(Op::File(file)));
    }
});
