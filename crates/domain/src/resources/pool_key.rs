//! Keys of pools (`licensing.md` §7.1): licence keys made ahead, which licences of a policy are given in turn.

use keyway_jsonapi::{Attribute, Relation, Roles, resource};

use super::filter::id_filter;

resource! {
    /// A key that waits in the pool of a policy.
    PoolKey (kind: "keys", name: "key", noun: "key", table: "keys") {
        /// The product, copied from the policy.
        product_id: keyway_base::ProductId,
        /// The policy.
        policy_id: keyway_base::PolicyId,
        /// The key, unique in the account.
        key: String,
    }
    attributes: [Attribute::text("key", 1024).required().write(Roles::ALL, Roles::ALL).secret()]
    relations: [
        Relation::one("product", "products", "product_id"),
        Relation::one("policy", "policies", "policy_id").create(Roles::ALL).required(),
    ]
    filters: [id_filter!("product", "product_id"), id_filter!("policy", "policy_id")]
    events: ["created", "updated", "deleted"]
}
