//! Where documents are rendered for: the base URL and the account's public face.

/// What rendering may use beside the view. Everything in here is part of the document cache's key.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// The engine's public root without a trailing slash, such as `https://npm.pkg.example.com`.
    pub base: &'a str,
    /// Where the engine is reached.
    pub site: Site<'a>,
    /// The account's display name.
    pub account: &'a str,
    /// The caller's display name (`license` and the licence's name or id); empty for anonymous ones. Only
    /// operations that need [`crate::Need::Caller`] may use it.
    pub caller: &'a str,
    /// The account's package signing key.
    pub signer: &'a dyn PackageSigner,
    /// Where unknown Python names may be asked for, when the operator allows pass-through.
    pub upstream: Option<&'a str>,
}

/// Where an engine is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site<'a> {
    /// The public origin of the host, without a trailing slash.
    pub origin: &'a str,
    /// The account's segment of the path, where it has one.
    pub account: Option<&'a str>,
}

/// Signs package metadata with the account's ECDSA P-256 key.
pub trait PackageSigner: Send + Sync {
    /// A DER signature (ECDSA P-256, SHA-256) over `message`.
    ///
    /// # Errors
    /// The text says what failed; the caller logs it and leaves the signature out.
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String>;
    /// The public key as SubjectPublicKeyInfo, DER.
    fn public_key(&self) -> &[u8];
}
