//! The codes of a validation, as a vendor and an application bring each about (`licensing.md` §9.2, in its order).

use std::collections::BTreeSet;
use std::time::Duration;

use keyway_base::SlotKey;
use keyway_domain::license::validation::Code;
use keyway_domain::resources::Policy;
use keyway_jsonapi::{Declared, Scope, Value as Column};
use keyway_store::Changes;
use serde_json::{Value, json};

use crate::world::{Answer, World, change, document, id, one};

/// What has happened to a licence, in this order.
enum Given {
    /// It has an owner.
    Owned,
    /// Another user was attached to it.
    Attached,
    /// Its owner was banned.
    Banned,
    /// An action of it was taken.
    Did(&'static str),
    /// It was changed.
    Changed(Value),
    /// Its policy requires what cannot be required over the API.
    RequiresEnvironment,
    /// A machine with these attributes was activated.
    Machine(Value),
    /// A component was added to the last machine.
    Component(&'static str),
    /// Seconds have gone by.
    Later(u64),
    /// It was deleted.
    Gone,
}
use Given::{Attached, Banned, Changed, Component, Did, Gone, Later, Machine, Owned, RequiresEnvironment};

/// The policy's terms, what was given, the scope, and what the specification says: validity, code, detail.
type Row = (Value, Vec<Given>, Value, bool, &'static str, &'static str);

/// Steps 1 to 5.
fn standing() -> Vec<Row> {
    let check_in = json!({"requireCheckIn": true, "checkInInterval": "day", "checkInIntervalCount": 1});
    let past = || Changed(json!({"expiry": "2020-01-01T00:00:00.000Z"}));
    vec![
        (json!({}), vec![Gone], json!({}), false, "NOT_FOUND", "does not exist"),
        (json!({}), vec![Owned, Did("suspend"), Banned], json!({}), false, "BANNED", "is banned"),
        (json!({}), vec![past(), Did("suspend")], json!({}), false, "SUSPENDED", "is suspended"),
        (
            json!({"expirationStrategy": "REVOKE_ACCESS"}),
            vec![past()],
            json!({"product": "{nobody}"}),
            false,
            "EXPIRED",
            "is expired",
        ),
        (
            check_in,
            vec![Did("check-in"), Later(2 * 86_400)],
            json!({"product": "{nobody}"}),
            false,
            "OVERDUE",
            "is overdue for check in",
        ),
    ]
}

/// Steps 6 to 10.
fn scopes() -> Vec<Row> {
    let simple = |flag: &str, scope, code, detail| {
        let terms = if flag.is_empty() { json!({}) } else { json!({ flag: true }) };
        (terms, vec![Owned], scope, false, code, detail)
    };
    let other = json!({"environment": "prod"});
    let required = "environment scope is required";
    vec![
        simple("", other, "ENVIRONMENT_SCOPE_MISMATCH", "environment scope does not match"),
        (json!({}), vec![RequiresEnvironment], json!({}), false, "ENVIRONMENT_SCOPE_REQUIRED", required),
        simple("", json!({"product": "{nobody}"}), "PRODUCT_SCOPE_MISMATCH", "product scope does not match"),
        simple("requireProductScope", json!({}), "PRODUCT_SCOPE_REQUIRED", "product scope is required"),
        simple("", json!({"policy": "{nobody}"}), "POLICY_SCOPE_MISMATCH", "policy scope does not match"),
        simple("requirePolicyScope", json!({}), "POLICY_SCOPE_REQUIRED", "policy scope is required"),
        simple("", json!({"user": "nobody@example.com"}), "USER_SCOPE_MISMATCH", "user scope does not match"),
        simple("requireUserScope", json!({}), "USER_SCOPE_REQUIRED", "user scope is required"),
        simple("", json!({"entitlements": []}), "ENTITLEMENTS_SCOPE_EMPTY", "entitlements scope is empty"),
        simple(
            "",
            json!({"entitlements": ["GOLD"]}),
            "ENTITLEMENTS_MISSING",
            "is missing one or more required entitlements",
        ),
    ]
}

fn floating() -> Value {
    json!({"floating": true})
}

fn with(flag: &str) -> Value {
    json!({"floating": true, flag: true})
}

fn a() -> Vec<Given> {
    vec![Machine(json!({"fingerprint": "a"}))]
}

fn late() -> Vec<Given> {
    vec![Machine(json!({"fingerprint": "a"})), Later(601)]
}

fn waiting() -> Value {
    json!({"requireHeartbeat": true, "heartbeatBasis": "FROM_FIRST_PING"})
}

fn pinging() -> Value {
    json!({"requireHeartbeat": true, "heartbeatBasis": "FROM_CREATION"})
}

fn machine() -> Value {
    json!({"machine": "{machine}"})
}

fn print(print: &str) -> Value {
    json!({ "fingerprint": print })
}

/// Step 11.
fn machines() -> Vec<Row> {
    vec![
        (
            json!({}),
            vec![],
            machine(),
            false,
            "NO_MACHINE",
            "machine is not activated (has no associated machine)",
        ),
        (
            json!({}),
            a(),
            json!({"machine": "{nobody}"}),
            false,
            "MACHINE_SCOPE_MISMATCH",
            "machine is not activated (does not match any associated machines)",
        ),
        (waiting(), a(), machine(), false, "HEARTBEAT_NOT_STARTED", "machine heartbeat is required"),
        (pinging(), late(), machine(), false, "HEARTBEAT_DEAD", "machine heartbeat is dead"),
        (
            with("requireMachineScope"),
            a(),
            print("a"),
            false,
            "MACHINE_SCOPE_REQUIRED",
            "machine scope is required",
        ),
    ]
}

/// Step 12.
fn fingerprints() -> Vec<Row> {
    let matching = |strategy: &str| json!({"floating": true, "machineMatchingStrategy": strategy});
    let several = || json!({"fingerprints": ["a", "b", "c"]});
    let mut rows = vec![
        (
            floating(),
            vec![],
            print("a"),
            false,
            "NO_MACHINES",
            "fingerprint is not activated (has no associated machines)",
        ),
        (
            floating(),
            a(),
            json!({"fingerprints": [null]}),
            false,
            "FINGERPRINT_SCOPE_EMPTY",
            "fingerprint scope is empty",
        ),
        (pinging(), late(), print("a"), false, "HEARTBEAT_DEAD", "machine heartbeat is dead"),
        (
            floating(),
            a(),
            print("b"),
            false,
            "FINGERPRINT_SCOPE_MISMATCH",
            "fingerprint is not activated (does not match any associated machines)",
        ),
        (waiting(), a(), print("a"), false, "HEARTBEAT_NOT_STARTED", "machine heartbeat is required"),
        (
            with("requireFingerprintScope"),
            a(),
            machine(),
            false,
            "FINGERPRINT_SCOPE_REQUIRED",
            "fingerprint scope is required",
        ),
        (
            floating(),
            a(),
            json!({"fingerprints": ["a"], "components": ["c"]}),
            false,
            "FINGERPRINT_SCOPE_REQUIRED",
            "fingerprint scope is required",
        ),
    ];
    for (strategy, detail) in [
        (
            "MATCH_TWO",
            "one or more fingerprint is not activated (does not match at least 2 associated machines)",
        ),
        (
            "MATCH_MOST",
            "one or more fingerprint is not activated (does not match enough associated machines)",
        ),
        ("MATCH_ALL", "one or more fingerprint is not activated (does not match all associated machines)"),
    ] {
        rows.push((matching(strategy), a(), several(), false, "FINGERPRINT_SCOPE_MISMATCH", detail));
    }
    rows.push((matching("MATCH_ANY"), a(), several(), true, "VALID", "is valid"));
    rows
}

/// Step 13.
fn components() -> Vec<Row> {
    let of_components = |found: Value| json!({"fingerprint": "a", "components": found});
    vec![
        (
            floating(),
            a(),
            of_components(json!([])),
            false,
            "COMPONENTS_SCOPE_EMPTY",
            "components scope is empty",
        ),
        (
            json!({"floating": true, "componentMatchingStrategy": "MATCH_ALL"}),
            vec![Machine(json!({"fingerprint": "a"})), Component("c")],
            of_components(json!(["c", "d"])),
            false,
            "COMPONENTS_SCOPE_MISMATCH",
            "one or more component is not activated (does not match all associated components)",
        ),
        (
            with("requireComponentsScope"),
            a(),
            print("a"),
            false,
            "COMPONENTS_SCOPE_REQUIRED",
            "components scope is required",
        ),
    ]
}

/// Steps 14 to 17.
fn releases_and_users() -> Vec<Row> {
    let past = || Changed(json!({"expiry": "2020-01-01T00:00:00.000Z"}));
    let too_many = || vec![Owned, Attached, Changed(json!({"maxUsers": 1}))];
    let users = "has too many associated users";
    let over = |strategy: &str| json!({ "overageStrategy": strategy });
    let mut rows = vec![
        (
            json!({}),
            vec![],
            json!({"checksum": "x"}),
            false,
            "CHECKSUM_SCOPE_MISMATCH",
            "checksum scope is not valid (does not match any accessible artifacts)",
        ),
        (
            json!({"requireChecksumScope": true}),
            vec![],
            json!({}),
            false,
            "CHECKSUM_SCOPE_REQUIRED",
            "checksum scope is required",
        ),
        (
            json!({}),
            vec![],
            json!({"version": "9.9.9"}),
            false,
            "VERSION_SCOPE_MISMATCH",
            "version scope is not valid (does not match any accessible releases)",
        ),
        (
            json!({"requireVersionScope": true}),
            vec![],
            json!({}),
            false,
            "VERSION_SCOPE_REQUIRED",
            "version scope is required",
        ),
        (json!({}), too_many(), json!({}), false, "TOO_MANY_USERS", users),
        (over("ALLOW_2X_OVERAGE"), too_many(), json!({}), true, "TOO_MANY_USERS", users),
        (json!({}), vec![], json!({}), true, "VALID", "is valid"),
    ];
    for (strategy, valid) in [("RESTRICT_ACCESS", false), ("MAINTAIN_ACCESS", true), ("ALLOW_ACCESS", true)] {
        let terms = json!({ "expirationStrategy": strategy });
        rows.push((terms, vec![past()], json!({}), valid, "EXPIRED", "is expired"));
    }
    rows
}

/// Steps 18 to 27, of strict policies.
fn counts() -> Vec<Row> {
    let sized = |print: &str| Machine(json!({"fingerprint": print, "cores": 4, "memory": 8, "disk": 16}));
    let two = |limit: Value| vec![sized("a"), sized("b"), Changed(limit)];
    let strict = |more: Value| {
        let mut terms = json!({"strict": true, "floating": true, "overageStrategy": "ALWAYS_ALLOW_OVERAGE"});
        terms.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        terms
    };
    let none = || strict(json!({"overageStrategy": "NO_OVERAGE"}));
    let node_locked = |overage: &str| json!({"strict": true, "floating": false, "overageStrategy": overage});
    let mut rows = vec![
        (
            node_locked("NO_OVERAGE"),
            vec![],
            json!({}),
            false,
            "NO_MACHINE",
            "must have exactly 1 associated machine",
        ),
        (
            node_locked("ALLOW_2X_OVERAGE"),
            vec![sized("a"), sized("b")],
            json!({}),
            true,
            "TOO_MANY_MACHINES",
            "has too many associated machines",
        ),
        (none(), vec![], json!({}), false, "NO_MACHINES", "must have at least 1 associated machine"),
    ];
    for (limit, code, detail) in [
        (json!({"maxMachines": 1}), "TOO_MANY_MACHINES", "has too many associated machines"),
        (json!({"maxCores": 7}), "TOO_MANY_CORES", "has too many associated machine cores"),
        (json!({"maxMemory": 15}), "TOO_MUCH_MEMORY", "has too much associated machine memory"),
        (json!({"maxDisk": 31}), "TOO_MUCH_DISK", "has too much associated machine disk"),
    ] {
        rows.push((none(), two(limit.clone()), json!({}), false, code, detail));
        rows.push((strict(json!({})), two(limit), json!({}), true, code, detail));
    }
    let late = || vec![sized("a"), Changed(json!({"expiry": "2020-01-01T00:00:00.000Z"}))];
    rows.push((none(), late(), json!({}), false, "EXPIRED", "is expired"));
    rows.push((
        strict(json!({"expirationStrategy": "ALLOW_ACCESS"})),
        late(),
        json!({}),
        true,
        "EXPIRED",
        "is expired",
    ));
    rows.push((none(), two(json!({"maxMachines": 2})), json!({}), true, "VALID", "is valid"));
    rows
}

/// A licence that rows happen to.
struct Case<'w> {
    world: &'w World,
    policy: String,
    license: String,
    key: String,
    owner: String,
    machine: String,
}

impl<'w> Case<'w> {
    async fn under(world: &'w World, product: &str, terms: &Value) -> Self {
        let policy = world.policy(product, terms.clone()).await;
        let (license, key) = world.license(&policy, json!({})).await;
        Self { world, policy, license, key, owner: String::new(), machine: world.account.to_string() }
    }

    async fn give(&mut self, given: &Given) {
        let admin = &self.world.admin;
        let path = format!("licenses/{}", self.license);
        let done = match given {
            Owned | Attached => {
                let email =
                    format!("user-{}@example.com", keyway_base::RecordId::generate(crate::world::START));
                let user = self.world.user(&email, "user").await;
                let reference = json!({"type": "users", "id": user});
                match given {
                    Owned => {
                        self.owner = user;
                        admin.put(&format!("{path}/owner"), json!({ "data": reference })).await
                    }
                    _ => admin.post(&format!("{path}/users"), json!({"data": [reference]})).await,
                }
            }
            Banned => admin.post(&format!("users/{}/actions/ban", self.owner), Value::Null).await,
            Did(action) => admin.post(&format!("{path}/actions/{action}"), Value::Null).await,
            Changed(attributes) => admin.patch(&path, change("licenses", attributes.clone())).await,
            RequiresEnvironment => return self.require_environment().await,
            Machine(attributes) => {
                let of_it = one("license", "licenses", &self.license);
                let made = admin.post("machines", document("machines", attributes.clone(), of_it)).await;
                assert_eq!(made.status, 201, "{}", made.body);
                self.machine = id(&made.body["data"]);
                made
            }
            Component(print) => {
                let attributes = json!({"fingerprint": print, "name": print});
                let of_it = one("machine", "machines", &self.machine);
                admin.post("components", document("components", attributes, of_it)).await
            }
            Later(seconds) => {
                self.world.clock.advance(Duration::from_secs(*seconds));
                return;
            }
            Gone => admin.delete(&path).await,
        };
        assert!(matches!(done.status, 200 | 201 | 204), "{} {}", done.status, done.body);
    }

    async fn require_environment(&self) {
        let (db, account) = (&self.world.db, self.world.account);
        let named = Scope::id("id", self.policy.parse::<keyway_base::RecordId>().unwrap());
        let mut policy = db.find(Policy::RESOURCE, account, &named).await.unwrap().unwrap();
        policy.set("require_environment_scope", Column::Bool(true));
        let mut write = db.begin().await.unwrap();
        assert!(write.update(&policy, &["require_environment_scope"]).await.unwrap());
        write.commit(Changes::of(account, [SlotKey::Account(account).into()])).await.unwrap();
    }

    /// Has the licence validated by its key, so that what has to end with the next change is kept.
    async fn keep(&self) {
        let by_key = json!({"meta": {"key": self.key}});
        let answer = self.world.anonymous().post("licenses/actions/validate-key", by_key).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
    }

    /// What is answered by key and, of a licence that exists, by id: the same to the byte.
    async fn answers(&self, scope: &Value) -> Vec<(bool, String, String)> {
        let nobody = self.world.account.to_string();
        let scope = scope.to_string().replace("{nobody}", &nobody).replace("{machine}", &self.machine);
        let scope: Value = serde_json::from_str(&scope).unwrap();
        let by_key = json!({"meta": {"key": self.key, "scope": scope}});
        let path = format!("licenses/{}/actions/validate", self.license);
        let by_id = json!({"meta": {"scope": scope}});
        let (anyone, admin) = (self.world.anonymous(), &self.world.admin);
        let mut answers = vec![anyone.post("licenses/actions/validate-key", by_key.clone()).await];
        let kept = admin.post("licenses/actions/validate-key", by_key).await;
        self.world.api.flush_logs().await.unwrap();
        let gathered = admin.post(&path, by_id).await;
        if gathered.status == 200 {
            assert_eq!(kept.raw.bytes(), gathered.raw.bytes(), "{}\n{}", kept.body, gathered.body);
            assert_eq!(headers(&kept), headers(&gathered));
            answers.push(gathered);
        }
        answers.push(kept);
        let found = answers.iter().map(|answer| {
            let valid = answer.at("/meta/valid").as_bool().unwrap();
            (valid, answer.text("/meta/code").to_owned(), answer.text("/meta/detail").to_owned())
        });
        found.collect()
    }
}

/// The headers of an answer, in order, but for those that name the request.
fn headers(answer: &Answer) -> Vec<(String, String)> {
    let all = answer.headers.iter().filter(|(name, _)| *name != "x-request-id");
    all.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect()
}

async fn holds(rows: Vec<Row>) {
    let world = World::new().await;
    let product = world.product("App").await;
    for (terms, given, scope, valid, code, detail) in rows {
        let mut case = Case::under(&world, &product, &terms).await;
        for step in &given {
            case.keep().await;
            case.give(step).await;
        }
        let expected = (valid, code.to_owned(), detail.to_owned());
        let answers = case.answers(&scope).await;
        let asked = if code == "NOT_FOUND" { 2 } else { 3 };
        assert_eq!(answers, vec![expected; asked], "{terms} {scope}");
    }
}

#[tokio::test]
async fn of_how_a_licence_stands() {
    holds(standing()).await;
}
#[tokio::test]
async fn of_scopes() {
    holds(scopes()).await;
}
#[tokio::test]
async fn of_machines() {
    holds(machines()).await;
    holds(fingerprints()).await;
    holds(components()).await;
}
#[tokio::test]
async fn of_releases_and_users() {
    holds(releases_and_users()).await;
}
#[tokio::test]
async fn of_counts() {
    holds(counts()).await;
}

/// No code is without a row.
#[test]
fn every_code_is_brought_about() {
    let rows =
        [standing(), scopes(), machines(), fingerprints(), components(), releases_and_users(), counts()];
    let told: BTreeSet<&str> = rows.iter().flatten().map(|row| row.4).collect();
    let known: BTreeSet<&str> = Code::TEXTS.iter().copied().collect();
    let untold: Vec<_> = known.difference(&told).collect();
    assert_eq!(untold, [&"TOO_MANY_PROCESSES"], "brought about where processes are tested");
    assert!(told.is_subset(&known), "{told:?}");
}
