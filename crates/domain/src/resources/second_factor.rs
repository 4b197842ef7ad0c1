//! Second factors (`licensing.md` §11): one for each user, an authenticator app that makes one-time passwords.

use keyway_jsonapi::{Attribute, Relation, Roles, Shape, resource};

resource! {
    /// The authenticator app of a user.
    SecondFactor (kind: "second-factors", name: "second factor", noun: "second-factor", table: "second_factors") {
        /// Whose it is.
        user_id: keyway_base::UserId,
        /// What the app and the server share, in base32.
        secret: String,
        /// Whether the user's password alone opens nothing any more.
        enabled: bool,
        /// The step of the last password that was used: neither it nor an earlier one is taken again.
        used_step: Option<i64>,
    }
    attributes: [
        Attribute::new("uri", Shape::Text).computed(),
        Attribute::new("secret", Shape::Text).computed(),
        Attribute::boolean("enabled").write(Roles::NONE, Roles::ALL),
    ]
    relations: [Relation::one("user", "users", "user_id")]
    events: ["created", "deleted", "enabled", "disabled"]
    below: ("users", "user_id")
}
