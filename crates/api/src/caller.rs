//! Who is asking: a principal that the catalogue shares, or one made for this request alone.

use std::ops::Deref;
use std::sync::Arc;

use keyway_access::Principal;
use keyway_catalog::Known;

/// The caller. It derefs to the principal.
#[derive(Clone)]
pub(crate) enum Caller {
    /// Found by a credential, shared.
    Known(Arc<Known<Principal>>),
    /// Made here: a user who gave a password.
    Own(Arc<Principal>),
}

impl Deref for Caller {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        match self {
            Self::Known(known) => known,
            Self::Own(own) => own,
        }
    }
}
