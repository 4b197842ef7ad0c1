//! A server's worth of parts around an API, and clients that speak to it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use keyway_api::{Api, ApiParts, ApiRequest, ApiResponse, PublicUrls, ShortLink};
use keyway_base::{AccountId, Clock, ManualClock, RecordId, RequestId, Secret, SlotKey, Timestamp};
use keyway_blob::{BlobStore, DiskOptions, Urls};
use keyway_catalog::{CacheLimits, Catalog, Mode, Tenancy};
use keyway_crypto::account_keys::AccountKeys;
use keyway_crypto::signed_url::{KeyId, UrlKeys};
use keyway_crypto::token::{self, TokenKind};
use keyway_domain::request::{Answered, Asked, Message};
use keyway_domain::resources::{Account, Token, User};
use keyway_engine::Engines;
use keyway_jsonapi::{Declared, Record, Value as Column};
use keyway_store::{Changes, Db, Inserted, Options};
use keyway_testkit::TestDatabase;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::Notify;

/// 2026-06-01T12:00:00Z, when every test begins.
/// Where the portal is.
pub(crate) const PORTAL: &str = "https://portal.example.com";
pub(crate) const START: Timestamp = Timestamp::from_micros(1_780_315_200_000_000);

pub(crate) const ENGINES: Engines = Engines::new(&[
    &keyway_engine_npm::NpmEngine,
    &keyway_engine_oci::OciEngine,
    &keyway_engine_pypi::PypiEngine,
    &keyway_engine_raw::RawEngine,
]);

/// An API with an account `acme` and its first admin.
pub(crate) struct World {
    pub(crate) api: Arc<Api>,
    pub(crate) db: Db,
    pub(crate) blobs: BlobStore,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) urls: Arc<Urls>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) account: AccountId,
    /// The first admin, by token.
    pub(crate) admin: Client,
    /// The first admin's id.
    pub(crate) admin_id: RecordId,
    _dir: TempDir,
    place: TestDatabase,
}

/// Somebody who speaks to the API.
#[derive(Clone)]
pub(crate) struct Client {
    api: Arc<Api>,
    pub(crate) headers: HeaderMap,
    /// Whether its requests are logged, as the front end logs them.
    is_logged: bool,
}

/// What the API answered.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
    pub(crate) raw: ApiResponse,
}

/// The keys of every test's account: RSA takes too long to make them each time.
fn keys() -> &'static (String, String) {
    static KEYS: OnceLock<(String, String)> = OnceLock::new();
    KEYS.get_or_init(|| {
        let keys = AccountKeys::generate().unwrap();
        (keys.to_text().into_inner(), keys.stored().secret.expose().clone())
    })
}

/// Memory-backed where there is such a place: tests commit a lot.
fn directory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(Tenancy::default(), true).await
    }
    /// A server that logs no requests.
    pub(crate) async fn without_request_logs() -> Self {
        Self::with(Tenancy::default(), false).await
    }
    /// A server of many accounts, where a path that names none means `acme`.
    pub(crate) async fn of_many() -> Self {
        let account = Some("acme".to_owned());
        Self::with(Tenancy { mode: Mode::Multiplayer, account, lenient: true }, true).await
    }
    async fn with(tenancy: Tenancy, logs_requests: bool) -> Self {
        let dir = directory();
        let clock = Arc::new(ManualClock::at(START));
        let place = TestDatabase::new();
        let db = Db::open(&Options::at(place.url(), 2).unwrap()).await.unwrap();
        let blobs = BlobStore::open(DiskOptions::new(dir.path().join("blobs"))).await.unwrap();
        let (account, admin_id, secret) = found(&db).await;
        let shared: Arc<dyn Clock> = clock.clone();
        let limits = CacheLimits::default();
        let catalog = Catalog::with_tenancy(db.clone(), ENGINES, Arc::clone(&shared), limits, tenancy);
        let urls = Arc::new(Urls::new(
            "https://api.example.com",
            UrlKeys::new(KeyId(1), &Secret::new(vec![7; UrlKeys::KEY_LENGTH])),
        ));
        let api = Api::new(ApiParts {
            db: db.clone(),
            catalog: Arc::clone(&catalog),
            blobs: blobs.clone(),
            urls: Arc::clone(&urls),
            engines: ENGINES,
            clock: shared,
            public: public(),
            wake_jobs: Arc::new(Notify::new()),
            logs_requests,
        });
        let admin =
            Client { api: Arc::clone(&api), headers: HeaderMap::new(), is_logged: false }.bearer(&secret);
        Self { api, db, blobs, catalog, urls, clock, account, admin, admin_id, _dir: dir, place }
    }
    /// The admin at another node, which has caches of its own over the same database, and the same clock.
    pub(crate) async fn another_node(&self) -> Client {
        let db = Db::open(&Options::at(self.place.url(), 2).unwrap()).await.unwrap();
        let clock: Arc<dyn Clock> = self.clock.clone();
        let catalog = Catalog::new(db.clone(), ENGINES, Arc::clone(&clock), CacheLimits::default());
        let api = Api::new(ApiParts {
            db,
            catalog,
            blobs: self.blobs.clone(),
            urls: Arc::clone(&self.urls),
            engines: ENGINES,
            clock,
            public: public(),
            wake_jobs: Arc::new(Notify::new()),
            logs_requests: false,
        });
        Client { api, ..self.admin.clone() }
    }
    /// Nobody in particular.
    pub(crate) fn anonymous(&self) -> Client {
        Client { api: Arc::clone(&self.api), headers: HeaderMap::new(), is_logged: false }
    }
    /// A licence by its key.
    pub(crate) fn key(&self, key: &str) -> Client {
        self.anonymous().header("authorization", &format!("License {key}"))
    }
    /// Makes a record as admin and gives its resource object.
    pub(crate) async fn make(&self, kind: &str, attributes: Value, relationships: Value) -> Value {
        self.admin.make(kind, attributes, relationships).await
    }
    /// A product.
    pub(crate) async fn product(&self, name: &str) -> String {
        id(&self.make("products", json!({ "name": name }), json!({})).await)
    }
    /// A policy under which licences may authenticate in every way.
    pub(crate) async fn policy(&self, product: &str, attributes: Value) -> String {
        let mut all = json!({ "name": "Standard", "authenticationStrategy": "MIXED" });
        all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
        id(&self.make("policies", all, one("product", "products", product)).await)
    }
    /// A licence; gives its id and key.
    pub(crate) async fn license(&self, policy: &str, attributes: Value) -> (String, String) {
        let license = self.make("licenses", attributes, one("policy", "policies", policy)).await;
        (id(&license), license["attributes"]["key"].as_str().unwrap().to_owned())
    }
    /// An entitlement.
    pub(crate) async fn entitlement(&self, code: &str) -> String {
        id(&self.make("entitlements", json!({ "name": code, "code": code }), json!({})).await)
    }
    /// A user of a role.
    pub(crate) async fn user(&self, email: &str, role: &str) -> String {
        id(&self.make("users", json!({ "email": email, "role": role }), json!({})).await)
    }
    /// A client that speaks for a user. The token is written past the API: nobody may make one for a team
    /// member but themselves.
    pub(crate) async fn speak_for(&self, user: &str, kind: TokenKind) -> Client {
        let secret = write_token(&self.db, self.account, user.parse().unwrap(), kind).await;
        self.anonymous().bearer(&secret)
    }
    /// A client with a token that is generated below a record (`products/<id>`).
    pub(crate) async fn token_of(&self, path: &str) -> Client {
        let answer = self.admin.post(&format!("{path}/tokens"), json!(null)).await;
        self.anonymous().bearer(answer.text("/data/attributes/token"))
    }
}

fn public() -> PublicUrls {
    PublicUrls {
        api: "https://api.example.com".to_owned(),
        domain: Some("example.com".to_owned()),
        portal: Some(PORTAL.parse().unwrap()),
    }
}

/// Makes the account, its first admin and a token; gives their ids and the token.
async fn found(db: &Db) -> (AccountId, RecordId, String) {
    let (text, secret) = keys();
    let id = RecordId::generate(START);
    let mut account = Record::new(Account::RESOURCE, id, id.into(), None, START);
    for (column, value) in
        [("name", "Acme"), ("slug", "acme"), ("api_version", "1.8"), ("secret", secret), ("keys", text)]
    {
        account.set(column, Column::Text(value.to_owned()));
    }
    account.set("protected", Column::Bool(false));
    let mut admin = Record::new(User::RESOURCE, RecordId::generate(START), id.into(), None, START);
    admin.set("email", Column::Text("admin@acme.example".to_owned()));
    admin.set("role", Column::Text("admin".to_owned()));
    admin.set("permissions", Column::Json(json!(["*"])));
    admin.set("metadata", Column::Json(json!({})));
    let mut write = db.begin().await.unwrap();
    assert_eq!(write.insert(&account).await.unwrap(), Inserted::Yes);
    assert_eq!(write.insert(&admin).await.unwrap(), Inserted::Yes);
    write.commit(Changes::everything(id.into())).await.unwrap();
    let token = write_token(db, id.into(), admin.id(), TokenKind::Admin).await;
    (id.into(), admin.id(), token)
}

async fn write_token(db: &Db, account: AccountId, user: RecordId, kind: TokenKind) -> String {
    let secret = token::AccountSecret::from_stored(keys().1.clone()).unwrap();
    let text = token::generate(kind).into_inner();
    let mut record = Record::new(Token::RESOURCE, RecordId::generate(START), account, None, START);
    record.set("digest", Column::Bytes(token::digest(&secret, &text).as_bytes().to_vec()));
    record.set("bearer_type", Column::Text("users".to_owned()));
    record.set("bearer_id", Column::Id(user));
    record.set("kind", Column::Text(kind.as_str().to_owned()));
    record.set("permissions", Column::Json(json!(["*"])));
    record.set("activations", Column::Int(0));
    record.set("deactivations", Column::Int(0));
    let mut write = db.begin().await.unwrap();
    assert_eq!(write.insert(&record).await.unwrap(), Inserted::Yes);
    write.commit(Changes::of(account, [SlotKey::Account(account).into()])).await.unwrap();
    text
}

impl Client {
    /// The same client with one more header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.headers.insert(name, HeaderValue::from_str(value).unwrap());
        self
    }
    /// The same client with a token.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }
    /// The same client with user name and password.
    pub(crate) fn basic(self, user: &str, password: &str) -> Self {
        let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
        self.header("authorization", &format!("Basic {pair}"))
    }
    /// The same client in an environment.
    pub(crate) fn inside(self, environment: &str) -> Self {
        self.header("keygen-environment", environment)
    }
    /// The headers that it sends.
    pub(crate) const fn headers(&self) -> &HeaderMap {
        &self.headers
    }
    /// The secret of its token.
    pub(crate) fn secret(&self) -> String {
        let value = self.headers.get("authorization").unwrap().to_str().unwrap();
        value.strip_prefix("Bearer ").unwrap().to_owned()
    }

    /// The same, its requests logged.
    pub(crate) fn logged(&self) -> Self {
        Self { is_logged: true, ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }
    pub(crate) async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }
    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }
    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }
    /// A request with a JSON body; `null` is none.
    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let body = body.filter(|body| !body.is_null());
        self.raw(method, path, body.map(|body| body.to_string()).unwrap_or_default().into_bytes()).await
    }
    /// A request with any body. Paths are below `/v1`, with their query.
    pub(crate) async fn raw(&self, method: Method, path: &str, body: Vec<u8>) -> Answer {
        let path = if path.starts_with('/') { path.to_owned() } else { format!("/v1/{path}") };
        self.ask(method, &path, None, body).await
    }
    /// A request on a host of short links, for what is below an account.
    pub(crate) async fn follow(&self, method: Method, account: Option<&str>, below: &str) -> Answer {
        let (path, query) = below.split_once('?').unwrap_or((below, ""));
        let link = ShortLink { account: account.map(str::to_owned), below: path.to_owned() };
        self.ask(method, &format!("/?{query}"), Some(link), Vec::new()).await
    }
    async fn ask(&self, method: Method, path: &str, short_link: Option<ShortLink>, body: Vec<u8>) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let request = ApiRequest {
            method,
            path: path.to_owned(),
            short_link,
            query: query.to_owned(),
            headers: self.headers.clone(),
            body: Bytes::from(body),
            peer: IpAddr::V4(Ipv4Addr::LOCALHOST),
            host_account: None,
            request_id: RequestId::generate(START),
        };
        let logged = self.is_logged.then(|| request.clone());
        let raw = self.api.handle(request).await;
        if let (Some(request), Some(asked)) = (logged, raw.asked) {
            assert!(self.api.log(answered(request, asked, &raw)));
        }
        let bytes = raw.bytes().cloned().unwrap_or_default();
        let binary = raw.headers.get("content-type").is_some_and(|kind| kind == "application/octet-stream");
        let is_document = !bytes.is_empty() && !binary;
        let body = if is_document { serde_json::from_slice(&bytes).unwrap() } else { Value::Null };
        Answer { status: raw.status.as_u16(), headers: raw.headers.clone(), body, raw }
    }
    /// Makes a record and gives its resource object.
    pub(crate) async fn make(&self, kind: &str, attributes: Value, relationships: Value) -> Value {
        let answer = self.post(kind, document(kind, attributes, relationships)).await;
        assert_eq!(answer.status, 201, "{kind}: {}", answer.body);
        answer.body["data"].clone()
    }
}

/// What the front end tells the log.
fn answered(request: ApiRequest, asked: Asked, answer: &ApiResponse) -> Answered {
    Answered {
        id: request.request_id,
        at: START,
        asked,
        method: request.method,
        path: request.path,
        query: request.query,
        client: request.peer,
        user_agent: request.headers.get(USER_AGENT).cloned(),
        status: answer.status,
        signature: None,
        request: Message::sent(&request.headers, &request.body),
        response: Message::answered(&answer.headers, answer.bytes().unwrap_or(&Bytes::new())),
    }
}

impl Answer {
    /// A text in the body, by JSON pointer.
    pub(crate) fn text(&self, pointer: &str) -> &str {
        let found = self.body.pointer(pointer).and_then(Value::as_str);
        found.unwrap_or_else(|| panic!("no text at {pointer} in {} {}", self.status, self.body))
    }
    /// A value in the body, by JSON pointer; null when there is none.
    pub(crate) fn at(&self, pointer: &str) -> &Value {
        self.body.pointer(pointer).unwrap_or(&Value::Null)
    }
    /// A header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
    /// The ids of a list.
    pub(crate) fn ids(&self) -> Vec<String> {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body["data"].as_array().unwrap().iter().map(id).collect()
    }
    /// Status, code, and where the first error points.
    pub(crate) fn error(&self) -> (u16, &str, &str) {
        let error = &self.body["errors"][0];
        let source =
            ["pointer", "parameter", "header"].iter().find_map(|name| error["source"][name].as_str());
        (self.status, error["code"].as_str().unwrap_or(""), source.unwrap_or(""))
    }
    /// The codes of all errors.
    pub(crate) fn codes(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().map(|error| error["code"].as_str().unwrap_or("")).collect()
    }
    /// The detail of the first error.
    pub(crate) fn detail(&self) -> &str {
        self.text("/errors/0/detail")
    }
}

/// The id of a resource object.
pub(crate) fn id(object: &Value) -> String {
    object["id"].as_str().unwrap_or_else(|| panic!("no id in {object}")).to_owned()
}

/// A to-one relationship.
pub(crate) fn one(name: &str, kind: &str, id: &str) -> Value {
    json!({ name: { "data": { "type": kind, "id": id } } })
}

/// A resource document.
pub(crate) fn document(kind: &str, attributes: Value, relationships: Value) -> Value {
    let mut data = json!({ "type": kind, "attributes": attributes });
    if relationships.as_object().is_some_and(|all| !all.is_empty()) {
        data["relationships"] = relationships;
    }
    json!({ "data": data })
}

/// A document that changes attributes.
pub(crate) fn change(kind: &str, attributes: Value) -> Value {
    document(kind, attributes, json!({}))
}
