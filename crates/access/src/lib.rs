//! Every decision about who may do or see what (DESIGN §5), as pure functions.
//!
//! [`credentials`] reads what a request presents; [`authenticate`] turns the records behind it into a
//! [`Principal`]; [`authorize`] answers actions over tables and hands out [`Permit`]s; [`visible`] says which
//! records exist for a caller, and [`view`] which releases of a package. The crate deliberately knows no
//! database, no cache and no protocol: the catalogue loads, the store filters, the engines word refusals.

mod action;
mod authenticate;
mod authorize;
mod bearer;
mod credential;
mod environment;
mod failure;
mod package;
mod principal;
mod publisher;
mod registry;
mod rows;
mod rules;
mod surface;
mod target;
mod terms;
mod view;
mod visible;
#[cfg(any(test, feature = "worlds"))]
pub mod worlds;

pub use action::Action;
pub use authenticate::{authenticate, authenticate_bearer};
pub use authorize::{Asks, Denied, Permit, admit, authorize, permits, require};
pub use bearer::{Bearer, LicenseRecords, PresentedAs, Speaker};
pub use credential::{
    Candidate, Credential, CredentialError, CredentialScheme, Origin, OriginError, Presented, credentials,
    session, session_cookie, user_and_password,
};
pub use environment::EnvironmentView;
pub use failure::AuthFailure;
pub use package::{PackageListing, PackageSnapshot, ReleaseRule};
pub use principal::{LicenseGrant, Principal, TokenFacts, UserFacts, Who};
pub use publisher::publisher;
pub use registry::registry_actions;
pub use rows::{Rows, matches};
pub use surface::Surface;
pub use target::{Target, TokenBearer};
pub use view::{Seen, is_offered, may_list, names_class, pinned_channel, view, waiting};
pub use visible::{listed, opened, upgradable, visible};
