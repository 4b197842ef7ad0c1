//! Packages (`distribution.md` §5.1).

use keyway_access::Action;
use keyway_domain::release::{VERSION_COLUMNS, VersionRefusal, read_version, set_version};
use keyway_domain::resources::{Package, Product, Release};
use keyway_jsonapi::document::{Extras, record_path};
use keyway_jsonapi::{ApiError, Declared, Failure, Invalid, Record, Resource, Scope, Value};

use super::narrow::narrow;
use super::{burial, dialect, job, lookup, release};
use crate::call::Call;
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step, alias_scope};
use crate::licensing::default_metadata;
use crate::refusal::{Outcome, Refusal};
use crate::subject::Subject;
use crate::work::Work;

/// The rules of packages.
pub(crate) struct Packages;

impl Hooks for Packages {
    fn resource(&self) -> &'static Resource {
        Package::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::PackageList,
            show: Action::PackageShow,
            create: Action::PackageCreate,
            update: Action::PackageUpdate,
            delete: Action::PackageDelete,
        }
    }
    fn subject<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move {
            let package: Package = record.typed()?;
            let product: Product = release::product_of(work, record).await?.typed()?;
            Ok(Subject::Package(Box::new(package), product.distribution_strategy))
        })
    }
    fn new_subject<'a>(&'a self, _: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        Box::pin(async move { Ok(of_new(&draft.record)) })
    }
    /// By id, or by key in the vendor's or the ecosystem's form; one key may name packages of several engines.
    fn named(&self, call: &Call, name: &str) -> Scope {
        alias_scope(self.resource(), name).or(Scope::text("normalised_key", name)).and(narrow(
            call,
            self.resource(),
            &["product", "engine"],
        ))
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            default_metadata(draft);
            normalise(work, draft)
        })
    }
    fn saved<'a>(&'a self, work: &'a mut Work, draft: &'a Draft) -> Step<'a, ()> {
        Box::pin(async move {
            if let Some(engine) = draft.text("engine") {
                lookup::materialise(work, &lookup::ENGINES, engine).await?;
            }
            let Some(before) = &draft.before else { return Ok(()) };
            if draft.changed("normalised_key") || draft.changed("engine") {
                burial::bury_name(work, before).await?;
            }
            if draft.changed("engine") {
                reread_versions(work, &draft.record).await?;
            }
            Ok(())
        })
    }
    fn deleting<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, ()> {
        Box::pin(async move {
            burial::bury_package(work, record).await?;
            job::purge_package(work, record).await
        })
    }
    fn describe<'a>(&'a self, _: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        Box::pin(async move {
            let links =
                |record| Extras { links: vec![("related", record_path(record).into())], ..Extras::default() };
            Ok(records.iter().map(links).collect())
        })
    }
}

/// What is created for the product that was named.
pub(super) fn of_new(record: &Record) -> Subject {
    match record.get("product_id").as_id() {
        Some(product) => Subject::OfProduct(record.environment(), product.into()),
        None => Subject::Within(record.environment()),
    }
}

/// Checks engine and key, and sets the key's normal form.
fn normalise(work: &Work, draft: &mut Draft) -> Outcome<()> {
    if !draft.changed("key") && !draft.changed("engine") {
        return Ok(());
    }
    let engines = work.call.api.parts().engines;
    let engine = draft.text("engine").map(str::to_owned);
    if engine.as_deref().is_some_and(|engine| !dialect::is_known(engines, engine)) {
        return Err(ApiError::schema("/data/attributes/engine", "is invalid").into());
    }
    let key = draft.text("key").unwrap_or_default().to_owned();
    match dialect::normal_key(engines, engine.as_deref(), &key) {
        Ok(normal) => {
            draft.record.set("normalised_key", Value::Text(normal));
            if draft.changed("key") {
                draft.record.set("key", Value::Text(dialect::kept_key(engine.as_deref(), &key)));
            }
        }
        Err(failure) => draft.fail(failure),
    }
    Ok(())
}

/// Reads the versions of a package's releases by the rules of its new engine. One that the engine cannot read
/// keeps the package where it was.
async fn reread_versions(work: &mut Work, package: &Record) -> Outcome<()> {
    let dialect = dialect::of_package(work.call.api.parts().engines, Some(package));
    let releases = work.all(Release::RESOURCE, &Scope::id("package_id", package.id())).await?;
    for mut record in releases {
        let release: Release = record.typed()?;
        let channel =
            release.channel.parse().map_err(|_| Refusal::Broken("a release without channel".to_owned()))?;
        match read_version(dialect, &release.version, channel) {
            Ok(version) => set_version(&mut record, &version),
            Err(VersionRefusal::TooLarge | VersionRefusal::Invalid(_)) => {
                let detail = format!("does not allow the version {} of a release", release.version);
                return Err(Refusal::invalid([Invalid::attribute("engine", Failure::Inclusion, detail)]));
            }
        }
        work.update(&record, &VERSION_COLUMNS).await?;
    }
    Ok(())
}
