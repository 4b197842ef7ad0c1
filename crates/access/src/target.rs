//! What an action is done to: the facts about a record that rules look at.

use keyway_base::{
    EntitlementId, EnvironmentId, GroupId, LicenseId, PolicyId, ProductId, RecordId, Timestamp, UserId,
};
use keyway_domain::permission::{Granted, Permissions};
use keyway_domain::resources::{
    BearerType, DistributionStrategy, Entitlement, Environment, Group, License, Package, Policy, Product,
    Release, ReleaseStatus, Token, User,
};
use keyway_jsonapi::{Role, Roles};

use crate::authenticate::role_of;

/// The facts about what an action touches. Made by the constructors; rules read the fields.
#[derive(Debug, Clone, Copy, Default)]
pub struct Target<'a> {
    /// The environment of the record that is touched; `None` where no one record is (lists, the account).
    pub(crate) environment: Option<Option<EnvironmentId>>,
    /// The environments of records that are attached or detached.
    pub(crate) attached: &'a [Option<EnvironmentId>],
    pub(crate) id: Option<RecordId>,
    pub(crate) product: Option<ProductId>,
    pub(crate) strategy: Option<DistributionStrategy>,
    pub(crate) policy: Option<PolicyId>,
    pub(crate) license: Option<LicenseId>,
    pub(crate) owner: Option<UserId>,
    /// The user who owns the machine that is meant, or that what is meant belongs to.
    pub(crate) machine_owner: Option<UserId>,
    /// Whether components are to be made with it.
    pub(crate) with_components: bool,
    pub(crate) users: &'a [UserId],
    /// The licence's own protection, else its policy's.
    pub(crate) protected: bool,
    pub(crate) policy_protected: bool,
    pub(crate) new_policy: Option<(ProductId, bool)>,
    /// The roles of the users that are meant.
    pub(crate) user_roles: Roles,
    pub(crate) user: Option<(UserId, Role, Permissions)>,
    /// The products a user (or a token's bearer) has licences of.
    pub(crate) products: &'a [ProductId],
    pub(crate) token_bearer: Option<(BearerType, RecordId)>,
    pub(crate) account_protected: bool,
    /// The users who own the group.
    pub(crate) group_owners: &'a [UserId],
    /// The group that the caller is in.
    pub(crate) callers_group: Option<GroupId>,
    pub(crate) release: Option<ReleaseFacts<'a>>,
}

/// What access to a release is decided from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReleaseFacts<'a> {
    pub(crate) status: ReleaseStatus,
    pub(crate) effective: Timestamp,
    pub(crate) constraints: &'a [EntitlementId],
    pub(crate) now: Timestamp,
}

/// Whom a token belongs to, as far as rules ask.
#[derive(Debug, Clone, Copy)]
pub struct TokenBearer<'a> {
    /// The role of the bearer: of the user, or by the bearer's type.
    pub role: Role,
    /// The products that the licence is of, or that the user has licences of.
    pub products: &'a [ProductId],
}

impl<'a> Target<'a> {
    /// No record in particular: lists and searches, the account, the caller itself.
    pub fn none() -> Self {
        Self::default()
    }
    /// A record of which only the environment counts: a new entitlement, say.
    pub fn within(environment: Option<EnvironmentId>) -> Self {
        Self { environment: Some(environment), ..Self::default() }
    }
    /// A record that belongs to a product, made or to be made: a new policy, package or release.
    pub fn of_product(environment: Option<EnvironmentId>, product: ProductId) -> Self {
        Self { product: Some(product), ..Self::within(environment) }
    }
    /// A token and its bearer.
    pub fn token(token: &Token, bearer: TokenBearer<'a>) -> Self {
        Self {
            id: Some(token.id),
            token_bearer: Some((token.bearer_type, token.bearer_id)),
            user_roles: Roles::of(&[bearer.role]),
            products: bearer.products,
            ..Self::within(token.environment_id)
        }
    }
    /// A token that is to be generated in this environment for a bearer.
    pub fn new_token(
        environment: Option<EnvironmentId>,
        kind: BearerType,
        id: RecordId,
        bearer: TokenBearer<'a>,
    ) -> Self {
        Self {
            token_bearer: Some((kind, id)),
            user_roles: Roles::of(&[bearer.role]),
            products: bearer.products,
            ..Self::within(environment)
        }
    }
    /// An environment. It has no environment of its own: it can be managed from anywhere.
    pub fn environment(environment: &Environment) -> Self {
        Self { id: Some(environment.id), ..Self::default() }
    }
    /// A user, and the products they have licences of.
    pub fn user(user: &User, products: &'a [ProductId]) -> Self {
        let role = role_of(user);
        let permissions = Granted::stored(&user.permissions).within(Permissions::allowed(role));
        Self {
            id: Some(user.id),
            user: Some((user.id.into(), role, permissions)),
            user_roles: Roles::of(&[role]),
            products,
            ..Self::within(user.environment_id)
        }
    }
    /// A user who is to be created, and whether the account is protected from registrations.
    pub fn new_user(environment: Option<EnvironmentId>, role: Role, account_protected: bool) -> Self {
        Self { user_roles: Roles::of(&[role]), account_protected, ..Self::within(environment) }
    }
    /// A list of users: the roles that occur in it.
    pub fn users(roles: Roles) -> Self {
        Self { user_roles: roles, ..Self::default() }
    }
    /// A product.
    pub fn product(product: &Product) -> Self {
        Self {
            id: Some(product.id),
            strategy: Some(product.distribution_strategy),
            ..Self::of_product(product.environment_id, product.id.into())
        }
    }
    /// An entitlement.
    pub fn entitlement(entitlement: &Entitlement) -> Self {
        Self { id: Some(entitlement.id), ..Self::within(entitlement.environment_id) }
    }
    /// A group, the users who own it, and the group that the caller is in.
    pub fn group(group: &Group, owners: &'a [UserId], callers: Option<GroupId>) -> Self {
        Self {
            id: Some(group.id),
            group_owners: owners,
            callers_group: callers,
            ..Self::within(group.environment_id)
        }
    }
    /// A policy.
    pub fn policy(policy: &Policy) -> Self {
        Self {
            id: Some(policy.id),
            policy: Some(policy.id.into()),
            policy_protected: policy.protected,
            protected: policy.protected,
            ..Self::of_product(policy.environment_id, policy.product_id)
        }
    }
    /// A licence, its policy, and the users attached to it beside the owner.
    pub fn license(license: &License, policy: &Policy, users: &'a [UserId]) -> Self {
        Self {
            id: Some(license.id),
            license: Some(license.id.into()),
            policy: Some(license.policy_id),
            owner: license.owner_id,
            users,
            protected: license.protected.unwrap_or(policy.protected),
            policy_protected: policy.protected,
            ..Self::of_product(license.environment_id, license.product_id)
        }
    }
    /// A licence that is to be created under a policy, for an owner or none.
    pub fn new_license(environment: Option<EnvironmentId>, policy: &Policy, owner: Option<UserId>) -> Self {
        Self {
            policy: Some(policy.id.into()),
            owner,
            protected: policy.protected,
            policy_protected: policy.protected,
            ..Self::of_product(environment, policy.product_id)
        }
    }
    /// A machine of a licence, or what belongs to one: made or to be made, in this environment, of this owner.
    #[must_use]
    pub fn on_machine(self, environment: Option<EnvironmentId>, owner: Option<UserId>) -> Self {
        Self { environment: Some(environment), id: None, machine_owner: owner, ..self }
    }
    /// The same machine to be made, with components.
    #[must_use]
    pub fn with_components(self) -> Self {
        Self { with_components: true, ..self }
    }
    /// The same licence, moving to another policy.
    #[must_use]
    pub fn moving_to(self, policy: &Policy) -> Self {
        Self { new_policy: Some((policy.product_id, policy.protected)), ..self }
    }
    /// A package and its product's strategy.
    pub fn package(package: &Package, strategy: DistributionStrategy) -> Self {
        Self {
            id: Some(package.id),
            strategy: Some(strategy),
            ..Self::of_product(package.environment_id, package.product_id)
        }
    }
    /// A release, its product's strategy, and the entitlements it asks for. Also for what hangs on a release:
    /// its artifacts and constraints.
    pub fn release(
        release: &Release,
        strategy: DistributionStrategy,
        constraints: &'a [EntitlementId],
        now: Timestamp,
    ) -> Self {
        let effective = release.backdated_at.unwrap_or(release.created_at);
        Self {
            id: Some(release.id),
            strategy: Some(strategy),
            release: Some(ReleaseFacts { status: release.status, effective, constraints, now }),
            ..Self::of_product(release.environment_id, release.product_id)
        }
    }
    /// The same, attaching or detaching records of these environments.
    #[must_use]
    pub fn with(self, attached: &'a [Option<EnvironmentId>]) -> Self {
        Self { attached, ..self }
    }
}
