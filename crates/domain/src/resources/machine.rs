//! Machines (`licensing.md` §10.1): where a licence is in use.

use keyway_jsonapi::{Alias, Attribute, Filter, QueryValue, Relation, Roles, Scope, Shape, resource};

use super::filter::{METADATA, id_filter, text_filter};
use crate::machine::liveness;

/// The largest 32-bit integer.
const INT: i64 = 2_147_483_647;

resource! {
    /// A machine that a licence was activated on.
    Machine (kind: "machines", name: "machine", noun: "machine", table: "machines") {
        /// The product, copied from the licence.
        product_id: keyway_base::ProductId,
        /// The licence.
        license_id: keyway_base::LicenseId,
        /// The user who owns it, one of the licence's.
        owner_id: Option<keyway_base::UserId>,
        /// Group, if any.
        group_id: Option<keyway_base::GroupId>,
        /// What tells it from other machines, as its software says it.
        fingerprint: String,
        /// Display name.
        name: Option<String>,
        /// Address, as its software says it.
        ip: Option<String>,
        /// Host name, as its software says it.
        hostname: Option<String>,
        /// Platform, as its software says it.
        platform: Option<String>,
        /// How many cores it has.
        cores: Option<i64>,
        /// How much memory, in the vendor's unit.
        memory: Option<i64>,
        /// How much disk, in the vendor's unit.
        disk: Option<i64>,
        /// When it last pinged.
        last_heartbeat_at: Option<keyway_base::Timestamp>,
        /// When its death was noticed; none while it lives.
        dead_at: Option<keyway_base::Timestamp>,
        /// When it was last checked out.
        last_check_out_at: Option<keyway_base::Timestamp>,
        /// Free-form.
        metadata: serde_json::Value,
    }
    attributes: [
        Attribute::text("fingerprint", 4096).required().write(Roles::ALL, Roles::NONE),
        Attribute::integer("cores", 1, INT).nullable().write(Roles::ALL, Roles::ADSPE),
        Attribute::integer("memory", 1, i64::MAX).nullable().write(Roles::ALL, Roles::ADSPE),
        Attribute::integer("disk", 1, i64::MAX).nullable().write(Roles::ALL, Roles::ADSPE),
        Attribute::text("name", 255).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::text("ip", 255).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::text("hostname", 255).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::text("platform", 255).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::boolean("require_heartbeat").computed(),
        Attribute::new("heartbeat_status", Shape::Text).computed(),
        Attribute::new("heartbeat_duration", Shape::Integer).computed(),
        Attribute::time("last_check_out").column("last_check_out_at"),
        Attribute::time("last_heartbeat").column("last_heartbeat_at"),
        Attribute::time("next_heartbeat").computed(),
        Attribute::new("max_processes", Shape::Integer).computed(),
        Attribute::metadata().write(Roles::ALL, Roles::ADSPE),
    ]
    relations: [
        Relation::one("product", "products", "product_id"),
        Relation::one("group", "groups", "group_id").create(Roles::ADSTPE).nullable(),
        Relation::one("license", "licenses", "license_id").create(Roles::ALL).required(),
        Relation::one("owner", "users", "owner_id").create(Roles::ALL).nullable(),
        Relation::many("components", "components").create(Roles::ALL),
        Relation::many("processes", "processes"),
    ]
    aliases: [Alias::exact("fingerprint")]
    filters: [
        text_filter!("fingerprint", "fingerprint"),
        text_filter!("ip", "ip"),
        text_filter!("hostname", "hostname"),
        id_filter!("product", "product_id"),
        id_filter!("license", "license_id"),
        id_filter!("group", "group_id"),
        Filter { name: "policy", scope: |value, _| of_license(super::filter::id("policy_id", value)?) },
        Filter { name: "key", scope: |value, _| of_license(Scope::text("key", value.text()?)) },
        Filter { name: "owner", scope: |value, _| super::filter::user("owner_id", value) },
        Filter { name: "user", scope: |value, _| user(value) },
        Filter { name: "status", scope: |value, context| liveness::status(value, context) },
        METADATA,
    ]
    events: [
        "created", "updated", "deleted", "checked-out", "group.updated", "owner.updated", "proofs.generated",
        "heartbeat.ping", "heartbeat.pong", "heartbeat.dead", "heartbeat.reset", "heartbeat.resurrected",
    ]
    client_id: Roles::ALL
}

/// Machines of licences for which `scope` holds.
fn of_license(scope: Scope) -> Option<Scope> {
    Some(Scope::belongs("licenses", "license_id", scope))
}

/// The machine's owner, or one who owns or uses its licence; by id or e-mail.
pub(super) fn user(value: &QueryValue) -> Option<Scope> {
    let owner = super::filter::user("owner_id", value)?;
    let licensee = Scope::has("license_users", "license_id", super::filter::user("user_id", value)?);
    let license = Scope::belongs("licenses", "license_id", owner.clone().or(licensee));
    Some(owner.or(license))
}

/// Parts of machines for which `scope` holds.
pub(super) fn of_machine(scope: Scope) -> Option<Scope> {
    Some(Scope::belongs("machines", "machine_id", scope))
}
