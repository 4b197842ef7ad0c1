//! Signatures and keys of strangers: never panics, and what is read reads back as the updater is told it.
#![no_main]

use keyway_engine_tauri::{PublicKey, Signature};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let _ = PublicKey::read(text);
    if let Some(signature) = Signature::read(text) {
        assert_eq!(Signature::read(&signature.encoded()), Some(signature));
    }
});
