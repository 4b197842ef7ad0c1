//! Access through its public face.

mod authentication;
mod matrix;

mod scopes;
mod sql;
mod views;
