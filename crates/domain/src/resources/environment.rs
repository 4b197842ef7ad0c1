//! Environments (`licensing.md` §5).

use keyway_jsonapi::{Alias, Attribute, Relation, Roles, resource, text_enum};

text_enum! {
    /// How far an environment is cut off from the global records.
    IsolationStrategy {
        /// Only its own records.
        Isolated = "ISOLATED",
        /// Its own records, and the global ones to read.
        Shared = "SHARED",
    }
}

resource! {
    /// A closed set of records inside an account.
    Environment (kind: "environments", name: "environment", noun: "environment", table: "environments") {
        /// Display name.
        name: String,
        /// Unique code, used in the `Keygen-Environment` header.
        code: String,
        /// Fixed at creation.
        isolation_strategy: IsolationStrategy,
        /// The permissions of the environment's own tokens.
        permissions: serde_json::Value,
    }
    attributes: [
        Attribute::text("name", 255).required().write(Roles::ALL, Roles::ALL),
        Attribute::text("code", 255).required().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::one_of("isolation_strategy", IsolationStrategy::TEXTS).write(Roles::ALL, Roles::NONE),
    ]
    relations: [
        Relation::many("tokens", "tokens"),
        Relation::many("admins", "users").create(Roles::ALL).hidden(),
    ]
    aliases: [Alias::caseless("code")]
    events: ["created", "updated", "deleted"]
}
