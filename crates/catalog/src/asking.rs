//! Who asks for something on an engine's surface, for those who carry it out.

use std::sync::Arc;

use keyway_access::{EnvironmentView, Principal};
use keyway_base::RequestId;

use crate::{AccountFacts, Known};

/// A request of an engine's client, placed: whose it is, and who sends it.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The account.
    pub account: Arc<AccountFacts>,
    /// The environment that the request works in.
    pub environment: EnvironmentView,
    /// Who asks.
    pub principal: Arc<Known<Principal>>,
    /// The engine whose client asks.
    pub engine: &'static str,
    /// Names the request, where it has a name.
    pub request: Option<RequestId>,
}
