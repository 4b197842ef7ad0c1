//! The npm engine through its public face: documents, refusals and ingest, expectations from `npm-pypi.md`.

#![allow(clippy::unwrap_used, reason = "what cannot be built fails the test")]

mod documents;
mod endpoints;
mod ingest;
mod tarballs;

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header::ACCEPT};
use keyway_engine::testing::{self, EchoSigner, Shelf, Standing};
use keyway_engine::{Access, BadPath, Context, Document, Engine, Head, Plain, Release, Reply};
use keyway_engine_npm::{NpmEngine, Op};
use keyway_versions::Scheme;
use serde_json::{Value, json};

const BASE: &str = "https://npm.pkg.example.com";
const ABBREVIATED: &str = "application/vnd.npm.install-v1+json";

fn context() -> Context<'static> {
    Context {
        base: BASE,
        site: testing::SITE,
        account: "Acme",
        caller: "license Alice",
        signer: &EchoSigner,
        upstream: None,
    }
}

fn parse(method: &Method, target: &str, accept: &str) -> Result<Op, BadPath> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    if !accept.is_empty() {
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
    }
    NpmEngine.parse(&Head { method, path, query, headers: &headers })
}

fn ask(target: &str, accept: &str, access: &Access<'_>) -> Reply {
    let op = parse(&Method::GET, target, accept).unwrap();
    NpmEngine.reply(&op, &context(), access)
}

fn get(target: &str, shelf: &Shelf) -> Reply {
    ask(target, "", &Access::Package(shelf.view()))
}

fn document(reply: Reply) -> Document {
    match reply {
        Reply::Document(document) => document,
        other => panic!("not a document: {other:?}"),
    }
}

fn json_of(reply: Reply) -> Value {
    serde_json::from_slice(&document(reply).body).unwrap()
}

fn plain(reply: Reply) -> Plain {
    match reply {
        Reply::Plain(plain) => plain,
        other => panic!("not a plain answer: {other:?}"),
    }
}

fn error_of(reply: Reply) -> (u16, String, String) {
    let plain = plain(reply);
    let body: Value = serde_json::from_slice(&plain.body).unwrap();
    let text = |key: &str| body[key].as_str().unwrap().to_owned();
    (plain.status.as_u16(), text("code"), text("error"))
}

fn header<'p>(plain: &'p Plain, name: &str) -> Option<&'p str> {
    let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
    plain.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_str().unwrap())
}

/// A tarball as `npm pack` makes it.
fn tarball(files: &[(&str, &str)]) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        tar.append_data(&mut header.clone(), path, content.as_bytes()).unwrap();
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar.into_inner().unwrap()).unwrap();
    gzip.finish().unwrap()
}

/// A release of a package with one tarball whose `package.json` has these fields more.
fn release(key: &str, version: &str, more: Value) -> Release {
    let mut package_json = json!({ "name": key, "version": version });
    package_json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let bytes = tarball(&[("package/package.json", &package_json.to_string()), ("package/index.js", "//")]);
    let mut release = testing::release(Scheme::Npm, version);
    release.artifacts = vec![testing::take_in(&NpmEngine, key, version, "widget.tgz", &bytes).unwrap()];
    release
}

/// A shelf of visible releases of `@acme/widget`.
fn shelf(versions: &[&str]) -> Shelf {
    let releases =
        versions.iter().map(|version| (release("@acme/widget", version, json!({})), Standing::Visible));
    Shelf::new("@acme/widget", releases.collect())
}
