//! Artifacts (`distribution.md` §5.3).

use std::time::Duration;

use keyway_access::Action;
use keyway_crypto::digest::{Digests, Md5, Sha1, Sha256, Sha512, Verdict, interpret_checksum};
use keyway_domain::artifact::{extension_failure, filename_failure, normal_filetype, normal_key};
use keyway_domain::parts::TIME_FOR_PARTS;
use keyway_domain::resources::{Artifact, ArtifactStatus, Release};
use keyway_jsonapi::document::{Extras, record_path};
use keyway_jsonapi::links::encode;
use keyway_jsonapi::{Declared, Failure, Invalid, Record, Resource, Scope, Value};

use super::narrow::narrow;
use super::{burial, first, job, lookup, meant, parts, release};
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::licensing::default_metadata;
use crate::refusal::Outcome;
use crate::subject::Subject;
use crate::work::Work;

/// The filters that also say which artifact a file name means.
const NARROWING: [&str; 9] =
    ["status", "channel", "product", "release", "package", "engine", "filetype", "platform", "arch"];

/// How soon after an upload was asked for to look whether it is there.
const FIRST_LOOK: Duration = Duration::from_secs(1);

/// The rules of artifacts.
pub(crate) struct Artifacts;

impl Hooks for Artifacts {
    fn resource(&self) -> &'static Resource {
        Artifact::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::ArtifactList,
            show: Action::ArtifactShow,
            create: Action::ArtifactCreate,
            update: Action::ArtifactUpdate,
            delete: Action::ArtifactDelete,
        }
    }
    fn subject<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move {
            let release = release_of(work, record).await?;
            release::subject(work, &release).await
        })
    }
    /// A file for the product of its release; where there is no such release, only the team is told so.
    fn new_subject<'a>(&'a self, _: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        Box::pin(async move {
            let environment = draft.record.environment();
            let product = draft.related("release").and_then(|release| release.get("product_id").as_id());
            Ok(match product {
                Some(product) => Subject::OfProduct(environment, product.into()),
                None => Subject::Within(environment),
            })
        })
    }
    fn find<'a>(&'a self, work: &'a mut Work, name: &'a str, scope: Scope) -> Step<'a, Option<Record>> {
        Box::pin(async move {
            let narrowed = narrow(&work.call, self.resource(), &NARROWING);
            meant::find(work, name, scope.and(narrowed)).await
        })
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            default_metadata(draft);
            if draft.before.is_some() {
                check_against_content(draft);
                return Ok(());
            }
            draft.default("status", Value::Text(ArtifactStatus::Waiting.as_str().to_owned()));
            normalise(draft);
            check_name(draft);
            if let Err(failure) = parts::plan(&work.call, &draft.record)? {
                draft.fail(failure);
            }
            check_taken(work, draft).await
        })
    }
    fn saved<'a>(&'a self, work: &'a mut Work, draft: &'a Draft) -> Step<'a, ()> {
        Box::pin(async move {
            if draft.before.is_some() {
                return Ok(());
            }
            for (column, lookup) in [("platform", &lookup::PLATFORMS), ("arch", &lookup::ARCHES)] {
                if let Some(key) = draft.text(column) {
                    lookup::materialise(work, lookup, key).await?;
                }
            }
            if draft.text("status") == Some(ArtifactStatus::Waiting.as_str()) {
                start_waiting(work, draft).await?;
            }
            Ok(())
        })
    }
    fn describe<'a>(&'a self, work: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        Box::pin(async move {
            let mut extras: Vec<Extras> = records.iter().map(describe).collect();
            first::file::add_products(work, records, &mut extras).await?;
            Ok(extras)
        })
    }
}

/// Sees to it that the bytes of a new artifact are noticed, and that the wait for them ends.
async fn start_waiting(work: &mut Work, draft: &Draft) -> Outcome<()> {
    if let Ok(Some(size)) = parts::plan(&work.call, &draft.record)? {
        parts::begin(work, &draft.record, size).await?;
        return job::expire_upload(work, &draft.record, TIME_FOR_PARTS).await;
    }
    if work.call.api.parts().blobs.gives_out_urls() {
        let soon = work.now().plus(FIRST_LOOK);
        job::await_upload(work, &draft.record, soon).await?;
    }
    job::expire_upload(work, &draft.record, job::UPLOAD_TIME).await
}

/// The release of an artifact or constraint.
pub(super) async fn release_of(work: &mut Work, record: &Record) -> Outcome<Record> {
    let id = record.get("release_id").as_id().unwrap_or(record.id());
    work.need(Release::RESOURCE, id).await
}

fn describe(record: &Record) -> Extras {
    let path = record_path(record);
    let related = format!("{path}/{}", encode(record.get("filename").as_text().unwrap_or_default()));
    Extras { links: vec![("related", related.into())], ..Extras::default() }
}

/// Puts file type, platform and arch into the form they are stored in.
fn normalise(draft: &mut Draft) {
    for (column, normal) in [
        ("filetype", normal_filetype as fn(&str) -> Option<String>),
        ("platform", normal_key),
        ("arch", normal_key),
    ] {
        let value = draft.text(column).and_then(normal).map_or(Value::Null, Value::Text);
        draft.record.set(column, value);
    }
}

fn check_name(draft: &mut Draft) {
    let filename = draft.text("filename").unwrap_or_default();
    let failure = filename_failure(filename).or_else(|| extension_failure(filename, draft.text("filetype")));
    draft.failures.extend(failure);
}

/// A release has one file of a name.
async fn check_taken(work: &mut Work, draft: &mut Draft) -> Outcome<()> {
    let Some(release) = draft.related("release").cloned() else { return Ok(()) };
    let filename = draft.text("filename").unwrap_or_default().to_owned();
    let rivals = Scope::id("release_id", release.id()).and(Scope::text("filename", filename.as_str()));
    let taken = |detail| Invalid::attribute("filename", Failure::Kind("TAKEN"), detail);
    if work.any(Artifact::RESOURCE, &rivals).await? {
        draft.fail(taken("already exists"));
    } else if burial::is_file_buried(work, &release, &filename).await? {
        draft.fail(taken("existed before and cannot be used again"));
    }
    Ok(())
}

/// What is said about a file that is here must be true of it.
fn check_against_content(draft: &mut Draft) {
    let (size, content) =
        (draft.record.get("filesize").as_int(), draft.record.get("content_length").as_int());
    if draft.changed("filesize") && size.is_some() && content.is_some() && size != content {
        let detail = "does not match the size of the uploaded file";
        draft.fail(Invalid::attribute("filesize", Failure::Comparison, detail));
    }
    let checksum = draft.text("checksum").filter(|_| draft.changed("checksum")).and_then(interpret_checksum);
    let verdict = checksum.zip(digests(&draft.record)).map(|(checksum, digests)| digests.matches(&checksum));
    if verdict == Some(Verdict::Differs) {
        let detail = "does not match the uploaded file";
        draft.fail(Invalid::attribute("checksum", Failure::Kind("INVALID"), detail));
    }
}

/// What was computed of the bytes, once they are here.
fn digests(record: &Record) -> Option<Digests> {
    let bytes = |column: &str| record.get(column).as_bytes();
    Some(Digests {
        md5: Md5::new(bytes("md5")?.try_into().ok()?),
        sha1: Sha1::new(bytes("sha1")?.try_into().ok()?),
        sha256: Sha256::new(bytes("sha256")?.try_into().ok()?),
        sha512: Sha512::new(bytes("sha512")?.try_into().ok()?),
    })
}
