//! The front end: sockets, TLS and HTTP, and the way of a request from its head to its bytes (DESIGN §3).
//!
//! `place` finds the surface, the surface answers, errors become the surface's own form in one place each
//! ([`ApiError`](keyway_jsonapi::ApiError) for the JSON:API, the engine's `refuse` for engines, a line of text
//! for signed URLs and operators). The crate decides nothing about access and renders no document itself; it
//! deliberately knows no database and, of the JSON:API, only the trait [`JsonApi`].

mod access_log;
mod answer;
mod appended;
mod arriving;
mod beside;
mod blobs;
mod body;
mod conditional;
mod disposition;
mod document;
mod encoding;
mod engines;
mod exchange;
mod failures;
mod file;
mod firsts;
mod front;
mod hosts;
mod incoming;
mod jsonapi;
mod network;
mod operations;
mod place;
mod polls;
mod range;
mod rates;
mod registry;
mod request_id;
mod request_log;
mod server;
mod settings;
mod signature;
mod stillness;
#[cfg(feature = "test-support")]
mod support;
mod telemetry;
mod tls;
#[cfg(test)]
mod toy;
mod updates;
mod url_token;
mod watch;

pub use blobs::{Refusal, Served, Uploads};
pub use body::Body;
pub use conditional::{none_match_names, range_applies};
pub use disposition::attachment;
pub use encoding::takes_gzip;
pub use engines::{Push, Wish};
pub use exchange::Connection;
pub use front::FrontParts;
pub use hosts::{Arrival, Hosts, HostsError};
pub use jsonapi::{ApiAnswer, ApiAnswerBody, ApiCall, Boxed, JsonApi, ShortLink};
pub use network::{Network, NetworkError};
pub use operations::Readiness;
pub use place::{Operation, Place, Root, RootKind, place};
pub use range::{Backwards, Ranges, Span};
pub use rates::{RateLimits, RateLimitsError, Window};
pub use registry::Registry;
pub use server::{Server, ServerError};
pub use settings::{AccessLog, Limits, Settings, TlsPem};
#[cfg(feature = "test-support")]
pub use support::{TestCall, TestSupport};
pub use telemetry::Telemetry;
