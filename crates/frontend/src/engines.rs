//! Engine requests: credential, principal, view, answer (DESIGN §3, §4). The engine words everything; this file
//! looks up what it needs and carries out what it replies.

mod bearing;
mod content;
mod delivery;
mod growing;
mod lookup;
mod minting;
mod pushing;
mod unwrapping;
mod update;

pub use pushing::{Push, Wish};

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use http::header::RETRY_AFTER;
use http::{HeaderValue, Response, StatusCode};
use hyper::body::Incoming;
use keyway_access::{PackageSnapshot, Presented, Principal, Seen, Surface};
use keyway_base::AccountId;
use keyway_catalog::{
    AccountError, AccountFacts, CatalogError, EnvironmentFacts, Identity, Known, Stock, StockSeen,
};
use keyway_crypto::registry_token::RegistryToken;
use keyway_engine::{
    AnyEngine, Bits, Call, Denial, Head, NameList, Outcome, Plain, Reason, Reply, Site, Told,
};
use keyway_jsonapi::ApiError;

use crate::answer;
use crate::body::Body;
use crate::exchange::Exchange;
use crate::front::Front;
use crate::jsonapi::rescued;
use crate::place::{Root, RootKind};
use crate::polls::Poll;
use crate::signature::{Signing, sign};

/// Where an engine request leads.
#[derive(Debug)]
pub(crate) struct EnginePlace<'a> {
    pub(crate) engine: &'static str,
    pub(crate) rest: Cow<'a, str>,
    pub(crate) root: Root<'a>,
    /// The account whose own host it is.
    pub(crate) host_account: Option<AccountId>,
}

/// Everything that one engine request is answered with.
struct Request<'a> {
    front: &'a Front,
    exchange: &'a Exchange,
    engine: &'static dyn AnyEngine,
    base: &'a str,
    site: Site<'a>,
    account: &'a Arc<AccountFacts>,
    environment: Option<&'a EnvironmentFacts>,
    /// The token of a registry that it bears.
    token: Option<&'a RegistryToken>,
    /// Which of the engine's roots it came to.
    root: RootKind,
    /// Whether a download token stands in its address.
    keyed: bool,
    /// What it asks, where updaters asked that before.
    poll: Option<&'a Arc<Poll>>,
}

/// What was found for an operation's need.
enum Found {
    Granted,
    Absent,
    Package {
        snapshot: Arc<Known<PackageSnapshot>>,
        seen: Arc<Seen>,
        /// Releases whose rollout leaves the asking installation out; none but for updaters.
        waiting: Bits,
        /// Who asks.
        principal: Arc<Known<Principal>>,
    },
    Names {
        list: Arc<NameList>,
        source: Identity,
        class: u64,
    },
    Packages {
        stock: Arc<Known<Stock>>,
        seen: Arc<StockSeen>,
    },
}

/// Answers a request.
pub(crate) async fn answer(
    front: &Front,
    exchange: &Exchange,
    place: EnginePlace<'_>,
    body: Incoming,
) -> Response<Body> {
    let engine = front.engines.get(place.engine).expect("a place names an engine that there is");
    if place.root.kind == RootKind::OwnHost && exchange.is_http2() && !engine.descriptor().http2 {
        let line = "this host speaks HTTP/1.1 only: open a connection of its own to it";
        return answer::text(StatusCode::MISDIRECTED_REQUEST, line);
    }
    let head = Head {
        method: exchange.method(),
        path: &place.rest,
        query: exchange.query(),
        headers: exchange.headers(),
    };
    let (call, poll) = match called(front, &place, engine, &head) {
        Ok(called) => called,
        Err(plain) => return answer::plain(&plain),
    };
    match prepared(front, exchange, &place, engine, (&call, poll.as_ref()), &head, body).await {
        Ok(response) => response,
        Err(Trouble::Denied(denial)) => {
            count_refused(front, engine, &*call, &denial);
            refused(&*call, place.root.site(), &denial, None)
        }
        Err(Trouble::TooMany(denial, wait)) => {
            count_refused(front, engine, &*call, &denial);
            refused(&*call, place.root.site(), &denial, Some(wait))
        }
        Err(Trouble::Body(status, why)) => untaken(&*call, place.root.site(), status, why),
        Err(Trouble::Other(response)) => *response,
    }
}

/// What a request asks for, and the poll that it is, where it is one of many.
type Called = (Arc<dyn Call>, Option<Arc<Poll>>);

/// Reads a request; a poll that came before, without reading it.
fn called(
    front: &Front,
    place: &EnginePlace<'_>,
    engine: &'static dyn AnyEngine,
    head: &Head<'_>,
) -> Result<Called, Plain> {
    if !engine.descriptor().updates || place.root.token.is_some() {
        return Ok((engine.call(head)?, None));
    }
    if let Some(poll) = front.polls.find(place.engine, head) {
        return Ok((Arc::clone(&poll.call), Some(poll)));
    }
    let call = engine.call(head)?;
    let poll = front.polls.rememberable(place.engine, head, &call);
    Ok((call, poll))
}

/// Why a request goes no further.
enum Trouble {
    /// Refused, for the engine to word.
    Denied(Denial),
    /// Refused until some time has passed.
    TooMany(Denial, Duration),
    /// The body is not taken, for the engine to word.
    Body(StatusCode, String),
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
    (call, poll): (&Arc<dyn Call>, Option<&Arc<Poll>>),
    head: &Head<'_>,
    body: Incoming,
) -> Result<Response<Body>, Trouble> {
    if place.is_token_service() {
        return Box::pin(minting::answer(front, exchange, place, engine, &**call, head, body)).await;
    }
    let token = bearing::borne(front, exchange, engine)?;
    let account = account(front, exchange, place, token.as_deref()).await?;
    subscribed(&account)?;
    let segment = place.root.account.map(|segment| account.name_for(segment));
    let base = place.root.base(segment.as_deref().unwrap_or_default());
    let segment = segment.as_deref().or_else(|| place.root.lacks_account().then_some(account.slug.as_str()));
    let signing = Signing::asked_for(exchange, account.id)
        .map_err(|error| ApiError::accept_signature_invalid(error.to_string()))
        .and_then(|asked| {
            asked.map_or(Ok(()), |signing| signing.admit(&front.rsa, front.clock.monotonic())).map(|()| asked)
        })
        .map_err(|error| Trouble::Other(Box::new(rescued(exchange, &error))))?;
    let environment = environment(front, exchange, &account, token.as_deref()).await?;
    let request = Request {
        front,
        exchange,
        engine,
        base: &base,
        site: Site { account: segment, ..place.root.site() },
        account: &account,
        environment: environment.as_deref(),
        token: token.as_deref(),
        root: place.root.kind,
        keyed: place.root.token.is_some(),
        poll,
    };
    let mut response = if head.is_read() {
        // what answers is as large as all that leads to it: on the heap it is not moved from one to the other
        Box::pin(request.read(&**call)).await?
    } else {
        Box::pin(request.write(call, head, body)).await?
    };
    if let Some(signing) = signing {
        sign(&signing, exchange, &account, front.clock.wall(), &mut response);
    }
    Ok(response)
}

/// Nothing is handed out, and no token made, for an account that does not pay.
fn subscribed(account: &AccountFacts) -> Result<(), Denial> {
    if account.subscription.is_active() {
        return Ok(());
    }
    let message = "the subscription of this publisher's account is paused or has ended".to_owned();
    Err(Denial { reason: Reason::NotLicensed, message })
}

/// Whose request it is.
async fn account(
    front: &Front,
    exchange: &Exchange,
    place: &EnginePlace<'_>,
    token: Option<&RegistryToken>,
) -> Result<Arc<AccountFacts>, Trouble> {
    if place.root.lacks_account() {
        return Box::pin(bearing::account_of(front, exchange, token)).await;
    }
    let account = front.catalog.resolve(place.host_account, place.root.account).await;
    if matches!(place.root.kind, RootKind::Registry { .. }) {
        return bearing::resolved(exchange, account);
    }
    account.map_err(|error| match error {
        AccountError::Unavailable(error) => unavailable(exchange, &error).into(),
        error => Trouble::Other(Box::new(rescued(exchange, &error.told()))),
    })
}

/// The environment that header or query select, or else the credential: package managers cannot name one.
async fn environment(
    front: &Front,
    exchange: &Exchange,
    account: &AccountFacts,
    token: Option<&RegistryToken>,
) -> Result<Option<Arc<EnvironmentFacts>>, Trouble> {
    let header = exchange.environment_header();
    let name = match header {
        Some(header) => Cow::Borrowed(header),
        None => match exchange.parameter("environment") {
            Some(parameter) => parameter,
            None if token.is_some() => match token.and_then(|token| token.environment) {
                Some(environment) => Cow::Owned(environment.to_string()),
                None => return Ok(None),
            },
            None => {
                let Ok(presented) = exchange.presented() else { return Ok(None) };
                return behind(front, exchange, account, presented).await;
            }
        },
    };
    let found = front.catalog.environment(account, &name).await;
    match found.map_err(|error| unavailable(exchange, &error))? {
        Some(environment) => Ok(Some(environment)),
        None if token.is_some_and(|token| names(token, &name)) => {
            Err(bearing::invalid("the environment of the token is no longer there: log in again").into())
        }
        None => {
            let error = ApiError::environment_invalid(header.is_some());
            Err(Trouble::Other(Box::new(rescued(exchange, &error))))
        }
    }
}

/// Whether it is a token's own environment that a name is of.
fn names(token: &RegistryToken, name: &str) -> bool {
    token.environment.is_some_and(|environment| environment.to_string() == name)
}

/// The environment that the credential belongs to. Whatever is wrong with the credential is said later.
async fn behind(
    front: &Front,
    exchange: &Exchange,
    account: &AccountFacts,
    presented: &Presented,
) -> Result<Option<Arc<EnvironmentFacts>>, Trouble> {
    let Some(credential) = presented.credential() else { return Ok(None) };
    if front.wrong_credentials.wait(account.id, exchange.client, credential, exchange.arrived).is_some() {
        return Ok(None);
    }
    let found = front.catalog.environment_behind(account, Surface::Engine, presented).await;
    Ok(found.map_err(|error| unavailable(exchange, &error))?)
}

/// A poll that is refused before its engine is asked is a poll too.
fn count_refused(front: &Front, engine: &dyn AnyEngine, call: &dyn Call, denial: &Denial) {
    if call.is_poll() {
        front.telemetry.poll(engine.descriptor().key, Told::refused(denial).word());
    }
}

/// The engine's words for a refusal.
fn refused(call: &dyn Call, site: Site<'_>, denial: &Denial, wait: Option<Duration>) -> Response<Body> {
    let mut response = answer::plain(&call.refuse(site, denial));
    let seconds = wait.map(|wait| wait.as_secs().saturating_add(1));
    let seconds = seconds.or_else(|| denial.reason.retry_after().map(u64::from));
    if let Some(seconds) = seconds {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// The engine's words for a body that is not taken.
fn untaken(call: &dyn Call, site: Site<'_>, status: StatusCode, why: String) -> Response<Body> {
    match call.render(&minting::placeless(site), &Outcome::Invalid(why)) {
        Reply::Plain(plain) => answer::plain(&Plain { status, ..plain }),
        _ => answer::empty(status),
    }
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
