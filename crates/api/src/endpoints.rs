//! Every endpoint there is.

use crate::endpoint::Endpoint;
use crate::{distribution, licensing, log, search};

/// Every endpoint, in the order of the documentation.
pub(crate) fn all() -> impl Iterator<Item = &'static Endpoint> {
    licensing::ENDPOINTS.iter().chain(distribution::ENDPOINTS).chain(log::ENDPOINTS).chain(search::ENDPOINTS)
}
