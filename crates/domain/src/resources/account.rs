//! Accounts (`licensing.md` §4.1): the tenant, its settings and its keys.

use keyway_jsonapi::{Alias, Attribute, Relation, Roles, Shape, resource};

resource! {
    /// A tenant. Its `account_id` is its own id; its keys are stored as text and shown in `meta`.
    Account (kind: "accounts", name: "account", noun: "account", table: "accounts") {
        /// Display name.
        name: String,
        /// Unique short name for paths.
        slug: String,
        /// The API version pinned at creation.
        api_version: String,
        /// Whether anonymous user registration is off and new policies are protected.
        protected: bool,
        /// 64 random bytes in hex: the HMAC key of tokens.
        secret: String,
        /// Ed25519, ECDSA P-256 and RSA-2048 key pairs as `keyway_crypto` serialises them.
        keys: String,
        /// What Python clients are told of names that are not ours.
        pypi_upstream: Option<String>,
        /// A host of the account's own, in lower case, that serves it alone.
        cname: Option<String>,
    }
    attributes: [
        Attribute::text("name", 255).write(Roles::ALL, Roles::ALL),
        Attribute::text("slug", 255).write(Roles::ALL, Roles::ALL),
        Attribute::new("api_version", Shape::Text).write(Roles::NONE, Roles::ALL),
        Attribute::new("status", Shape::Text).computed(),
        Attribute::boolean("protected").write(Roles::ALL, Roles::ALL),
        Attribute::text("cname", 255).nullable().write(Roles::NONE, Roles::ALL),
    ]
    relations: [
        Relation::many("plan", "plans").create(Roles::ALL).hidden(),
        Relation::many("admins", "users").create(Roles::ALL).required().hidden(),
        Relation::many("webhook_endpoints", "webhook-endpoints"),
        Relation::many("webhook_events", "webhook-events"),
        Relation::many("tokens", "tokens"),
        Relation::many("users", "users"),
        Relation::many("products", "products"),
        Relation::many("policies", "policies"),
        Relation::many("licenses", "licenses"),
        Relation::many("entitlements", "entitlements"),
        Relation::many("releases", "releases"),
        Relation::many("artifacts", "artifacts"),
    ]
    aliases: [Alias::caseless("slug")]
    events: ["updated"]
}
