//! Events (`licensing.md` §12, `distribution.md` §12): what happened to which record, as the event log keeps it
//! and webhooks will tell it. Which events there are is part of each resource's declaration.

use std::time::Duration;

use keyway_base::{AccountId, ArtifactId, EnvironmentId, RecordId, ReleaseId, RequestId, Timestamp};
use keyway_jsonapi::{Declared as _, QueryValue, Record, Resource, Scope, Value};
use serde_json::{Map, Value as Json, json};

use crate::resources::{self, Artifact, EventLog, License, Release};

/// Something that happened to a record.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    name: &'static str,
    account: AccountId,
    environment: Option<EnvironmentId>,
    resource: &'static Resource,
    id: RecordId,
    metadata: Option<Json>,
}

/// On whose behalf something happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The type and id of who did it; none for background work and callers without a credential.
    pub who: Option<(&'static str, RecordId)>,
    /// The request in which it was done.
    pub request: Option<RequestId>,
}

impl Event {
    /// An event of a record, by its kind (`published`); `None` when its resource declares no such event.
    pub fn of(record: &Record, kind: &str) -> Option<Self> {
        Some(Self {
            name: record.resource.event(kind)?,
            account: record.account(),
            environment: record.environment(),
            resource: record.resource,
            id: record.id(),
            metadata: None,
        })
    }
    /// A change: what it was and what it is.
    pub fn updated(before: &Record, after: &Record) -> Option<Self> {
        let diff = diff(before, after);
        let event = Self::of(after, "updated")?;
        Some(if diff.is_empty() { event } else { event.with(json!({ "diff": diff })) })
    }
    /// Adds what more there is to say.
    #[must_use]
    pub fn with(mut self, metadata: Json) -> Self {
        self.metadata = Some(metadata);
        self
    }
    /// Its full name (`release.published`).
    pub const fn name(&self) -> &'static str {
        self.name
    }
    /// The account in which it happened.
    pub const fn account(&self) -> AccountId {
        self.account
    }
    /// Its entry in the log.
    pub fn entry(&self, origin: &Origin, at: Timestamp) -> Record {
        let log = EventLog {
            id: RecordId::generate(at),
            account_id: self.account,
            environment_id: self.environment,
            created_at: at,
            updated_at: at,
            event: self.name.to_owned(),
            resource_type: self.resource.kind.to_owned(),
            resource_id: self.id,
            whodunnit_type: origin.who.map(|(kind, _)| kind.to_owned()),
            whodunnit_id: origin.who.map(|(_, id)| id),
            request_id: origin.request.map(|id| RecordId::new(id.uuid())),
            metadata: self.metadata.clone(),
        };
        log.into_record()
    }
}

/// A file that was handed out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Download {
    /// The account.
    pub account: AccountId,
    /// The environment of the file.
    pub environment: Option<EnvironmentId>,
    /// The file, where it is an artifact: a manifest of a container registry is none.
    pub artifact: Option<ArtifactId>,
    /// Its release.
    pub release: ReleaseId,
}

impl Download {
    /// What is recorded of it: the file's download, and the release's with it unless the engine serves gems,
    /// whose clients fetch files without ever asking for the release.
    pub fn events(&self, engine: Option<&str>) -> Vec<Event> {
        let event = |name, resource, id| Event {
            name,
            account: self.account,
            environment: self.environment,
            resource,
            id,
            metadata: None,
        };
        let file = self.artifact.map(|id| event("artifact.downloaded", Artifact::RESOURCE, id.into()));
        let release = (engine != Some("rubygems"))
            .then(|| event("release.downloaded", Release::RESOURCE, self.release.into()));
        file.into_iter().chain(release).collect()
    }
}

/// A licence that was validated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validated {
    /// The account.
    pub account: AccountId,
    /// The environment of the licence.
    pub environment: Option<EnvironmentId>,
    /// The licence.
    pub license: RecordId,
    /// Whether it was valid.
    pub valid: bool,
    /// Which condition decided.
    pub code: &'static str,
}

impl Validated {
    /// The full name of the event of such an outcome.
    pub const fn name(valid: bool) -> &'static str {
        if valid { "license.validation.succeeded" } else { "license.validation.failed" }
    }
    /// What is recorded of it.
    pub fn event(&self) -> Event {
        Event {
            name: Self::name(self.valid),
            account: self.account,
            environment: self.environment,
            resource: License::RESOURCE,
            id: self.license,
            metadata: Some(json!({ "code": self.code })),
        }
    }
}

/// An updater that is led from one version to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upgrade {
    /// The account.
    pub account: AccountId,
    /// The environment of the release.
    pub environment: Option<EnvironmentId>,
    /// The release that is offered.
    pub release: ReleaseId,
    /// The version that runs, as its client says it.
    pub current: String,
    /// The version that is offered.
    pub next: String,
}

impl Upgrade {
    /// What is recorded of it, as of an upgrade that the API leads to.
    pub fn event(&self) -> Event {
        Event {
            name: "release.upgraded",
            account: self.account,
            environment: self.environment,
            resource: Release::RESOURCE,
            id: self.release.into(),
            metadata: Some(json!({ "current": self.current, "next": self.next })),
        }
    }
}

/// The full name of every event there is.
pub fn names() -> impl Iterator<Item = &'static str> {
    resources::ALL.iter().flat_map(|resource| resource.events.iter().copied())
}

/// What stands for a secret.
const MASKED: &str = "...";

/// The attributes that are shown and differ: `{name: [before, after]}`. Of a secret it is said that it differs.
fn diff(before: &Record, after: &Record) -> Map<String, Json> {
    let shown = before.resource.attributes.iter().filter(|attribute| attribute.shown);
    let pairs = shown.filter_map(|attribute| {
        let column = attribute.column?;
        let (old, new) = (before.get(column), after.get(column));
        let said = |value| if attribute.secret { MASKED.into() } else { attribute.json(value) };
        (old != new).then(|| (attribute.name.to_owned(), json!([said(old), said(new)])))
    });
    pairs.collect()
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A span of days that a list of logs is asked for (`licensing.md` §14): 1 to 31 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: Timestamp,
    end: Timestamp,
}

/// A span that cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// There is no such date, or only one of the two.
    #[error("must be an object with a start and an end date")]
    Unreadable,
    /// Too short or too long.
    #[error("must be a range of 1 to 31 days")]
    Length,
}

impl Span {
    /// Reads `date[start]` and `date[end]`.
    ///
    /// # Errors
    /// [`SpanError`] when one of them is missing or no date, or the end is not 1 to 31 days after the start.
    pub fn read(value: &QueryValue) -> Result<Self, SpanError> {
        let date = |name: &str| value.get(name)?.text()?.parse::<Timestamp>().ok();
        let (Some(start), Some(end)) = (date("start"), date("end")) else {
            return Err(SpanError::Unreadable);
        };
        let days = end.since(start);
        if days < DAY || days > DAY * 31 {
            return Err(SpanError::Length);
        }
        Ok(Self { start, end })
    }
    /// What was logged in it. An end at midnight is the whole of that day.
    pub fn scope(self) -> Scope {
        let midnight = self.end.as_micros().rem_euclid(DAY.as_micros().try_into().unwrap_or(i64::MAX)) == 0;
        let until = if midnight { self.end.plus(DAY) } else { self.end };
        Scope::Ge("created_at", Value::Time(self.start)).and(Scope::Lt("created_at", Value::Time(until)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::fixture;
    use crate::resources::PoolKey;

    /// `licensing.md` §12.3 and `distribution.md` §12, as far as their resources exist, and those of our own
    /// rollouts. What other API versions and later resources add is not here.
    const SPECIFIED: &str = "
        account.updated account.settings.created account.settings.deleted account.settings.updated
        entitlement.created entitlement.deleted entitlement.updated
        environment.created environment.deleted environment.updated
        group.created group.deleted group.updated group.owners.attached group.owners.detached
        license.created license.deleted license.updated license.validation.succeeded license.validation.failed
        license.checked-in license.checked-out license.renewed license.revoked license.suspended
        license.reinstated license.expired license.expiring-soon license.check-in-overdue
        license.check-in-required-soon license.entitlements.attached license.entitlements.detached
        license.users.attached license.users.detached license.group.updated license.owner.updated
        license.policy.updated license.user.updated license.usage.incremented license.usage.decremented
        license.usage.reset
        machine.created machine.deleted machine.updated machine.checked-out machine.group.updated
        machine.owner.updated machine.proofs.generated machine.heartbeat.ping machine.heartbeat.pong
        machine.heartbeat.dead machine.heartbeat.reset machine.heartbeat.resurrected
        component.created component.deleted component.updated
        process.created process.deleted process.updated process.heartbeat.ping process.heartbeat.pong
        process.heartbeat.dead process.heartbeat.resurrected
        policy.created policy.deleted policy.updated policy.pool.popped policy.entitlements.attached
        policy.entitlements.detached
        key.created key.deleted key.updated
        product.created product.deleted product.updated
        second-factor.created second-factor.deleted second-factor.enabled second-factor.disabled
        token.generated token.regenerated token.revoked
        user.created user.deleted user.updated user.banned user.unbanned user.group.updated user.password-reset
        package.created package.updated package.deleted
        release.created release.updated release.deleted release.published release.yanked release.upgraded
        release.downloaded release.package.updated release.constraints.attached release.constraints.detached
        artifact.created artifact.updated artifact.deleted artifact.downloaded artifact.uploaded
        artifact.upload.processing artifact.upload.succeeded artifact.upload.failed
        rollout.created rollout.updated rollout.deleted rollout.paused rollout.resumed rollout.halted
    ";

    fn map(pairs: &[(&str, &str)]) -> QueryValue {
        let text = |text: &str| QueryValue::Text(text.to_owned());
        QueryValue::Map(pairs.iter().map(|(key, value)| ((*key).to_owned(), text(value))).collect())
    }

    fn release() -> Record {
        let now = Timestamp::from_micros(1_780_000_000_000_000);
        Record::new(Release::RESOURCE, fixture::id(9), fixture::account(), None, now)
    }

    #[test]
    fn the_events_are_those_of_the_specification() {
        let declared: BTreeSet<&str> = names().collect();
        let specified: BTreeSet<&str> = SPECIFIED.split_whitespace().collect();
        assert_eq!(declared, specified);
        assert_eq!(names().count(), declared.len(), "none twice");
    }

    #[test]
    fn an_entry_says_what_happened_to_what_and_by_whom() {
        let release = release();
        let at = Timestamp::from_micros(1_780_315_200_000_000);
        let who = ("products", "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap());
        let request = RequestId::generate(at);
        let event = Event::of(&release, "published").unwrap();
        let entry: EventLog =
            event.entry(&Origin { who: Some(who), request: Some(request) }, at).typed().unwrap();
        assert_eq!(entry.event, "release.published");
        assert_eq!((entry.resource_type.as_str(), entry.resource_id), ("releases", release.id()));
        assert_eq!((entry.whodunnit_type.as_deref(), entry.whodunnit_id), (Some("products"), Some(who.1)));
        assert_eq!(entry.request_id.map(|id| id.to_string()), Some(request.to_string()));
        assert_eq!((entry.account_id, entry.created_at), (release.account(), at));
        assert_eq!(Event::of(&release, "sold"), None);
    }

    #[test]
    fn a_change_is_told_by_its_attributes() {
        let before = release();
        let mut after = before.clone();
        assert_eq!(Event::updated(&before, &after).unwrap().metadata, None);
        after.set("name", Value::Text("One".to_owned()));
        after.set("version_key", Value::Text("hidden".to_owned()));
        let metadata = Event::updated(&before, &after).unwrap().metadata;
        assert_eq!(metadata, Some(json!({ "diff": { "name": [before.get("name").as_text(), "One"] } })));
    }

    #[test]
    fn of_a_key_it_is_told_that_it_changed() {
        let account = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        for resource in [PoolKey::RESOURCE, License::RESOURCE] {
            let id = "0190163d-8694-739b-aea5-966c26f8ad92".parse().unwrap();
            let mut before = Record::new(resource, id, account, None, Timestamp::from_micros(0));
            before.set("key", Value::Text("AAAA-1111".to_owned()));
            let mut after = before.clone();
            after.set("key", Value::Text("BBBB-2222".to_owned()));
            let metadata = Event::updated(&before, &after).map(|event| event.metadata.unwrap());
            assert_eq!(metadata, Some(json!({ "diff": { "key": ["...", "..."] } })), "{}", resource.kind);
        }
    }

    #[test]
    fn a_download_is_the_file_s_and_the_release_s_but_for_gems() {
        let id = "0190163d-8694-739b-aea5-966c26f8ad91";
        let download = Download {
            account: id.parse().unwrap(),
            environment: None,
            artifact: Some(id.parse().unwrap()),
            release: id.parse().unwrap(),
        };
        let names = |engine| -> Vec<&str> { download.events(engine).iter().map(Event::name).collect() };
        assert_eq!(names(None), ["artifact.downloaded", "release.downloaded"]);
        assert_eq!(names(Some("npm")), ["artifact.downloaded", "release.downloaded"]);
        assert_eq!(names(Some("rubygems")), ["artifact.downloaded"]);
        let manifest = Download { artifact: None, ..download };
        let events = manifest.events(Some("oci"));
        assert_eq!(events.iter().map(Event::name).collect::<Vec<_>>(), ["release.downloaded"]);
    }

    #[test]
    fn a_validation_is_recorded_as_of_its_licence() {
        let now = Timestamp::from_micros(1_780_000_000_000_000);
        let license = Record::new(License::RESOURCE, fixture::id(3), fixture::account(), None, now);
        for (valid, code, kind) in
            [(true, "VALID", "validation.succeeded"), (false, "EXPIRED", "validation.failed")]
        {
            let (account, license_id) = (license.account(), license.id());
            let validated = Validated { account, environment: None, license: license_id, valid, code };
            let of_record = Event::of(&license, kind).unwrap().with(json!({ "code": code }));
            assert_eq!(validated.event(), of_record);
        }
    }

    #[test]
    fn an_upgrade_is_told_as_the_api_tells_it() {
        let release = release();
        let upgrade = Upgrade {
            account: release.account(),
            environment: None,
            release: release.id().into(),
            current: "1.0.0".to_owned(),
            next: "1.1.0".to_owned(),
        };
        let by_api = Event::of(&release, "upgraded").unwrap();
        assert_eq!(upgrade.event(), by_api.with(json!({ "current": "1.0.0", "next": "1.1.0" })));
    }

    #[test]
    fn a_span_has_a_day_to_a_month() {
        for (start, end, expected) in [
            ("2026-01-01", "2026-01-02", Ok(())),
            ("2026-01-01", "2026-02-01", Ok(())),
            ("2026-01-01", "2026-02-02", Err(SpanError::Length)),
            ("2026-01-01", "2026-01-01", Err(SpanError::Length)),
            ("2026-01-02", "2026-01-01", Err(SpanError::Length)),
            ("2026-01-01", "soon", Err(SpanError::Unreadable)),
            ("", "2026-01-01", Err(SpanError::Unreadable)),
        ] {
            let read = Span::read(&map(&[("start", start), ("end", end)]));
            assert_eq!(read.map(drop), expected, "{start} {end}");
        }
        assert_eq!(Span::read(&map(&[("start", "2026-01-01")])), Err(SpanError::Unreadable));
        assert_eq!(Span::read(&QueryValue::Text("2026-01-01".to_owned())), Err(SpanError::Unreadable));
        let all_day = Span::read(&map(&[("start", "2026-01-01"), ("end", "2026-01-02")])).unwrap().scope();
        let until = "2026-01-03".parse::<Timestamp>().unwrap();
        assert!(format!("{all_day:?}").contains(&format!("{:?}", Value::Time(until))), "{all_day:?}");
    }
}
