//! API tokens (`licensing.md` §2.1). Only a digest of the secret is stored.

use keyway_jsonapi::{
    Attribute, Filter, QueryValue, Relation, Roles, Scope, Shape, Value, resource, text_enum,
};

text_enum! {
    /// What a token speaks for.
    BearerType {
        /// An environment.
        Environment = "environments",
        /// A product.
        Product = "products",
        /// A licence (an activation token).
        License = "licenses",
        /// A user of any role.
        User = "users",
    }
}

resource! {
    /// A token.
    Token (kind: "tokens", name: "token", noun: "token", table: "tokens") {
        /// HMAC-SHA-256 of the full token text under the account's secret.
        digest: Vec<u8>,
        /// The type of the bearer.
        bearer_type: BearerType,
        /// The bearer.
        bearer_id: keyway_base::RecordId,
        /// `admin-token`, `activation-token`, …
        kind: String,
        /// Display name.
        name: Option<String>,
        /// When it ends, if ever.
        expiry: Option<keyway_base::Timestamp>,
        /// Permission names, or `["*"]`.
        permissions: serde_json::Value,
        /// Licence tokens: machines that may be created with it.
        max_activations: Option<i64>,
        /// Licence tokens: machines created with it.
        activations: i64,
        /// Licence tokens: machines that may be deleted with it.
        max_deactivations: Option<i64>,
        /// Licence tokens: machines deleted with it.
        deactivations: i64,
    }
    attributes: [
        Attribute::new("kind", Shape::Text),
        Attribute::new("token", Shape::Text).computed(),
        Attribute::time("expiry").nullable().write(Roles::ALL, Roles::NONE).affects_access(),
        Attribute::text("name", 255).nullable().write(Roles::ALL, Roles::NONE),
        Attribute::integer("max_activations", 0, 2_147_483_647).nullable().write(Roles::NONE, Roles::NONE),
        Attribute::new("activations", Shape::Integer),
        Attribute::integer("max_deactivations", 0, 2_147_483_647).nullable().write(Roles::NONE, Roles::NONE),
        Attribute::new("deactivations", Shape::Integer),
        Attribute::new("permissions", Shape::Texts).write(Roles::ALL, Roles::NONE).affects_access(),
    ]
    relations: [Relation::one("bearer", "users", "bearer_id").polymorphic("bearer_type").create(Roles::ALL)]
    filters: [Filter { name: "bearer", scope: |value, _| bearer(value) }]
    events: ["generated", "regenerated", "revoked"]
}

/// `bearer[type]`, `bearer[id]`, `bearer[role]`.
fn bearer(value: &QueryValue) -> Option<Scope> {
    let kind = value.get("type").and_then(QueryValue::text).map(|text| {
        let plural = if text.ends_with('s') { text.to_owned() } else { format!("{text}s") };
        Scope::text("bearer_type", plural)
    });
    let id = value.get("id").and_then(|value| super::filter::id("bearer_id", value));
    let role = value.get("role").and_then(QueryValue::text).map(of_role);
    let conditions: Vec<Scope> = [kind, id, role].into_iter().flatten().collect();
    (!conditions.is_empty()).then(|| conditions.into_iter().fold(Scope::All, Scope::and))
}

/// Tokens of bearers of a role: bearers that are no users have their type's.
fn of_role(role: &str) -> Scope {
    let of = |kind: BearerType| Scope::text("bearer_type", kind.as_str());
    match role {
        "environment" => of(BearerType::Environment),
        "product" => of(BearerType::Product),
        "license" => of(BearerType::License),
        _ => {
            let user = Scope::belongs("users", "bearer_id", Scope::Is("role", Value::Text(role.to_owned())));
            of(BearerType::User).and(user)
        }
    }
}
