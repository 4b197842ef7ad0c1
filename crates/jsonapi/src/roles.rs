//! Who speaks: the ten kinds of bearer of `distribution.md` §2.4, and sets of them.

/// A kind of bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// A team user who may do everything.
    Admin,
    /// A team user.
    Developer,
    /// A team user.
    SalesAgent,
    /// A team user.
    SupportAgent,
    /// A team user who may only look.
    ReadOnly,
    /// An environment's own token.
    Environment,
    /// A product's own token.
    Product,
    /// A customer.
    User,
    /// A licence, by key or by token.
    License,
    /// Nobody.
    Anonymous,
}

impl Role {
    /// Every role, in order.
    pub const ALL: [Self; 10] = [
        Self::Admin,
        Self::Developer,
        Self::SalesAgent,
        Self::SupportAgent,
        Self::ReadOnly,
        Self::Environment,
        Self::Product,
        Self::User,
        Self::License,
        Self::Anonymous,
    ];
    /// The role's name on the wire (`sales-agent`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Developer => "developer",
            Self::SalesAgent => "sales-agent",
            Self::SupportAgent => "support-agent",
            Self::ReadOnly => "read-only",
            Self::Environment => "environment",
            Self::Product => "product",
            Self::User => "user",
            Self::License => "license",
            Self::Anonymous => "anonymous",
        }
    }
    /// Reads a user's role from the wire; only the six roles that users can have.
    pub fn of_user(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.is_user_role() && role.as_str() == text)
    }
    /// Whether users can have this role.
    pub const fn is_user_role(self) -> bool {
        self.is_team() || matches!(self, Self::User)
    }
    /// Whether this is a member of the vendor's team.
    pub const fn is_team(self) -> bool {
        matches!(self, Self::Admin | Self::Developer | Self::SalesAgent | Self::SupportAgent | Self::ReadOnly)
    }
}

/// A set of roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Roles(u16);

impl Roles {
    /// No role: read-only attributes.
    pub const NONE: Self = Self(0);
    /// Every role.
    pub const ALL: Self = Self(0x3ff);
    /// Admin, developer, sales agent, product, environment: those who create for others.
    pub const ADSPE: Self =
        Self::of(&[Role::Admin, Role::Developer, Role::SalesAgent, Role::Product, Role::Environment]);
    /// The former and support agents.
    pub const ADSTPE: Self = Self::ADSPE.or(Role::SupportAgent);
    /// Admin, developer, product, environment.
    pub const ADPE: Self = Self::of(&[Role::Admin, Role::Developer, Role::Product, Role::Environment]);
    /// Admin, developer, environment.
    pub const ADE: Self = Self::of(&[Role::Admin, Role::Developer, Role::Environment]);
    /// Admins only.
    pub const A: Self = Self::of(&[Role::Admin]);

    /// The set of these roles.
    pub const fn of(roles: &[Role]) -> Self {
        let mut set = Self(0);
        let mut index = 0;
        while index < roles.len() {
            set = set.or(roles[index]);
            index += 1;
        }
        set
    }
    /// The set and one more role.
    #[must_use]
    pub const fn or(self, role: Role) -> Self {
        Self(self.0 | (1 << role as u16))
    }
    /// Whether a role is in the set.
    pub const fn contains(self, role: Role) -> bool {
        self.0 & (1 << role as u16) != 0
    }
    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}
