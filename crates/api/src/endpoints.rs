//! Every endpoint there is.

use crate::endpoint::Endpoint;
use crate::{analytics, distribution, licensing, log, openapi, search, webhooks};

/// Every endpoint, in the order of the documentation.
pub(crate) fn all() -> impl Iterator<Item = &'static Endpoint> {
    let files = [
        licensing::ENDPOINTS,
        distribution::ENDPOINTS,
        webhooks::ENDPOINTS,
        log::ENDPOINTS,
        search::ENDPOINTS,
        analytics::ENDPOINTS,
        openapi::ENDPOINTS,
    ];
    files.into_iter().flatten()
}
