//! The grammar of the index's URLs: never panics, and what it accepts reads back from its canonical path.
#![no_main]

use http::{HeaderMap, HeaderValue, Method, header::ACCEPT};
use keyway_engine::Head;
use keyway_engine_pypi::Op;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&str, &str)| {
    let (path, accept) = input;
    let mut headers = HeaderMap::new();
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(ACCEPT, accept);
    }
    let parse = |path| Op::parse(&Head { method: &Method::GET, path, query: "", headers: &headers }).ok();
    if let Some(op) = parse(path) {
        assert_eq!(parse(&op.path()), Some(op));
    }
});
