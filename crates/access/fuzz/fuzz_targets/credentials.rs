//! Credentials in headers and queries: never panic, and `Debug` says the same whatever their secrets.
#![no_main]

use http::{HeaderMap, HeaderValue, header};
use keyway_access::{Presented, Surface, credentials};
use keyway_base::Secret;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (&[u8], &str, bool)| {
    let (authorization, query, engine) = input;
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_bytes(authorization) {
        headers.insert(header::AUTHORIZATION, value);
    }
    let surface = if engine { Surface::Engine } else { Surface::Api };
    let Ok(presented) = credentials(&headers, query, surface) else { return };
    if let Some(credential) = presented.credential() {
        let mut other = credential.clone();
        other.secret = Secret::new("another".to_owned());
        other.user = other.user.map(|_| Secret::new("another".to_owned()));
        assert_eq!(format!("{presented:?}"), format!("{:?}", Presented::One(other)), "a secret was printed");
    }
});
