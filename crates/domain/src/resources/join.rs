//! The join resources: who holds which entitlement, who uses which licence, what a release asks for.

use keyway_jsonapi::{Relation, Roles, resource};

resource! {
    /// An entitlement that every licence of a policy holds.
    PolicyEntitlement (kind: "policy-entitlements", name: "policy entitlement", noun: "policy-entitlement", table: "policy_entitlements") {
        /// The policy.
        policy_id: keyway_base::PolicyId,
        /// The entitlement.
        entitlement_id: keyway_base::EntitlementId,
    }
    attributes: []
    relations: [
        Relation::one("policy", "policies", "policy_id"),
        Relation::one("entitlement", "entitlements", "entitlement_id").create(Roles::ALL).required(),
    ]
}

resource! {
    /// An entitlement that a licence holds by itself.
    LicenseEntitlement (kind: "license-entitlements", name: "license entitlement", noun: "license-entitlement", table: "license_entitlements") {
        /// The licence.
        license_id: keyway_base::LicenseId,
        /// The entitlement.
        entitlement_id: keyway_base::EntitlementId,
    }
    attributes: []
    relations: [
        Relation::one("license", "licenses", "license_id"),
        Relation::one("entitlement", "entitlements", "entitlement_id").create(Roles::ALL).required(),
    ]
}

resource! {
    /// A user attached to a licence beside its owner.
    LicenseUser (kind: "license-users", name: "license user", noun: "license-user", table: "license_users") {
        /// The licence.
        license_id: keyway_base::LicenseId,
        /// The user.
        user_id: keyway_base::UserId,
    }
    attributes: []
    relations: [
        Relation::one("license", "licenses", "license_id"),
        Relation::one("user", "users", "user_id").create(Roles::ALL).required(),
    ]
}

resource! {
    /// An entitlement that a release asks for. All of a release's constraints must be met.
    Constraint (kind: "constraints", name: "release entitlement constraint", noun: "constraint", table: "constraints") {
        /// The release.
        release_id: keyway_base::ReleaseId,
        /// The entitlement.
        entitlement_id: keyway_base::EntitlementId,
    }
    attributes: []
    relations: [
        Relation::one("release", "releases", "release_id"),
        Relation::one("entitlement", "entitlements", "entitlement_id").create(Roles::ALL).required(),
    ]
}
