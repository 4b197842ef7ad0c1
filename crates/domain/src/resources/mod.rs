//! The resources, one declaration each. A declaration is the only place where a type's columns, attributes,
//! relations, filters and aliases are written down.

mod account;
mod artifact;
mod catalogue;
mod component;
mod content;
mod entitlement;
mod environment;
mod event_log;
mod filter;
mod group;
mod join;
mod license;
mod machine;
mod package;
mod package_tag;
mod policy;
mod pool_key;
mod process;
mod product;
mod release;
mod request_log;
mod rollout;
mod second_factor;
mod setting;
mod token;
mod usage_snapshot;
mod user;
mod webhook;

pub use account::{Account, Subscription};
pub use artifact::{Artifact, ArtifactStatus, Manifest, PartUpload};
pub use catalogue::{Arch, Channel, Engine, Platform};
pub use component::Component;
pub use content::{ContentBlob, ContentEdge, ContentManifest, ContentRoot, ContentTag, ContentUpload};
pub use entitlement::Entitlement;
pub use environment::{Environment, IsolationStrategy};
pub use event_log::EventLog;
pub use group::{Group, GroupOwner};
pub use join::{Constraint, LicenseEntitlement, LicenseUser, PolicyEntitlement};
pub use license::License;
pub use machine::Machine;
pub use package::Package;
pub use package_tag::PackageTag;
pub use policy::{
    AuthenticationStrategy, CheckInInterval, ComponentUniquenessStrategy, ExpirationBasis,
    ExpirationStrategy, HeartbeatBasis, HeartbeatCullStrategy, HeartbeatResurrectionStrategy,
    MachineLeasingStrategy, MachineUniquenessStrategy, MatchingStrategy, OverageStrategy, Policy,
    ProcessLeasingStrategy, RenewalBasis, Scheme, TransferStrategy,
};
pub use pool_key::PoolKey;
pub use process::Process;
pub use product::{DistributionStrategy, Product, PushStatus};
pub use release::{Release, ReleaseStatus};
pub use request_log::RequestLog;
pub use rollout::Rollout;
pub use second_factor::SecondFactor;
pub use setting::Setting;
pub use token::{BearerType, Token};
pub use usage_snapshot::UsageSnapshot;
pub use user::{User, UserRole};
pub use webhook::{WebhookEndpoint, WebhookEvent, WebhookStatus};

use keyway_jsonapi::{Declared, DecodeError, Record, Resource, fold_key};

/// The resource that a name means, in the singular or the plural, however its words are joined.
pub fn named(name: &str) -> Option<&'static Resource> {
    let name = fold_key(name);
    ALL.iter().copied().find(|resource| name == fold_key(resource.kind) || name == fold_key(resource.name))
}

/// Lists the resources once: their declarations, and their structs by name.
macro_rules! all {
    ($($name:ident),+ $(,)?) => {
        /// Every resource, in an order in which each refers only to earlier ones.
        pub const ALL: &[&Resource] = &[$($name::RESOURCE),+];

        /// Whether a record's values are all that its struct can hold.
        ///
        /// # Errors
        /// [`DecodeError`] names the column whose value is none of its type.
        pub fn decodes(record: &Record) -> Result<(), DecodeError> {
            $(if record.resource == $name::RESOURCE {
                return record.typed::<$name>().map(drop);
            })+
            Ok(())
        }
    };
}

all!(
    Account,
    Environment,
    Setting,
    Group,
    User,
    GroupOwner,
    SecondFactor,
    Product,
    Entitlement,
    Policy,
    PolicyEntitlement,
    PoolKey,
    License,
    LicenseEntitlement,
    LicenseUser,
    Machine,
    Component,
    Process,
    Token,
    Engine,
    Platform,
    Arch,
    Channel,
    Package,
    Release,
    Constraint,
    Rollout,
    Artifact,
    Manifest,
    PartUpload,
    PackageTag,
    ContentBlob,
    ContentManifest,
    ContentEdge,
    ContentTag,
    ContentRoot,
    ContentUpload,
    WebhookEndpoint,
    WebhookEvent,
    EventLog,
    RequestLog,
    UsageSnapshot,
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_known_by_every_form_of_their_name() {
        for (name, table) in [
            ("license", Some("licenses")),
            ("policies", Some("policies")),
            ("Policy", Some("policies")),
            ("request-logs", Some("request_logs")),
            ("EventLog", Some("event_logs")),
            ("licences", None),
            ("", None),
        ] {
            assert_eq!(named(name).map(|resource| resource.table), table, "{name}");
        }
    }
}
