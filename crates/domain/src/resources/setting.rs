//! Settings of an account (`licensing.md` §4.2).

use keyway_jsonapi::{Alias, Attribute, Roles, Shape, resource};

resource! {
    /// What an account wants done otherwise. It holds in every environment.
    Setting (kind: "settings", name: "setting", noun: "account.settings", table: "settings") {
        /// Which: one of [`crate::setting::Key`].
        key: String,
        /// What it says.
        value: serde_json::Value,
    }
    attributes: [
        Attribute::text("key", 255).required().write(Roles::ALL, Roles::NONE),
        Attribute::new("value", Shape::Any).required().write(Roles::ALL, Roles::ALL),
    ]
    relations: []
    aliases: [Alias::exact("key")]
    events: ["created", "updated", "deleted"]
}
