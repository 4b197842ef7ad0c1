//! What the signature of an answer costs (`licensing.md` §1.10), which every answer of the JSON:API carries:
//!
//! ```text
//! cargo run --release -p keyway-crypto --example signature
//! ```
//!
//! A line for each length of the body: its digest and the signature of that together.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use keyway_base::AccountId;
use keyway_crypto::account_keys::{AccountKeys, SignatureAlgorithm};
use keyway_crypto::digest::sha256;
use keyway_crypto::http_signature::SignedParts;

const ROUNDS: u32 = 20_000;

#[expect(clippy::disallowed_methods, reason = "a measurement reads the time itself")]
fn main() -> Result<(), Box<dyn Error>> {
    let keys = AccountKeys::generate()?;
    let account: AccountId = "0190163d-8694-739b-aea5-966c26f8ad91".parse()?;
    for length in [0, 2_500, 25_000] {
        let body = vec![b'x'; length];
        let begun = Instant::now();
        for _ in 0..ROUNDS {
            let parts = SignedParts {
                method: "POST",
                target: "/v1/licenses/actions/validate-key",
                host: "api.example.com",
                date: "Sun, 22 Nov 2026 03:29:13 GMT",
                body: sha256(black_box(&body)),
            };
            black_box(parts.sign(&keys, account, SignatureAlgorithm::Ed25519)?);
        }
        println!("{length:>6} bytes: {:.1} µs", begun.elapsed().as_secs_f64() * 1e6 / f64::from(ROUNDS));
    }
    Ok(())
}
