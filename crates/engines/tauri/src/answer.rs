//! What an app is told of an update: one target's, or that of every target (`updaters.md` §1.2).

use std::borrow::Cow;
use std::collections::BTreeMap;

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use keyway_engine::{Artifact, Context, Offer, Plain, Poll, Release, View};
use semver::Version;
use serde::Serialize;

use crate::bundle::{Bundle, Rank};
use crate::ingest::is_same;
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

    fn file(&self, context: &Context<'_>, view: &View<'_>, release: &Release) -> File<'_> {
        let url = view.file_url(context.base, release, &self.artifact.filename);
        File { url, signature: &self.signature }
    }
}

/// An update, as the updater reads it. What the updater does not know, apps read from `raw_json`.
#[derive(Serialize)]
struct Document<'a> {
    version: &'a str,
    notes: Option<&'a str>,
    pub_date: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mandatory: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    critical: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum_version: Option<&'a str>,
    #[serde(flatten)]
    files: Files<'a>,
}

/// What there is to take: the file of one target, or those of every target.
#[derive(Serialize)]
#[serde(untagged)]
enum Files<'a> {
    One(File<'a>),
    All { platforms: BTreeMap<&'a str, File<'a>> },
}

#[derive(Serialize)]
struct File<'a> {
    url: String,
    signature: &'a str,
}

/// The update for one target.
pub(crate) fn dynamic(
    context: &Context<'_>,
    view: &View<'_>,
    poll: &Poll,
    offer: &Offer<'_, Signed<'_>>,
) -> Plain {
    found(offer.release, poll, Files::One(offer.found.file(context, view, offer.release)))
}

/// The update for every target.
pub(crate) fn every_target(
    context: &Context<'_>,
    view: &View<'_>,
    poll: &Poll,
    offer: &Offer<'_, BTreeMap<String, Signed<'_>>>,
) -> Plain {
    let files = offer.found.iter();
    let platforms =
        files.map(|(key, file)| (key.as_str(), file.file(context, view, offer.release))).collect();
    found(offer.release, poll, Files::All { platforms })
}

/// Nothing new.
pub(crate) fn nothing() -> Plain {
    Plain::status(StatusCode::NO_CONTENT).with(CACHE_CONTROL, uncached())
}

fn found(release: &Release, poll: &Poll, files: Files<'_>) -> Plain {
    let urgency = &release.urgency;
    let document = Document {
        version: release.version.verbatim(),
        notes: release.description.as_deref(),
        pub_date: release.created.to_string(),
        mandatory: urgency.is_forced_on(poll.current.as_ref()),
        critical: urgency.critical,
        minimum_version: urgency.minimum_version.as_ref().map(|minimum| minimum.verbatim()),
        files,
    };
    let body = serde_json::to_vec(&document).expect("texts, truth values and maps of texts are JSON");
    Plain::status(StatusCode::OK).with(CACHE_CONTROL, uncached()).body("application/json", body)
}

const fn uncached() -> HeaderValue {
    HeaderValue::from_static("private, no-store")
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
/// The words may have been changed after they were checked at the upload: where a checked file is there, they go first
/// only if they still can be of this file.
fn signature<'a>(release: &'a Release, artifact: &'a Artifact) -> Option<Cow<'a, str>> {
    let beside = beside(release, artifact);
    let words = artifact.signature.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let read = words.and_then(Signature::read);
    match (words, read, beside) {
        (_, Some(read), Some(kept)) if !is_likely(&read, kept, release) => Some(kept.into()),
        (Some(words), Some(read), _) if words.contains('\n') => Some(read.encoded().into()),
        (_, None, Some(kept)) => Some(kept.into()),
        (words, _, _) => words.map(Cow::Borrowed),
    }
}

/// The uploaded signature of a file.
fn beside<'a>(release: &'a Release, artifact: &Artifact) -> Option<&'a str> {
    let mut others = View::artifacts(release).map(|(_, other)| other);
    let is_beside = |other: &&Artifact| {
        other.filename.strip_prefix(&artifact.filename).is_some_and(|rest| rest == SIGNATURE_ENDING)
    };
    let kept = others.find(is_beside)?.manifest(MINISIGN)?;
    std::str::from_utf8(&kept.bytes).ok()
}

/// Whether a signature is by the key of the one that was checked, and for this version.
fn is_likely(signature: &Signature, checked: &str, release: &Release) -> bool {
    let key = Signature::read(checked).map(|checked| checked.key);
    let version = release.version.verbatim();
    key == Some(signature.key) && signature.version().is_none_or(|signed| is_same(signed, version))
}

/// Whether a file is a signature of another.
fn is_signature(name: &str) -> bool {
    name.to_lowercase().ends_with(SIGNATURE_ENDING)
}
