//! Request bodies: never panic, and folding is done once: a folded body reads back as itself.
#![no_main]

use keyway_jsonapi::parse_body;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Ok(body) = parse_body(input) {
        let again = serde_json::to_vec(&body).expect("a map of JSON values is JSON");
        assert_eq!(parse_body(&again).ok(), Some(body));
    }
});
