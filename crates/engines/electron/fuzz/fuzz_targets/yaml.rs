//! Any text that is written into a feed is read back as it was, by a reader that is not ours.
#![no_main]

use keyway_archive::yaml::{Yaml, YamlLimits};
use keyway_engine_electron::quoted;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let document = format!("key: {}\n", quoted(text));
    let limits = YamlLimits { bytes: usize::MAX, ..YamlLimits::default() };
    let yaml = Yaml::parse(document.as_bytes(), &limits).expect("what is written is YAML");
    assert_eq!(yaml.root().get("key").and_then(|value| value.text()), Some(text));
});
