//! What the catalogue loads for a credential: the records behind it, undecided.

use std::collections::BTreeSet;

use keyway_base::{EntitlementId, UserId};
use keyway_domain::resources::{Environment, License, Policy, Product, Token, User};

/// The records behind a credential that was found.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// How it was presented.
    pub by: PresentedAs,
    /// Whom it speaks for.
    pub speaker: Speaker,
}

/// What the secret turned out to be.
#[derive(Debug, Clone)]
pub enum PresentedAs {
    /// A token; this is its record.
    Token(Box<Token>),
    /// A session; this is the record of its token.
    Session(Box<Token>),
    /// A licence's key.
    LicenseKey,
    /// A user's e-mail and password, already checked (token generation only).
    Password,
}

/// Whom a credential speaks for.
#[derive(Debug, Clone)]
pub enum Speaker {
    /// A user, with every licence that they own or are attached to, oldest first.
    User(Box<User>, Vec<LicenseRecords>),
    /// A product.
    Product(Box<Product>),
    /// An environment.
    Environment(Box<Environment>),
    /// A licence.
    License(Box<LicenseRecords>),
}

/// A licence and what its access depends on.
#[derive(Debug, Clone)]
pub struct LicenseRecords {
    /// The licence.
    pub license: License,
    /// Its policy.
    pub policy: Policy,
    /// Its owner, if it has one.
    pub owner: Option<User>,
    /// The users attached to it beside the owner.
    pub users: Vec<UserId>,
    /// The entitlements of the licence and of its policy together.
    pub entitlements: BTreeSet<EntitlementId>,
}
