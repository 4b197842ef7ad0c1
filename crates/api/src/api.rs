//! The API itself: from a request to an answer, in the order of `licensing.md` §3.1.

use std::sync::Arc;

use http::{HeaderMap, Method, Uri, header};
use keyway_access::{Origin, Presented, Principal, Surface, admit, credentials};
use keyway_base::{AccountId, Clock};
use keyway_blob::{BlobStore, Urls};
use keyway_catalog::{
    AccountError, AccountFacts, Catalog, EnvironmentFacts, Known, Mode, PrincipalError, Shelf, to_the_end,
};
use keyway_crypto::http_signature::parse_accept_signature;
use keyway_crypto::session::Session;
use keyway_domain::account::CustomHost;
use keyway_domain::request::Asked;
use keyway_engine::Engines;
use keyway_events::{Journal, Requests, Validations};
use keyway_jsonapi::{ApiError, MediaType, Query, QueryValue, parse_body};
use keyway_store::{Db, retrying};
use serde_json::{Map, Value};
use tokio::sync::Notify;

use crate::analytics::KeptFigures;
use crate::call::Call;
use crate::caller::Caller;
use crate::daily::Daily;
use crate::endpoint::{Endpoint, Operation, Outside, Running, Verb};
use crate::gate;
use crate::licensing::Remembered;
use crate::log;
use crate::pace::Pace;
use crate::path::{Place, decode};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::router::{Matched, Router};
use crate::version::{ApiVersion, Route, take_file};
use crate::{ApiRequest, ApiResponse, answer, endpoints};

/// What the API is built from.
pub struct ApiParts {
    /// The database.
    pub db: Db,
    /// Accounts, environments and principals.
    pub catalog: Arc<Catalog>,
    /// The bytes of artifacts.
    pub blobs: BlobStore,
    /// Signed URLs of the blob store.
    pub urls: Arc<Urls>,
    /// The engines, for keys and versions of packages.
    pub engines: Engines,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Where clients reach us.
    pub public: PublicUrls,
    /// Notified when a job was added.
    pub wake_jobs: Arc<Notify>,
    /// Whether requests are logged.
    pub logs_requests: bool,
}

/// Where clients reach us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrls {
    /// The base of the API without `/v1` and without a trailing slash: `https://api.example.com`.
    pub api: String,
    /// The domain that our own hosts are below, if there is one: no account may have a host there.
    pub domain: Option<String>,
    /// The origin of the portal, whose pages get sessions.
    pub portal: Option<Origin>,
}

impl PublicUrls {
    /// Whether a host is one of ours, or could become one.
    pub(crate) fn owns(&self, host: &CustomHost) -> bool {
        let own = self.api.parse::<Uri>().ok();
        let is_own =
            own.as_ref().and_then(Uri::host).is_some_and(|own| own.eq_ignore_ascii_case(host.as_str()));
        is_own || self.domain.as_deref().is_some_and(|domain| host.is_within(domain))
    }
}

/// The JSON:API.
pub struct Api {
    parts: ApiParts,
    journal: Journal,
    validations: Validations,
    remembered: Shelf<Remembered>,
    requests: Option<Requests>,
    router: Router,
    daily: Daily,
    pace: Pace,
    figures: KeptFigures,
}

/// What is known of a request before its account is.
struct Head {
    media_type: MediaType,
    matched: Matched,
    query: Query,
    body: Map<String, Value>,
}

impl Api {
    /// Puts the API together, and starts the task that writes its journal.
    pub fn new(parts: ApiParts) -> Arc<Self> {
        let journal = Journal::start(parts.db.clone());
        let (validations, remembered) = (Validations::start(parts.db.clone()), parts.catalog.shelf());
        let requests = parts.logs_requests.then(|| Requests::start(parts.db.clone()));
        let (router, daily, pace) = (Router::new(endpoints::all()), Daily::default(), Pace::default());
        let figures = KeptFigures::default();
        Arc::new(Self { parts, journal, validations, remembered, requests, router, daily, pace, figures })
    }
    /// How fast RSA files are made.
    pub(crate) const fn pace(&self) -> &Pace {
        &self.pace
    }
    /// The figures that were counted lately.
    pub(crate) const fn figures(&self) -> &KeptFigures {
        &self.figures
    }
    /// Where events of reads are written down.
    pub const fn journal(&self) -> &Journal {
        &self.journal
    }
    /// When licences were validated last.
    pub(crate) const fn validations(&self) -> &Validations {
        &self.validations
    }
    /// Licences that were validated by their keys.
    pub(crate) const fn remembered(&self) -> &Shelf<Remembered> {
        &self.remembered
    }
    /// Where requests are written down, if they are.
    pub(crate) const fn requests(&self) -> Option<&Requests> {
        self.requests.as_ref()
    }
    /// Every route of the current version: its method, and its path below `/v1` and the account with captures in braces. `GET` stands
    /// for `HEAD` too, `PATCH` for `PUT`.
    pub fn routes() -> impl Iterator<Item = (&'static str, &'static str)> {
        endpoints::all()
            .filter(|endpoint| !endpoint.first_only && !endpoint.internal)
            .map(|endpoint| (endpoint.verb.as_str(), endpoint.path))
    }
    /// The routes of dashboards, below `/-` and the account: no part of the public API.
    pub fn internal_routes() -> impl Iterator<Item = (&'static str, &'static str)> {
        endpoints::all()
            .filter(|endpoint| endpoint.internal)
            .map(|endpoint| (endpoint.verb.as_str(), endpoint.path))
    }
    /// What it is built from.
    pub(crate) const fn parts(&self) -> &ApiParts {
        &self.parts
    }

    /// Answers a request. Never fails: what goes wrong becomes an error document.
    pub async fn handle(self: &Arc<Self>, mut request: ApiRequest) -> ApiResponse {
        let head_only = request.method == Method::HEAD;
        let media_type = MediaType::negotiate_any(accept(&request.headers).as_deref());
        let mut context = answer::Context::new(media_type, self.parts.catalog.mode(), &request);
        let answer =
            match self.lengthened(&mut request, &mut context).await.and_then(|()| self.head(&request)) {
                Ok(head) => {
                    context.media_type = head.media_type;
                    context.route = Some(Route::of(head.matched.endpoint));
                    self.placed(head, request, &mut context).await.map_err(Refusal::told)
                }
                Err(error) => Err(error),
            };
        answer::write(&context, answer, head_only)
    }

    /// Whether what a request sends as its body is not looked at.
    pub fn ignores_body(&self, method: &Method, path: &str) -> bool {
        let found = Place::of(path).and_then(|place| self.router.find(method, place.rest).ok());
        found.is_some_and(|matched| matched.endpoint.ignores_body)
    }

    /// Answers a request that is refused before its operation is looked at: too large, too often, cut short.
    pub async fn refuse(&self, request: ApiRequest, error: ApiError) -> ApiResponse {
        let media_type = MediaType::negotiate_any(accept(&request.headers).as_deref());
        let mut context = answer::Context::new(media_type, self.parts.catalog.mode(), &request);
        let segment = match &request.short_link {
            Some(link) => link.account.as_deref(),
            None => Place::of(&request.path).and_then(|place| place.account),
        };
        if let Ok(account) = self.account(request.host_account, segment).await {
            context.account = Some(account.id);
            context.version = version(&request.headers, &account).unwrap_or(ApiVersion::CURRENT);
        }
        answer::write(&context, Err(error), request.method == Method::HEAD)
    }

    /// Gives a short link the path that it stands for, which depends on the version spoken.
    async fn lengthened(
        &self,
        request: &mut ApiRequest,
        context: &mut answer::Context,
    ) -> Result<(), ApiError> {
        let Some(link) = &request.short_link else { return Ok(()) };
        let account = self.account(request.host_account, link.account.as_deref()).await;
        let account = account.map_err(Refusal::told)?;
        context.account = Some(account.id);
        context.version = version(&request.headers, &account)?;
        let is_read = matches!(request.method, Method::GET | Method::HEAD);
        let path = link.path(context.version).filter(|_| is_read);
        request.path = path.ok_or_else(ApiError::unknown_endpoint)?;
        Ok(())
    }

    /// Reads what can be read without knowing the account.
    fn head(&self, request: &ApiRequest) -> Result<Head, ApiError> {
        let place = Place::of(&request.path).ok_or_else(ApiError::unknown_endpoint)?;
        let matched = self.router.find(&request.method, place.rest)?;
        let unnamed = place.account.is_none() && (place.rest.is_empty() || matched.endpoint.prefixed);
        if unnamed || place.internal != matched.endpoint.internal {
            return Err(ApiError::unknown_endpoint());
        }
        let accept = accept(&request.headers);
        let media_type = match MediaType::negotiate(accept.as_deref()) {
            Some(media_type) => media_type,
            None if matched.endpoint.accepts_any || request.short_link.is_some() => {
                MediaType::negotiate_any(accept.as_deref())
            }
            None => return Err(ApiError::mime_type_invalid()),
        };
        let query = Query::parse(&request.query)?;
        let body = match matched.endpoint.verb {
            Verb::Get => Map::new(),
            _ if matched.endpoint.ignores_body => Map::new(),
            _ => parse_body(&request.body)?,
        };
        Ok(Head { media_type, matched, query, body })
    }

    /// Account, version, environment, caller; then the operation, in a task of its own when it may write.
    async fn placed(
        self: &Arc<Self>,
        mut head: Head,
        request: ApiRequest,
        context: &mut answer::Context,
    ) -> Outcome<Reply> {
        let place = Place::of(&request.path).ok_or_else(ApiError::unknown_endpoint)?;
        if let Operation::Outside(run) = head.matched.endpoint.operation {
            let inside = place.account.is_some() || request.host_account.is_some();
            return self.outside(run, inside, head, &request, context).await;
        }
        if let Operation::Fixed(reply) = head.matched.endpoint.operation {
            return Ok(reply(&request.headers));
        }
        let account = self.account(request.host_account, place.account).await?;
        context.account = Some(account.id);
        let from_portal = self.portal().is_some_and(|portal| portal.asks(&request.headers));
        if self.requests.is_some() && !from_portal && log::is_logged(head.matched.endpoint) {
            let (environment, requestor, resource) = (None, None, None);
            context.asked = Some(Asked { account: account.id, environment, requestor, resource });
        }
        let version = version(&request.headers, &account)?;
        context.version = version;
        if head.matched.endpoint.first_only && !version.is_first() {
            return Err(ApiError::unknown_endpoint().into());
        }
        let route = Route::of(head.matched.endpoint);
        version.accept(&mut head.body, route);
        let file = if version.is_first() { take_file(&mut head.body, route) } else { None };
        let environment = self.environment(&account, &request.headers, &head.query).await?;
        context.environment = environment.as_ref().map(|environment| environment.code.clone());
        if let Some(asked) = &mut context.asked {
            asked.environment = environment.as_ref().map(|environment| environment.id);
        }
        let view = EnvironmentFacts::view(environment.as_deref());
        accept_signature(&request.headers, &account)?;
        self.served(head.matched.endpoint, &account)?;
        let presented = match head.matched.endpoint.action() {
            Some(_) => credentials(&request.headers, &request.query, Surface::Api),
            None => Ok(Presented::Anonymous),
        };
        let presented = presented.map_err(|error| gate::unauthenticated(&error.failure(), "Bearer"))?;
        let presented = presented.or_session(self.presented_session(&request.headers, view));
        let found = self.caller(&account, environment.as_deref(), &presented, &head.matched).await;
        if let Err(Refusal::Told(_)) = &found {
            context.cookie = self.end_of_session(&presented, view);
        }
        let (principal, session) = found?;
        context.bearer = principal.bearer_id();
        context.token = principal.token.as_ref().map(|token| token.id);
        context.license = principal.license().map(|license| license.id.into());
        if let Some(asked) = &mut context.asked {
            asked.requestor = principal.bearer();
        }
        let endpoint = head.matched.endpoint;
        admitted(endpoint, &principal, &presented)?;
        let call = Call {
            api: Arc::clone(self),
            method: request.method.clone(),
            rest: place.rest.to_owned(),
            params: head.matched.params,
            query: head.query,
            headers: request.headers,
            body: head.body,
            version,
            file,
            account,
            view,
            presented,
            principal,
            session,
            now: self.parts.clock.wall(),
            about: Arc::clone(&context.about),
            request_id: Some(request.request_id),
        };
        let call = Arc::new(call);
        let reply = self.run(endpoint, Arc::clone(&call)).await?;
        context.cookie = call.session_after(endpoint);
        Ok(reply)
    }

    /// Whether the account is served now. Itself it may always be looked at and changed.
    fn served(&self, endpoint: &Endpoint, account: &AccountFacts) -> Result<(), ApiError> {
        if self.requests.is_none() && log::reads_requests(endpoint) {
            return Err(log::unlogged());
        }
        if endpoint.action().is_none() || endpoint.path.is_empty() {
            return Ok(());
        }
        if !account.subscription.is_active() {
            return Err(ApiError::subscription_inactive());
        }
        let now = self.parts.clock.wall();
        match account.daily_request_limit {
            Some(limit) if !self.daily.admits(account.id, limit, now) => Err(ApiError::daily_limit_reached()),
            _ => Ok(()),
        }
    }

    /// Runs an operation outside any account.
    async fn outside(
        self: &Arc<Self>,
        run: fn(Outside) -> Running,
        inside: bool,
        mut head: Head,
        request: &ApiRequest,
        context: &mut answer::Context,
    ) -> Outcome<Reply> {
        let single = self.parts.catalog.mode() == Mode::Singleplayer;
        if inside || single && head.matched.endpoint.of_many {
            return Err(ApiError::unknown_endpoint().into());
        }
        context.version = asked_version(&request.headers)?.unwrap_or(ApiVersion::CURRENT);
        context.version.accept(&mut head.body, Route::of(head.matched.endpoint));
        let outside = Outside {
            api: Arc::clone(self),
            body: head.body,
            version: context.version,
            now: self.parts.clock.wall(),
            request_id: request.request_id,
        };
        let task = tokio::spawn(run(outside));
        task.await.map_err(|error| Refusal::Broken(format!("an operation died: {error}")))?
    }

    /// Runs an operation. Those that may write are done to the end, so that a client that hangs up cannot cut a commit from
    /// what must follow it. An operation whose transaction met another one's is run again:
    /// it has left nothing behind.
    async fn run(&self, endpoint: &'static Endpoint, call: Arc<Call>) -> Outcome<Reply> {
        let run = retrying(move || endpoint.run(Arc::clone(&call)));
        if endpoint.verb == Verb::Get {
            return run.await;
        }
        let ended = to_the_end(Box::pin(run)).await;
        let ended = ended.map_err(|error| Refusal::Broken(format!("an operation: {error}")))?;
        ended.map_err(Refusal::told_of_contention)
    }

    /// The account that host or path name.
    async fn account(&self, host: Option<AccountId>, segment: Option<&str>) -> Outcome<Arc<AccountFacts>> {
        let segment = segment.map(decode).transpose()?;
        let found = self.parts.catalog.resolve(host, segment.as_deref()).await;
        found.map_err(|error| match error {
            AccountError::Unavailable(error) => Refusal::Catalog(error),
            error => error.told().into(),
        })
    }

    /// The environment that header or query names.
    async fn environment(
        &self,
        account: &AccountFacts,
        headers: &HeaderMap,
        query: &Query,
    ) -> Outcome<Option<Arc<EnvironmentFacts>>> {
        let by_header = headers.get("keygen-environment");
        let named = match (by_header, query.get("environment")) {
            (Some(value), _) => value.to_str().unwrap_or("").trim().to_owned(),
            (None, Some(QueryValue::Text(text))) => text.clone(),
            (None, Some(_)) => String::new(),
            (None, None) => return Ok(None),
        };
        let found = match named.as_str() {
            "" => None,
            named => self.parts.catalog.environment(account, named).await?,
        };
        Ok(Some(found.ok_or_else(|| ApiError::environment_invalid(by_header.is_some()))?))
    }

    /// Who is asking, and in which session.
    async fn caller(
        &self,
        account: &AccountFacts,
        environment: Option<&EnvironmentFacts>,
        presented: &Presented,
        matched: &Matched,
    ) -> Outcome<(Caller, Option<Session>)> {
        match self.opened(account, EnvironmentFacts::view(environment), presented)? {
            Some(session) => {
                let token = session.token;
                let found = self.parts.catalog.principal_of_session(account, environment, token).await;
                Ok((known(found, presented)?, Some(session)))
            }
            None => Ok((self.principal(account, environment, presented, matched).await?, None)),
        }
    }

    /// Who presents a credential. A password speaks for nobody here: token generation checks it itself.
    async fn principal(
        &self,
        account: &AccountFacts,
        environment: Option<&EnvironmentFacts>,
        presented: &Presented,
        matched: &Matched,
    ) -> Outcome<Caller> {
        let generates = matched.endpoint.path == "/tokens" && matched.endpoint.verb == Verb::Post;
        let nobody = Presented::Anonymous;
        let password = presented.credential().is_some_and(|credential| credential.password().is_some());
        let presented = if password && generates { &nobody } else { presented };
        let found = self.parts.catalog.principal(account, environment, Surface::Api, presented).await;
        known(found, presented)
    }
}

/// What the catalogue found, as the caller.
fn known(found: Result<Arc<Known<Principal>>, PrincipalError>, presented: &Presented) -> Outcome<Caller> {
    found.map(Caller::Known).map_err(|error| match error {
        PrincipalError::Auth(failure) => gate::unauthenticated(&failure, presented.challenge()).into(),
        PrincipalError::Unavailable(error) => Refusal::Catalog(error),
    })
}

/// What a request accepts, in however many headers it says so.
fn accept(headers: &HeaderMap) -> Option<String> {
    let said = headers.get_all(header::ACCEPT).iter().map(|value| value.to_str().unwrap_or("?"));
    let said: Vec<&str> = said.collect();
    (!said.is_empty()).then(|| said.join(", "))
}

/// The version that a request speaks.
fn version(headers: &HeaderMap, account: &AccountFacts) -> Result<ApiVersion, ApiError> {
    let pinned = || ApiVersion::parse(&account.api_version).unwrap_or(ApiVersion::CURRENT);
    Ok(asked_version(headers)?.unwrap_or_else(pinned))
}

/// The version that a request asks for.
fn asked_version(headers: &HeaderMap) -> Result<Option<ApiVersion>, ApiError> {
    let Some(value) = headers.get("keygen-version") else { return Ok(None) };
    let version = value.to_str().ok().and_then(ApiVersion::parse);
    version.map(Some).ok_or_else(ApiError::api_version_invalid)
}

/// Refuses a way to sign the answer that the account does not have.
fn accept_signature(headers: &HeaderMap, account: &AccountFacts) -> Result<(), ApiError> {
    let Some(value) = headers.get("keygen-accept-signature") else { return Ok(()) };
    let parsed = parse_accept_signature(value.to_str().unwrap_or_default(), account.id);
    parsed.map(drop).map_err(|error| ApiError::accept_signature_invalid(error.to_string()))
}

/// Callers without a credential, where one is needed, are turned away before anything is looked up.
fn admitted(endpoint: &Endpoint, principal: &Principal, presented: &Presented) -> Result<(), ApiError> {
    let refused = |failure| gate::unauthenticated(&failure, presented.challenge());
    if endpoint.hard && principal.role == keyway_jsonapi::Role::Anonymous {
        return Err(refused(keyway_access::AuthFailure::TOKEN_MISSING));
    }
    let password = presented.credential().is_some_and(|credential| credential.password().is_some());
    if password {
        return Ok(());
    }
    endpoint.action().map_or(Ok(()), |action| admit(principal, action).map_err(refused))
}
