//! The records of licensing that the stage makes, for itself or for one request.

use serde_json::{Value, json};

use super::stage::Stage;
use crate::world::{document, id, one};

impl Stage {
    pub(super) async fn new_group(&self, name: &str) -> String {
        id(&self.make("groups", json!({ "name": name }), json!({})).await)
    }

    /// Makes a user an owner of a group.
    pub(super) async fn own(&self, group: &str, user: &str) {
        let owners = json!({"data": [{"type": "users", "id": user}]});
        let attached = self.admin.post(&format!("groups/{group}/owners"), owners).await;
        assert_eq!(attached.status, 200, "{}", attached.body);
    }

    pub(super) async fn new_policy(&self) -> String {
        let terms = json!({
            "name": "Standard", "authenticationStrategy": "MIXED", "duration": 864_000, "floating": true,
            "requireCheckIn": true, "checkInInterval": "day", "checkInIntervalCount": 1,
        });
        id(&self.make("policies", terms, one("product", "products", self.known("product"))).await)
    }

    /// A policy with a pool, and the one key in it.
    pub(super) async fn new_pool(&self) -> (String, String) {
        let relations = one("product", "products", self.known("product"));
        let policy = id(&self.make("policies", json!({"name": "Pool", "usePool": true}), relations).await);
        let key = self.new_key(&policy).await;
        (policy, key)
    }

    pub(super) async fn new_key(&self, policy: &str) -> String {
        let key =
            json!({ "key": format!("pooled-{}", keyway_base::RecordId::generate(crate::world::START)) });
        id(&self.make("keys", key, one("policy", "policies", policy)).await)
    }

    /// A licence of the owner, with the licensee attached.
    pub(super) async fn new_license(&self) -> Value {
        let mut relations = one("policy", "policies", self.known("policy"));
        relations["owner"] = one("owner", "users", self.known("user"))["owner"].clone();
        let license = self.admin.post("licenses", document("licenses", json!({}), relations)).await;
        let license = license.body["data"].clone();
        let users = json!({"data": [{"type": "users", "id": self.known("licensee")}]});
        let attached = self.admin.post(&format!("licenses/{}/users", id(&license)), users).await;
        assert_eq!(attached.status, 200, "{}", attached.body);
        license
    }

    /// A machine of the licence that nobody owns.
    pub(super) async fn new_machine(&self, fingerprint: &str) -> String {
        let license = one("license", "licenses", self.known("license"));
        id(&self.make("machines", json!({ "fingerprint": fingerprint }), license).await)
    }

    pub(super) async fn new_component(&self, machine: &str, fingerprint: &str) -> String {
        let attributes = json!({ "fingerprint": fingerprint, "name": "disk" });
        id(&self.make("components", attributes, one("machine", "machines", machine)).await)
    }

    pub(super) async fn new_process(&self, pid: &str) -> String {
        let machine = one("machine", "machines", self.known("machine"));
        id(&self.make("processes", json!({ "pid": pid }), machine).await)
    }

    pub(super) async fn new_licensee(&self, unique: &str) -> String {
        let user = json!({ "email": format!("{unique}@x.yz") });
        let user = id(&self.make("users", user, json!({})).await);
        let users = json!({"data": [{"type": "users", "id": user}]});
        let path = format!("licenses/{}/users", self.known("license"));
        assert_eq!(self.admin.post(&path, users).await.status, 200);
        user
    }

    /// A new entitlement, attached to a licence or policy.
    pub(super) async fn new_attached(&mut self, path: &str) -> String {
        self.made += 1;
        let code = format!("attached-{}", self.made);
        let entitlement =
            id(&self.make("entitlements", json!({"name": code, "code": code}), json!({})).await);
        let body = json!({"data": [{"type": "entitlements", "id": entitlement}]});
        let attached = self.admin.post(&format!("{path}/entitlements"), body).await;
        assert_eq!(attached.status, 200, "{}", attached.body);
        entitlement
    }
}
