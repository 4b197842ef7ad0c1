//! Processes of machines (`licensing.md` §10.4): what runs on one for as long as it pings.

use keyway_jsonapi::{Attribute, Filter, Relation, Roles, Shape, resource};

use super::filter::{id_filter, user};
use super::machine::{self, of_machine};
use crate::machine::liveness;

resource! {
    /// A process on a machine.
    Process (kind: "processes", name: "machine process", noun: "process", table: "processes") {
        /// The product, copied from the machine.
        product_id: keyway_base::ProductId,
        /// The licence, copied from the machine.
        license_id: keyway_base::LicenseId,
        /// The machine.
        machine_id: keyway_base::MachineId,
        /// What tells it from the machine's other processes.
        pid: String,
        /// When it last pinged; it is made alive.
        last_heartbeat_at: Option<keyway_base::Timestamp>,
        /// When its death was noticed; none while it lives.
        dead_at: Option<keyway_base::Timestamp>,
        /// Free-form.
        metadata: serde_json::Value,
    }
    attributes: [
        Attribute::text("pid", 4096).required().write(Roles::ALL, Roles::NONE),
        Attribute::new("status", Shape::Text).computed(),
        Attribute::new("interval", Shape::Integer).computed(),
        Attribute::time("last_heartbeat").column("last_heartbeat_at"),
        Attribute::time("next_heartbeat").computed(),
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
        Filter { name: "status", scope: |value, context| liveness::status(value, context) },
    ]
    events: [
        "created", "updated", "deleted", "heartbeat.ping", "heartbeat.pong", "heartbeat.dead",
        "heartbeat.resurrected",
    ]
    client_id: Roles::ALL
}
