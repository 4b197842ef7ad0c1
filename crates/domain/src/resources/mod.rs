//! The resources, one declaration each. A declaration is the only place where a type's columns, attributes,
//! relations, filters and aliases are written down.

mod account;
mod artifact;
mod catalogue;
mod entitlement;
mod environment;
mod filter;
mod join;
mod license;
mod package;
mod policy;
mod product;
mod release;
mod token;
mod user;

pub use account::Account;
pub use artifact::{Artifact, ArtifactStatus, Manifest};
pub use catalogue::{Arch, Channel, Engine, Platform};
pub use entitlement::Entitlement;
pub use environment::{Environment, IsolationStrategy};
pub use join::{Constraint, LicenseEntitlement, LicenseUser, PolicyEntitlement};
pub use license::License;
pub use package::Package;
pub use policy::{
    AuthenticationStrategy, CheckInInterval, ComponentUniquenessStrategy, ExpirationBasis,
    ExpirationStrategy, HeartbeatBasis, HeartbeatCullStrategy, HeartbeatResurrectionStrategy,
    MachineLeasingStrategy, MachineUniquenessStrategy, MatchingStrategy, OverageStrategy, Policy,
    ProcessLeasingStrategy, RenewalBasis, Scheme, TransferStrategy,
};
pub use product::{DistributionStrategy, Product};
pub use release::{Release, ReleaseStatus};
pub use token::{BearerType, Token};
pub use user::{User, UserRole};

use keyway_jsonapi::{Declared, Resource};

/// Every resource, in an order in which each refers only to earlier ones.
pub const ALL: &[&Resource] = &[
    Account::RESOURCE,
    Environment::RESOURCE,
    User::RESOURCE,
    Product::RESOURCE,
    Entitlement::RESOURCE,
    Policy::RESOURCE,
    PolicyEntitlement::RESOURCE,
    License::RESOURCE,
    LicenseEntitlement::RESOURCE,
    LicenseUser::RESOURCE,
    Token::RESOURCE,
    Engine::RESOURCE,
    Platform::RESOURCE,
    Arch::RESOURCE,
    Channel::RESOURCE,
    Package::RESOURCE,
    Release::RESOURCE,
    Constraint::RESOURCE,
    Artifact::RESOURCE,
    Manifest::RESOURCE,
];
