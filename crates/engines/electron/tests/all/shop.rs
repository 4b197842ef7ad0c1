//! Releases on a shelf, and what a caller is answered.

use http::{HeaderMap, Method};
use keyway_archive::yaml::{Yaml, YamlLimits};
use keyway_engine::testing::{self, EchoSigner, Shelf, Standing, take_in};
use keyway_engine::{Access, Context, Engine as _, FileReply, Head, Plain, Release, Reply, Update};
use keyway_engine_electron::ElectronEngine;
use keyway_versions::Scheme;

/// A release with these files.
pub(crate) fn release(version: &str, files: &[&str]) -> Release {
    let mut release = testing::release(Scheme::Semver, version);
    release.artifacts = files.iter().map(|name| testing::artifact(name, 1000)).collect();
    release
}

/// A release with an installer for Windows that electron-builder named.
pub(crate) fn windows(version: &str) -> Release {
    let setup = format!("App Setup {version}.exe");
    release(version, &[&setup, &format!("{setup}.blockmap")])
}

/// Adds a feed as the engine takes it in.
pub(crate) fn with_feed(mut release: Release, name: &str, text: &str) -> Release {
    let version = release.version.verbatim().to_owned();
    release.artifacts.push(take_in(&ElectronEngine, "app", &version, name, text.as_bytes()).unwrap());
    release
}

/// A feed as electron-builder writes it.
pub(crate) fn uploaded(version: &str, file: &str) -> String {
    format!(
        "version: {version}\nfiles:\n  - url: {file}\n    sha512: AAAA\n    size: 1\npath: {file}\nsha512: AAAA\n"
    )
}

pub(crate) fn shelf(releases: Vec<(Release, Standing)>) -> Shelf {
    Shelf::new("app", releases)
}

pub(crate) fn visible(releases: impl IntoIterator<Item = Release>) -> Shelf {
    shelf(releases.into_iter().map(|release| (release, Standing::Visible)).collect())
}

pub(crate) fn reply(shelf: &Shelf, path: &str, query: &str) -> Reply {
    let head = Head { method: &Method::GET, path, query, headers: &HeaderMap::new() };
    let op = ElectronEngine.parse(&head).unwrap();
    let context = Context {
        base: "https://electron.example",
        site: testing::SITE,
        account: "Acme",
        caller: "",
        signer: &EchoSigner,
        upstream: None,
    };
    ElectronEngine.reply(&op, &context, &Access::Package(shelf.view()))
}

/// The answer to a poll of `/app/{name}`.
pub(crate) fn poll(shelf: &Shelf, name: &str) -> Update {
    poll_at(shelf, &format!("/app/{name}"), "")
}

pub(crate) fn poll_at(shelf: &Shelf, path: &str, query: &str) -> Update {
    match reply(shelf, path, query) {
        Reply::Update(update) => *update,
        other => panic!("{path} is answered {other:?}"),
    }
}

/// The feed in an answer.
pub(crate) fn feed(update: &Update) -> Yaml {
    assert_eq!(update.answer.status, 200, "{}", text(&update.answer));
    Yaml::parse(&update.answer.body, &YamlLimits::default()).unwrap()
}

/// What a feed says under a key.
pub(crate) fn said(feed: &Yaml, key: &str) -> Option<String> {
    feed.root().get(key)?.text().map(str::to_owned)
}

/// The version that a poll leads to.
pub(crate) fn offered(shelf: &Shelf, name: &str) -> String {
    said(&feed(&poll(shelf, name)), "version").unwrap()
}

pub(crate) fn text(plain: &Plain) -> String {
    String::from_utf8(plain.body.to_vec()).unwrap()
}

pub(crate) fn header(plain: &Plain, name: &str) -> Option<String> {
    let value = plain.headers.iter().find(|(known, _)| known == name)?;
    Some(value.1.to_str().unwrap().to_owned())
}

/// The file that an address leads to, as `version/name`.
pub(crate) fn file(shelf: &Shelf, path: &str) -> String {
    match reply(shelf, path, "") {
        Reply::File(FileReply { release, artifact, .. }) => {
            let release = &shelf.package.releases[release];
            format!("{}/{}", release.version.verbatim(), release.artifacts[artifact].filename)
        }
        Reply::Plain(plain) => format!("{} {}", plain.status.as_u16(), text(&plain).trim()),
        other => panic!("{path} is answered {other:?}"),
    }
}
