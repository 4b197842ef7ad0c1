//! The grammar of App Installer files and packages: never panics, and the address of a file reads back.
#![no_main]

use http::{HeaderMap, Method};
use keyway_engine::Head;
use keyway_engine_msix::Op;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: (&str, &str)| {
    let headers = HeaderMap::new();
    let parse = |path, query| Op::parse(&Head { method: &Method::GET, path, query, headers: &headers }).ok();
    if let Some(Op::File(file)) = parse(text.0, text.1) {
        assert_eq!(parse(&file.path(), ""), Some(Op::File(file)));
    }
});
