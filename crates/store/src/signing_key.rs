//! The server's own keys for blob URLs. They live in the database so that every process agrees.

use keyway_base::{Secret, Timestamp};

/// A key that signs URLs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Named in every URL that it signs. The key with the highest id signs; the others only verify.
    pub id: u32,
    /// The HMAC key.
    pub secret: Secret<Vec<u8>>,
    /// When it was made.
    pub created_at: Timestamp,
}
