//! Machines and what belongs to them (`licensing.md` §10).

mod activation;
mod components;
mod heartbeats;
mod processes;
mod records;

use serde_json::{Value, json};

use crate::world::{Answer, Client, World, document, id, one};

/// A licence to be activated, and what it is of.
pub(crate) struct Site {
    pub(crate) world: World,
    pub(crate) product: String,
    pub(crate) policy: String,
    pub(crate) license: String,
    pub(crate) key: String,
}

impl Site {
    /// Under a policy that is floating unless said otherwise.
    pub(crate) async fn under(terms: Value) -> Self {
        let world = World::new().await;
        let product = world.product("App").await;
        let mut policy = json!({ "floating": true });
        policy.as_object_mut().unwrap().extend(terms.as_object().unwrap().clone());
        let policy = world.policy(&product, policy).await;
        let (license, key) = world.license(&policy, json!({})).await;
        Self { world, product, policy, license, key }
    }
    /// The body that activates a fingerprint.
    pub(crate) fn body(&self, fingerprint: &str, more: Value) -> Value {
        let mut attributes = json!({ "fingerprint": fingerprint });
        attributes.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        document("machines", attributes, one("license", "licenses", &self.license))
    }
    /// An attempt to activate a fingerprint.
    pub(crate) async fn activate(&self, fingerprint: &str, more: Value) -> Answer {
        self.world.admin.post("machines", self.body(fingerprint, more)).await
    }
    /// A machine that is activated; its id.
    pub(crate) async fn machine(&self, fingerprint: &str) -> String {
        let answer = self.activate(fingerprint, json!({})).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        id(&answer.body["data"])
    }
    /// A user, attached to the licence; their id, and a client that speaks for them.
    pub(crate) async fn licensee(&self, email: &str) -> (String, Client) {
        let user = self.world.user(email, "user").await;
        let body = json!({"data": [{"type": "users", "id": user}]});
        let path = format!("licenses/{}/users", self.license);
        assert_eq!(self.world.admin.post(&path, body).await.status, 200);
        let client = self.world.token_of(&format!("users/{user}")).await;
        (user, client)
    }
    /// Another licence under terms of its own; its id.
    pub(crate) async fn another(&self, policy: &str) -> String {
        self.world.license(policy, json!({})).await.0
    }
}

/// The names of what was logged of a machine, component or process, oldest first.
pub(crate) async fn events_of(world: &World, record: &str) -> Vec<String> {
    let listed = world.admin.get(&format!("event-logs?resource={record}&order=asc&limit=100")).await;
    let entries = listed.body["data"].as_array().unwrap().clone();
    entries.iter().map(|entry| entry["attributes"]["event"].as_str().unwrap().to_owned()).collect()
}
