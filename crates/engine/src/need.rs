//! What an operation needs to know before it can be answered.

/// The answer to "what must be looked up for this operation?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need<'o> {
    /// Nothing: a ping, public keys, a bare redirect. No credential is asked for.
    Nothing,
    /// A caller whose credential is good, but no package: `whoami`.
    Caller,
    /// One package of this engine, by its *normalised* key.
    Package {
        /// The normalised key.
        key: &'o str,
    },
    /// Releases of a product: those of one of its packages, or those without a package (the raw engine).
    Product {
        /// Product id or code, decoded.
        product: &'o str,
        /// Package id or key, decoded; `None` asks for the releases without a package.
        package: Option<&'o str>,
    },
    /// The names of every package of this engine that the caller may see.
    Names,
}
