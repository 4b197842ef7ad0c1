//! Gemspecs: never panics, and nothing in them breaks a line of the index.
#![no_main]

use keyway_engine_rubygems::Gemspec;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Ok(spec) = Gemspec::parse(data) else { return };
    let is_plain = |text: &str| !text.contains(['\n', ' ', ',', '|']);
    assert!(is_plain(&spec.full_name()));
    for dependency in &spec.dependencies {
        assert!(
            is_plain(dependency.name.as_str())
                && !dependency.requirement.compact().contains(['\n', ',', '|'])
        );
    }
});
