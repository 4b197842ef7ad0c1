//! Versions of every ecosystem: parsing never panics, orders are antisymmetric, equality agrees with keys.
#![no_main]

use keyway_versions::{Scheme, parse};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, &str, &str)| {
    let (scheme, left, right) = input;
    let scheme = [Scheme::Semver, Scheme::Npm, Scheme::Pep440, Scheme::Gem][usize::from(scheme % 4)];
    if let (Ok(left), Ok(right)) = (parse(scheme, left), parse(scheme, right)) {
        assert_eq!(left.cmp(&right), right.cmp(&left).reverse());
        assert_eq!(left == right, left.key() == right.key());
    }
});
