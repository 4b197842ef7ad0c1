//! The feed: the full package of the release to move to, and the deltas that lead there.

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use keyway_engine::{Plain, Poll, Release, Told, Update, View};
use keyway_nupkg::{Kind, Package, deltas};
use serde::Serialize;

use crate::client_channel::ClientChannel;
use crate::op::Asked;

#[derive(Default, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Feed<'a> {
    assets: Vec<Asset<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Asset<'a> {
    package_id: &'a str,
    version: &'a str,
    r#type: String,
    file_name: &'a str,
    #[serde(rename = "SHA1")]
    sha1: String,
    #[serde(rename = "SHA256")]
    sha256: String,
    size: u64,
    notes_markdown: &'a str,
    notes_html: &'a str,
}

impl<'a> Asset<'a> {
    fn of(package: &'a Package<'_>, notes: &'a str) -> Option<Self> {
        let digests = package.artifact.digests.as_deref()?;
        Some(Self {
            package_id: &package.facts.id,
            version: &package.facts.version,
            r#type: package.kind.to_string(),
            file_name: package.name(),
            sha1: hex::encode_upper(digests.sha1),
            sha256: hex::encode_upper(digests.sha256),
            size: package.artifact.size,
            notes_markdown: notes,
            notes_html: "",
        })
    }
}

/// Answers a poll. Nothing new is an empty feed: the client takes no other status for that.
pub(crate) fn reply(view: &View<'_>, asked: &Asked) -> Update {
    if let Some(denial) = view.denial.filter(|_| view.visible.is_empty()) {
        return Update { answer: Plain::refused(denial), told: Told::refused(denial) };
    }
    match &asked.poll {
        Ok(poll) => decided(view, &asked.channel, poll),
        Err(error) => Update { answer: answer(&Feed::default()), told: Told::misread(error) },
    }
}

fn decided(view: &View<'_>, channel: &ClientChannel, poll: &Poll) -> Update {
    let target = channel.target();
    let decision = view.upgrade(poll, None, |release| target.pick(release, Kind::Full));
    let mut told = decision.told(poll, channel.platform.map(|platform| platform.key));
    let Some(offer) = &decision.offer else {
        if let Some(line) = strange(view, channel) {
            told.line = line;
        }
        return Update { answer: answer(&Feed::default()), told };
    };
    let deltas = deltas(view, offer.index, &offer.found, poll.current.as_ref());
    let full = Asset::of(&offer.found, offer.release.description.as_deref().unwrap_or_default());
    let deltas = deltas.iter().map(|delta| Asset::of(delta, ""));
    Update { answer: answer(&Feed { assets: full.into_iter().chain(deltas.flatten()).collect() }), told }
}

/// What a developer is told of a channel that cannot be understood, and that no package was packed for.
fn strange(view: &View<'_>, channel: &ClientChannel) -> Option<String> {
    let word = channel.unknown.as_ref()?;
    let target = channel.target();
    let is_known = |release: &Release| target.pick(release, Kind::Full).is_some();
    if view.releases().any(|(_, release)| is_known(release)) {
        return None;
    }
    Some(format!(
        "none; reason=unknown-target; detail=\"'{word}' in the channel '{}' is no platform, arch or channel, and no \
         package was packed for it\"",
        channel.name
    ))
}

fn answer(feed: &Feed<'_>) -> Plain {
    let body = serde_json::to_vec(feed).expect("a feed is texts and numbers");
    Plain::status(StatusCode::OK)
        .with(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))
        .body("application/json", body)
}
