//! Machines: until 1.5 they had no owner of their own, and until 1.2 no heartbeat before their first ping.

use serde_json::{Map, Value, json};

use super::Route;
use super::documents::{each, object};

/// Whose a machine is was told by its licence: hooks add the licence's owner as the member `former`, and it is used up
/// here.
pub(super) fn user(document: &mut Value, _: Route) {
    each(document, "machines", |machine| {
        let user = machine.remove("former").unwrap_or_default();
        let link = machine.get("links").and_then(|links| links.get("self")).and_then(Value::as_str);
        let link = link.map(|link| format!("{link}/user"));
        if let Some(relations) = object(machine, "relationships") {
            relations.remove("owner");
            relations.insert("user".to_owned(), json!({ "links": { "related": link }, "data": user }));
        }
    });
}

/// A machine that was just activated has not pinged.
pub(super) fn unstarted(document: &mut Value, route: Route) {
    if !route.creates("/machines") {
        return;
    }
    each(document, "machines", |machine| {
        let Some(attributes) = object(machine, "attributes") else { return };
        if attributes.get("heartbeatStatus").is_some_and(|status| status == "ALIVE") {
            attributes.insert("heartbeatStatus".to_owned(), "NOT_STARTED".into());
        }
        null(attributes, "lastHeartbeat");
    });
}

fn null(attributes: &mut Map<String, Value>, name: &str) {
    if let Some(value) = attributes.get_mut(name) {
        *value = Value::Null;
    }
}
