//! Answers to updaters' polls: what they were told is said in a header, counted, and noted where it is an upgrade.

use std::net::IpAddr;

use http::Response;
use keyway_access::{EnvironmentView, PackageSnapshot};
use keyway_base::{AccountId, PackageId, ProductId, RecordId, ReleaseId};
use keyway_catalog::EnvironmentFacts;
use keyway_domain::event::{Origin, Upgrade};
use keyway_engine::{Call, Told, Update};

use super::Request;
use super::delivery::Opened;
use crate::answer;
use crate::body::Body;
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
    /// Answers a poll.
    pub(super) fn update(
        &self,
        call: &dyn Call,
        update: Update,
        package: Option<Opened<'_>>,
    ) -> Response<Body> {
        let told = &update.told;
        self.front.telemetry.poll(self.engine.descriptor().key, told.word());
        if let Some(opened) = package {
            let client = client(call, &opened);
            self.count(told, client, opened.snapshot);
            self.upgraded(told, &opened);
        }
        let (name, value) = told.header();
        let mut response = answer::plain(update.answer);
        response.headers_mut().insert(name, value);
        response
    }

    /// Counts what a client runs, once in a window; one of which nothing is known, each time.
    fn count(&self, told: &Told, client: Client<'_>, snapshot: &PackageSnapshot) {
        let Some(channel) = told.channel else { return };
        let (account, environment) = (self.account.id, EnvironmentFacts::view(self.environment));
        let current = told.current.as_deref();
        let PackageSnapshot { product, package, .. } = snapshot;
        let seen = Seen { account, environment, client, product: *product, package: package.id, current };
        let now = self.front.clock.wall();
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
    fn upgraded(&self, told: &Told, opened: &Opened<'_>) {
        let Opened { snapshot, principal, .. } = opened;
        let (Some(current), Some(offered)) = (&told.current, told.offered) else { return };
        let found = (snapshot.package.releases.get(offered), snapshot.rules.get(offered));
        let (Some(release), Some(rule)) = found else { return };
        let (account, environment) = (self.account.id, EnvironmentFacts::view(self.environment));
        let (bearer, address) = (principal.bearer(), self.exchange.client);
        let noted = Offered { account, environment, bearer, address, release: release.id };
        if !self.front.upgraded.is_first(&noted, self.front.clock.wall()) {
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
fn client<'a>(call: &'a dyn Call, opened: &Opened<'_>) -> Client<'a> {
    let installation = call.poller().and_then(|poller| poller.installation.as_deref());
    match (installation, opened.principal.bearer()) {
        (Some(installation), _) => Client::Installation(installation),
        (None, Some(bearer)) => Client::Bearer(bearer),
        (None, None) => Client::Unknown,
    }
}
