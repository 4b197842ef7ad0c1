//! Cryptography of the house: digests, tokens and licence keys, an account's signing keys, signatures on
//! responses and on npm packages, certificates of licence files, signed blob URLs, tokens of container registries,
//! passwords, one-time passwords.
//!
//! Everything here is a pure function of its arguments and the operating system's random numbers. The crate
//! deliberately knows nothing of HTTP types, storage or who may do what. The provider is aws-lc-rs; only MD5
//! (a checksum that PyPI asks for), argon2, and what licence keys of old need (bcrypt, RSA encryption with the
//! private key) come from elsewhere.

mod error;
mod fields;
mod pem;
mod random;
mod rsa_encrypt;
mod seal;

pub mod account_keys;
pub mod certificate;
pub mod digest;
pub mod ed25519;
pub mod http_signature;
pub mod legacy_key;
pub mod license_key;
pub mod machine_proof;
pub mod npm_signature;
pub mod password;
pub mod registry_token;
pub mod session;
pub mod signed_url;
pub mod sigv4;
pub mod token;
pub mod totp;

pub use error::CryptoError;
pub use random::random_bytes;

#[cfg(test)]
mod fixture;
