//! The facts that access decides from, owned: [`Target`] borrows them.

use keyway_access::{Target, TokenBearer};
use keyway_base::{EntitlementId, EnvironmentId, GroupId, ProductId, RecordId, Timestamp, UserId};
use keyway_domain::resources::{
    BearerType, DistributionStrategy, Entitlement, Environment, Group, License, Package, Policy, Product,
    Release, Token, User,
};
use keyway_jsonapi::{Role, Roles};

/// What an action is done to.
#[derive(Debug, Clone)]
pub(crate) enum Subject {
    /// No record in particular.
    None,
    /// A record of which only the environment counts.
    Within(Option<EnvironmentId>),
    /// A record that belongs to a product.
    OfProduct(Option<EnvironmentId>, ProductId),
    /// A token.
    Token {
        /// The token.
        token: Box<Token>,
        /// Its bearer's role.
        role: Role,
        /// The products of its bearer.
        products: Vec<ProductId>,
    },
    /// A token to be made.
    NewToken {
        /// The environment it will be in.
        environment: Option<EnvironmentId>,
        /// The type of its bearer.
        kind: BearerType,
        /// Its bearer.
        id: RecordId,
        /// Its bearer's role.
        role: Role,
        /// The products of its bearer.
        products: Vec<ProductId>,
    },
    /// An environment.
    Environment(Box<Environment>),
    /// A user and the products of their licences.
    User(Box<User>, Vec<ProductId>),
    /// A user to be made.
    NewUser {
        /// The environment it will be in.
        environment: Option<EnvironmentId>,
        /// The role it will have.
        role: Role,
        /// Whether the account is closed to registrations.
        account_protected: bool,
    },
    /// A list of users with these roles.
    Users(Roles),
    /// A product.
    Product(Box<Product>),
    /// An entitlement.
    Entitlement(Box<Entitlement>),
    /// A group.
    Group {
        /// The group.
        group: Box<Group>,
        /// The users who own it.
        owners: Vec<UserId>,
        /// The group that the caller is in.
        callers: Option<GroupId>,
    },
    /// A policy.
    Policy(Box<Policy>),
    /// A licence.
    License {
        /// The licence.
        license: Box<License>,
        /// Its policy.
        policy: Box<Policy>,
        /// The users attached to it.
        users: Vec<UserId>,
        /// The policy it is to move to.
        moving_to: Option<Box<Policy>>,
    },
    /// A licence to be made.
    NewLicense {
        /// The environment it will be in.
        environment: Option<EnvironmentId>,
        /// Its policy.
        policy: Box<Policy>,
        /// Its owner.
        owner: Option<UserId>,
    },
    /// A machine of a licence, or what belongs to one; made or to be made.
    Machine(Box<OnMachine>),
    /// A package.
    Package(Box<Package>, DistributionStrategy),
    /// A release, or what hangs on it.
    Release {
        /// The release.
        release: Box<Release>,
        /// Its product's strategy.
        strategy: DistributionStrategy,
        /// The entitlements it asks for.
        constraints: Vec<EntitlementId>,
    },
}

/// The facts about a machine that access decides from.
#[derive(Debug, Clone)]
pub(crate) struct OnMachine {
    /// The environment of what is meant.
    pub(crate) environment: Option<EnvironmentId>,
    /// The machine's owner.
    pub(crate) owner: Option<UserId>,
    /// Its licence.
    pub(crate) license: License,
    /// The licence's policy.
    pub(crate) policy: Policy,
    /// The users attached to the licence.
    pub(crate) users: Vec<UserId>,
    /// Whether components are to be made with it.
    pub(crate) with_components: bool,
}

impl OnMachine {
    fn target(&self) -> Target<'_> {
        let target = Target::license(&self.license, &self.policy, &self.users);
        let target = target.on_machine(self.environment, self.owner);
        if self.with_components { target.with_components() } else { target }
    }
}

impl Subject {
    /// The borrowed form that [`keyway_access::authorize`] takes.
    pub(crate) fn target<'a>(&'a self, attached: &'a [Option<EnvironmentId>], now: Timestamp) -> Target<'a> {
        self.bare(now).with(attached)
    }
    fn bare(&self, now: Timestamp) -> Target<'_> {
        match self {
            Self::None => Target::none(),
            Self::Within(environment) => Target::within(*environment),
            Self::OfProduct(environment, product) => Target::of_product(*environment, *product),
            Self::Token { token, role, products } => {
                Target::token(token, TokenBearer { role: *role, products })
            }
            Self::NewToken { environment, kind, id, role, products } => {
                Target::new_token(*environment, *kind, *id, TokenBearer { role: *role, products })
            }
            Self::Environment(environment) => Target::environment(environment),
            Self::User(user, products) => Target::user(user, products),
            Self::NewUser { environment, role, account_protected } => {
                Target::new_user(*environment, *role, *account_protected)
            }
            Self::Users(roles) => Target::users(*roles),
            Self::Product(product) => Target::product(product),
            Self::Entitlement(entitlement) => Target::entitlement(entitlement),
            Self::Group { group, owners, callers } => Target::group(group, owners, *callers),
            Self::Policy(policy) => Target::policy(policy),
            Self::License { license, policy, users, moving_to } => {
                let target = Target::license(license, policy, users);
                moving_to.as_ref().map_or(target, |policy| target.moving_to(policy))
            }
            Self::NewLicense { environment, policy, owner } => {
                Target::new_license(*environment, policy, *owner)
            }
            Self::Machine(on) => on.target(),
            Self::Package(package, strategy) => Target::package(package, *strategy),
            Self::Release { release, strategy, constraints } => {
                Target::release(release, *strategy, constraints, now)
            }
        }
    }
}
