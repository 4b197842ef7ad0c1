//! Query strings: brackets, percent-encoding and repetition never panic.
#![no_main]

use keyway_jsonapi::Query;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &str| {
    let first = Query::parse(input).ok();
    let second = Query::parse(input).ok();
    assert_eq!(first.is_some(), second.is_some());
});
