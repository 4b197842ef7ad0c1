//! What the tests stock and ask.

use http::{HeaderMap, Method};
use keyway_base::Timestamp;
use keyway_engine::testing::{self, EchoSigner, Shelf, Standing};
use keyway_engine::{Access, Artifact, Context, Engine as _, Head, Manifest, Plain, Release, Reply, Update};
use keyway_engine_tauri::TauriEngine;
use keyway_versions::Scheme;
use serde_json::Value;

/// A file for a platform and arch, with a signature that says its name.
pub(crate) fn file(name: &str, platform: &str, arch: &str) -> Artifact {
    let mut file = testing::artifact(name, 1);
    file.platform = Some(platform.to_owned());
    file.arch = Some(arch.to_owned());
    file.signature = Some(format!("signature of {name}"));
    file
}

/// As it is, but created so many seconds later.
pub(crate) fn later(mut file: Artifact, seconds: i64) -> Artifact {
    file.created = Timestamp::from_micros(testing::CREATED.as_micros() + seconds * 1_000_000);
    file
}

/// As it is, but without a signature.
pub(crate) fn unsigned(mut file: Artifact) -> Artifact {
    file.signature = None;
    file
}

/// The file of a signature, as it is kept once it is read.
pub(crate) fn signature_file(name: &str, kept: &str) -> Artifact {
    let mut file = testing::artifact(name, 1);
    file.manifests = vec![Manifest { kind: "minisign".to_owned(), bytes: kept.as_bytes().into() }];
    file
}

pub(crate) fn release(version: &str, files: Vec<Artifact>) -> Release {
    Release { artifacts: files, ..testing::release(Scheme::Semver, version) }
}

/// A release with one file for Linux on x86_64.
pub(crate) fn linux(version: &str) -> Release {
    release(version, vec![file("Acme.AppImage", "linux", "x86_64")])
}

pub(crate) fn shelf(releases: Vec<Release>) -> Shelf {
    Shelf::new("acme", releases.into_iter().map(|release| (release, Standing::Visible)).collect())
}

pub(crate) fn ask(address: &str, access: &Access<'_>) -> Reply {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    let head = Head { method: &Method::GET, path, query, headers: &HeaderMap::new() };
    let context = Context {
        base: "https://tauri.example",
        site: testing::SITE,
        account: "Acme",
        caller: "",
        signer: &EchoSigner,
        upstream: None,
    };
    TauriEngine.reply(&TauriEngine.parse(&head).unwrap(), &context, access)
}

/// The answer to a poll.
pub(crate) fn poll(shelf: &Shelf, address: &str) -> Update {
    match ask(address, &Access::Package(shelf.view())) {
        Reply::Update(update) => *update,
        other => panic!("{address}: {other:?}"),
    }
}

/// The document that a poll is answered with, and the decision; no document where there is nothing new.
pub(crate) fn told(shelf: &Shelf, address: &str) -> (Option<Value>, String) {
    let Update { answer, told } = poll(shelf, address);
    let cached = answer.headers.iter().find(|(name, _)| name == "cache-control").unwrap();
    assert_eq!(cached.1, "private, no-store", "{address}");
    let document = match answer.status.as_u16() {
        204 => {
            assert!(answer.body.is_empty(), "{address}");
            None
        }
        200 => Some(serde_json::from_slice(&answer.body).unwrap()),
        status => panic!("{address}: {status}"),
    };
    (document, told.line)
}

/// The version that a poll leads to.
pub(crate) fn version(shelf: &Shelf, address: &str) -> Option<String> {
    told(shelf, address).0.map(|document| document["version"].as_str().unwrap().to_owned())
}

/// The name of the file that a poll leads to.
pub(crate) fn led_to(shelf: &Shelf, address: &str) -> Option<String> {
    let url = told(shelf, address).0?["url"].as_str().unwrap().to_owned();
    Some(url.rsplit_once('/').unwrap().1.to_owned())
}

pub(crate) fn plain(address: &str, access: &Access<'_>) -> Plain {
    match ask(address, access) {
        Reply::Plain(plain) => plain,
        Reply::Update(update) if update.told.offered.is_none() => update.answer,
        other => panic!("{address}: {other:?}"),
    }
}
