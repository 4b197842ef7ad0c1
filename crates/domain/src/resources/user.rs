//! Users (`licensing.md` §11): the vendor's team and its customers.

use keyway_jsonapi::{
    Alias, Attribute, Filter, FilterContext, QueryValue, Relation, Roles, Scope, Shape, Value, resource,
    text_enum,
};

use super::filter::{METADATA, flag_filter, id_filter};
use crate::license::status::INACTIVE;

text_enum! {
    /// The roles users can have.
    UserRole {
        /// A customer.
        User = "user",
        /// May do everything.
        Admin = "admin",
        /// Team.
        Developer = "developer",
        /// Team.
        SalesAgent = "sales-agent",
        /// Team.
        SupportAgent = "support-agent",
        /// Team, may only look.
        ReadOnly = "read-only",
    }
}

resource! {
    /// A person.
    User (kind: "users", name: "user", noun: "user", table: "users") {
        /// Trimmed, lower-case, unique in the account.
        email: String,
        /// Given name.
        first_name: Option<String>,
        /// Family name.
        last_name: Option<String>,
        /// Argon2 hash; none for managed users.
        password_digest: Option<String>,
        /// Digest of the token by which a new password can be chosen, once one was asked for.
        password_reset_digest: Option<Vec<u8>>,
        /// When it was asked for.
        password_reset_at: Option<keyway_base::Timestamp>,
        /// The role.
        role: UserRole,
        /// Permission names, or `["*"]`.
        permissions: serde_json::Value,
        /// When the user was banned, if they are.
        banned_at: Option<keyway_base::Timestamp>,
        /// Group, if any.
        group_id: Option<keyway_base::GroupId>,
        /// Free-form.
        metadata: serde_json::Value,
    }
    attributes: [
        Attribute::new("full_name", Shape::Text).computed(),
        Attribute::text("first_name", 255).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::text("last_name", 255).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::text("email", 255).required().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::new("password", Shape::Text).computed().hidden().nullable().write(Roles::ALL, Roles::ADPE),
        Attribute::new("status", Shape::Text).computed(),
        Attribute::new("role", Shape::Text).schema(UserRole::TEXTS).write(Roles::A, Roles::A).affects_access(),
        Attribute::new("permissions", Shape::Texts).write(Roles::ADPE, Roles::ADPE).affects_access(),
        Attribute::metadata().write(Roles::ALL, Roles::ADSPE),
    ]
    relations: [
        Relation::one("group", "groups", "group_id").create(Roles::ADSTPE).nullable(),
        Relation::many("products", "products"),
        Relation::many("licenses", "licenses"),
        Relation::many("machines", "machines"),
        Relation::many("tokens", "tokens"),
        Relation::many("second_factors", "second-factors"),
    ]
    aliases: [Alias::caseless("email")]
    filters: [
        Filter { name: "roles", scope: |value, _| roles(value) },
        Filter { name: "product", scope: |value, _| product(value) },
        Filter { name: "license", scope: |value, _| license(value) },
        id_filter!("group", "group_id"),
        Filter { name: "status", scope: status },
        flag_filter!("assigned", Scope::has("licenses", "owner_id", Scope::All)),
        flag_filter!("active", Scope::has("licenses", "owner_id", Scope::All)),
        METADATA,
    ]
    events: [
        "created", "updated", "deleted", "banned", "unbanned", "group.updated", "password-reset",
    ]
}

/// `roles[]=…`; the default (role `user` only) is the list action's business.
fn roles(value: &QueryValue) -> Option<Scope> {
    let QueryValue::List(items) = value else { return None };
    let roles = items.iter().filter_map(QueryValue::text).map(|text| Value::Text(text.to_owned()));
    Some(Scope::In("role", roles.collect()))
}

/// Users who own or are attached to a licence for which `scope` holds.
fn licensed(scope: &Scope) -> Scope {
    let attached =
        Scope::has("license_users", "user_id", Scope::belongs("licenses", "license_id", scope.clone()));
    Scope::has("licenses", "owner_id", scope.clone()).or(attached)
}

/// BANNED, ACTIVE (made within 90 days, or with a licence that showed a sign of life in them), else INACTIVE.
fn status(value: &QueryValue, context: &FilterContext) -> Option<Scope> {
    let since = Value::Time(context.now.minus(INACTIVE));
    let signs = ["created_at", "last_validated_at", "last_check_out_at", "last_check_in_at"];
    let recent = signs.into_iter().map(|column| Scope::Ge(column, since.clone()));
    let recent = licensed(&recent.fold(Scope::None, Scope::or));
    let active = Scope::Ge("created_at", since.clone()).or(recent);
    let standing = Scope::IsNull("banned_at");
    Some(match value.text()?.to_uppercase().as_str() {
        "BANNED" => standing.negate(),
        "ACTIVE" => standing.and(active),
        "INACTIVE" => standing.and(active.negate()),
        _ => Scope::None,
    })
}

fn product(value: &QueryValue) -> Option<Scope> {
    let id = super::filter::id("product_id", value)?;
    Some(licensed(&id))
}

fn license(value: &QueryValue) -> Option<Scope> {
    let id = super::filter::id("id", value)?;
    Some(licensed(&id))
}
