//! The grammar of npm's URLs: never panics, and what it accepts reads back from its canonical path.
#![no_main]

use http::{HeaderMap, Method};
use keyway_engine::Head;
use keyway_engine_npm::{Form, Op};
use libfuzzer_sys::fuzz_target;

fn parse(method: &Method, target: &str) -> Option<Op> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Op::parse(&Head { method, path, query, headers: &HeaderMap::new() }).ok()
}

fuzz_target!(|input: (u8, &str)| {
    let (method, target) = input;
    let method = [Method::GET, Method::HEAD, Method::PUT, Method::POST, Method::DELETE][usize::from(method % 5)].clone();
    if let Some(op) = parse(&method, target) {
        assert!(!matches!(op, Op::Packument { form: Form::Abbreviated, .. }), "no Accept was sent");
        assert_eq!(parse(&op.method(), &op.path()), Some(op));
    }
});
