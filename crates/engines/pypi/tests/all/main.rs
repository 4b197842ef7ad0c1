//! The Python index engine through its public face, expectations from `npm-pypi.md` §2.

#![allow(clippy::unwrap_used, reason = "what cannot be built fails the test")]

mod files;
mod ingest;
mod pages;

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header::ACCEPT};
use keyway_engine::testing::{self, EchoSigner, Shelf, Standing};
use keyway_engine::{Access, Artifact, Context, Document, Engine, Head, Plain, Reject, Release, Reply};
use keyway_engine_pypi::{Op, PypiEngine};
use keyway_versions::Scheme;

const BASE: &str = "https://pypi.pkg.example.com";
const JSON: &str = "application/vnd.pypi.simple.v1+json";
/// 32 bytes of 3.
const SHA256: &str = "0303030303030303030303030303030303030303030303030303030303030303";

fn context() -> Context<'static> {
    Context {
        base: BASE,
        site: testing::SITE,
        account: "Acme & Co",
        caller: "license Alice",
        signer: &EchoSigner,
        upstream: None,
    }
}

fn parse(path: &str, accept: &str) -> Op {
    let mut headers = HeaderMap::new();
    if !accept.is_empty() {
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
    }
    PypiEngine.parse(&Head { method: &Method::GET, path, query: "", headers: &headers }).unwrap()
}

fn ask(path: &str, accept: &str, access: &Access<'_>) -> Reply {
    PypiEngine.reply(&parse(path, accept), &context(), access)
}

fn get(path: &str, shelf: &Shelf) -> Reply {
    ask(path, JSON, &Access::Package(shelf.view()))
}

fn document(reply: Reply) -> Document {
    match reply {
        Reply::Document(document) => document,
        other => panic!("not a document: {other:?}"),
    }
}

fn json_of(reply: Reply) -> serde_json::Value {
    serde_json::from_slice(&document(reply).body).unwrap()
}

fn plain(reply: Reply) -> Plain {
    match reply {
        Reply::Plain(plain) => plain,
        other => panic!("not a plain answer: {other:?}"),
    }
}

/// Status, reason phrase and body of a refusal.
fn refusal_of(reply: Reply) -> (u16, String, String) {
    let plain = plain(reply);
    let body = String::from_utf8(plain.body.to_vec()).unwrap();
    (plain.status.as_u16(), plain.reason.unwrap_or_default(), body)
}

fn header<'p>(plain: &'p Plain, name: &str) -> Option<&'p str> {
    let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
    plain.headers.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_str().unwrap())
}

fn metadata(name: &str, version: &str, more: &str) -> String {
    format!("Metadata-Version: 2.2\nName: {name}\nVersion: {version}\n{more}\nA widget.\n")
}

/// A wheel with one module; `stem` is `{name}-{version}` of its `.dist-info`.
fn wheel(stem: &str, metadata: &str) -> Vec<u8> {
    let about = format!("{stem}.dist-info");
    let mut record = String::new();
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    let tags = "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n";
    let files = [
        ("widget.py".to_owned(), ""),
        (format!("{about}/METADATA"), metadata),
        (format!("{about}/WHEEL"), tags),
    ];
    for (path, content) in files {
        record.push_str(&format!("{path},sha256=x,{}\n", content.len()));
        zip.start_file(path, zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    record.push_str(&format!("{about}/RECORD,,\n"));
    zip.start_file(format!("{about}/RECORD"), zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(record.as_bytes()).unwrap();
    zip.finish().unwrap().into_inner()
}

/// An sdist with nothing but its metadata.
fn sdist(stem: &str, metadata: &str) -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_ustar();
    header.set_size(metadata.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    tar.append_data(&mut header, format!("{stem}/PKG-INFO"), metadata.as_bytes()).unwrap();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(&tar.into_inner().unwrap()).unwrap();
    gzip.finish().unwrap()
}

fn take(key: &str, version: &str, filename: &str, bytes: &[u8]) -> Result<Artifact, Reject> {
    testing::take_in(&PypiEngine, key, version, filename, bytes)
}

/// A release of Acme.Widget with one wheel that asks for Python 3.8.
fn release(version: &str) -> Release {
    let stem = format!("acme_widget-{version}");
    let bytes = wheel(&stem, &metadata("Acme.Widget", version, "Requires-Python: >=3.8\n"));
    let mut release = testing::release(Scheme::Pep440, version);
    release.artifacts =
        vec![take("Acme.Widget", version, &format!("{stem}-py3-none-any.whl"), &bytes).unwrap()];
    release
}

fn shelf(releases: Vec<(Release, Standing)>) -> Shelf {
    Shelf::new("Acme.Widget", releases).normalised("acme-widget")
}
