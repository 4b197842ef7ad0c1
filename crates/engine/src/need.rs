//! What an operation needs to know before it can be answered.

use keyway_base::RecordId;

use crate::TokenWish;

/// The answer to "what must be looked up for this operation?".
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need<'o> {
    /// Nothing: a ping, public keys, a bare redirect. No credential is asked for.
    Nothing,
    /// A caller whose credential is good, but no package: `whoami`.
    Caller,
    /// A caller who publishes (a token of a product, an environment or the team): no body of anybody else is read.
    Publisher,
    /// How an upload that grows stands, for the publisher who began it: the engine is told by
    /// [`crate::Engine::render`], as of a piece that has come.
    Upload {
        /// The *normalised* key of the package that it is for.
        package: &'o str,
        /// The upload.
        upload: RecordId,
    },
    /// One package of this engine, by its *normalised* key.
    Package {
        /// The normalised key.
        key: &'o str,
    },
    /// One package of this engine whose name the request leaves open: in `a-1-2.gem` the name is `a` or `a-1`.
    OneOf {
        /// Normalised keys, the likeliest first. The first package that [`crate::Engine::holds`] what is asked
        /// for is taken, else the first that there is.
        keys: &'o [String],
    },
    /// Releases of a product: those of one of its packages, or those without a package (the raw engine).
    Product {
        /// Product id or code, decoded.
        product: &'o str,
        /// Package id or key, decoded; `None` asks for the releases without a package.
        package: Option<&'o str>,
    },
    /// A token of a content-addressed registry. No other credential is asked for.
    Token(&'o TokenWish),
    /// The names of every package of this engine that the caller may see.
    Names,
    /// Every package of this engine that the caller may see, whole: for indexes that list versions too.
    Packages,
}
