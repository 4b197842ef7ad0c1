//! The read-only look-up resources, made as a side effect of releases, artifacts and packages
//! (`distribution.md` §5.4).

use keyway_jsonapi::{Alias, Attribute, Shape, resource};

resource! {
    /// A package engine that has packages.
    Engine (kind: "engines", name: "release engine", noun: "engine", table: "engines") {
        /// Usually null.
        name: Option<String>,
        /// `npm`, `pypi`, …
        key: String,
    }
    attributes: [Attribute::new("name", Shape::Text), Attribute::new("key", Shape::Text)]
    relations: []
    aliases: [Alias::exact("key")]
}

resource! {
    /// A platform that artifacts exist for.
    Platform (kind: "platforms", name: "release platform", noun: "platform", table: "platforms") {
        /// Usually null.
        name: Option<String>,
        /// `linux`, `darwin`, …
        key: String,
    }
    attributes: [Attribute::new("name", Shape::Text), Attribute::new("key", Shape::Text)]
    relations: []
}

resource! {
    /// A processor architecture that artifacts exist for.
    Arch (kind: "arches", name: "release arch", noun: "arch", table: "arches") {
        /// Usually null.
        name: Option<String>,
        /// `x86_64`, `aarch64`, …
        key: String,
    }
    attributes: [Attribute::new("name", Shape::Text), Attribute::new("key", Shape::Text)]
    relations: []
}

resource! {
    /// A channel that releases exist in.
    Channel (kind: "channels", name: "release channel", noun: "channel", table: "channels") {
        /// Usually null.
        name: Option<String>,
        /// `stable`, `rc`, `beta`, `alpha`, `dev`.
        key: String,
    }
    attributes: [Attribute::new("name", Shape::Text), Attribute::new("key", Shape::Text)]
    relations: []
}
