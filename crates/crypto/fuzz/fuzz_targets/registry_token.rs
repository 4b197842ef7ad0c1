//! A stranger's text is no token, and what is sealed reads back as what it was, or not at all.

#![no_main]

use keyway_base::{Secret, Timestamp};
use keyway_crypto::registry_token::{self, Kind};
use keyway_crypto::signed_url::{KeyId, UrlKeys};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let keys = UrlKeys::new(KeyId(1), &Secret::new(vec![1; 32]));
    let now = Timestamp::from_micros(0);
    let text = String::from_utf8_lossy(bytes);
    for kind in [Kind::Access, Kind::Refresh] {
        assert!(registry_token::read(&keys, kind, &text, now).is_err());
        if let Some(token) = registry_token::read_payload(bytes, kind) {
            let written = registry_token::write(&keys, &token);
            let earliest = Timestamp::from_micros(i64::MIN);
            let read = registry_token::read(&keys, kind, written.expose(), earliest);
            assert!(token.expires == earliest || read.as_ref() == Ok(&token));
        }
    }
});
