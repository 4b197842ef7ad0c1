//! The JSON:API: one interpreter over the declared resources, hooks with empty defaults for the rules of each
//! type, and hand-written actions, one file each (DESIGN §7).
//!
//! It decides nothing about access itself (`access` does), holds no SQL (`store` does) and knows no sockets:
//! [`Api::handle`] takes a request with its body and gives an answer.

mod analytics;
mod answer;
mod api;
mod call;
mod caller;
mod contract;
mod daily;
mod distribution;
mod draft;
mod endpoint;
mod endpoints;
mod event;
mod gate;
mod hooks;
mod interpreter;
mod licensing;
mod log;
mod message;
mod openapi;
mod pace;
mod path;
mod read_by_id;
mod refusal;
mod reply;
mod router;
mod search;
mod session;
mod short_link;
mod subject;
mod touch;
mod version;
mod webhooks;
mod work;

pub use api::{Api, ApiParts, PublicUrls};
pub use distribution::{BlobRefusal, Push, Wish};
pub use message::{ApiBody, ApiFile, ApiRequest, ApiResponse, BODY_LIMIT, ShortLink};
pub use webhooks::ApiTeller;
