//! Access through its public face.

mod authentication;

mod scopes;
mod views;
