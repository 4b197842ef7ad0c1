//! Components of machines (`licensing.md` §10.3): a disk, a board, whatever tells a machine from a copy of it.

use keyway_jsonapi::{Attribute, Filter, Relation, Roles, resource};

use super::filter::{id_filter, user};
use super::machine::{self, of_machine};

resource! {
    /// A part of a machine.
    Component (kind: "components", name: "machine component", noun: "component", table: "components") {
        /// The product, copied from the machine.
        product_id: keyway_base::ProductId,
        /// The licence, copied from the machine.
        license_id: keyway_base::LicenseId,
        /// The machine.
        machine_id: keyway_base::MachineId,
        /// What tells it from other components.
        fingerprint: String,
        /// Display name.
        name: String,
        /// Free-form.
        metadata: serde_json::Value,
    }
    attributes: [
        Attribute::text("fingerprint", 4096).required().write(Roles::ALL, Roles::NONE),
        Attribute::text("name", 255).required().write(Roles::ALL, Roles::ALL),
        Attribute::metadata().write(Roles::ALL, Roles::ADSTPE),
    ]
    relations: [
        Relation::one("product", "products", "product_id"),
        Relation::one("license", "licenses", "license_id"),
        Relation::one("machine", "machines", "machine_id").create(Roles::ALL).required(),
    ]
    filters: [
        id_filter!("product", "product_id"),
        id_filter!("license", "license_id"),
        id_filter!("machine", "machine_id"),
        Filter { name: "owner", scope: |value, _| of_machine(user("owner_id", value)?) },
        Filter { name: "user", scope: |value, _| of_machine(machine::user(value)?) },
    ]
    events: ["created", "updated", "deleted"]
}
