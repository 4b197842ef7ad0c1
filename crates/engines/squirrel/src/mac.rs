//! JSON for Squirrel.Mac. A 200 is installed, even if it is what runs: nothing new is 204.

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use keyway_engine::{Artifact, BadPoll, Decision, Offer, Plain, Poll, Release, Spelled, Told, Update, View};
use serde::Serialize;

use crate::op::Asked;

#[derive(Serialize)]
struct Latest<'a> {
    url: String,
    name: &'a str,
    notes: &'a str,
    pub_date: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Releases<'a> {
    current_release: &'a str,
    releases: [Listed<'a>; 1],
}

#[derive(Serialize)]
struct Listed<'a> {
    version: &'a str,
    #[serde(rename = "updateTo")]
    update_to: UpdateTo<'a>,
}

#[derive(Serialize)]
struct UpdateTo<'a> {
    version: &'a str,
    #[serde(flatten)]
    latest: Latest<'a>,
}

/// Answers a poll.
pub(crate) fn latest(view: &View<'_>, asked: &Asked, base: &str) -> Update {
    match &asked.poll {
        Ok(poll) if poll.current.is_none() => {
            let error = BadPoll::Version(String::new());
            let line =
                format!("none; reason={}; detail=\"the address says no version that runs\"", error.word());
            Update { answer: nothing(), told: Told { line, ..Told::misread(&error) } }
        }
        Ok(poll) => decided(view, asked, poll, |offer| body(&entry(view, base, offer))),
        Err(error) => Update { answer: nothing(), told: Told::misread(error) },
    }
}

/// Answers a poll of a client that compares itself with what it reads.
pub(crate) fn releases(view: &View<'_>, asked: &Asked, base: &str) -> Update {
    let render = |offer: &Offer<'_, &Artifact>| {
        let version = offer.release.version.verbatim();
        let update_to = UpdateTo { version, latest: entry(view, base, offer) };
        body(&Releases { current_release: version, releases: [Listed { version, update_to }] })
    };
    match &asked.poll {
        Ok(poll) => decided(view, asked, poll, render),
        Err(error) => Update { answer: nothing(), told: Told::misread(error) },
    }
}

/// Answers a poll for a platform whose clients do not poll so.
pub(crate) fn strange(_view: &View<'_>, asked: &Asked, _base: &str) -> Update {
    let known = asked.address.platform.map(|platform| platform.key);
    let name = known.or(asked.address.strange.as_deref()).unwrap_or_default();
    let detail = match known {
        Some("windows") => "Squirrel.Windows asks for RELEASES below this address",
        _ => "Squirrel is for darwin and win32",
    };
    let line = format!("none; reason=unknown-target; detail=\"{name}: {detail}\"");
    let told = Told { offered: None, current: asked.current.clone(), platform: known, channel: None, line };
    Update { answer: nothing(), told }
}

fn decided<'a>(
    view: &View<'a>,
    asked: &Asked,
    poll: &Poll,
    render: impl FnOnce(&Offer<'a, &'a Artifact>) -> Plain,
) -> Update {
    let decision: Decision<'_, &Artifact> =
        view.upgrade(poll, None, |release| archive(release, asked.address.arch));
    let told = decision.told(poll, Some("darwin"));
    Update { answer: decision.offer.as_ref().map_or_else(nothing, render), told }
}

fn entry<'a>(view: &View<'a>, base: &str, offer: &Offer<'a, &'a Artifact>) -> Latest<'a> {
    let Release { version, name, description, created, .. } = offer.release;
    Latest {
        url: view.file_url(base, offer.release, &offer.found.filename),
        name: name.as_deref().unwrap_or(version.verbatim()),
        notes: description.as_deref().unwrap_or_default(),
        pub_date: created.to_string(),
    }
}

/// The zip archive of a release with the app for an arch: one for just that, else a universal one, else one that does
/// not say. Of a client that does not say its arch, an Intel Mac is thought, as other servers do.
fn archive<'a>(release: &'a Release, arch: Option<&'static Spelled>) -> Option<&'a Artifact> {
    let asked = arch.or_else(|| Spelled::arch("x64"));
    let rank = |artifact: &Artifact| match Spelled::arch_of(artifact) {
        said if said.is_some() && said == asked => Some(0),
        Some(said) if said.key == "universal" => Some(1),
        None if artifact.arch.is_none() => Some(2),
        _ => None,
    };
    let archives =
        View::artifacts(release).map(|(_, artifact)| artifact).filter(|artifact| is_for_mac(artifact));
    archives
        .filter_map(|artifact| Some((rank(artifact)?, artifact)))
        .min_by_key(|(rank, _)| *rank)
        .map(|(_, it)| it)
}

/// Whether a file is a zip archive for Macs: the vendor says so, or its name.
fn is_for_mac(artifact: &Artifact) -> bool {
    let name = artifact.filename.to_ascii_lowercase();
    let word = |word: &str| Spelled::platform(word).is_some_and(|platform| platform.key == "darwin");
    let said = match &artifact.platform {
        Some(said) => word(said),
        None => name.split(|c: char| !c.is_ascii_alphanumeric()).any(word),
    };
    said && name.ends_with(".zip")
}

fn nothing() -> Plain {
    Plain::status(StatusCode::NO_CONTENT).with(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))
}

fn body(document: &impl Serialize) -> Plain {
    let body = serde_json::to_vec(document).expect("a feed is texts");
    Plain::status(StatusCode::OK)
        .with(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))
        .body("application/json", body)
}
