//! A licence whose time starts with its first download starts here (`distribution.md` §8, FROM_FIRST_DOWNLOAD).

use std::sync::Arc;

use keyway_base::{AccountId, LicenseId};
use keyway_domain::event::{Download, Origin, Upgrade};
use keyway_domain::resources::{ExpirationBasis, License, Policy};
use keyway_domain::touch::{Mutation, Related, touches};
use keyway_jsonapi::{Declared, Scope, Value};
use keyway_store::{Changes, StoreError, retrying};

use crate::Api;

use crate::call::Call;
use crate::interpreter::change;
use crate::licensing::expiry::started;
use crate::refusal::Outcome;
use crate::work::Work;

/// Starts the licence that is asking, if this is what it waits for. Users' licences are left alone, as upstream
/// does.
pub(super) async fn start(call: &Arc<Call>) -> Outcome<()> {
    let waiting = call.principal.license().filter(|grant| grant.expiry.is_none());
    let Some((license, policy)) = waiting.map(|grant| (grant.id.into(), grant.policy.into())) else {
        return Ok(());
    };
    let policy: Policy = Work::reading(call).await?.need(Policy::RESOURCE, policy).await?.typed()?;
    let occasion = ExpirationBasis::FirstDownload;
    if started(None, &policy, occasion, call.now).is_none() {
        return Ok(());
    }
    let mut work = Work::writing(call).await?;
    let before = work.need(License::RESOURCE, license).await?;
    let Some(expiry) = started(before.get("expiry").as_time(), &policy, occasion, call.now) else {
        return Ok(());
    };
    let mut after = before.clone();
    after.set("expiry", Value::Time(expiry));
    change(&mut work, &before, &mut after).await?;
    work.commit().await
}

impl Api {
    /// Notes for the event log that an engine serves a file. Nothing waits for it to be written.
    pub fn downloaded_from(&self, download: Download, engine: &'static str, origin: Origin) {
        self.journal().note(download, engine, origin, self.parts().clock.wall());
    }

    /// Notes for the event log that an updater is led to a release. Nothing waits for it to be written.
    pub fn upgraded(&self, upgrade: &Upgrade, origin: &Origin) {
        self.journal().note_event(&upgrade.event(), origin, self.parts().clock.wall());
    }

    /// Starts the time of a licence that waits for its first download, when an engine is about to serve one of
    /// its files. Doing it again changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the database cannot be read or written: the file must not be served then.
    pub async fn downloaded(&self, account: AccountId, license: LicenseId) -> Result<(), StoreError> {
        retrying(|| self.start_time(account, license)).await
    }

    async fn start_time(&self, account: AccountId, license: LicenseId) -> Result<(), StoreError> {
        let now = self.parts().clock.wall();
        let mut write = self.parts().db.begin().await?;
        let Some(before) = write.find(License::RESOURCE, account, &Scope::id("id", license)).await? else {
            return Ok(());
        };
        let policy = before.get("policy_id").as_id().map(|id| Scope::id("id", id)).unwrap_or(Scope::None);
        let Some(policy) = write.find(Policy::RESOURCE, account, &policy).await? else { return Ok(()) };
        let policy: Policy = policy.typed()?;
        let expiry = before.get("expiry").as_time();
        let Some(expiry) = started(expiry, &policy, ExpirationBasis::FirstDownload, now) else {
            return Ok(());
        };
        let mut after = before.clone();
        after.set("expiry", Value::Time(expiry));
        after.set("updated_at", Value::Time(now));
        write.update(&after, &["expiry"]).await?;
        let mutation = Mutation { before: Some(&before), after: Some(&after) };
        write.commit(Changes::of(account, touches(mutation, &Related::default()))).await
    }
}
