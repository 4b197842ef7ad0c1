//! Random bytes for secrets.

/// `N` bytes from the operating system's generator, fit for keys and tokens.
///
/// # Panics
/// Never in practice: aws-lc ends the process itself when the system has no randomness to give.
#[must_use]
pub fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).expect("the provider aborts rather than fail to give random bytes");
    bytes
}
