//! Products (`licensing.md` §6).

use keyway_jsonapi::{Alias, Attribute, Relation, Roles, Shape, resource, text_enum};

text_enum! {
    /// Who may download a product's releases (`distribution.md` §3.2).
    DistributionStrategy {
        /// Those with a valid licence.
        Licensed = "LICENSED",
        /// Anyone.
        Open = "OPEN",
        /// Nobody but the vendor.
        Closed = "CLOSED",
    }
}

text_enum! {
    /// What becomes of a release that a container client's push makes.
    PushStatus {
        /// It is out at once.
        Published = "PUBLISHED",
        /// It waits until it is published through the API.
        Draft = "DRAFT",
    }
}

resource! {
    /// What a vendor sells.
    Product (kind: "products", name: "product", noun: "product", table: "products") {
        /// Display name.
        name: String,
        /// Unique short name, usable in paths.
        code: Option<String>,
        /// Who may download.
        distribution_strategy: DistributionStrategy,
        /// What becomes of a release that a push to a container registry makes.
        push_status: PushStatus,
        /// Home page.
        url: Option<String>,
        /// Free list of platform names.
        platforms: Option<serde_json::Value>,
        /// The permissions of the product's own tokens.
        permissions: serde_json::Value,
        /// Free-form.
        metadata: serde_json::Value,
    }
    attributes: [
        Attribute::text("name", 255).required().write(Roles::ALL, Roles::ALL),
        Attribute::text("code", 255).nullable().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::one_of("distribution_strategy", DistributionStrategy::TEXTS)
            .write(Roles::ALL, Roles::ALL)
            .affects_access(),
        Attribute::one_of("push_status", PushStatus::TEXTS).write(Roles::ALL, Roles::ALL),
        Attribute::text("url", 4096).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::new("platforms", Shape::Texts).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::new("permissions", Shape::Texts).write(Roles::ADE, Roles::ADE).affects_access(),
        Attribute::metadata().write(Roles::ALL, Roles::ALL),
    ]
    relations: [
        Relation::many("policies", "policies"),
        Relation::many("licenses", "licenses"),
        Relation::many("machines", "machines"),
        Relation::many("users", "users"),
        Relation::many("tokens", "tokens"),
        Relation::many("packages", "packages"),
        Relation::many("engines", "engines"),
        Relation::many("platforms", "platforms"),
        Relation::many("arches", "arches"),
        Relation::many("channels", "channels"),
        Relation::many("releases", "releases"),
        Relation::many("artifacts", "artifacts"),
    ]
    aliases: [Alias::exact("code")]
    events: ["created", "updated", "deleted"]
}
