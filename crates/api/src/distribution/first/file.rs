//! The file of a release, as 1.0 shows and takes it.

use keyway_domain::resources::{Artifact, Release};
use keyway_jsonapi::document::{Extras, account_path, to_json};
use keyway_jsonapi::{Declared, Extra, Intent, Record, Scope, Value, parse};
use serde_json::{Map, Value as Json, json};

use crate::distribution::artifact::Artifacts;
use crate::draft::Draft;
use crate::gate;
use crate::interpreter::{check_values, make, save as write, sent};
use crate::refusal::{Outcome, Refusal};
use crate::version::FILE_ATTRIBUTES;
use crate::work::Work;

/// The files of releases that the caller may see, oldest first; none unless 1.0 is spoken.
pub(in crate::distribution) async fn of_releases(
    work: &mut Work,
    releases: &[Record],
) -> Outcome<Vec<Record>> {
    if !work.call.version.is_first() || releases.is_empty() {
        return Ok(Vec::new());
    }
    let ids = releases.iter().map(|release| Value::Id(release.id())).collect();
    let scope = gate::visible(&work.call, Artifact::RESOURCE).and(Scope::In("release_id", ids));
    work.all(Artifact::RESOURCE, &scope).await
}

/// What a release shows of its file.
pub(in crate::distribution) fn shown(artifact: &Record) -> Json {
    let attribute = |(column, name): (&str, &str)| (name.to_owned(), to_json(artifact.get(column)));
    let mut shown: Map<String, Json> = FILE_ATTRIBUTES.into_iter().map(attribute).collect();
    shown.insert("id".to_owned(), artifact.id().to_string().into());
    Json::Object(shown)
}

/// What files show of their products, when 1.0 is spoken.
pub(in crate::distribution) async fn add_products(
    work: &mut Work,
    artifacts: &[Record],
    extras: &mut [Extras],
) -> Outcome<()> {
    if !work.call.version.is_first() {
        return Ok(());
    }
    let ids = artifacts.iter().filter_map(|artifact| artifact.get("release_id").as_id());
    let releases = work.all_of(Release::RESOURCE, ids).await?;
    for (artifact, extras) in artifacts.iter().zip(extras) {
        let release = artifact.get("release_id").as_id();
        let release = releases.iter().find(|known| Some(known.id()) == release);
        let product = release.and_then(|release| release.get("product_id").as_id());
        extras.former = product.map(|product| {
            let link = format!("{}/products/{product}", account_path(artifact.account()));
            let data = json!({ "type": "products", "id": product.to_string() });
            json!({ "links": { "related": link }, "data": data })
        });
    }
    Ok(())
}

/// Makes the file that a new release describes, or changes the one that a release has.
pub(in crate::distribution) async fn save(
    work: &mut Work,
    release: &Draft,
    file: &Map<String, Json>,
) -> Outcome<()> {
    let of_release = Scope::id("release_id", release.record.id());
    match work.all(Artifact::RESOURCE, &of_release).await?.pop() {
        Some(artifact) => change(work, artifact, file).await,
        None => create(work, &release.record, file).await,
    }
}

async fn create(work: &mut Work, release: &Record, file: &Map<String, Json>) -> Outcome<()> {
    let data = json!({ "type": "releases", "id": release.id().to_string() });
    let relations = json!({ "release": { "data": data } });
    let body = body(json!({ "type": "artifacts", "attributes": file, "relationships": relations }));
    let role = work.call.role();
    let input = parse(Artifact::RESOURCE, role, Intent::Create, &Extra::default(), &body)?;
    make(work, &Artifacts, input, Vec::new()).await.map(drop)
}

/// What stays the same may be said again, even where it cannot be changed.
async fn change(work: &mut Work, artifact: Record, file: &Map<String, Json>) -> Outcome<()> {
    let is_new = |(name, value): &(&String, &Json)| to_json(artifact.get(name)) != **value;
    let changed = file.iter().filter(is_new).map(|(name, value)| (name.clone(), value.clone()));
    let attributes: Map<String, Json> = changed.collect();
    let body = body(json!({ "type": "artifacts", "attributes": attributes }));
    let role = work.call.role();
    let input = parse(Artifact::RESOURCE, role, Intent::Update, &Extra::default(), &body)?;
    let mut draft = sent(work, Some(artifact.clone()), artifact, input).await?;
    check_values(&mut draft);
    crate::hooks::Hooks::prepare(&Artifacts, work, &mut draft).await?;
    if !draft.failures.is_empty() {
        return Err(Refusal::invalid(draft.failures));
    }
    write(work, &Artifacts, &mut draft).await
}

fn body(data: Json) -> Map<String, Json> {
    Map::from_iter([("data".to_owned(), data)])
}
