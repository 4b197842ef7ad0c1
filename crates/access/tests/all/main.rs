//! Access through its public face.

mod authentication;
mod matrix;
mod offered;

mod refusals;
mod scopes;
mod sql;
mod views;
