//! Upgrades told by product, platform and file type.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use keyway_access::{Action, upgradable};
use keyway_base::RecordId;
use keyway_domain::resources::{Artifact, ArtifactStatus, Product};
use keyway_jsonapi::{ApiError, Declared, Record, Scope, Source};
use keyway_versions::semver::Constraint;
use keyway_versions::{Channel, EcosystemVersion, Scheme, UpgradeRequest, parse, resolve_upgrade};
use serde_json::json;

use super::{file, route};
use crate::call::Call;
use crate::distribution::artifact::Artifacts;
use crate::distribution::{dialect, first_download, link, offered, release, upload};
use crate::event::{declared, origin};
use crate::gate;
use crate::hooks::alias_scope;
use crate::interpreter::one;
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// How long the URL of an upgrade lives.
const TIME: Duration = Duration::from_secs(60 * 60);

/// What a client runs.
struct Running {
    product: RecordId,
    platform: String,
    filetype: String,
    version: String,
}

/// Told in the query.
pub(in crate::distribution) async fn of_product(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let text = |name: &str| call.query.text(name).map(str::to_owned).ok_or_else(|| invalid(name));
    let (named, platform) = (text("product")?, text("platform")?);
    let (filetype, version) = (text("filetype")?, text("version")?);
    let scope = gate::visible(&call, Product::RESOURCE).and(alias_scope(Product::RESOURCE, &named));
    let by_release = named.parse::<RecordId>().ok();
    // customers may not see products, but may have their releases
    let found = work.find(Product::RESOURCE, &scope).await?.map(|product| product.id()).or(by_release);
    let product = found.ok_or_else(|| invalid("product"))?;
    let running = Running { product, platform, filetype, version };
    answer(work, &running, invalid("version")).await
}

/// Told by a release that the client runs.
pub(in crate::distribution) async fn of_release(call: Arc<Call>) -> Outcome<Reply> {
    let mut work = Work::reading(&call).await?;
    let current = route::by_id(&mut work).await?;
    let subject = release::subject(&mut work, &current).await?;
    gate::authorize(&call, Action::ReleaseUpgrade, &subject)?;
    let files = file::of_releases(&mut work, std::slice::from_ref(&current)).await?;
    let text = |column: &str| {
        let found = files.last().and_then(|file| file.get(column).as_text()).map(str::to_owned);
        let code = if column == "platform" { "UPGRADE_PLATFORM_INVALID" } else { "UPGRADE_FILETYPE_INVALID" };
        found.ok_or_else(|| ApiError::unprocessable_coded("is invalid", code))
    };
    let (platform, filetype) = (text("platform")?, text("filetype")?);
    let product = current.get("product_id").as_id().unwrap_or(current.id());
    let version = current.get("version").as_text().unwrap_or_default().to_owned();
    let running = Running { product, platform, filetype, version };
    let bad_version = ApiError::unprocessable_coded("is invalid", "UPGRADE_VERSION_INVALID");
    answer(work, &running, bad_version).await
}

async fn answer(mut work: Work, running: &Running, bad_version: ApiError) -> Outcome<Reply> {
    let call = Arc::clone(&work.call);
    let (constraint, channel) = (constraint(&call)?, channel(&call)?);
    let channel = offered::pinned(&call, running.product.into()).unwrap_or(channel);
    let scheme = dialect::of_package(call.api.parts().engines, None).scheme();
    let current = parse(scheme, &running.version).map_err(|_| bad_version)?;
    let request = UpgradeRequest { current: &current, channel, constraint: constraint.as_ref() };
    let candidates = candidates(&mut work, running, scheme).await?;
    let describe = |record: &Record| {
        let text = |column: &str| record.get(column).as_text();
        let channel = text("channel").and_then(|channel| channel.parse::<Channel>().ok());
        Some((parse(scheme, text("version")?).ok()?, channel?))
    };
    let read = candidates.iter().filter_map(|(release, artifact)| {
        let (version, channel) = describe(release)?;
        Some((version, channel, release, artifact))
    });
    let read: Vec<(EcosystemVersion, Channel, &Record, &Record)> = read.collect();
    let best = resolve_upgrade(&request, &read, |(version, channel, ..)| (version, *channel));
    let Some((_, _, next, record)) = best else { return Ok(Reply::nothing()) };
    let subject = release::subject(&mut work, next).await?;
    let actions = [Action::ReleaseUpgrade, Action::ArtifactDownload];
    if actions.into_iter().any(|action| gate::authorize(&call, action, &subject).is_err()) {
        return Ok(Reply::nothing());
    }
    let artifact: Artifact = record.typed()?;
    let Some(blob) = route::stored(&call, &artifact).await else { return Ok(Reply::nothing()) };
    first_download::start(&call).await?;
    let meta = json!({ "current": running.version, "next": next.get("version").as_text() });
    let event = declared(next, "upgraded")?.with(meta.clone());
    let shown = Reply::data(one(&mut work, &Artifacts, record).await?).with("meta", meta);
    drop(work);
    call.api.journal().record(&[event], &origin(&call), call.now).await?;
    let url = link::for_download(&call, &artifact, &blob, TIME);
    Ok(upload::with_link(shown, &url).status(StatusCode::SEE_OTHER))
}

/// Published releases without a package that the caller is led to now and that have an uploaded file of the kind, each with it.
async fn candidates(work: &mut Work, running: &Running, scheme: Scheme) -> Outcome<Vec<(Record, Record)>> {
    let call = Arc::clone(&work.call);
    let releases = upgradable(&call.principal, &call.view, call.now)
        .and(Scope::id("product_id", running.product))
        .and(Scope::IsNull("package_id"));
    let files = Scope::belongs("releases", "release_id", releases.clone())
        .and(Scope::text("status", ArtifactStatus::Uploaded.as_str()))
        .and(Scope::text("platform", running.platform.to_lowercase()))
        .and(Scope::text("filetype", running.filetype.trim_start_matches('.').to_lowercase()));
    let files = work.all(Artifact::RESOURCE, &files).await?;
    let releases = offered::offered(work, running.product.into(), &releases, scheme).await?;
    let with_file = |release: Record| {
        let file = files.iter().rfind(|file| file.get("release_id").as_id() == Some(release.id()))?;
        Some((release, file.clone()))
    };
    Ok(releases.into_iter().filter_map(with_file).collect())
}

/// A constraint means `~>` and names neither pre-release nor build.
fn constraint(call: &Call) -> Result<Option<Constraint>, ApiError> {
    let Some(text) = call.query.text("constraint") else { return Ok(None) };
    let plain = Some(text).filter(|text| !text.contains(['-', '+']));
    let read = plain.and_then(|text| text.trim_start_matches("~>").trim().parse().ok());
    read.map(Some).ok_or_else(|| invalid("constraint"))
}

fn channel(call: &Call) -> Result<Channel, ApiError> {
    let text = call.query.text("channel");
    text.map_or(Ok(Channel::Stable), |text| text.parse().map_err(|_| invalid("channel")))
}

/// 400 about a parameter of the query.
fn invalid(name: &str) -> ApiError {
    let code = match name {
        "product" => "UPGRADE_PRODUCT_INVALID",
        "platform" => "UPGRADE_PLATFORM_INVALID",
        "filetype" => "UPGRADE_FILETYPE_INVALID",
        "version" => "UPGRADE_VERSION_INVALID",
        "constraint" => "UPGRADE_CONSTRAINT_INVALID",
        _ => "UPGRADE_CHANNEL_INVALID",
    };
    ApiError::bad_request_coded("is invalid", code).at(Source::Parameter(name.to_owned()))
}
