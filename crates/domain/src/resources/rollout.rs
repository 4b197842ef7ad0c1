//! Rollouts (`updaters.md` §5): how a release is handed out to updaters, and how urgent it is to them. Of our own:
//! what releases look like on the wire stays as it is.

use keyway_jsonapi::{Attribute, Filter, QueryValue, Relation, Roles, Scope, Shape, resource};

use super::filter::id_filter;

resource! {
    /// How a release is handed out. A release without a rollout is for everybody.
    Rollout (kind: "rollouts", name: "release rollout", noun: "rollout", table: "rollouts") {
        /// The release.
        release_id: keyway_base::ReleaseId,
        /// Who gets it, in hundredths of a percent; at first, where it grows.
        percentage: i64,
        /// Before then nobody gets it.
        starts_at: Option<keyway_base::Timestamp>,
        /// When it has grown to everybody.
        ends_at: Option<keyway_base::Timestamp>,
        /// Since when nobody gets it, for now.
        paused_at: Option<keyway_base::Timestamp>,
        /// Since when nobody gets it, for ever.
        halted_at: Option<keyway_base::Timestamp>,
        /// Why it was paused or halted.
        reason: Option<String>,
        /// Whether every client that is offered it is to install it.
        forced: bool,
        /// Whether it mends something grave.
        critical: bool,
        /// Clients below this version are to install it.
        minimum_version: Option<String>,
        /// What buckets are drawn with; never shown.
        seed: Vec<u8>,
    }
    attributes: [
        Attribute::percentage("percentage").required().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::time("starts_at").nullable().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::time("ends_at").nullable().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::time("paused").column("paused_at"),
        Attribute::time("halted").column("halted_at"),
        Attribute::new("reason", Shape::Text),
        Attribute::boolean("forced").write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::boolean("critical").write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::text("minimum_version", 255).nullable().write(Roles::ALL, Roles::ALL).affects_access(),
    ]
    relations: [Relation::one("release", "releases", "release_id").create(Roles::ALL).required()]
    filters: [
        id_filter!("release", "release_id"),
        Filter { name: "product", scope: |value, _| product(value) },
    ]
    events: ["created", "updated", "deleted", "paused", "resumed", "halted"]
}

/// Those of a product's releases, by its id.
fn product(value: &QueryValue) -> Option<Scope> {
    Some(Scope::belongs("releases", "release_id", super::filter::id("product_id", value)?))
}
