//! Effects that an engine asks for, and what it is told about them.

use keyway_base::Secret;

/// An effect asked for by an operation with a body.
#[derive(Debug)]
pub enum Act {
    /// None: answer as a read.
    Read,
    /// Check a credential that came in the body and say whether it holds.
    LogIn {
        /// The user name as typed; decides nothing.
        user: String,
        /// A licence key or a token.
        password: Secret<String>,
    },
}

/// What became of an [`Act`].
#[derive(Debug)]
pub enum Outcome {
    /// The credential holds; this is what the client is to send as a bearer from now on.
    LoggedIn {
        /// The credential to store.
        token: Secret<String>,
    },
}
