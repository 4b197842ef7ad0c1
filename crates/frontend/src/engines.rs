//! Engine requests: credential, principal, view, answer (DESIGN §3, §4). The engine words everything; this file
//! looks up what it needs and carries out what it replies.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::header::{RETRY_AFTER, VARY};
use http::{HeaderValue, Response, StatusCode};
use hyper::body::Incoming;
use keyway_access::{AuthFailure, Credential, CredentialScheme, PackageSnapshot, Presented, Principal};
use keyway_access::{Seen, Surface, Who, credentials, names_class};
use keyway_base::Secret;
use keyway_blob::BlobKey;
use keyway_catalog::PrincipalError;
use keyway_catalog::{
    AccountFacts, Answer, CatalogError, DocumentAddress, EnvironmentFacts, Identity, Known,
};
use keyway_crypto::digest::Sha256;
use keyway_engine::{
    Access, Act, AnyEngine, Call, Context, Denial, FileReply, Head, NameList, Need, Outcome, Reason, Reply,
};
use keyway_jsonapi::ApiError;

use crate::answer;
use crate::body::Body;
use crate::document::{document_response, uncompressed};
use crate::exchange::Exchange;
use crate::file::{FileAnswer, FileFacts};
use crate::front::Front;
use crate::incoming::{BodyError, read_whole};
use crate::jsonapi::rescued;
use crate::signature::{Signing, sign};

/// Where an engine request leads.
#[derive(Debug)]
pub(crate) struct EnginePlace<'a> {
    pub(crate) engine: &'static str,
    pub(crate) rest: &'a str,
    pub(crate) base: Cow<'a, str>,
    pub(crate) account: Option<&'a str>,
    pub(crate) own_host: bool,
}

/// Everything that one engine request is answered with.
struct Request<'a> {
    front: &'a Front,
    exchange: &'a Exchange,
    engine: &'static dyn AnyEngine,
    base: &'a str,
    account: &'a AccountFacts,
    environment: Option<&'a EnvironmentFacts>,
}

/// What was found for an operation's need.
enum Found {
    Granted,
    Absent,
    Package(Arc<Known<PackageSnapshot>>, Arc<Seen>),
    Names { list: Arc<NameList>, source: Identity, class: u64 },
}

/// Answers a request.
pub(crate) async fn answer(
    front: &Front,
    exchange: &Exchange,
    place: EnginePlace<'_>,
    body: Incoming,
) -> Response<Body> {
    let engine = front.engines.get(place.engine).expect("a place names an engine that there is");
    if place.own_host && exchange.is_http2() && !engine.descriptor().http2 {
        let line = "this host speaks HTTP/1.1 only: open a connection of its own to it";
        return answer::text(StatusCode::MISDIRECTED_REQUEST, line);
    }
    let head = Head {
        method: exchange.method(),
        path: place.rest,
        query: exchange.query(),
        headers: exchange.headers(),
    };
    let call = match engine.call(&head) {
        Ok(call) => call,
        Err(plain) => return answer::plain(plain),
    };
    match prepared(front, exchange, &place, engine, &*call, &head, body).await {
        Ok(response) => response,
        Err(Trouble::Denied(denial)) => refused(&*call, &denial, None),
        Err(Trouble::TooMany(denial, wait)) => refused(&*call, &denial, Some(wait)),
        Err(Trouble::Other(response)) => *response,
    }
}

/// Why a request goes no further.
enum Trouble {
    /// Refused, for the engine to word.
    Denied(Denial),
    /// Refused until some time has passed.
    TooMany(Denial, Duration),
    /// Answered without the engine.
    Other(Box<Response<Body>>),
}

impl From<Denial> for Trouble {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

async fn prepared(
    front: &Front,
    exchange: &Exchange,
    place: &EnginePlace<'_>,
    engine: &'static dyn AnyEngine,
    call: &dyn Call,
    head: &Head<'_>,
    body: Incoming,
) -> Result<Response<Body>, Trouble> {
    let account = front.catalog.account().await.map_err(|error| unavailable(exchange, &error))?;
    if let Some(segment) = place.account.filter(|segment| !account.is_named(segment)) {
        let error = ApiError::not_found("account", segment);
        return Err(Trouble::Other(Box::new(rescued(exchange, &error))));
    }
    let signing = Signing::asked_for(exchange, account.id).map_err(|error| {
        let error = ApiError::bad_request(error.to_string());
        Trouble::Other(Box::new(rescued(exchange, &error)))
    })?;
    let environment = environment(front, exchange, &account).await?;
    let request = Request {
        front,
        exchange,
        engine,
        base: &place.base,
        account: &account,
        environment: environment.as_deref(),
    };
    let mut response =
        if head.is_read() { request.read(call).await? } else { request.act(call, body).await? };
    if let Some(signing) = signing {
        sign(&signing, exchange, &account, front.clock.wall(), &mut response);
    }
    Ok(response)
}

/// The environment that header or query select.
async fn environment(
    front: &Front,
    exchange: &Exchange,
    account: &AccountFacts,
) -> Result<Option<Arc<EnvironmentFacts>>, Trouble> {
    let header = exchange.header("keygen-environment");
    let name = match header {
        Some(header) => Cow::Borrowed(header),
        None => match exchange.parameter("environment") {
            Some(parameter) => parameter,
            None => return Ok(None),
        },
    };
    let found = front.catalog.environment(account, &name).await;
    match found.map_err(|error| unavailable(exchange, &error))? {
        Some(environment) => Ok(Some(environment)),
        None => {
            let error = ApiError::environment_invalid(header.is_some());
            Err(Trouble::Other(Box::new(rescued(exchange, &error))))
        }
    }
}

impl Request<'_> {
    /// Answers an operation that reads.
    async fn read(&self, call: &dyn Call) -> Result<Response<Body>, Trouble> {
        if call.need() == Need::Nothing {
            return self.deliver(call, "", Found::Granted).await;
        }
        let principal = self.principal(self.presented()?).await?;
        let is_caller = call.need() == Need::Caller;
        if is_caller && principal.who == Who::Anonymous {
            return Err(AuthFailure::TOKEN_MISSING.denial().into());
        }
        let found = self.find(call.need(), &principal).await?;
        let caller = if is_caller { principal.display_name() } else { String::new() };
        self.deliver(call, &caller, found).await
    }

    /// Answers an operation with a body.
    async fn act(&self, call: &dyn Call, body: Incoming) -> Result<Response<Body>, Trouble> {
        let limits = &self.front.settings.limits;
        let limit = self.engine.descriptor().body_limit;
        let body = read_whole(body, self.exchange.headers(), limit, limits.body_time).await;
        let body = body.map_err(|error| {
            let status = match error {
                BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
                BodyError::Cut => StatusCode::BAD_REQUEST,
                BodyError::Slow => StatusCode::REQUEST_TIMEOUT,
            };
            Trouble::Other(Box::new(answer::text(status, error.to_string())))
        })?;
        match call.act(&body) {
            Err(plain) => Ok(answer::plain(plain)),
            Ok(Act::Read) => self.read(call).await,
            Ok(Act::LogIn { user: _, password }) => self.log_in(call, password).await,
        }
    }

    /// Checks a credential that came in a body.
    async fn log_in(&self, call: &dyn Call, password: Secret<String>) -> Result<Response<Body>, Trouble> {
        let scheme = CredentialScheme::Bearer;
        let credential = Credential { scheme, secret: password.clone(), user: None };
        self.principal(Presented::One(credential)).await?;
        let outcome = Outcome::LoggedIn { token: password };
        let reply = call.render(&self.context(""), &outcome);
        Ok(self.carry_out(reply, None).await?)
    }

    fn presented(&self) -> Result<Presented, Denial> {
        let presented = credentials(self.exchange.headers(), self.exchange.query(), Surface::Engine);
        presented.map_err(|error| error.failure().denial())
    }

    /// Who is asking. Guessing is limited before anything is looked up.
    async fn principal(&self, presented: Presented) -> Result<Arc<Known<Principal>>, Trouble> {
        let Self { front, exchange, account, .. } = self;
        if presented.credential().is_some() {
            let now = front.clock.monotonic();
            if let Some(wait) = front.wrong_credentials.wait(account.id, exchange.client, now) {
                return Err(Trouble::TooMany(too_many(wait), wait));
            }
        }
        let principal = front.catalog.principal(account, self.environment, Surface::Engine, &presented).await;
        principal.map_err(|error| match error {
            PrincipalError::Auth(failure) => {
                if let Some(credential) =
                    presented.credential().filter(|_| failure.reason == Reason::CredentialInvalid)
                {
                    front.wrong(account.id, exchange.client, credential);
                }
                failure.denial().into()
            }
            PrincipalError::Unavailable(error) => unavailable(exchange, &error).into(),
        })
    }

    /// Looks up what an operation needs, and what of it the caller may see.
    async fn find(&self, need: Need<'_>, principal: &Known<Principal>) -> Result<Found, Denial> {
        let Self { front, exchange, account, environment, .. } = self;
        let key = self.engine.descriptor().key;
        let catalog = &front.catalog;
        let snapshot = match need {
            Need::Nothing | Need::Caller => return Ok(Found::Granted),
            Need::Names => return self.names(principal).await,
            Need::Package { key: name } => catalog.package(account, *environment, key, name).await,
            Need::Product { product, package } => {
                catalog.product_releases(account, *environment, product, package).await
            }
        };
        match snapshot.map_err(|error| unavailable(exchange, &error))? {
            Some(snapshot) => {
                let seen = catalog.seen(principal, &snapshot);
                Ok(Found::Package(snapshot, seen))
            }
            // Whether a name is ours is told to callers only that can be held to it.
            None if principal.who == Who::Anonymous => Err(AuthFailure::TOKEN_MISSING.denial()),
            None => Ok(Found::Absent),
        }
    }

    async fn names(&self, principal: &Known<Principal>) -> Result<Found, Denial> {
        let Self { front, exchange, account, environment, .. } = self;
        let names = front.catalog.names(account, *environment, self.engine.descriptor().key).await;
        let names = names.map_err(|error| unavailable(exchange, &error))?;
        let list = front.catalog.names_seen(principal, &names);
        if list.0.is_empty() && principal.who == Who::Anonymous {
            return Err(AuthFailure::TOKEN_MISSING.denial());
        }
        Ok(Found::Names { list, source: names.identity(), class: names_class(principal) })
    }

    /// Lets the engine answer, from the document cache where it can.
    async fn deliver(&self, call: &dyn Call, caller: &str, found: Found) -> Result<Response<Body>, Trouble> {
        let context = self.context(caller);
        let (access, key) = match &found {
            Found::Granted => (Access::Granted, None),
            Found::Absent => (Access::Absent, None),
            Found::Names { list, source, class } => (Access::Names(list), Some((*source, *class))),
            Found::Package(snapshot, seen) => {
                (Access::Package(seen.view(snapshot)), Some((snapshot.identity(), seen.class)))
            }
        };
        let package = match &found {
            Found::Package(snapshot, _) => Some(&***snapshot),
            _ => None,
        };
        let (Some(variant), Some((source, class))) = (call.variant(), key) else {
            return Ok(self.carry_out(call.reply(&context, &access), package).await?);
        };
        let address = DocumentAddress {
            account: self.account,
            engine: self.engine.descriptor().key,
            source,
            variant,
            class,
            base: self.base,
        };
        let telemetry = &self.front.telemetry;
        if let Some(document) = self.front.catalog.cached_document(&address) {
            telemetry.documents_hit.increment(1);
            return Ok(document_response(self.exchange.method(), self.exchange.headers(), &document));
        }
        telemetry.documents_rendered.increment(1);
        match self.front.catalog.document(&address, || call.reply(&context, &access)).await {
            Answer::Document(document) => {
                Ok(document_response(self.exchange.method(), self.exchange.headers(), &document))
            }
            Answer::Other(reply) => Ok(self.carry_out(reply, package).await?),
        }
    }

    fn context<'c>(&'c self, caller: &'c str) -> Context<'c> {
        let upstream = self.account.pypi_upstream.as_deref();
        Context {
            base: self.base,
            account: &self.account.name,
            caller,
            signer: self.account.signer(),
            upstream: upstream.or(self.front.settings.pypi_upstream.as_deref()),
        }
    }

    async fn carry_out(
        &self,
        reply: Reply,
        package: Option<&PackageSnapshot>,
    ) -> Result<Response<Body>, Denial> {
        match reply {
            Reply::Plain(plain) => Ok(answer::plain(plain)),
            Reply::Document(document) => {
                let document = uncompressed(document);
                Ok(document_response(self.exchange.method(), self.exchange.headers(), &document))
            }
            Reply::File(file) => self.file(&file, package).await,
        }
    }

    /// Streams an artifact of the package.
    async fn file(
        &self,
        file: &FileReply,
        package: Option<&PackageSnapshot>,
    ) -> Result<Response<Body>, Denial> {
        let Self { front, exchange, account, .. } = self;
        let release = package.and_then(|snapshot| snapshot.package.releases.get(file.release));
        let artifact = release.and_then(|release| release.artifacts.get(file.artifact));
        let artifact = artifact.filter(|artifact| artifact.uploaded);
        let Some((artifact, digests)) = artifact.and_then(|found| Some((found, found.digests.as_ref()?)))
        else {
            tracing::error!(request = %exchange.id, "an engine replied with a file that is not there");
            return Err(try_again());
        };
        let key = BlobKey::new(account.id, Sha256::new(digests.sha256));
        let media_type = file.media_type.unwrap_or(&artifact.media_type);
        let facts = FileFacts {
            digest: key.digest(),
            size: artifact.size,
            media_type,
            save_as: Some(artifact.filename.as_str()).filter(|_| file.attachment),
            caching: HeaderValue::from_static("private, no-cache"),
        };
        let answer = FileAnswer::of(exchange.method(), exchange.headers(), &facts);
        let mut response = if answer.needs_bytes() {
            let blob = front.blobs.read(&key).await.map_err(|error| {
                tracing::error!(request = %exchange.id, %error, "an artifact's bytes could not be opened");
                try_again()
            })?;
            answer.with_bytes(&blob, media_type, exchange.id)
        } else {
            answer.without_bytes()
        };
        response.headers_mut().insert(VARY, HeaderValue::from_static("Authorization"));
        Ok(response)
    }
}

/// The engine's words for a refusal.
fn refused(call: &dyn Call, denial: &Denial, wait: Option<Duration>) -> Response<Body> {
    let mut response = answer::plain(call.refuse(denial));
    let seconds = wait.map(|wait| wait.as_secs().saturating_add(1));
    let seconds = seconds.or_else(|| denial.reason.retry_after().map(u64::from));
    if let Some(seconds) = seconds {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

fn too_many(wait: Duration) -> Denial {
    let seconds = wait.as_secs().saturating_add(1);
    let message = format!("too many wrong licence keys came from this address: wait {seconds} seconds");
    Denial { reason: Reason::TooManyFailures, message }
}

fn unavailable(exchange: &Exchange, error: &CatalogError) -> Denial {
    tracing::warn!(request = %exchange.id, %error, "a request cannot be decided now");
    try_again()
}

fn try_again() -> Denial {
    let message = "the service cannot answer right now: try again in a moment".to_owned();
    Denial { reason: Reason::Unavailable, message }
}
