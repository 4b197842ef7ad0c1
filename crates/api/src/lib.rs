//! The JSON:API: one interpreter over the declared resources, hooks with empty defaults for the rules of each
//! type, and hand-written actions, one file each (DESIGN §7).
//!
//! It decides nothing about access itself (`access` does), holds no SQL (`store` does) and knows no sockets:
//! [`Api::handle`] takes a request with its body and gives an answer.

mod message;

pub use message::{ApiBody, ApiFile, ApiRequest, ApiResponse, BODY_LIMIT};
