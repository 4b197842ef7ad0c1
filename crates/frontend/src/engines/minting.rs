//! The token service of registries (`spec/oci.md` §2.1): a client shows who it is, and gets a token for what it wants
//! to do, as far as it may. Whoever is known gets one, expired or suspended: the reason is told where clients show it, at
//! what they ask for; a login, which asks for nothing, is told it here.

use std::sync::Arc;
use std::time::Duration;

use http::Response;
use hyper::body::Incoming;
use keyway_access::registry_actions;
use keyway_access::{
    Credential, CredentialScheme, Presented, Principal, Surface, Who, credentials, user_and_password,
};
use keyway_catalog::{AccountFacts, EnvironmentFacts, Known};
use keyway_crypto::registry_token::{self, Grant, IssuedFor, Kind, RegistryToken};
use keyway_crypto::{license_key, token};
use keyway_engine::{
    Act, AnyEngine, Around, Call, ContentOutcome, Context, Head, Minted, Need, Outcome, PackageSigner,
    Reason, Scope, Sent, Site, Takes, TokenAsker, TokenWish,
};

use super::bearing::{invalid, named_by, read, resolved, user_of};
use super::pushing::cut_short;
use super::{EnginePlace, Request, Trouble, behind, environment, subscribed, try_again};
use crate::answer;
use crate::body::Body;
use crate::exchange::Exchange;
use crate::front::Front;
use crate::incoming::read_whole;

/// How long a token is good. Clients ask for another when it ends, also in the middle of a pull.
const ACCESS_TIME: u32 = 600;
/// How long a refresh token is good: a login is to be made again after it.
const REFRESH_TIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Answers a request to the token service.
pub(super) async fn answer(
    front: &Front,
    exchange: &Exchange,
    place: &EnginePlace<'_>,
    engine: &'static dyn AnyEngine,
    call: &dyn Call,
    head: &Head<'_>,
    body: Incoming,
) -> Result<Response<Body>, Trouble> {
    let wish = match call.need() {
        Need::Token(wish) => wish.clone(),
        _ => match posted(front, exchange, place, call, head, body).await? {
            Some(wish) => wish,
            None => return Err(try_again().into()),
        },
    };
    let asker = Asker::of(front, exchange, &wish)?;
    let account = account(front, exchange, place, &wish, &asker).await?;
    subscribed(&account)?;
    let environment = asker.environment(front, exchange, &account).await?;
    let base = place.root.base("");
    let request = Request {
        front,
        exchange,
        engine,
        base: &base,
        site: place.root.site(),
        account: &account,
        environment: environment.as_deref(),
        token: None,
        root: place.root.kind,
        keyed: false,
        poll: None,
    };
    let (principal, bearer) = request.asker(&asker).await?;
    // who logs in asks for nothing yet, and reads the reason only here
    if let Err(failure) = principal.standing(front.clock.wall())
        && (failure.reason == Reason::Banned || wish.scopes.is_empty())
    {
        return Err(failure.denial().into());
    }
    let names_accounts = place.root.lacks_account();
    let minted = request.mint(&wish, &principal, bearer, names_accounts, matches!(asker, Asker::Token(_)));
    let outcome = Outcome::Content(ContentOutcome::Token(Box::new(minted)));
    request.tell(call, &outcome).await
}

/// What was posted as a form.
async fn posted(
    front: &Front,
    exchange: &Exchange,
    place: &EnginePlace<'_>,
    call: &dyn Call,
    head: &Head<'_>,
    body: Incoming,
) -> Result<Option<TokenWish>, Trouble> {
    let refused = |plain| Trouble::Other(Box::new(answer::plain(&plain)));
    let Takes::Document { limit } = call.takes(head).map_err(refused)? else { return Ok(None) };
    let time = front.settings.limits.body_time;
    let body = read_whole(body, exchange.headers(), limit, time).await.map_err(cut_short)?;
    let around = Around::document(body);
    match call
        .act(&placeless(place.root.site()), &mut Sent { around: &around, file: None })
        .map_err(refused)?
    {
        Act::Token(wish) => Ok(Some(wish)),
        _ => Ok(None),
    }
}

/// The context of what is told before it is known whose registry it is.
pub(super) fn placeless(site: Site<'_>) -> Context<'_> {
    Context { base: "", site, account: "", caller: "", signer: &NoSigner, upstream: None }
}

/// A form is read before it is known whose registry it is for.
struct NoSigner;

impl PackageSigner for NoSigner {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, String> {
        Err("tokens are not signed by accounts".to_owned())
    }
    fn public_key(&self) -> &[u8] {
        &[]
    }
}

/// How a client says who it is.
enum Asker {
    Presented(Presented),
    Token(RegistryToken),
}

impl Asker {
    fn of(front: &Front, exchange: &Exchange, wish: &TokenWish) -> Result<Self, Trouble> {
        Ok(match &wish.asker {
            TokenAsker::Head => {
                let presented = credentials(exchange.headers(), "", Surface::Engine);
                Self::Presented(presented.map_err(|error| error.failure().denial())?)
            }
            TokenAsker::Password { user, password } => {
                Self::Presented(user_and_password(user, password.expose(), Surface::Engine))
            }
            TokenAsker::Refresh(_) if !front.settings.refresh_tokens => {
                return Err(invalid("refresh tokens are no longer good here: log in again").into());
            }
            TokenAsker::Refresh(text) => Self::Token(read(front, Kind::Refresh, text.expose())?),
        })
    }

    /// The environment that tokens for this asker are good in.
    async fn environment(
        &self,
        front: &Front,
        exchange: &Exchange,
        account: &AccountFacts,
    ) -> Result<Option<Arc<EnvironmentFacts>>, Trouble> {
        match self {
            Self::Token(token) => environment(front, exchange, account, Some(token)).await,
            Self::Presented(_) if exchange.names_environment() => {
                environment(front, exchange, account, None).await
            }
            Self::Presented(presented) => behind(front, exchange, account, presented).await,
        }
    }
}

/// Whose registry a token is wanted for: where there are many, the first scope says it, else the user name.
async fn account(
    front: &Front,
    exchange: &Exchange,
    place: &EnginePlace<'_>,
    wish: &TokenWish,
    asker: &Asker,
) -> Result<Arc<AccountFacts>, Trouble> {
    if !place.root.lacks_account() {
        return resolved(exchange, front.catalog.resolve(place.host_account, None).await);
    }
    let scoped = wish.scopes.iter().find_map(|scope| scope.repository.split_once('/'));
    match (scoped, asker) {
        (Some((account, _)), _) => named_by(front, exchange, Some(account)).await,
        (None, Asker::Token(token)) => {
            resolved(exchange, front.catalog.resolve(Some(token.account), None).await)
        }
        (None, Asker::Presented(presented)) => {
            let user = presented.credential().and_then(user_of);
            named_by(front, exchange, user.as_deref()).await
        }
    }
}

impl Request<'_> {
    /// Who asks, and by what its tokens are to know it.
    async fn asker(&self, asker: &Asker) -> Result<(Arc<Known<Principal>>, IssuedFor), Trouble> {
        let presented = match asker {
            Asker::Token(token) => return Ok((self.behind_token(token).await?, token.bearer)),
            Asker::Presented(presented) => presented,
        };
        let principal = self.principal(presented).await?;
        let Some(credential) = presented.credential() else { return Ok((principal, IssuedFor::Anonymous)) };
        let text = self.that_which_is_known(credential, &principal).await;
        let secret = self.account.secret();
        let bearer = match (&principal.token, principal.license()) {
            (Some(_), _) => IssuedFor::Token(token::digest(secret, text)),
            (None, Some(license)) => IssuedFor::Key(license.id, license_key::digest(secret, text)),
            (None, None) => return Err(invalid("the licence key or token is not known here").into()),
        };
        Ok((principal, bearer))
    }

    /// The part of a credential that led to its principal: the password, unless the user name did.
    async fn that_which_is_known<'c>(&self, credential: &'c Credential, principal: &Principal) -> &'c str {
        let secret = credential.secret.expose().as_str();
        let Some(user) = &credential.user else { return secret };
        let alone = Credential {
            scheme: CredentialScheme::BasicToken,
            secret: credential.secret.clone(),
            user: None,
        };
        let Self { front, account, environment, .. } = self;
        let presented = Presented::One(alone);
        let found = front.catalog.principal(account, *environment, Surface::Engine, &presented).await;
        match found {
            Ok(found) if found.who == principal.who && found.token == principal.token => secret,
            _ => user.expose(),
        }
    }

    /// Makes a token, and a refresh token where one is wanted, allowed and not itself what was shown.
    fn mint(
        &self,
        wish: &TokenWish,
        principal: &Principal,
        bearer: IssuedFor,
        names_accounts: bool,
        refreshes: bool,
    ) -> Minted {
        let Self { front, account, environment, .. } = self;
        let issued = front.clock.wall();
        let most = registry_actions(principal);
        let mut scopes = Vec::new();
        let mut grants = Vec::new();
        for scope in wish.scopes.iter() {
            let actions = scope.actions.and(most);
            let repository = match scope.repository.split_once('/') {
                Some((segment, name)) if names_accounts => Some(name).filter(|_| account.is_named(segment)),
                None if names_accounts => None,
                _ => Some(scope.repository.as_str()),
            };
            let Some(repository) = repository.filter(|_| !actions.is_none()) else { continue };
            scopes.push(Scope { repository: scope.repository.clone(), actions });
            let repository = repository.to_owned();
            let keyway_engine::Actions { pull, push, delete } = actions;
            grants.push(Grant { repository, pull, push, delete });
        }
        let is_refreshed =
            wish.refresh && !refreshes && front.settings.refresh_tokens && principal.who != Who::Anonymous;
        let mut token = RegistryToken {
            kind: Kind::Access,
            account: account.id,
            environment: EnvironmentFacts::view(*environment).current(),
            bearer,
            grants,
            expires: issued.plus(Duration::from_secs(ACCESS_TIME.into())),
        };
        let keys = front.urls.keys();
        let access = registry_token::write(&keys, &token);
        let refresh = is_refreshed.then(|| {
            token.kind = Kind::Refresh;
            token.grants.clear();
            token.expires = issued.plus(REFRESH_TIME);
            registry_token::write(&keys, &token)
        });
        Minted { token: access, refresh, scopes, issued, expires_in: ACCESS_TIME }
    }
}
