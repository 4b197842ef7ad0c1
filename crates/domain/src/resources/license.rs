//! Licences (`licensing.md` §8).

use keyway_jsonapi::{Alias, Attribute, Filter, QueryValue, Relation, Roles, Scope, Shape, resource};

use super::filter::{METADATA, flag_filter, id_filter};
use super::release::CHANNELS;

/// The largest 32-bit integer.
const INT: i64 = 2_147_483_647;

resource! {
    /// The right of one customer to use one product under one policy.
    License (kind: "licenses", name: "license", noun: "license", table: "licenses") {
        /// The product, copied from the policy.
        product_id: keyway_base::ProductId,
        /// The policy.
        policy_id: keyway_base::PolicyId,
        /// The user who owns it.
        owner_id: Option<keyway_base::UserId>,
        /// Group, if any.
        group_id: Option<keyway_base::GroupId>,
        /// Display name.
        name: Option<String>,
        /// The key, unique in the account.
        key: String,
        /// When it expires, if ever.
        expiry: Option<keyway_base::Timestamp>,
        /// Whether it is suspended.
        suspended: bool,
        /// Overrides the policy's.
        protected: Option<bool>,
        /// Times used.
        uses: i64,
        /// Overrides the policy's.
        max_machines: Option<i64>,
        /// Overrides the policy's.
        max_processes: Option<i64>,
        /// Overrides the policy's.
        max_users: Option<i64>,
        /// Overrides the policy's.
        max_cores: Option<i64>,
        /// Overrides the policy's.
        max_memory: Option<i64>,
        /// Overrides the policy's.
        max_disk: Option<i64>,
        /// Overrides the policy's.
        max_uses: Option<i64>,
        /// The release version of the last validation that named one.
        last_validated_version: Option<String>,
        /// The checksum of the last validation that named one.
        last_validated_checksum: Option<String>,
        /// When it was last validated.
        last_validated_at: Option<keyway_base::Timestamp>,
        /// When it last checked in.
        last_check_in_at: Option<keyway_base::Timestamp>,
        /// When it was last checked out.
        last_check_out_at: Option<keyway_base::Timestamp>,
        /// Overrides the policy's.
        pinned_channel: Option<String>,
        /// Overrides the policy's.
        pinned_constraint: Option<String>,
        /// Permission names, or `["*"]`.
        permissions: serde_json::Value,
        /// Free-form.
        metadata: serde_json::Value,
        /// Bumped by those who count before they insert.
        lock: i64,
    }
    attributes: [
        Attribute::text("name", 1024).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::new("key", Shape::Text).write(Roles::ALL, Roles::NONE).secret(),
        Attribute::time("expiry").nullable().write(Roles::ADSPE, Roles::ADSTPE).affects_access(),
        Attribute::new("status", Shape::Text).computed(),
        Attribute::new("uses", Shape::Integer),
        Attribute::boolean("suspended").write(Roles::ADSPE, Roles::ADSTPE).affects_access(),
        Attribute::new("scheme", Shape::Text).computed(),
        Attribute::new("encrypted", Shape::Boolean).computed(),
        Attribute::new("strict", Shape::Boolean).computed(),
        Attribute::new("floating", Shape::Boolean).computed(),
        Attribute::boolean("protected").nullable().write(Roles::ADSPE, Roles::ADSTPE).affects_access(),
        Attribute::new("version", Shape::Text).column("last_validated_version"),
        Attribute::integer("max_machines", 1, INT).nullable().write(Roles::ADSPE, Roles::ADSTPE),
        Attribute::integer("max_processes", 1, INT).nullable().write(Roles::ADSPE, Roles::ADSTPE),
        Attribute::integer("max_users", 1, INT).nullable().write(Roles::ADSPE, Roles::ADSTPE),
        Attribute::integer("max_cores", 1, INT).nullable().write(Roles::ADSPE, Roles::ADSTPE),
        Attribute::integer("max_memory", 1, i64::MAX).nullable().write(Roles::ADSPE, Roles::ADSTPE),
        Attribute::integer("max_disk", 1, i64::MAX).nullable().write(Roles::ADSPE, Roles::ADSTPE),
        Attribute::integer("max_uses", 0, INT).nullable().write(Roles::ADSPE, Roles::ADSTPE),
        Attribute::new("require_heartbeat", Shape::Boolean).computed(),
        Attribute::new("require_check_in", Shape::Boolean).computed(),
        Attribute::time("last_validated").column("last_validated_at"),
        Attribute::time("last_check_in").column("last_check_in_at"),
        Attribute::time("next_check_in").computed(),
        Attribute::time("last_check_out").column("last_check_out_at"),
        Attribute::one_of("pinned_channel", CHANNELS).nullable().write(Roles::ADSPE, Roles::ADSTPE).affects_access(),
        Attribute::text("pinned_constraint", 255)
            .nullable()
            .write(Roles::ADSPE, Roles::ADSTPE)
            .affects_access(),
        Attribute::new("permissions", Shape::Texts).write(Roles::ADPE, Roles::ADPE).affects_access(),
        Attribute::metadata().write(Roles::ALL, Roles::ADSTPE),
    ]
    relations: [
        Relation::one("product", "products", "product_id"),
        Relation::one("policy", "policies", "policy_id").create(Roles::ALL).required(),
        Relation::one("group", "groups", "group_id").create(Roles::ADSTPE).nullable(),
        Relation::one("owner", "users", "owner_id").create(Roles::ALL).nullable(),
        Relation::one("user", "users", "owner_id").create(Roles::ALL).nullable().hidden(),
        Relation::many("users", "users"),
        Relation::many("machines", "machines"),
        Relation::many("tokens", "tokens"),
        Relation::many("entitlements", "entitlements"),
    ]
    aliases: [Alias::exact("key")]
    filters: [
        id_filter!("product", "product_id"),
        id_filter!("policy", "policy_id"),
        id_filter!("group", "group_id"),
        Filter { name: "owner", scope: |value, _| super::filter::user("owner_id", value) },
        Filter { name: "user", scope: |value, _| user(value) },
        Filter { name: "status", scope: crate::license::filter::status },
        Filter { name: "machine", scope: crate::license::filter::machine },
        Filter { name: "activated", scope: crate::license::filter::activated },
        Filter { name: "activations", scope: crate::license::filter::activations },
        flag_filter!("suspended", Scope::Is("suspended", keyway_jsonapi::Value::Bool(true))),
        flag_filter!("assigned", Scope::IsNull("owner_id").negate()),
        flag_filter!("unassigned", Scope::IsNull("owner_id")),
        Filter { name: "expiring", scope: crate::license::filter::expiring },
        Filter { name: "expires", scope: crate::license::filter::expires },
        Filter { name: "expired", scope: crate::license::filter::expired },
        Filter { name: "activity", scope: crate::license::filter::activity },
        METADATA,
    ]
    events: [
        "created", "updated", "deleted", "validation.succeeded", "validation.failed", "checked-in", "checked-out",
        "renewed", "revoked", "suspended", "reinstated", "expired", "expiring-soon", "check-in-overdue",
        "check-in-required-soon", "entitlements.attached", "entitlements.detached", "users.attached",
        "users.detached", "group.updated", "owner.updated", "policy.updated", "user.updated",
        "usage.incremented", "usage.decremented", "usage.reset",
    ]
    client_id: Roles::ADSPE
}

/// Owner or licensee, by id or e-mail.
fn user(value: &QueryValue) -> Option<Scope> {
    let owned = super::filter::user("owner_id", value)?;
    let attached = super::filter::user("user_id", value)?;
    Some(owned.or(Scope::has("license_users", "license_id", attached)))
}
