//! The records and callers that the matrix is played with.

use std::collections::HashMap;

use keyway_base::RecordId;
use keyway_crypto::token::TokenKind;
use keyway_domain::resources::SecondFactor;
use keyway_jsonapi::{Declared, Record, Scope, Value as Column};
use keyway_store::{Changes, Inserted};
use serde_json::{Value, json};

use crate::world::{Answer, Client, START, World, document, id};

/// A world with one of everything, inside the shared environment `s`.
pub(crate) struct Stage {
    world: World,
    pub(super) admin: Client,
    clients: HashMap<char, Client>,
    names: HashMap<&'static str, String>,
    pub(super) made: u32,
}

impl Stage {
    pub(crate) async fn set() -> Self {
        Self::in_world(World::new().await).await
    }

    pub(super) async fn in_world(world: World) -> Self {
        let mut stage = Self::empty(world).await;
        stage.records().await;
        stage.callers().await;
        stage.stock().await;
        stage
    }

    /// The environment, and nothing in it.
    async fn empty(world: World) -> Self {
        let environment = json!({"name": "Shared", "code": "s", "isolationStrategy": "SHARED"});
        let environment = id(&world.make("environments", environment, json!({})).await);
        let admin = world.admin.clone().inside("s");
        let mut stage = Self { world, admin, clients: HashMap::new(), names: HashMap::new(), made: 0 };
        stage.name("environment", environment);
        for (name, value) in [
            ("metric", "licenses"),
            ("event", "license.created"),
            ("leaderboard", "ips"),
            ("heatmap", "expirations"),
        ] {
            stage.name(name, value.to_owned());
        }
        stage
    }

    /// A stage whose records are global, with an admin who works in the shared environment.
    pub(super) async fn outside() -> Self {
        let mut stage = Self::empty(World::new().await).await;
        stage.admin = stage.world.admin.clone();
        stage.clients.insert('A', stage.admin.clone().inside("s"));
        stage.records().await;
        for (name, path) in [
            ("product-token", format!("products/{}", stage.names["product"])),
            ("token", format!("users/{}", stage.names["user"])),
            ("license-token", format!("licenses/{}", stage.names["license"])),
        ] {
            let made = stage.admin.post(&format!("{path}/tokens"), json!(null)).await;
            stage.name(name, made.text("/data/id").to_owned());
        }
        let path = format!("environments/{}/tokens", stage.names["environment"]);
        let made = stage.client('A').post(&path, json!(null)).await;
        stage.name("environment-token", made.text("/data/id").to_owned());
        stage.stock().await;
        stage
    }

    /// The ids of everything that has a name.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.names.values().map(String::as_str).filter(|name| name.parse::<keyway_base::RecordId>().is_ok())
    }
    pub(super) const fn world(&self) -> &World {
        &self.world
    }
    pub(super) fn known(&self, name: &str) -> &str {
        &self.names[name]
    }
    pub(super) fn name(&mut self, name: &'static str, value: String) {
        self.names.insert(name, value);
    }

    pub(super) async fn make(&self, kind: &str, attributes: Value, relationships: Value) -> Value {
        self.admin.make(kind, attributes, relationships).await
    }

    async fn records(&mut self) {
        let product = id(&self.make("products", json!({"name": "App"}), json!({})).await);
        let other = id(&self.make("products", json!({"name": "Other"}), json!({})).await);
        self.name("product", product);
        self.name("other-product", other);
        let policy = self.new_policy().await;
        self.name("policy", policy);
        for (name, email) in
            [("user", "owner@x.yz"), ("licensee", "licensee@x.yz"), ("stranger", "stranger@x.yz")]
        {
            let user = id(&self.make("users", json!({ "email": email }), json!({})).await);
            self.name(name, user);
        }
        let group = self.new_group("group").await;
        let of_group = json!({"data": {"type": "groups", "id": group}});
        let joined = self.admin.put(&format!("users/{}/group", self.names["user"]), of_group).await;
        assert_eq!(joined.status, 200, "{}", joined.body);
        self.own(&group, &self.names["licensee"]).await;
        self.name("group", group);
        let license = self.new_license().await;
        let path = format!("licenses/{}", id(&license));
        self.name("key", license["attributes"]["key"].as_str().unwrap().to_owned());
        self.name("license", id(&license));
        let entitlement = self.new_attached(&path).await;
        self.name("entitlement", entitlement);
        let machine = self.new_machine("machine").await;
        let component = self.new_component(&machine, "component").await;
        self.name("machine", machine);
        self.name("component", component);
        let process = self.new_process("process").await;
        self.name("process", process);
        let inherited = self.new_attached(&format!("policies/{}", self.names["policy"])).await;
        self.name("policy-entitlement", inherited);
        let (pool, key) = self.new_pool().await;
        self.name("pool-policy", pool);
        self.name("key-of-pool", key);
    }

    async fn callers(&mut self) {
        for (caller, kind, role) in [
            ('D', TokenKind::Developer, "developer"),
            ('S', TokenKind::Sales, "sales-agent"),
            ('T', TokenKind::Support, "support-agent"),
            ('R', TokenKind::ReadOnly, "read-only"),
        ] {
            let member = self.world.user(&format!("{role}@x.yz"), role).await;
            let client = self.world.speak_for(&member, kind).await.inside("s");
            let client = self.inside(&client).await;
            self.clients.insert(caller, client);
        }
        self.admin = self.inside(&self.admin).await;
        for (caller, name, path) in [
            ('E', "environment-token", format!("environments/{}", self.names["environment"])),
            ('P', "product-token", format!("products/{}", self.names["product"])),
            ('Q', "other-product-token", format!("products/{}", self.names["other-product"])),
            ('O', "token", format!("users/{}", self.names["user"])),
            ('U', "licensee-token", format!("users/{}", self.names["licensee"])),
            ('X', "stranger-token", format!("users/{}", self.names["stranger"])),
            ('-', "license-token", format!("licenses/{}", self.names["license"])),
        ] {
            let answer = self.admin.post(&format!("{path}/tokens"), json!(null)).await;
            let client = self.world.anonymous().bearer(answer.text("/data/attributes/token")).inside("s");
            self.name(name, answer.text("/data/id").to_owned());
            self.clients.insert(caller, client);
        }
        let license = self.world.key(&self.names["key"]).inside("s");
        self.clients.insert('L', license);
        self.clients.insert('A', self.admin.clone());
        self.clients.insert('N', self.world.anonymous().inside("s"));
    }

    /// The same caller with a token made inside the environment.
    async fn inside(&self, client: &Client) -> Client {
        let answer = client.post("tokens", json!(null)).await;
        self.world.anonymous().bearer(answer.text("/data/attributes/token")).inside("s")
    }

    /// The client of a column.
    pub(crate) fn client(&self, caller: char) -> Client {
        self.clients[&caller].clone()
    }

    /// A caller who regenerated the token in use goes on with the new one.
    pub(crate) fn learn(&mut self, caller: char, path: &str, answer: &Answer) {
        if let Some(token) = answer.at("/data/attributes/token").as_str().filter(|_| path == "tokens")
            && answer.status == 200
        {
            let client = self.world.anonymous().bearer(token).inside("s");
            if caller == 'A' {
                self.admin = client.clone();
            }
            self.clients.insert(caller, client);
        }
    }

    /// Puts records into the places of a path and body.
    pub(crate) async fn fill(&mut self, path: &str, body: &str) -> (String, String) {
        let mut texts = [path.to_owned(), body.to_owned()];
        while let Some(name) = texts.iter().find_map(|text| placeholder(text)) {
            let value = self.value(&name).await;
            texts = texts.map(|text| text.replace(&format!("{{{name}}}"), &value));
        }
        let [path, body] = texts;
        (path, body)
    }

    /// An entry of the log of requests.
    async fn request_log(&self) -> String {
        assert_eq!(self.admin.logged().get("products").await.status, 200);
        self.world.api.flush_logs().await.unwrap();
        id(&self.admin.get("request-logs?limit=1").await.body["data"][0])
    }

    async fn value(&mut self, name: &str) -> String {
        if let Some(known) = self.names.get(name) {
            return known.clone();
        }
        self.made += 1;
        let unique = format!("unique-{}", self.made);
        match name {
            "unique" => unique,
            "request-log" => self.request_log().await,
            "event-log" => id(&self.admin.get("event-logs?limit=1").await.body["data"][0]),
            "free-setting" => {
                let path = "accounts/acme/settings/default_license_permissions";
                let status = self.admin.delete(path).await.status;
                assert!([204, 404].contains(&status), "{status}");
                "default_license_permissions".to_owned()
            }
            "setting" => {
                let made = self.setting("default_user_permissions").await;
                self.name("setting", made.clone());
                made
            }
            "new-setting" => {
                Box::pin(async {
                    let key = self.value("free-setting").await;
                    self.setting(&key).await
                })
                .await
            }
            "new-version" => format!("3.0.{}", self.made),
            "new-package" => self.new_package(&unique, None).await,
            "new-release" => self.new_release(&format!("3.0.{}", self.made)).await,
            "new-rollout" => {
                let release = self.new_release(&format!("3.0.{}", self.made)).await;
                self.new_rollout(&release).await
            }
            "new-paused" => self.new_paused().await,
            "new-constrained" => {
                let release = self.new_release(&format!("3.0.{}", self.made)).await;
                let constraint = self.constrain(&release).await;
                self.name("its-constraint", constraint);
                release
            }
            "new-artifact" => {
                let release = self.names["release"].clone();
                self.new_artifact(&release, &unique).await.0
            }
            "new-product" => id(&self.make("products", json!({ "name": unique }), json!({})).await),
            "new-policy" => self.new_policy().await,
            "new-pool" => self.new_pool().await.0,
            "new-key" => self.new_key(&self.names["pool-policy"]).await,
            "new-license" => id(&self.new_license().await),
            "new-suspended" => self.new_suspended().await,
            "new-user" => {
                let user = json!({ "email": format!("{unique}@x.yz") });
                id(&self.make("users", user, json!({})).await)
            }
            "new-licensee" => self.new_licensee(&unique).await,
            "new-group" => self.new_group(&unique).await,
            "new-owner" => {
                let user = json!({ "email": format!("{unique}@x.yz") });
                let user = id(&self.make("users", user, json!({})).await);
                self.own(&self.names["group"], &user).await;
                user
            }
            "new-entitlement" => {
                id(&self.make("entitlements", json!({"name": unique, "code": unique}), json!({})).await)
            }
            "new-license-entitlement" => {
                self.new_attached(&format!("licenses/{}", self.names["license"])).await
            }
            "new-policy-entitlement" => {
                self.new_attached(&format!("policies/{}", self.names["policy"])).await
            }
            "new-environment" => {
                id(&self.make("environments", json!({"name": unique, "code": unique}), json!({})).await)
            }
            "new-webhook-endpoint" => self.new_webhook_endpoint().await,
            "new-webhook-event" => self.new_webhook_event().await,
            "second-factor" => {
                let made = self.new_second_factor().await;
                self.name("second-factor", made.clone());
                made
            }
            "new-second-factor" => self.new_second_factor().await,
            "new-token" => {
                let path = format!("users/{}/tokens", self.names["user"]);
                id(&self.admin.post(&path, json!(null)).await.body["data"])
            }
            other => self.new_in_use(other, &unique).await,
        }
    }

    /// What a licence is used on.
    async fn new_in_use(&self, name: &str, unique: &str) -> String {
        match name {
            "new-machine" => self.new_machine(unique).await,
            "new-component" => self.new_component(&self.names["machine"], unique).await,
            "new-process" => self.new_process(unique).await,
            other => panic!("the stage has no {other}"),
        }
    }

    /// A rollout that is paused.
    async fn new_paused(&self) -> String {
        let release = self.new_release(&format!("3.0.{}", self.made)).await;
        let rollout = self.new_rollout(&release).await;
        let path = format!("rollouts/{rollout}/actions/pause");
        assert_eq!(self.admin.post(&path, json!(null)).await.status, 200);
        rollout
    }

    /// A licence that is suspended.
    async fn new_suspended(&self) -> String {
        let license = id(&self.new_license().await);
        let path = format!("licenses/{license}/actions/suspend");
        assert_eq!(self.admin.post(&path, json!(null)).await.status, 200);
        license
    }

    /// A second factor of the owner, who has no other one.
    async fn new_second_factor(&self) -> String {
        let (db, account) = (&self.world.db, self.world.account);
        let user = self.names["user"].parse().unwrap();
        let inside = self.admin.headers.contains_key("keygen-environment");
        let environment = inside.then(|| self.names["environment"].parse::<RecordId>().unwrap().into());
        let id = RecordId::generate(START);
        let mut factor = Record::new(SecondFactor::RESOURCE, id, account, environment, START);
        factor.set("user_id", Column::Id(user));
        factor.set("secret", Column::Text("MZXW6YTB".to_owned()));
        factor.set("enabled", Column::Bool(false));
        let mut write = db.begin().await.unwrap();
        write.delete_where(SecondFactor::RESOURCE, account, &Scope::id("user_id", user)).await.unwrap();
        assert_eq!(write.insert(&factor).await.unwrap(), Inserted::Yes);
        write.commit(Changes::none()).await.unwrap();
        id.to_string()
    }

    async fn setting(&self, key: &str) -> String {
        let attributes = json!({ "key": key, "value": ["license.read"] });
        let made =
            self.admin.post("accounts/acme/settings", document("settings", attributes, json!({}))).await;
        assert_eq!(made.status, 201, "{}", made.body);
        id(&made.body["data"])
    }
}

/// The first name in braces, if there is one. JSON objects open with a quote or another brace.
fn placeholder(text: &str) -> Option<String> {
    text.match_indices('{').find_map(|(start, _)| {
        let rest = text.get(start + 1..)?;
        let name = rest.get(..rest.find('}')?)?;
        let plain = name.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        (plain && !name.is_empty()).then(|| name.to_owned())
    })
}
