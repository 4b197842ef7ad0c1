//! Releases (`distribution.md` §5.2).

use keyway_access::Action;
use keyway_base::EntitlementId;
use keyway_domain::release::{backdated_failure, semver_attribute, tag_failure};
use keyway_domain::resources::{Constraint, Product, Release, ReleaseStatus};
use keyway_jsonapi::document::Extras;
use keyway_jsonapi::{ApiError, Declared, Extra, Failure, Intent, Invalid, Record, Resource, Scope, Value};

use super::constraint::{self, Wanted};
use super::narrow::narrow;
use super::{burial, first, job, lookup, package, tags, version};
use crate::call::Call;
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step, alias_scope};
use crate::licensing::default_metadata;
use crate::refusal::Outcome;
use crate::subject::Subject;
use crate::work::Work;

/// How many constraints a release may be created with.
const MAX_CONSTRAINTS: usize = 20;

/// The rules of releases.
pub(crate) struct Releases;

impl Hooks for Releases {
    fn resource(&self) -> &'static Resource {
        Release::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::ReleaseList,
            show: Action::ReleaseShow,
            create: Action::ReleaseCreate,
            update: Action::ReleaseUpdate,
            delete: Action::ReleaseDelete,
        }
    }
    fn extra(&self, intent: Intent) -> Extra {
        match intent {
            Intent::Create => Extra { many: vec![("constraints", constraint::schema())], ..Extra::default() },
            Intent::Update => Extra::default(),
        }
    }
    fn subject<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move { subject(work, record).await })
    }
    fn new_subject<'a>(&'a self, _: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        Box::pin(async move { Ok(package::of_new(&draft.record)) })
    }
    fn list_default(&self, call: &Call) -> Scope {
        first::list::narrowed(call)
    }
    /// By id, version or tag, narrowed by product, package and engine: releases of several may share a version.
    fn named(&self, call: &Call, name: &str) -> Scope {
        alias_scope(self.resource(), name).and(narrow(
            call,
            self.resource(),
            &["product", "package", "engine"],
        ))
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            default_metadata(draft);
            draft.default("status", Value::Text(ReleaseStatus::Draft.as_str().to_owned()));
            check_dates_and_tag(work, draft);
            if draft.before.is_none() {
                let package = draft.related("package").cloned();
                check_package(draft, package.as_ref());
                check_constraints(work, draft).await?;
                let failure = version::assign(work, &mut draft.record, package.as_ref()).await?;
                draft.failures.extend(failure);
            }
            Ok(())
        })
    }
    fn saved<'a>(&'a self, work: &'a mut Work, draft: &'a Draft) -> Step<'a, ()> {
        Box::pin(async move {
            if let Some(file) = work.call.file.clone() {
                first::file::save(work, draft, &file).await?;
            }
            if draft.before.is_some() {
                return Ok(());
            }
            for wanted in constraint::wanted(draft.input.relation("constraints")) {
                constraint::insert(work, &draft.record, wanted.entitlement).await?;
            }
            lookup::materialise(work, &lookup::CHANNELS, draft.text("channel").unwrap_or_default()).await?;
            tags::follow(work, &draft.record).await
        })
    }
    fn deleting<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, ()> {
        Box::pin(async move {
            burial::bury_release(work, record).await?;
            job::purge_release(work, record).await
        })
    }
    fn describe<'a>(&'a self, work: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        Box::pin(async move {
            let files = first::file::of_releases(work, records).await?;
            let describe = |record: &Record| {
                let mut extras = Extras::default();
                extras.attribute("semver", semver_attribute(record));
                extras.former = files.iter().rfind(|file| is_of(file, record)).map(first::file::shown);
                extras
            };
            Ok(records.iter().map(describe).collect())
        })
    }
}

/// Whether an artifact is of a release.
fn is_of(artifact: &Record, release: &Record) -> bool {
    artifact.get("release_id").as_id() == Some(release.id())
}

/// The facts about a release: its product's strategy and the entitlements it asks for.
pub(super) async fn subject(work: &mut Work, record: &Record) -> Outcome<Subject> {
    let release: Release = record.typed()?;
    let product: Product = product_of(work, record).await?.typed()?;
    let joins = work.all(Constraint::RESOURCE, &Scope::id("release_id", release.id)).await?;
    let entitlement = |join: &Record| join.get("entitlement_id").as_id().map(EntitlementId::from);
    Ok(Subject::Release {
        release: Box::new(release),
        strategy: product.distribution_strategy,
        constraints: joins.iter().filter_map(entitlement).collect(),
    })
}

/// The product of a release or package. Once it is deleted, what belongs to it is as good as gone, even before
/// a job has removed it.
pub(super) async fn product_of(work: &mut Work, record: &Record) -> Outcome<Record> {
    let gone = || ApiError::not_found(record.resource.name, &record.id().to_string());
    let id = record.get("product_id").as_id().unwrap_or(record.id());
    Ok(work.get(Product::RESOURCE, id).await?.ok_or_else(gone)?)
}

fn check_dates_and_tag(work: &Work, draft: &mut Draft) {
    let backdated = draft.record.get("backdated_at").as_time().filter(|_| draft.changed("backdated_at"));
    draft.failures.extend(backdated.and_then(|backdated| backdated_failure(backdated, work.now())));
    let tag = draft.text("tag").filter(|_| draft.changed("tag"));
    let failure = tag.and_then(tag_failure);
    draft.failures.extend(failure);
}

/// A package is one of the same product.
fn check_package(draft: &mut Draft, package: Option<&Record>) {
    let foreign = package.is_some_and(|package| package.get("product_id") != draft.record.get("product_id"));
    if foreign {
        draft.fail(package_of_another_product());
    }
}

/// The failure of a package that belongs to another product.
pub(super) fn package_of_another_product() -> Invalid {
    Invalid::relation("package", Failure::Inclusion, "must belong to the same product as the release")
}

/// Every constraint names another entitlement that exists.
async fn check_constraints(work: &mut Work, draft: &mut Draft) -> Outcome<()> {
    let wanted = constraint::wanted(draft.input.relation("constraints"));
    if wanted.len() > MAX_CONSTRAINTS {
        draft.fail(Invalid::relation("constraints", Failure::Kind("TOO_LONG"), "too many records"));
        return Ok(());
    }
    for (index, Wanted { entitlement }) in wanted.iter().enumerate() {
        let failure = if wanted.iter().take(index).any(|earlier| earlier.entitlement == *entitlement) {
            Some((Failure::Kind("CONFLICT"), "entitlement is already constrained"))
        } else if constraint::entitlement(work, *entitlement).await?.is_none() {
            Some((Failure::Blank, "must exist"))
        } else {
            None
        };
        let nested = |(failure, detail)| {
            Invalid::nested_relation("constraints", index, "entitlement", failure, detail)
        };
        draft.failures.extend(failure.map(nested));
    }
    Ok(())
}
