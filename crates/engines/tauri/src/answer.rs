//! What an app is told of an update: one target's, or that of every target (`updaters.md` §1.2).

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use keyway_engine::{Artifact, Context, Offer, Plain, Poll, Release, View};
use semver::Version;
use serde_json::{Map, Value, json};

use crate::bundle::{Bundle, Rank};
use crate::minisign::Signature;
use crate::target::{Name, Target, UNIVERSAL};
use crate::{MINISIGN, SIGNATURE_ENDING};

/// A file that an updater takes: it verifies it, so that one without a signature is of no use.
pub(crate) struct Signed<'a> {
    artifact: &'a Artifact,
    signature: Cow<'a, str>,
}

impl<'a> Signed<'a> {
    /// The signed files of a release. Names that are paths are no files that an updater is led to, and a version that
    /// it cannot read fails its whole check.
    fn all(release: &'a Release) -> impl Iterator<Item = Self> {
        let files = View::artifacts(release).map(|(_, artifact)| artifact);
        let is_readable = Version::parse(release.version.verbatim()).is_ok();
        let is_file = |name: &str| !is_signature(name) && !name.contains('/');
        let files = files.filter(move |file| is_readable && is_file(&file.filename));
        files.filter_map(|artifact| Some(Self { artifact, signature: signature(release, artifact)? }))
    }

    /// The file of a release for a target.
    pub(crate) fn for_target(release: &'a Release, target: &Target) -> Option<Self> {
        let fitting = Self::all(release).filter_map(|file| Some((target.rank(file.artifact)?, file)));
        fitting.max_by_key(|(rank, _)| *rank).map(|(_, file)| file)
    }

    /// The file of a release for each target that it has any for, by the names that the updater looks for.
    pub(crate) fn by_target(release: &'a Release) -> BTreeMap<String, Self> {
        let mut found: BTreeMap<String, (Rank, Self)> = BTreeMap::new();
        for (artifact, signature) in Self::all(release).map(|file| (file.artifact, file.signature)) {
            for (key, rank) in keys(artifact) {
                if found.get(&key).is_none_or(|(best, _)| *best <= rank) {
                    found.insert(key, (rank, Self { artifact, signature: signature.clone() }));
                }
            }
        }
        found.into_iter().map(|(key, (_, file))| (key, file)).collect()
    }

    fn put(&self, context: &Context<'_>, view: &View<'_>, release: &Release, into: &mut Map<String, Value>) {
        let url = view.file_url(context.base, release, &self.artifact.filename);
        into.insert("url".to_owned(), url.into());
        into.insert("signature".to_owned(), self.signature.clone().into());
    }
}

/// The update for one target.
pub(crate) fn dynamic(
    context: &Context<'_>,
    view: &View<'_>,
    poll: &Poll,
    offer: &Offer<'_, Signed<'_>>,
) -> Plain {
    let mut document = about(offer.release, poll);
    offer.found.put(context, view, offer.release, &mut document);
    found(document)
}

/// The update for every target.
pub(crate) fn every_target(
    context: &Context<'_>,
    view: &View<'_>,
    poll: &Poll,
    offer: &Offer<'_, BTreeMap<String, Signed<'_>>>,
) -> Plain {
    let mut document = about(offer.release, poll);
    let platforms = offer.found.iter().map(|(key, file)| {
        let mut entry = Map::new();
        file.put(context, view, offer.release, &mut entry);
        (key.clone(), Value::Object(entry))
    });
    document.insert("platforms".to_owned(), platforms.collect());
    found(document)
}

/// Nothing new.
pub(crate) fn nothing() -> Plain {
    Plain::status(StatusCode::NO_CONTENT).with(CACHE_CONTROL, uncached())
}

fn found(document: Map<String, Value>) -> Plain {
    let answer = Plain::status(StatusCode::OK).with(CACHE_CONTROL, uncached());
    answer.body("application/json", Value::Object(document).to_string())
}

const fn uncached() -> HeaderValue {
    HeaderValue::from_static("private, no-store")
}

/// What is said of a release, whatever the target. What the updater does not know, apps read from `raw_json`.
fn about(release: &Release, poll: &Poll) -> Map<String, Value> {
    let mut said = Map::new();
    let mut say = |name: &str, value: Value| said.insert(name.to_owned(), value);
    say("version", release.version.verbatim().into());
    say("notes", json!(release.description));
    say("pub_date", release.created.to_string().into());
    let urgency = &release.urgency;
    if urgency.is_forced_on(poll.current.as_ref()) {
        say("mandatory", true.into());
    }
    if urgency.critical {
        say("critical", true.into());
    }
    if let Some(minimum) = &urgency.minimum_version {
        say("minimum_version", minimum.verbatim().into());
    }
    said
}

/// The names of the targets that a file is for, and its rank for each.
fn keys(artifact: &Artifact) -> Vec<(String, Rank)> {
    let (Some(platform), Some(said)) = (&artifact.platform, &artifact.arch) else { return Vec::new() };
    let (platform, arch) = (Name::platform(platform), Name::arch(said));
    let is_universal = platform.takes_universal() && arch.key() == UNIVERSAL;
    let all: &[&str] = if is_universal { &[UNIVERSAL, "aarch64", "x86_64"] } else { &[arch.key()] };
    let bundle = Bundle::of(&artifact.filename);
    let mut keys = Vec::new();
    for arch in all {
        let rank = Rank::of(artifact, !is_universal || *arch == UNIVERSAL);
        let key = format!("{}-{arch}", platform.key());
        keys.extend(bundle.map(|bundle| (format!("{key}-{}", bundle.key()), rank)));
        keys.push((key, rank));
    }
    keys
}

/// The signature of a file, as the updater wants it: the vendor's own words beside the file, else the file beside it.
fn signature<'a>(release: &'a Release, artifact: &'a Artifact) -> Option<Cow<'a, str>> {
    if let Some(text) = artifact.signature.as_deref().map(str::trim).filter(|text| !text.is_empty()) {
        return Some(match text.contains('\n').then(|| Signature::read(text)).flatten() {
            Some(signature) => signature.encoded().into(),
            None => text.into(),
        });
    }
    let mut others = View::artifacts(release).map(|(_, other)| other);
    let is_beside = |other: &&Artifact| {
        other.filename.strip_prefix(&artifact.filename).is_some_and(|rest| rest == SIGNATURE_ENDING)
    };
    let kept = others.find(is_beside)?.manifest(MINISIGN)?;
    std::str::from_utf8(&kept.bytes).ok().map(Cow::Borrowed)
}

/// Whether a file is a signature of another.
fn is_signature(name: &str) -> bool {
    name.to_lowercase().ends_with(SIGNATURE_ENDING)
}
