//! `RELEASES` for Squirrel.Windows: a line per package, `SHA1 name size`. The client takes neither an empty list nor
//! another status for "nothing new": it compares itself with the newest line.

use std::borrow::Cow;
use std::fmt::Write as _;

use http::header::CACHE_CONTROL;
use http::{HeaderValue, StatusCode};
use keyway_engine::{Denial, FileReply, Plain, Poll, Spelled, Told, Update, View, base_name};
use keyway_nupkg::{Kind, Package, Target, deltas, squirrel_spelling};
use keyway_versions::EcosystemVersion;

use crate::address::Address;
use crate::op::Asked;

impl Address {
    fn target(&self) -> Target<'static> {
        Target { platform: Spelled::platform("windows"), arch: self.arch, ..Target::default() }
    }
}

/// Answers a poll: the packages to move to, or what shows the client that there is none.
pub(crate) fn releases(view: &View<'_>, asked: &Asked, _base: &str) -> Update {
    let target = asked.address.target();
    let poll = match &asked.poll {
        Ok(poll) => respelled(view, asked, poll),
        Err(error) => {
            return Update { answer: answer(&placeholder(asked, "0.0.0")), told: Told::misread(error) };
        }
    };
    let decision = view.upgrade(&poll, None, |release| target.pick(release, Kind::Full));
    let told = decision.told(&poll, Some("windows"));
    let lines = match &decision.offer {
        Some(offer) => {
            let deltas = deltas(view, offer.index, &offer.found, poll.current.as_ref());
            deltas.iter().chain([&offer.found]).filter_map(line).collect()
        }
        None => nothing_new(view, asked, poll.current.as_ref()),
    };
    Update { answer: answer(&lines), told }
}

/// What runs as we know it: the client has no dots in labels. Looked for among the versions of the same three numbers,
/// since anybody may name any version.
fn respelled<'p>(view: &View<'_>, asked: &Asked, poll: &'p Poll) -> Cow<'p, Poll> {
    let is_known = poll.current.as_ref().is_none_or(|current| view.package.position(current).is_some());
    let Some(current) = asked.current.as_deref().filter(|_| !is_known) else { return Cow::Borrowed(poll) };
    let releases = view.package.releases.as_slice();
    let core = |version: &EcosystemVersion| version.semver().map(|version| version.core());
    let wanted = poll.current.as_ref().and_then(core);
    let start = releases.partition_point(|release| core(&release.version) > wanted);
    let versions = releases.iter().skip(start).map(|release| &release.version);
    let mut same = versions
        .take_while(|version| core(version) == wanted)
        .filter(|version| squirrel_spelling(version.verbatim()).eq_ignore_ascii_case(current));
    match same.next() {
        Some(version) => Cow::Owned(Poll { current: Some(version.clone()), ..poll.clone() }),
        None => Cow::Borrowed(poll),
    }
}

/// The newest package that is not above what runs; where there is none, a line that names what runs and nothing that
/// could be loaded.
fn nothing_new(view: &View<'_>, asked: &Asked, current: Option<&EcosystemVersion>) -> String {
    let target = asked.address.target();
    let not_above = |version: &EcosystemVersion| current.is_some_and(|current| version <= current);
    let mut older = view.releases().filter(|(_, release)| not_above(&release.version));
    let newest = older.find_map(|(_, release)| line(&target.pick(release, Kind::Full)?));
    newest.unwrap_or_else(|| {
        let version =
            current.map_or(Cow::Borrowed("0.0.0"), |current| squirrel_spelling(current.verbatim()).into());
        placeholder(asked, &version)
    })
}

/// The SHA-1 of nothing.
const NOTHING: &str = "DA39A3EE5E6B4B0D3255BFEF95601890AFD80709";

fn placeholder(asked: &Asked, version: &str) -> String {
    let is_plain = |id: &&str| id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    let id = asked.id.as_deref().filter(is_plain).unwrap_or("app");
    format!("{NOTHING} {id}-{version}-full.nupkg 0\n")
}

fn line(package: &Package<'_>) -> Option<String> {
    let sha1 = hex::encode_upper(package.artifact.digests.as_deref()?.sha1);
    let mut line = String::new();
    writeln!(line, "{sha1} {} {}", package.name(), package.artifact.size).ok()?;
    Some(line)
}

fn answer(lines: &str) -> Plain {
    Plain::status(StatusCode::OK)
        .with(CACHE_CONTROL, HeaderValue::from_static("private, no-store"))
        .body("text/plain; charset=utf-8", lines.to_owned())
}

/// A package by its name, for the arch of its address; the client asks once more in lower case where it fails.
///
/// # Errors
/// The refusal of a release that the caller is told about; nothing for what is not there.
pub(crate) fn file(view: &View<'_>, address: &Address, name: &str) -> Result<FileReply, Option<Denial>> {
    view.newest_file(|release, artifact| {
        let is_named = base_name(&artifact.filename).eq_ignore_ascii_case(name);
        let arch = |package: Package<'_>| package.arch().is_none() || package.arch() == address.arch;
        is_named && (address.arch.is_none() || Package::read(release, artifact).is_some_and(arch))
    })
}
