//! What is read through a record: lists below it, and the records it refers to.

use keyway_access::Action;
use keyway_domain::resources::BearerType;
use keyway_jsonapi::{Record, Scope};

use super::user::held_by;
use super::{
    Components, Entitlements, Environments, GroupOwners, Groups, Licenses, Machines, Policies, PoolKeys,
    Processes, Products, SecondFactors, Tokens, Users,
};
use crate::interpreter::{Nested, Related};

pub(super) static PRODUCT_POLICIES: Nested = Nested {
    parent: &Products,
    child: &Policies,
    action: Some(Action::ProductPoliciesList),
    scope: |product| Scope::id("product_id", product.id()),
};
pub(super) static PRODUCT_LICENSES: Nested = Nested {
    parent: &Products,
    child: &Licenses,
    action: Some(Action::ProductLicensesList),
    scope: |product| Scope::id("product_id", product.id()),
};
pub(super) static PRODUCT_MACHINES: Nested = Nested {
    parent: &Products,
    child: &Machines,
    action: Some(Action::ProductMachinesList),
    scope: |product| Scope::id("product_id", product.id()),
};
pub(super) static PRODUCT_USERS: Nested = Nested {
    parent: &Products,
    child: &Users,
    action: Some(Action::ProductUsersList),
    scope: |product| licensed(&Scope::id("product_id", product.id())),
};
pub(super) static PRODUCT_TOKENS: Nested = Nested {
    parent: &Products,
    child: &Tokens,
    action: Some(Action::ProductTokensList),
    scope: |product| tokens(BearerType::Product, product),
};
pub(super) static GROUP_USERS: Nested = Nested {
    parent: &Groups,
    child: &Users,
    action: Some(Action::GroupUsersList),
    scope: |group| Scope::id("group_id", group.id()),
};
pub(super) static GROUP_LICENSES: Nested = Nested {
    parent: &Groups,
    child: &Licenses,
    action: Some(Action::GroupLicensesList),
    scope: |group| Scope::id("group_id", group.id()),
};
pub(super) static GROUP_MACHINES: Nested = Nested {
    parent: &Groups,
    child: &Machines,
    action: Some(Action::GroupMachinesList),
    scope: |group| Scope::id("group_id", group.id()),
};
pub(super) static GROUP_OWNERS: Nested = Nested {
    parent: &Groups,
    child: &GroupOwners,
    action: Some(Action::GroupOwnersList),
    scope: |group| Scope::id("group_id", group.id()),
};
pub(super) static POLICY_LICENSES: Nested = Nested {
    parent: &Policies,
    child: &Licenses,
    action: Some(Action::PolicyLicensesList),
    scope: |policy| Scope::id("policy_id", policy.id()),
};
pub(super) static POLICY_ENTITLEMENTS: Nested = Nested {
    parent: &Policies,
    child: &Entitlements,
    action: Some(Action::PolicyEntitlementsList),
    scope: |policy| through("policy_entitlements", "policy_id", policy),
};
pub(super) static POLICY_POOL: Nested = Nested {
    parent: &Policies,
    child: &PoolKeys,
    action: Some(Action::PolicyPoolList),
    scope: |policy| Scope::id("policy_id", policy.id()),
};
pub(super) static LICENSE_ENTITLEMENTS: Nested = Nested {
    parent: &Licenses,
    child: &Entitlements,
    action: Some(Action::LicenseEntitlementsList),
    scope: |license| {
        let own = through("license_entitlements", "license_id", license);
        let policy = license.get("policy_id").as_id().map(|id| Scope::id("policy_id", id));
        own.or(Scope::has("policy_entitlements", "entitlement_id", policy.unwrap_or(Scope::None)))
    },
};
pub(super) static LICENSE_USERS: Nested = Nested {
    parent: &Licenses,
    child: &Users,
    action: Some(Action::LicenseUsersList),
    scope: |license| {
        let attached = Scope::has("license_users", "user_id", Scope::id("license_id", license.id()));
        let owner = license.get("owner_id").as_id().map(|id| Scope::id("id", id));
        owner.unwrap_or(Scope::None).or(attached)
    },
};
pub(super) static LICENSE_MACHINES: Nested = Nested {
    parent: &Licenses,
    child: &Machines,
    action: Some(Action::LicenseMachinesList),
    scope: |license| Scope::id("license_id", license.id()),
};
pub(super) static LICENSE_TOKENS: Nested = Nested {
    parent: &Licenses,
    child: &Tokens,
    action: Some(Action::LicenseTokensList),
    scope: |license| tokens(BearerType::License, license),
};
pub(super) static USER_PRODUCTS: Nested = Nested {
    parent: &Users,
    child: &Products,
    action: Some(Action::UserProductsList),
    scope: |user| Scope::has("licenses", "product_id", held_by(user.id())),
};
pub(super) static USER_LICENSES: Nested = Nested {
    parent: &Users,
    child: &Licenses,
    action: Some(Action::UserLicensesList),
    scope: |user| held_by(user.id()),
};
pub(super) static USER_MACHINES: Nested = Nested {
    parent: &Users,
    child: &Machines,
    action: Some(Action::UserMachinesList),
    scope: |user| {
        let of_licenses = Scope::belongs("licenses", "license_id", held_by(user.id()));
        Scope::id("owner_id", user.id()).or(of_licenses)
    },
};
pub(super) static USER_TOKENS: Nested = Nested {
    parent: &Users,
    child: &Tokens,
    action: Some(Action::UserTokensList),
    scope: |user| tokens(BearerType::User, user),
};
pub(super) static USER_SECOND_FACTORS: Nested = Nested {
    parent: &Users,
    child: &SecondFactors,
    action: Some(Action::UserSecondFactorsList),
    scope: |user| Scope::id("user_id", user.id()),
};
pub(super) static ENVIRONMENT_TOKENS: Nested = Nested {
    parent: &Environments,
    child: &Tokens,
    action: Some(Action::EnvironmentTokensList),
    scope: |environment| tokens(BearerType::Environment, environment),
};

pub(super) static MACHINE_COMPONENTS: Nested = Nested {
    parent: &Machines,
    child: &Components,
    action: Some(Action::MachineComponentsList),
    scope: |machine| Scope::id("machine_id", machine.id()),
};

pub(super) static MACHINE_PROCESSES: Nested = Nested {
    parent: &Machines,
    child: &Processes,
    action: Some(Action::MachineProcessesList),
    scope: |machine| Scope::id("machine_id", machine.id()),
};

pub(super) static POLICY_PRODUCT: Related =
    Related { parent: &Policies, child: &Products, action: Action::PolicyProductShow, column: "product_id" };
pub(super) static KEY_PRODUCT: Related =
    Related { parent: &PoolKeys, child: &Products, action: Action::KeyProductShow, column: "product_id" };
pub(super) static KEY_POLICY: Related =
    Related { parent: &PoolKeys, child: &Policies, action: Action::KeyPolicyShow, column: "policy_id" };
pub(super) static LICENSE_PRODUCT: Related =
    Related { parent: &Licenses, child: &Products, action: Action::LicenseProductShow, column: "product_id" };
pub(super) static LICENSE_POLICY: Related =
    Related { parent: &Licenses, child: &Policies, action: Action::LicensePolicyShow, column: "policy_id" };
pub(super) static LICENSE_OWNER: Related =
    Related { parent: &Licenses, child: &Users, action: Action::LicenseOwnerShow, column: "owner_id" };

pub(super) static MACHINE_PRODUCT: Related =
    Related { parent: &Machines, child: &Products, action: Action::MachineProductShow, column: "product_id" };
pub(super) static MACHINE_LICENSE: Related =
    Related { parent: &Machines, child: &Licenses, action: Action::MachineLicenseShow, column: "license_id" };
pub(super) static MACHINE_OWNER: Related =
    Related { parent: &Machines, child: &Users, action: Action::MachineOwnerShow, column: "owner_id" };
pub(super) static COMPONENT_PRODUCT: Related = Related {
    parent: &Components,
    child: &Products,
    action: Action::ComponentProductShow,
    column: "product_id",
};
pub(super) static COMPONENT_LICENSE: Related = Related {
    parent: &Components,
    child: &Licenses,
    action: Action::ComponentLicenseShow,
    column: "license_id",
};
pub(super) static COMPONENT_MACHINE: Related = Related {
    parent: &Components,
    child: &Machines,
    action: Action::ComponentMachineShow,
    column: "machine_id",
};

pub(super) static PROCESS_PRODUCT: Related = Related {
    parent: &Processes,
    child: &Products,
    action: Action::ProcessProductShow,
    column: "product_id",
};
pub(super) static PROCESS_LICENSE: Related = Related {
    parent: &Processes,
    child: &Licenses,
    action: Action::ProcessLicenseShow,
    column: "license_id",
};
pub(super) static PROCESS_MACHINE: Related = Related {
    parent: &Processes,
    child: &Machines,
    action: Action::ProcessMachineShow,
    column: "machine_id",
};

/// The tokens of a bearer.
fn tokens(kind: BearerType, bearer: &Record) -> Scope {
    Scope::text("bearer_type", kind.as_str()).and(Scope::id("bearer_id", bearer.id()))
}

/// Entitlements that a join table ties to a record.
fn through(table: &'static str, column: &'static str, record: &Record) -> Scope {
    Scope::has(table, "entitlement_id", Scope::id(column, record.id()))
}

/// Users who own or are attached to a licence for which `scope` holds.
fn licensed(scope: &Scope) -> Scope {
    let attached =
        Scope::has("license_users", "user_id", Scope::belongs("licenses", "license_id", scope.clone()));
    Scope::has("licenses", "owner_id", scope.clone()).or(attached)
}
