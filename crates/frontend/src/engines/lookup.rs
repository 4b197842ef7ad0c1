//! Who is asking, and what of what they ask for they may see.

use std::sync::Arc;

use http::Response;
use keyway_access::{AuthFailure, PackageSnapshot, Presented, Principal, Surface, Who, names_class, waiting};
use keyway_catalog::{CatalogError, Known, PrincipalError};
use keyway_engine::{Bits, Call, Denial, Need, Reason};

use super::{Found, Request, Trouble, too_many, unavailable};
use crate::body::Body;

impl Request<'_> {
    /// Answers an operation that reads.
    pub(super) async fn read(&self, call: &dyn Call) -> Result<Response<Body>, Trouble> {
        if call.need() == Need::Nothing {
            return self.deliver(call, "", Found::Granted).await;
        }
        if call.need() == Need::Publisher {
            return self.read_for_publisher(call).await;
        }
        if let Need::Upload { package, upload } = call.need() {
            return Box::pin(self.upload(call, package, upload)).await;
        }
        let principal = self.caller().await?;
        self.in_scope(call)?;
        let is_caller = call.need() == Need::Caller;
        if is_caller && principal.who == Who::Anonymous {
            return Err(AuthFailure::TOKEN_MISSING.denial().into());
        }
        if is_caller {
            self.in_good_standing(&principal)?;
        }
        let found = self.find(call, &principal).await?;
        let caller = if is_caller { principal.display_name() } else { String::new() };
        let mut response = self.deliver(call, &caller, found).await?;
        self.warn(call, &principal, &mut response);
        Ok(response)
    }

    /// Tells the holder of a licence beside the answer that it is about to expire, where clients show that.
    fn warn(&self, call: &dyn Call, principal: &Principal, response: &mut Response<Body>) {
        if !response.status().is_success() {
            return;
        }
        let warning = principal.license().and_then(|license| license.warning(self.front.clock.wall()));
        if let Some((name, value)) = warning.and_then(|text| call.warning(&text)) {
            response.headers_mut().insert(name, value);
        }
    }

    pub(super) fn presented(&self) -> Result<&Presented, Denial> {
        self.exchange.presented().map_err(|error| error.failure().denial())
    }

    /// Who is asking. Guessing is limited before anything is looked up.
    pub(super) async fn principal(&self, presented: &Presented) -> Result<Arc<Known<Principal>>, Trouble> {
        let Self { front, exchange, account, .. } = self;
        let credential = presented.credential();
        if let Some(credential) = credential {
            let wrong = &front.wrong_credentials;
            if let Some(wait) = wrong.wait(account.id, exchange.client, credential, exchange.arrived) {
                return Err(Trouble::TooMany(too_many(wait), wait));
            }
        }
        let principal = front.catalog.principal(account, self.environment, Surface::Engine, presented).await;
        match (&principal, credential) {
            (Ok(_), Some(credential)) => {
                front.wrong_credentials.accept(account.id, exchange.client, credential);
            }
            (Err(PrincipalError::Auth(failure)), Some(credential))
                if failure.reason == Reason::CredentialInvalid =>
            {
                front.wrong(account.id, exchange.client, credential);
            }
            _ => {}
        }
        principal.map_err(|error| self.no_principal(error))
    }

    /// What is said when it is not known who asks.
    pub(super) fn no_principal(&self, error: PrincipalError) -> Trouble {
        match error {
            PrincipalError::Auth(failure) => failure.denial().into(),
            PrincipalError::Unavailable(error) => unavailable(self.exchange, &error).into(),
        }
    }

    /// Looks up what an operation needs, and what of it the caller may see.
    async fn find(&self, call: &dyn Call, principal: &Arc<Known<Principal>>) -> Result<Found, Denial> {
        let need = call.need();
        let Self { front, exchange, account, environment, .. } = self;
        let key = self.engine.descriptor().key;
        let catalog = &front.catalog;
        let snapshot = match need {
            Need::Nothing | Need::Caller | Need::Publisher | Need::Token(_) | Need::Upload { .. } => {
                return Ok(Found::Granted);
            }
            Need::Names => return self.names(principal).await,
            Need::Packages => return Box::pin(self.packages(principal)).await,
            Need::OneOf { keys } => Box::pin(self.one_of(call, keys)).await,
            Need::Package { key: name } => catalog.package(account, *environment, key, name).await,
            Need::Product { product, package } => {
                catalog.product_releases(account, *environment, product, package).await
            }
        };
        match snapshot.map_err(|error| unavailable(exchange, &error))? {
            Some(snapshot) => {
                let seen = catalog.seen(principal, &snapshot);
                let waiting = self.waiting(call, principal, &snapshot);
                Ok(Found::Package { snapshot, seen, waiting, principal: Arc::clone(principal) })
            }
            // Whether a name is ours is told to callers only that can be held to it.
            None if principal.who == Who::Anonymous => Err(AuthFailure::TOKEN_MISSING.denial()),
            None => {
                // names that are not ours are sent on for valid licences only
                principal.validity(front.clock.wall()).map_err(|failure| failure.denial())?;
                if !self.engine.descriptor().registry {
                    Box::pin(self.not_reserved(need)).await?;
                }
                Ok(Found::Absent)
            }
        }
    }

    /// The releases whose rollout leaves the asking installation out now: looked at for each poll of an updater.
    fn waiting(&self, call: &dyn Call, principal: &Principal, snapshot: &PackageSnapshot) -> Bits {
        if !call.is_poll() || snapshot.rollouts.is_empty() {
            return Bits::NONE;
        }
        let installation = self.poller().installation;
        waiting(principal, snapshot, installation.as_deref(), self.front.clock.wall())
    }

    /// The package that has what is asked for, else the first that there is.
    async fn one_of(
        &self,
        call: &dyn Call,
        keys: &[String],
    ) -> Result<Option<Arc<Known<PackageSnapshot>>>, CatalogError> {
        let engine = self.engine.descriptor().key;
        let mut first = None;
        for key in keys {
            let found = self.front.catalog.package(self.account, self.environment, engine, key).await?;
            match found {
                Some(snapshot) if call.holds(&snapshot.package) => return Ok(Some(snapshot)),
                found => first = first.or(found),
            }
        }
        Ok(first)
    }

    /// Every package. Licences that do not stand are refused where that leaves nothing to show: clients show the
    /// reason for a refused file, but not for an index.
    async fn packages(&self, principal: &Known<Principal>) -> Result<Found, Denial> {
        let Self { front, exchange, account, environment, .. } = self;
        let stock = front.catalog.stock(account, *environment, self.engine.descriptor().key).await;
        let stock = stock.map_err(|error| unavailable(exchange, &error))?;
        let seen = front.catalog.stock_seen(principal, &stock);
        if !seen.shows_anything() {
            if principal.who == Who::Anonymous {
                return Err(AuthFailure::TOKEN_MISSING.denial());
            }
            self.in_good_standing(principal)?;
        }
        Ok(Found::Packages { stock, seen })
    }

    /// A name that is ours elsewhere (in another environment), or was, is refused rather than absent: clients go
    /// on to public indexes for names that are absent.
    async fn not_reserved(&self, need: Need<'_>) -> Result<(), Denial> {
        let key = match need {
            Need::Package { key } => key,
            Need::OneOf { keys: [key, ..] } => key,
            _ => return Ok(()),
        };
        let engine = self.engine.descriptor().key;
        let reserved = self.front.catalog.is_reserved(self.account, engine, key).await;
        if !reserved.map_err(|error| unavailable(self.exchange, &error))? {
            return Ok(());
        }
        let message = format!("{key} is a name of this registry, but there is no such package here any more");
        Err(Denial { reason: Reason::NotLicensed, message })
    }

    /// Licences that do not stand are refused where no package's view refuses them.
    pub(super) fn in_good_standing(&self, principal: &Principal) -> Result<(), Denial> {
        principal.standing(self.front.clock.wall()).map_err(|failure| failure.denial())
    }

    /// The names that the caller may see, were there none: a list of names never asks for a login.
    async fn names(&self, principal: &Known<Principal>) -> Result<Found, Denial> {
        let Self { front, exchange, account, environment, .. } = self;
        self.in_good_standing(principal)?;
        let names = front.catalog.names(account, *environment, self.engine.descriptor().key).await;
        let names = names.map_err(|error| unavailable(exchange, &error))?;
        let list = front.catalog.names_seen(principal, &names);
        Ok(Found::Names { list, source: names.identity(), class: names_class(principal) })
    }
}
