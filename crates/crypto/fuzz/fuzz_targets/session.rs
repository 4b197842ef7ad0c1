//! A stranger's text is no session, and what is sealed reads back as what it was.

#![no_main]

use keyway_base::Secret;
use keyway_crypto::session;
use keyway_crypto::signed_url::{KeyId, UrlKeys};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let keys = UrlKeys::new(KeyId(1), &Secret::new(vec![1; 32]));
    assert!(session::read(&keys, &String::from_utf8_lossy(bytes)).is_err());
    if let Some(found) = session::read_payload(bytes) {
        assert_eq!(session::read(&keys, session::write(&keys, &found).expose()), Ok(found));
    }
});
