//! Settings of an account (`licensing.md` §4.2): which there are, and what they may say.

use keyway_jsonapi::{Role, fold_key};
use serde_json::Value;

use crate::permission::{Permission, Permissions};

/// A setting there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The permissions of new licences that are given none.
    DefaultLicensePermissions,
    /// The permissions of new role-`user` users that are given none.
    DefaultUserPermissions,
    /// The product of packages that are pushed and say of none whose they are: its id or code.
    DefaultProduct,
}

impl Key {
    const ALL: [Self; 3] =
        [Self::DefaultLicensePermissions, Self::DefaultUserPermissions, Self::DefaultProduct];

    /// The name, as stored and shown.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DefaultLicensePermissions => "default_license_permissions",
            Self::DefaultUserPermissions => "default_user_permissions",
            Self::DefaultProduct => "default_product",
        }
    }
    /// Reads a name, in snake or camel case.
    pub fn parse(text: &str) -> Option<Self> {
        let folded = fold_key(text);
        Self::ALL.into_iter().find(|key| key.as_str() == folded)
    }
    /// The setting of a role's permissions, if there is one.
    pub const fn permissions_of(role: Role) -> Option<Self> {
        match role {
            Role::License => Some(Self::DefaultLicensePermissions),
            Role::User => Some(Self::DefaultUserPermissions),
            _ => None,
        }
    }
    /// Whether the setting may say this. That there is such a product is for others to find out.
    pub fn accepts(self, value: &Value) -> bool {
        match self {
            Self::DefaultLicensePermissions => permissions(value, Role::License).is_some(),
            Self::DefaultUserPermissions => permissions(value, Role::User).is_some(),
            Self::DefaultProduct => value.as_str().is_some_and(|product| !product.is_empty()),
        }
    }
}

/// The permissions in a list: each of those that the role may have, and none twice.
fn permissions(value: &Value, role: Role) -> Option<Permissions> {
    let mut set = Permissions::NONE;
    for name in value.as_array()? {
        let permission = Permission::parse(name.as_str()?)?;
        if set.contains(permission) || !Permissions::allowed(role).contains(permission) {
            return None;
        }
        set = set.with(permission);
    }
    Some(set)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names() {
        for (text, expected) in [
            ("default_license_permissions", Some(Key::DefaultLicensePermissions)),
            ("defaultUserPermissions", Some(Key::DefaultUserPermissions)),
            ("default_product", Some(Key::DefaultProduct)),
            ("default_admin_permissions", None),
            ("", None),
        ] {
            assert_eq!(Key::parse(text), expected, "{text}");
        }
    }

    #[test]
    fn values() {
        let (license, user) = (Key::DefaultLicensePermissions, Key::DefaultUserPermissions);
        for (key, value, good) in [
            (license, json!(["license.read", "license.validate"]), true),
            (license, json!([]), true),
            (license, json!(["license.read", "license.read"]), false),
            (license, json!(["license.read", null]), false),
            (license, json!(["license.fly"]), false),
            (license, json!(["*"]), false),
            (license, json!(["license.create"]), false),
            (user, json!(["license.create"]), true),
            (user, json!(["license.suspend"]), false),
            (user, json!("license.read"), false),
            (user, json!({ "0": "license.read" }), false),
            (Key::DefaultProduct, json!("acme"), true),
            (Key::DefaultProduct, json!(""), false),
            (Key::DefaultProduct, json!(["acme"]), false),
        ] {
            assert_eq!(key.accepts(&value), good, "{key:?} {value}");
        }
    }
}
