//! Groups (`licensing.md` §6): users, licences and machines that belong together, within limits.

use keyway_jsonapi::{Attribute, Relation, Roles, resource};

/// The largest 32-bit integer.
const INT: i64 = 2_147_483_647;

resource! {
    /// A group. Its members refer to it; a limit of null is none, and of zero keeps everybody out.
    Group (kind: "groups", name: "group", noun: "group", table: "groups") {
        /// Display name.
        name: String,
        /// How many users it may have.
        max_users: Option<i64>,
        /// How many licences it may have.
        max_licenses: Option<i64>,
        /// How many machines it may have.
        max_machines: Option<i64>,
        /// Free-form.
        metadata: serde_json::Value,
    }
    attributes: [
        Attribute::text("name", 255).required().write(Roles::ALL, Roles::ALL),
        Attribute::integer("max_users", 0, INT).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::integer("max_licenses", 0, INT).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::integer("max_machines", 0, INT).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::metadata().write(Roles::ALL, Roles::ALL),
    ]
    relations: [
        Relation::many("owners", "group-owners"),
        Relation::many("users", "users"),
        Relation::many("licenses", "licenses"),
        Relation::many("machines", "machines"),
    ]
    events: ["created", "updated", "deleted", "owners.attached", "owners.detached"]
}

resource! {
    /// A user who owns a group: sees what is in it without being in it.
    GroupOwner (kind: "group-owners", name: "group owner", noun: "group-owner", table: "group_owners") {
        /// The group.
        group_id: keyway_base::GroupId,
        /// The user.
        user_id: keyway_base::UserId,
    }
    attributes: []
    relations: [
        Relation::one("group", "groups", "group_id"),
        Relation::one("user", "users", "user_id").create(Roles::ALL).required(),
    ]
}
