//! The manifest: the release that the caller is led to, and older ones. The client takes what is newer than what it
//! runs, so that nothing new is a list of nothing newer, which may be empty.

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use keyway_engine::{
    Artifact, Decision, Plain, Poll, Release, Told, Update, View, base_name, encoded_segment,
};
use serde::Serialize;

use crate::op::Asked;
use crate::target;

/// How many releases a manifest has at most: apps go to the newest, or back to one of the last.
const MOST_RELEASES: usize = 50;

#[derive(Serialize)]
struct Manifest<'a> {
    schema: u8,
    releases: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    version: &'a str,
    date: String,
    assets: Vec<Asset<'a>>,
}

#[derive(Serialize)]
struct Asset<'a> {
    name: &'a str,
    url: String,
    digest: String,
}

/// Answers a poll.
pub(crate) fn reply(view: &View<'_>, asked: &Asked) -> Update {
    if let Some(denial) = view.denial.filter(|_| view.visible.is_empty()) {
        return Update { answer: Plain::refused(denial), told: Told::refused(denial) };
    }
    let target = asked.target.as_deref();
    match &asked.poll {
        Ok(poll) => {
            let decision = view.upgrade(poll, None, |release| entry(release, target));
            let told = decision.told(poll, None);
            Update { answer: answer(listed(view, poll, decision, target)), told }
        }
        Err(error) => Update { answer: answer(Vec::new()), told: Told::misread(error) },
    }
}

/// The release on offer, and older ones of its channel that could be offered just as well.
fn listed<'a>(
    view: &View<'a>,
    poll: &Poll,
    decision: Decision<'a, Entry<'a>>,
    target: Option<&str>,
) -> Vec<Entry<'a>> {
    let Some(offer) = decision.offer else { return Vec::new() };
    let shown = view.package.targets.channel(decision.channel);
    let could_be = view.offered.without(view.waiting).and(shown);
    let fits = |release: &Release| match (&poll.constraint, release.version.semver()) {
        (Some(constraint), semver) => semver.is_some_and(|version| constraint.matches(version)),
        (None, _) => true,
    };
    let releases = could_be.iter().skip_while(|index| *index <= offer.index);
    let older = releases.filter_map(|index| view.package.releases.get(index)).filter(|release| fits(release));
    let older: Vec<_> = older.filter_map(|release| entry(release, target)).take(MOST_RELEASES - 1).collect();
    std::iter::once(offer.found).chain(older).collect()
}

/// A release with its files; `None` where it has none, or none for the target. What stands beside others comes last,
/// since the client takes the first that fits.
fn entry<'a>(release: &'a Release, wanted: Option<&str>) -> Option<Entry<'a>> {
    let files = View::artifacts(release).map(|(_, file)| file).filter(|file| target::is_takeable(file));
    let (beside, mut files): (Vec<_>, Vec<_>) = files.partition(|file| target::is_beside(file));
    let is_there = |file: &&Artifact| wanted.is_none_or(|wanted| target::is_for(file, wanted));
    if !files.iter().any(is_there) {
        return None;
    }
    files.extend(beside);
    let assets = files.into_iter().filter_map(|file| asset(release, file)).collect();
    Some(Entry { version: release.version.verbatim(), date: release.created.to_string(), assets })
}

/// A file, at an address relative to the manifest's.
fn asset<'a>(release: &Release, file: &'a Artifact) -> Option<Asset<'a>> {
    let digest = format!("sha256:{}", hex::encode(file.digests.as_deref()?.sha256));
    let path: Vec<_> = file.filename.split('/').map(encoded_segment).collect();
    let url = format!("{}/{}", encoded_segment(release.version.verbatim()), path.join("/"));
    Some(Asset { name: base_name(&file.filename), url, digest })
}

fn answer(releases: Vec<Entry<'_>>) -> Plain {
    let body = serde_json::to_vec(&Manifest { schema: 1, releases }).expect("a manifest is texts");
    Plain::status(StatusCode::OK)
        .with(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))
        .body("application/json", body)
}
