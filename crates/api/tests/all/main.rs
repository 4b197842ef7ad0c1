//! The API through its front door: requests in, answers out, on a real store in a temporary directory.

mod errors;
mod products;
mod world;
