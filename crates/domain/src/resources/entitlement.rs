//! Entitlements (`licensing.md` §6).

use keyway_jsonapi::{Alias, Attribute, Roles, resource};

resource! {
    /// A named right that licences hold and releases ask for.
    Entitlement (kind: "entitlements", name: "entitlement", noun: "entitlement", table: "entitlements") {
        /// Display name.
        name: String,
        /// Unique code; case is kept but does not make codes distinct.
        code: String,
        /// Free-form.
        metadata: serde_json::Value,
    }
    attributes: [
        Attribute::text("name", 255).required().write(Roles::ALL, Roles::ALL),
        Attribute::text("code", 255).required().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::metadata().write(Roles::ALL, Roles::ALL),
    ]
    relations: []
    aliases: [Alias::exact("code")]
    events: ["created", "updated", "deleted"]
}
