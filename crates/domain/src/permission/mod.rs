//! Permissions (`licensing.md` §3.3): the catalogue, sets of it, what a record stores, and the role tables.

mod catalogue;
mod roles;

pub use catalogue::Permission;

use serde_json::Value;

/// A set of permissions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Permissions([u64; 3]);

impl Permissions {
    /// No permission.
    pub const NONE: Self = Self([0; 3]);

    /// Every permission of the catalogue.
    pub const fn all() -> Self {
        Self::of(Permission::ALL)
    }
    /// The set of these.
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut set = Self::NONE;
        let mut index = 0;
        while index < permissions.len() {
            set = set.with(permissions[index]);
            index += 1;
        }
        set
    }
    /// Every permission from one to another of the catalogue, both included.
    pub const fn range(first: Permission, last: Permission) -> Self {
        let mut set = Self::NONE;
        let mut index = first as usize;
        while index <= last as usize {
            set = set.with(Permission::ALL[index]);
            index += 1;
        }
        set
    }
    /// The set and one more.
    #[must_use]
    pub const fn with(mut self, permission: Permission) -> Self {
        let bit = permission as usize;
        self.0[bit / 64] |= 1 << (bit % 64);
        self
    }
    /// What is in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self([self.0[0] | other.0[0], self.0[1] | other.0[1], self.0[2] | other.0[2]])
    }
    /// What is in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self([self.0[0] & other.0[0], self.0[1] & other.0[1], self.0[2] & other.0[2]])
    }
    /// What is in this set but not in the other.
    #[must_use]
    pub const fn minus(self, other: Self) -> Self {
        Self([self.0[0] & !other.0[0], self.0[1] & !other.0[1], self.0[2] & !other.0[2]])
    }
    /// Whether a permission is in the set.
    pub const fn contains(self, permission: Permission) -> bool {
        let bit = permission as usize;
        self.0[bit / 64] & (1 << (bit % 64)) != 0
    }
    /// Whether everything in `other` is in this set.
    pub const fn contains_all(self, other: Self) -> bool {
        let rest = other.minus(self);
        rest.0[0] | rest.0[1] | rest.0[2] == 0
    }
    /// How many permissions are in the set.
    pub const fn len(self) -> usize {
        (self.0[0].count_ones() + self.0[1].count_ones() + self.0[2].count_ones()) as usize
    }
    /// Whether the set is empty.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
    /// The members in catalogue order.
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }
    /// The members' names, as stored and rendered.
    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Permission::as_str).collect()
    }
}

/// What a user, product, environment, licence or token has been given: a list, or the wildcard, which means
/// whatever its kind of bearer may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Granted {
    /// `*`.
    Wildcard,
    /// Just these.
    Only(Permissions),
}

/// A name that is not in the catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown permission {0}")]
pub struct UnknownPermission(pub String);

impl Granted {
    /// Reads what a record stores: a JSON list of names. Names that are not known (of another release) and
    /// anything that is not a list grant nothing.
    pub fn stored(json: &Value) -> Self {
        let names = json.as_array().map(Vec::as_slice).unwrap_or_default().iter().filter_map(Value::as_str);
        let mut set = Permissions::NONE;
        for name in names {
            if name == "*" {
                return Self::Wildcard;
            }
            set = Permission::parse(name).map_or(set, |permission| set.with(permission));
        }
        Self::Only(set)
    }
    /// Reads what a client sends.
    ///
    /// # Errors
    /// [`UnknownPermission`] for the first name that is not in the catalogue.
    pub fn requested<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, UnknownPermission> {
        let mut granted = Self::Only(Permissions::NONE);
        for name in names {
            granted = match (granted, name) {
                (Self::Wildcard, _) | (_, "*") => Self::Wildcard,
                (Self::Only(set), name) => {
                    let known = Permission::parse(name).ok_or_else(|| UnknownPermission(name.to_owned()))?;
                    Self::Only(set.with(known))
                }
            };
        }
        Ok(granted)
    }
    /// The JSON to store: the names, or `["*"]`.
    pub fn to_json(self) -> Value {
        match self {
            Self::Wildcard => serde_json::json!(["*"]),
            Self::Only(set) => serde_json::json!(set.names()),
        }
    }
    /// What is left of it for a kind of bearer that may have `allowed`.
    pub const fn within(self, allowed: Permissions) -> Permissions {
        match self {
            Self::Wildcard => allowed,
            Self::Only(set) => set.intersection(allowed),
        }
    }
    /// Both grants at once; a wildcard defers to the other side (a licence and its owner).
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Wildcard, grant) | (grant, Self::Wildcard) => grant,
            (Self::Only(left), Self::Only(right)) => Self::Only(left.intersection(right)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use keyway_jsonapi::Role;

    #[test]
    fn the_catalogue_and_the_role_tables_have_the_sizes_of_the_spec() {
        assert_eq!(Permission::ALL.len(), 144);
        assert_eq!(Permissions::all().len(), 144);
        for (role, allowed, default) in [
            (Role::Admin, 144, 144),
            (Role::Developer, 144, 144),
            (Role::SalesAgent, 144, 144),
            (Role::SupportAgent, 144, 144),
            (Role::ReadOnly, 41, 41),
            (Role::Environment, 127, 127),
            (Role::Product, 109, 109),
            (Role::User, 59, 54),
            (Role::License, 41, 37),
            (Role::Anonymous, 0, 0),
        ] {
            assert_eq!(Permissions::allowed(role).len(), allowed, "{role:?} allowed");
            assert_eq!(Permissions::default_of(role).len(), default, "{role:?} default");
            assert!(Permissions::allowed(role).contains_all(Permissions::default_of(role)), "{role:?}");
        }
    }

    #[test]
    fn names_read_back() {
        for permission in Permission::ALL {
            assert_eq!(Permission::parse(permission.as_str()), Some(*permission));
        }
        assert_eq!(Permission::parse("license.fly"), None);
        let set = Permissions::of(&[Permission::LicenseCheckIn, Permission::WebhookEventRetry]);
        assert_eq!(set.names(), ["license.check-in", "webhook-event.retry"]);
        assert_eq!(Granted::stored(&Granted::Only(set).to_json()), Granted::Only(set));
        assert_eq!(Granted::stored(&Granted::Wildcard.to_json()), Granted::Wildcard);
    }

    #[test]
    fn what_is_not_a_list_grants_nothing() {
        for json in [serde_json::json!(null), serde_json::json!("*"), serde_json::json!(["license.fly", 3])] {
            assert_eq!(Granted::stored(&json), Granted::Only(Permissions::NONE), "{json}");
        }
        assert_eq!(Granted::requested(["license.fly"]), Err(UnknownPermission("license.fly".to_owned())));
    }

    #[test]
    fn wildcards_defer_to_the_other_side_and_to_the_kind_of_bearer() {
        let read = Granted::Only(Permissions::of(&[Permission::LicenseRead, Permission::AdminRead]));
        assert_eq!(Granted::Wildcard.and(read), read);
        assert_eq!(read.and(Granted::Wildcard), read);
        let allowed = Permissions::allowed(Role::License);
        assert_eq!(Granted::Wildcard.within(allowed), allowed);
        assert_eq!(read.within(allowed), Permissions::of(&[Permission::LicenseRead]));
    }
}
