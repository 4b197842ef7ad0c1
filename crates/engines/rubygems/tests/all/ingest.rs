//! Gems on their way in.

use keyway_engine::testing::take_in;
use keyway_engine_rubygems::RubygemsEngine;

use crate::{fixture, inflate};

fn refusal(key: &str, version: &str, bytes: &[u8]) -> String {
    take_in(&RubygemsEngine, key, version, "a.gem", bytes).unwrap_err().0
}

fn golden(file: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/golden/{file}.marshal", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The gemspec that the quick index serves.
fn quick(name: &str, version: &str, file: &str) -> Vec<u8> {
    let artifact = take_in(&RubygemsEngine, name, version, file, &fixture(file)).unwrap();
    inflate(&artifact.manifest("gemspec.rz").unwrap().bytes)
}

#[test]
fn gemspecs_are_byte_for_byte_what_ruby_dumps() {
    let native = quick("acme-native", "1.0.0", "acme-native-1.0.0-x86_64-linux.gem");
    assert_eq!(native, golden("acme-native-1.0.0-x86_64-linux"));
    // Ruby names its second `ruby` as the first one's twin; here it is spelt out.
    let ours = quick("acme-widget", "1.0.0", "acme-widget-1.0.0.gem");
    let (link, spelt) = (&b"T@\x1e["[..], &b"TI\"\x09ruby\x06;\x00T["[..]);
    let theirs = golden("acme-widget-1.0.0");
    let at = theirs.windows(link.len()).position(|window| window == link).unwrap();
    let mut expected = [&theirs[..at], spelt, &theirs[at + link.len()..]].concat();
    // The length of the inner stream stands after the class: three digits of it in two bytes.
    let length_at = b"\x04\x08u:\x17Gem::Specification\x02".len();
    let length = (expected.len() - length_at - 2) as u16;
    expected[length_at..length_at + 2].copy_from_slice(&length.to_le_bytes());
    assert_eq!(ours, expected);
}

#[test]
fn a_gem_has_to_be_of_its_package_and_release() {
    let bytes = fixture("acme-widget-1.0.0.gem");
    assert!(take_in(&RubygemsEngine, "acme-widget", "1.0", "any.gem", &bytes).is_ok(), "1.0 is 1.0.0");
    assert_eq!(
        refusal("acme.base", "1.0.0", &bytes),
        "the gemspec's name is `acme-widget`, but the package is `acme.base`"
    );
    assert_eq!(
        refusal("acme-widget", "1.0.1", &bytes),
        "the gemspec's version is `1.0.0`, but the release's version is `1.0.1`"
    );
}

#[test]
fn what_is_no_whole_gem_is_refused() {
    let good = fixture("acme-widget-1.0.0.gem");
    assert!(refusal("acme-widget", "1.0.0", b"").contains("cut short"));
    assert!(refusal("acme-widget", "1.0.0", &[b'x'; 2048]).contains("tar"));
    // One declared digit changed, with the gzip around it whole: fixtures are stored in fixed codes.
    let swapped = [&good[..512], &good[512..]].concat();
    assert!(take_in(&RubygemsEngine, "acme-widget", "1.0.0", "a.gem", &swapped).is_ok());
    let mut damaged = good.clone();
    damaged[600] ^= 0xff;
    assert!(!refusal("acme-widget", "1.0.0", &damaged).is_empty());
}
