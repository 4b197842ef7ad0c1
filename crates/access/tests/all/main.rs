//! Access through its public face.

mod authentication;
mod matrix;

mod refusals;
mod scopes;
mod sql;
mod views;
