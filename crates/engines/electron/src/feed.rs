//! The answer to a poll: which release, and its feed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use keyway_engine::{
    Artifact, BadPoll, Decision, Feeds, Passed, Plain, Poll, Release, Reply, Told, Update, View, Why,
};
use keyway_versions::Channel as Maturity;

use crate::op::{Channel, Feed, Home, address};
use crate::platform::{Listed, Target, web_packages};
use crate::yaml::Mapping;
use crate::{ingest, uploaded};

/// What a release has for a poll.
enum Found<'a> {
    /// A feed that the vendor uploaded.
    Uploaded(&'a [u8]),
    /// Files to write a feed of.
    Files(Vec<Listed<'a>>),
}

/// Answers a poll. A client that runs the newest already is told that one again: it takes nothing else for "there is
/// nothing new".
pub(crate) fn answer(feed: &Feed, view: &View<'_>) -> Reply {
    let poll = match &feed.poll {
        Ok(poll) => poll,
        Err(error) => return misread(error).into(),
    };
    let (decision, poll) = decide(feed, poll, view);
    let told = match &feed.channel {
        Channel::Named(channel) if decision.offer.is_none() => {
            Told::misread(&BadPoll::Channel(channel.clone()))
        }
        _ => decision.told(&poll, feed.target.map(Target::platform)),
    };
    let answer = match (&decision.offer, &decision.passed, view.denial) {
        (Some(offer), _, _) => document(match &offer.found {
            Found::Uploaded(bytes) => Bytes::copy_from_slice(bytes),
            Found::Files(files) => Bytes::from(written(offer.index, offer.release, files, &feed.home, view)),
        }),
        (None, _, Some(denial)) if view.visible.is_empty() => Plain::refused(denial),
        (None, Some(Passed { why: Why::Refused(denial), .. }), _) => Plain::refused(denial),
        (None, _, _) => Plain::said(StatusCode::NOT_FOUND, &nothing(feed, view)),
    };
    Update { answer, told }.into()
}

/// The newest release that the caller may have and that has something for the target. A channel of the vendor's own
/// is none that releases are in: the newest one with a feed of that name answers it.
fn decide<'a>(feed: &Feed, poll: &Poll, view: &View<'a>) -> (Decision<'a, Found<'a>>, Poll) {
    let usable = |release: &'a Release| found(feed, release, view.package.feeds);
    let in_channel = |channel: Maturity| {
        let poll = Poll { channel: Some(channel), ..poll.clone() };
        (view.upgrade(&poll, None, usable), poll)
    };
    match &feed.channel {
        Channel::Ours(channel) => in_channel(*channel),
        Channel::Named(_) => {
            let (decision, poll) = in_channel(Maturity::Alpha);
            if decision.offer.is_some() { (decision, poll) } else { in_channel(Maturity::Dev) }
        }
    }
}

/// What a release has for a feed: the vendor's own unless the package has them written, else its files.
fn found<'a>(feed: &Feed, release: &'a Release, feeds: Feeds) -> Option<Found<'a>> {
    let is_of_product = matches!(feed.home, Home::Product { .. });
    let own = matches!(feed.channel, Channel::Named(_)) || feed.target.is_none();
    if own || feeds == Feeds::Uploaded {
        match uploaded::find(release, &names(feed, release)) {
            // the API looks files up by name alone: ours says which one
            Some(uploaded) if uploaded.is_ambiguous() && is_of_product && !own => {}
            Some(uploaded) => return uploaded.ready().map(Found::Uploaded),
            None if own => return None,
            None => {}
        }
    }
    let files = feed.target?.files(View::artifacts(release).map(|(_, artifact)| artifact), feed.arch);
    (!files.is_empty()).then_some(Found::Files(files))
}

/// The names under which a release's feed for this poll may be: that of a build of its own channel serves the less
/// mature ones too.
fn names(feed: &Feed, release: &Release) -> Vec<String> {
    let mut names = vec![feed.name.clone()];
    if let (Channel::Ours(_), Some(target)) = (&feed.channel, feed.target) {
        let suffix = target.suffix();
        names.extend([release.channel.as_str(), "latest"].map(|channel| format!("{channel}{suffix}.yml")));
    }
    names
}

fn document(body: Bytes) -> Plain {
    Plain::status(StatusCode::OK)
        .with(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))
        .body("text/yaml; charset=utf-8", body)
}

fn misread(error: &BadPoll) -> Update {
    Update { answer: Plain::said(StatusCode::NOT_FOUND, &error.to_string()), told: Told::misread(error) }
}

fn nothing(feed: &Feed, view: &View<'_>) -> String {
    let key = &view.package.key;
    match (&feed.channel, feed.target) {
        (Channel::Named(channel), _) => format!(
            "{key} has no release with a file {}, and {channel} is no channel of ours: those are latest, stable, \
             rc, beta, alpha and dev",
            feed.name
        ),
        (_, None) => format!("{} names no arch that there is", feed.name),
        (_, Some(target)) => {
            format!("{key} has no release for {} that {} could be made of", target.platform(), feed.name)
        }
    }
}

/// A feed that is written from what is known of a release.
fn written(index: usize, release: &Release, files: &[Listed<'_>], home: &Home, view: &View<'_>) -> String {
    let place = Place { index, release, home, view };
    let mut document = Mapping::default();
    document.text("version", release.version.verbatim());
    document.list("files", files.iter().map(|file| entry(&place.url(file), file.artifact)));
    if let Some(first) = files.first() {
        document.text("path", &place.url(first));
        document.maybe("sha512", sha512(first.artifact).as_deref());
    }
    let is_windows = files.iter().any(|file| file.artifact.filename.to_lowercase().ends_with(".exe"));
    let packages =
        web_packages(View::artifacts(release).map(|(_, artifact)| artifact).filter(|_| is_windows));
    if !packages.is_empty() {
        document.mapping("packages", &place.packages(&packages));
    }
    document.text("releaseDate", &release.created.to_string());
    document.maybe("releaseName", release.name.as_deref());
    document.maybe("releaseNotes", release.description.as_deref());
    let urgency = &release.urgency;
    document.maybe("minimumSystemVersion", urgency.minimum_system.as_deref());
    document.flag("mandatory", urgency.forced);
    document.maybe("minimumVersion", urgency.minimum_version.as_ref().map(|version| version.verbatim()));
    document.flag("critical", urgency.critical);
    document.finish()
}

/// Where the files of a feed are.
struct Place<'p, 'v> {
    index: usize,
    release: &'p Release,
    home: &'p Home,
    view: &'p View<'v>,
}

impl Place<'_, '_> {
    /// A file's address from where the feed is. In a package it names the release. Below a product it is looked up by
    /// name as the API does, unless that would find a newer one.
    fn url(&self, file: &Listed<'_>) -> String {
        let url = self.address(file.artifact);
        match file.unnamed_arch() {
            // read by clients only, which look for their arch in the address
            Some(arch) => format!("{url}?arch={arch}"),
            None => url,
        }
    }

    fn address(&self, artifact: &Artifact) -> String {
        let name = address(&artifact.filename);
        let has_it =
            |release: &Release| release.artifacts.iter().any(|one| one.filename == artifact.filename);
        match self.home {
            Home::Package(_) => format!("{}/{name}", address(self.release.version.verbatim())),
            Home::Product { .. } => {
                let mut newer = self.view.releases().take_while(|(index, _)| *index < self.index);
                let is_hidden = newer.any(|(_, release)| has_it(release));
                if is_hidden { format!("{}/{name}", artifact.id) } else { name }
            }
        }
    }

    fn packages(&self, packages: &[(&'static str, &Artifact)]) -> Mapping {
        let mut mapping = Mapping::default();
        for (arch, artifact) in packages {
            let mut package = Mapping::default();
            package.text("path", &self.address(artifact));
            facts(&mut package, artifact);
            mapping.mapping(arch, &package);
        }
        mapping
    }
}

fn entry(url: &str, artifact: &Artifact) -> Mapping {
    let mut entry = Mapping::default();
    entry.text("url", url);
    facts(&mut entry, artifact);
    entry
}

fn facts(entry: &mut Mapping, artifact: &Artifact) {
    entry.maybe("sha512", sha512(artifact).as_deref());
    entry.number("size", artifact.size);
    if let Some(size) = ingest::block_map_size(artifact) {
        entry.number("blockMapSize", size);
    }
}

fn sha512(artifact: &Artifact) -> Option<String> {
    artifact.digests.as_ref().map(|digests| STANDARD.encode(digests.sha512))
}
