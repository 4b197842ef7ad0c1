//! The RubyGems engine over literal views.

#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod gems;
mod index;
mod ingest;

use std::io::Read as _;
use std::path::PathBuf;

use http::{HeaderMap, Method};
use keyway_base::Timestamp;
use keyway_engine::testing::{CREATED, EchoSigner, Shelf, Standing, release, take_in};
use keyway_engine::{Access, Artifact, Context, Document, Engine, Head, Plain, Release, Reply};
use keyway_engine_rubygems::{Op, RubygemsEngine};
use keyway_versions::Scheme;

/// A minute and a bit: gems this far apart are in different batches.
const APART: i64 = 61_000_000;

fn fixture(file: &str) -> Vec<u8> {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../fixtures/packages/rubygems");
    std::fs::read(root.join(file)).unwrap()
}

fn context() -> Context<'static> {
    Context {
        base: "https://rubygems.pkg.example.com",
        site: keyway_engine::testing::SITE,
        account: "Acme",
        caller: "",
        signer: &EchoSigner,
        upstream: None,
    }
}

fn op(path: &str) -> Op {
    Op::parse(&Head { method: &Method::GET, path, query: "", headers: &HeaderMap::new() }).unwrap()
}

fn ask(path: &str, access: &Access<'_>) -> Reply {
    RubygemsEngine.reply(&op(path), &context(), access)
}

fn document(reply: Reply) -> Document {
    match reply {
        Reply::Document(document) => document,
        other => panic!("not a document: {other:?}"),
    }
}

fn text(reply: Reply) -> String {
    String::from_utf8(document(reply).body.to_vec()).unwrap()
}

fn plain(reply: Reply) -> Plain {
    match reply {
        Reply::Plain(plain) => plain,
        other => panic!("not a plain answer: {other:?}"),
    }
}

/// A gem out of the fixtures, taken in, as an artifact made so long after [`CREATED`].
fn taken_in(name: &str, version: &str, platform: Option<&str>, later: i64) -> Artifact {
    let platform = platform.map(|platform| format!("-{platform}")).unwrap_or_default();
    let file = format!("{name}-{version}{platform}.gem");
    let artifact = take_in(&RubygemsEngine, name, version, &file, &fixture(&file)).unwrap();
    Artifact { created: Timestamp::from_micros(CREATED.as_micros() + later), ..artifact }
}

/// A release with one gem of the fixtures.
fn gem(name: &str, version: &str, later: i64) -> Release {
    let mut made = release(Scheme::Gem, version);
    made.artifacts.push(taken_in(name, version, None, later));
    made
}

/// The widget as everybody may have it.
fn widget(versions: &[(&str, i64)]) -> Shelf {
    let releases =
        versions.iter().map(|(version, later)| (gem("acme-widget", version, *later), Standing::Visible));
    Shelf::new("acme-widget", releases.collect())
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(bytes).read_to_end(&mut out).unwrap();
    out
}

fn inflate(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::ZlibDecoder::new(bytes).read_to_end(&mut out).unwrap();
    out
}
