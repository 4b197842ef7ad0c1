//! The two faces that credentials are shown to.

/// Where a request arrived. The readings of credentials differ (DESIGN §3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Surface {
    /// The JSON:API: the specified readings only.
    Api,
    /// A package engine: a licence key is accepted in every position a client can put it.
    Engine,
}
