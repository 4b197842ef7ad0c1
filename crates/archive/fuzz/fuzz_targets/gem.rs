//! Gems, and the YAML in them.
#![no_main]

use keyway_archive::gem::{self, Member, Witness};
use keyway_archive::{Limits, Yaml, YamlLimits, yaml::Node};
use libfuzzer_sys::fuzz_target;

struct Blind;
impl Witness for Blind {
    fn saw(&mut self, _: Member, _: &[u8]) {}
}

/// Counts nodes down to a depth that no document may exceed; aliases make more of them than there are.
fn walk(node: Node<'_>, depth: usize, budget: &mut usize) {
    assert!(depth <= 64);
    *budget = budget.saturating_sub(1);
    let _ = (node.tag(), node.text());
    for child in
        node.items().into_iter().flatten().chain(node.pairs().into_iter().flatten().map(|pair| pair.1))
    {
        if *budget > 0 {
            walk(child, depth + 1, budget);
        }
    }
}

fuzz_target!(|data: &[u8]| {
    let limits = Limits { decompressed: 1 << 20, entries: 100, member: 4096, ..Limits::gem() };
    if let Ok(gem) = gem::read_within(&mut &*data, &mut Blind, &limits) {
        assert!(gem.metadata.len() as u64 <= limits.member && gem.unpacked_size <= limits.decompressed);
    }
    let limits = YamlLimits { nodes: 1000, depth: 16, ..YamlLimits::default() };
    if let Ok(yaml) = Yaml::parse(data, &limits) {
        walk(yaml.root(), 0, &mut 10_000);
    }
});
