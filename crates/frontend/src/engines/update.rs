//! Answers to updaters' polls: what they were told is said in a header, counted, and noted where it is an upgrade.

use std::borrow::Cow;
use std::net::IpAddr;

use http::Response;
use keyway_access::{EnvironmentView, PackageSnapshot, Principal};
use keyway_base::{AccountId, PackageId, ProductId, RecordId, ReleaseId, Timestamp};
use keyway_catalog::EnvironmentFacts;
use keyway_domain::event::{Origin, Upgrade};
use keyway_engine::{Call, Poller, Query, Reply, Told};

use super::delivery::Opened;
use super::{Found, Request, Trouble};
use crate::answer;
use crate::body::Body;
use crate::polls::{Answered, Source};
use crate::updates::{OTHER, Running};

/// Whose poll it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Client<'a> {
    Installation(&'a str),
    Bearer((&'static str, RecordId)),
    /// Nothing is known of it that stays the same.
    Unknown,
}

/// What a client is told time and again, and is noted once in a window.
#[derive(Debug, Clone, Copy, Hash)]
struct Offered {
    account: AccountId,
    environment: EnvironmentView,
    /// Not the installation: clients make those ids up, and each would be a line in the log.
    bearer: Option<(&'static str, RecordId)>,
    address: IpAddr,
    release: ReleaseId,
}

/// What a client runs, which counts once in a window.
#[derive(Debug, Clone, Copy, Hash)]
struct Seen<'a> {
    account: AccountId,
    environment: EnvironmentView,
    client: Client<'a>,
    product: ProductId,
    /// None for the releases of the product that are in no package.
    package: Option<PackageId>,
    current: Option<&'a str>,
}

impl Request<'_> {
    /// Answers a poll: as before, where one that is the same in everything was answered before.
    pub(super) async fn polled(&self, call: &dyn Call, found: &Found) -> Result<Response<Body>, Trouble> {
        let package = found.opened();
        let asked = self.poll.zip(self.source(found));
        if let Some(answered) = asked.and_then(|(poll, source)| poll.answer(&source)) {
            self.front.telemetry.documents_hit.increment(1);
            return Ok(self.say(&answered, package));
        }
        match call.reply(&self.context(""), &found.access(&[])) {
            Reply::Update(update) => {
                self.front.telemetry.documents_rendered.increment(1);
                let answered = Answered::of(*update);
                let response = self.say(&answered, package);
                if let Some((poll, source)) = asked {
                    self.front.polls.keep(poll, &source, answered);
                }
                Ok(response)
            }
            other => self.carry_out(call, other, package).await,
        }
    }

    /// What the answer to a poll is made from, beside the poll. A refusal is no answer to be remembered: strangers could
    /// put any number of them in the place of answers.
    fn source<'f>(&'f self, found: &'f Found) -> Option<Source<'f>> {
        let Found::Package { snapshot, seen, waiting, .. } = found else { return None };
        let source = Source {
            account: (self.account.id, self.account.stamp()),
            package: snapshot.identity(),
            seen,
            waiting,
            root: self.root,
            site: self.site,
        };
        seen.denial.is_none().then_some(source)
    }

    /// Gives a poll its answer and counts it.
    pub(super) fn say(&self, answered: &Answered, package: Option<Opened<'_>>) -> Response<Body> {
        let Answered { plain, told, word } = answered;
        self.front.telemetry.poll(self.engine.descriptor().key, word);
        if let Some(opened) = package {
            let now = self.front.clock.wall();
            self.count(told, &opened, now);
            self.upgraded(told, &opened, now);
        }
        answer::plain(plain)
    }

    /// Which installation asks. Polls that are remembered do not say it in their address.
    pub(super) fn poller(&self) -> Poller {
        let Self { exchange, poll, .. } = self;
        let query = Query(if poll.is_some() { "" } else { exchange.query() });
        Poller::sent(|name| query.first(name), |name| exchange.header(name).map(Cow::Borrowed))
    }

    /// Counts what a client runs, once in a window; one of which nothing is known, each time.
    fn count(&self, told: &Told, opened: &Opened<'_>, now: Timestamp) {
        let Some(channel) = told.channel else { return };
        let Opened { snapshot, principal, .. } = opened;
        let poller = self.poller();
        let client = client(&poller, principal);
        let (account, environment) = (self.account.id, EnvironmentFacts::view(self.environment));
        let current = told.current.as_deref();
        let PackageSnapshot { product, package, .. } = *snapshot;
        let seen = Seen { account, environment, client, product: *product, package: package.id, current };
        if client != Client::Unknown && !self.front.telemetry.seen.is_first(&seen, now) {
            return;
        }
        let scheme = self.engine.descriptor().scheme;
        let release = current.and_then(|version| package.named(scheme, version));
        self.front.telemetry.client(&Running {
            account: &self.account.slug,
            package: &package.key,
            version: release.map_or(OTHER, |release| release.version.verbatim()),
            channel: channel.as_str(),
            platform: told.platform.unwrap_or(OTHER),
        });
    }

    /// Notes for the event log that a client is led from one version to another, once in a window.
    fn upgraded(&self, told: &Told, opened: &Opened<'_>, now: Timestamp) {
        let Opened { snapshot, principal, .. } = opened;
        let (Some(current), Some(offered)) = (&told.current, told.offered) else { return };
        let found = (snapshot.package.releases.get(offered), snapshot.rules.get(offered));
        let (Some(release), Some(rule)) = found else { return };
        let (account, environment) = (self.account.id, EnvironmentFacts::view(self.environment));
        let (bearer, address) = (principal.bearer(), self.exchange.client);
        let noted = Offered { account, environment, bearer, address, release: release.id };
        if !self.front.upgraded.is_first(&noted, now) {
            return;
        }
        let upgrade = Upgrade {
            account,
            environment: rule.environment,
            release: release.id,
            current: current.clone(),
            next: release.version.verbatim().to_owned(),
        };
        let origin = Origin { who: bearer, request: Some(self.exchange.id) };
        self.front.uploads.upgraded(upgrade, origin);
    }
}

/// The installation that its updater names, else who asks.
fn client<'a>(poller: &'a Poller, principal: &Principal) -> Client<'a> {
    match (poller.installation.as_deref(), principal.bearer()) {
        (Some(installation), _) => Client::Installation(installation),
        (None, Some(bearer)) => Client::Bearer(bearer),
        (None, None) => Client::Unknown,
    }
}
