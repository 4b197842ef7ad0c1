//! Accounts (`licensing.md` §4.1): the tenant, its settings and its keys.

use keyway_jsonapi::{Alias, Attribute, Relation, Roles, Shape, resource, text_enum};

text_enum! {
    /// How an account stands with whoever runs the server.
    Subscription {
        /// It was founded, and nothing was agreed yet.
        Pending = "pending",
        /// It is tried out.
        Trialing = "trialing",
        /// All is well.
        Subscribed = "subscribed",
        /// It ends with the time that is paid for.
        Canceling = "canceling",
        /// It rests.
        Paused = "paused",
        /// It has ended.
        Canceled = "canceled",
    }
}

impl Subscription {
    /// Whether the account is served.
    pub const fn is_active(self) -> bool {
        !matches!(self, Self::Paused | Self::Canceled)
    }
}

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
        /// How it stands; null is subscribed.
        subscription_state: Option<Subscription>,
        /// How many requests to the JSON:API it may make a day; null is any number.
        daily_request_limit: Option<i64>,
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
        Relation::many("groups", "groups"),
        Relation::many("releases", "releases"),
        Relation::many("artifacts", "artifacts"),
    ]
    aliases: [Alias::caseless("slug")]
    events: ["updated"]
}
