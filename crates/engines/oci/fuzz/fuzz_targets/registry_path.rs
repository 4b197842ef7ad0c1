//! The grammar of the registry's URLs: never panics, and what it accepts reads back from its canonical target.
#![no_main]

use http::{HeaderMap, Method};
use keyway_engine::{Engine, Head};
use keyway_engine_oci::{Op, OciEngine};
use libfuzzer_sys::fuzz_target;

fn parse(method: &Method, target: &str) -> Option<Op> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Op::parse(&Head { method, path, query, headers: &HeaderMap::new() }).ok()
}

fuzz_target!(|input: (u8, &str)| {
    let (method, target) = input;
    let methods = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let Some(method) = methods.get(usize::from(method) % methods.len()) else { return };
    let Some(op) = parse(method, target) else { return };
    if let Some(scope) = OciEngine.scope(&op) {
        assert!(!scope.repository.contains(['%', ':', ' ', '"']) && !scope.repository.contains(".."));
    }
    if let Some((method, target)) = op.target() {
        assert_eq!(parse(&method, &target), Some(op));
    }
});
