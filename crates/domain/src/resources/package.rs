//! Packages (`distribution.md` §5.1): a name in one ecosystem under which releases are published.

use keyway_jsonapi::{Alias, Attribute, Filter, QueryValue, Relation, Roles, Scope, Shape, resource};

use super::filter::id_filter;

resource! {
    /// A package. Keys are unique per account and engine (a deliberate difference from upstream).
    Package (kind: "packages", name: "release package", noun: "package", table: "packages") {
        /// The product.
        product_id: keyway_base::ProductId,
        /// Display name.
        name: String,
        /// The key as the vendor wrote it.
        key: String,
        /// The key in its ecosystem's normal form.
        normalised_key: String,
        /// The engine's key; none for packages of no ecosystem.
        engine: Option<String>,
        /// Free-form.
        metadata: serde_json::Value,
    }
    attributes: [
        Attribute::text("name", 255).required().write(Roles::ALL, Roles::ALL),
        Attribute::text("key", 255).required().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::new("engine", Shape::Text).nullable().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::metadata().write(Roles::ALL, Roles::ALL),
    ]
    relations: [Relation::one("product", "products", "product_id").create(Roles::ALL).required()]
    aliases: [Alias::exact("key")]
    filters: [id_filter!("product", "product_id"), Filter { name: "engine", scope: |value, _| engine(value) }]
    events: ["created", "updated", "deleted"]
}

/// By key or id.
fn engine(value: &QueryValue) -> Option<Scope> {
    let text = value.text()?;
    Some(match text.parse::<keyway_base::RecordId>() {
        Ok(id) => Scope::Exists {
            table: "engines",
            local: "engine",
            foreign: "key",
            scope: Box::new(Scope::id("id", id)),
        },
        Err(_) => Scope::text("engine", text),
    })
}
