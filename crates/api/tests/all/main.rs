//! The API through its front door: requests in, answers out, on a real store in a temporary directory.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests too")]

mod accounts;
mod analytics;
mod check_out;
mod distribution;
mod environments;
mod errors;
mod event_table;
mod events;
mod filters;
mod groups;
mod headers;
mod license_keys;
mod licenses;
mod logs;
mod machine_files;
mod machines;
mod matrix;
mod openapi;
mod passwords;
mod policies;
mod pool;
mod products;
mod races;
mod recover;
mod request_logs;
mod search;
mod second_factors;
mod sessions;
mod settings;
mod telling;
mod tokens;
mod transfers;
mod users;
mod validation;
mod validation_codes;
mod validation_kept;
mod versions;
mod webhooks;
mod world;
