//! Credentials in headers and queries: never panic, and never show a secret in `Debug`.
#![no_main]

use http::{HeaderMap, HeaderValue, header};
use keyway_access::{Surface, credentials};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &str, bool)| {
    let (authorization, query, engine) = input;
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(authorization) {
        headers.insert(header::AUTHORIZATION, value);
    }
    let surface = if engine { Surface::Engine } else { Surface::Api };
    if let Ok(presented) = credentials(&headers, query, surface) {
        let shown = format!("{presented:?}");
        if let Some(credential) = presented.credential().filter(|credential| credential.secret.expose().len() > 24) {
            assert!(!shown.contains(credential.secret.expose().as_str()), "a secret was printed");
        }
    }
});
