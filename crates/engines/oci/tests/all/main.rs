//! The OCI engine through its public face: endpoints, refusals, pushes, expectations from `spec/oci.md` §1 and §5.

#![allow(clippy::unwrap_used, reason = "what cannot be built fails the test")]

mod lists;
mod manifests;
mod outcomes;
mod reads;
mod referrers;
mod uploads;

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use keyway_base::{BlobName, ContentDigest};
use keyway_crypto::digest::sha256;
use keyway_engine::testing::{self, EchoSigner, Shelf, Standing, denial, release};
use keyway_engine::{
    Access, Act, Around, Content, ContentTag, Context, Engine, Head, Outcome, Plain, Reason, Release, Reply,
    Sent, Site, Status, StoredBlob, StoredManifest, Takes,
};
use keyway_engine_oci::{OciEngine, Op};
use keyway_versions::Scheme;
use serde_json::{Value, json};

/// Positions of the releases on [`shelf`], newest first.
const DRAFT: u32 = 0;
const PRO: u32 = 1;
const FREE: u32 = 2;

const IMAGE: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

fn context() -> Context<'static> {
    in_account(None)
}

fn in_account(account: Option<&'static str>) -> Context<'static> {
    Context {
        base: "https://registry.example.com",
        site: Site { account, ..testing::SITE },
        account: "Acme",
        caller: "license Alice",
        signer: &EchoSigner,
        upstream: None,
    }
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&'static str, &str)| {
        (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
    };
    pairs.iter().map(pair).collect()
}

fn op_with(method: &Method, target: &str, headers: &HeaderMap) -> Op {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    OciEngine.parse(&Head { method, path, query, headers }).unwrap()
}

fn op(method: &Method, target: &str) -> Op {
    op_with(method, target, &HeaderMap::new())
}

fn ask(target: &str, access: &Access<'_>) -> Reply {
    OciEngine.reply(&op(&Method::GET, target), &context(), access)
}

fn get(target: &str, shelf: &Shelf) -> Reply {
    ask(target, &Access::Package(shelf.view()))
}

fn plain(reply: Reply) -> Plain {
    match reply {
        Reply::Plain(plain) => plain,
        other => panic!("not a finished answer: {other:?}"),
    }
}

fn value(plain: &Plain, name: &str) -> Option<String> {
    let found = plain.headers.iter().find(|(key, _)| key.as_str() == name);
    found.map(|(_, value)| value.to_str().unwrap().to_owned())
}

fn json_of(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap()
}

/// The status and the code of an error.
fn error(plain: &Plain) -> (u16, String) {
    let body = json_of(&plain.body);
    let message = body["errors"][0]["message"].as_str().unwrap();
    assert!(!message.is_empty() && !message.contains('\n'), "{message}");
    (plain.status.as_u16(), body["errors"][0]["code"].as_str().unwrap().to_owned())
}

fn takes(method: &Method, target: &str, pairs: &[(&'static str, &str)]) -> Result<Takes, Plain> {
    let headers = headers(pairs);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let op = op_with(method, target, &headers);
    OciEngine.takes(&op, &Head { method, path, query, headers: &headers })
}

fn act(op: &Op, context: &Context<'_>, body: &[u8]) -> Result<Act, Plain> {
    OciEngine.act(op, context, &mut Sent { around: &Around::document(body), file: None })
}

fn render(
    method: &Method,
    target: &str,
    context: &Context<'_>,
    outcome: keyway_engine::ContentOutcome,
) -> Plain {
    plain(OciEngine.render(&op(method, target), context, &Outcome::Content(outcome)))
}

fn digest_of(bytes: &[u8]) -> ContentDigest {
    ContentDigest::Sha256(*sha256(bytes).as_bytes())
}

/// A blob, an image, a signature: named by a word.
fn named(word: &str) -> ContentDigest {
    digest_of(word.as_bytes())
}

fn manifest(word: &str, owners: &[u32]) -> StoredManifest {
    StoredManifest {
        digest: named(word),
        media_type: IMAGE.to_owned(),
        bytes: Bytes::copy_from_slice(word.as_bytes()),
        artifact_type: Some("application/vnd.oci.image.config.v1+json".to_owned()),
        subject: None,
        annotations: None,
        owners: owners.into(),
    }
}

fn signature(word: &str, subject: &str, owners: &[u32]) -> StoredManifest {
    StoredManifest {
        artifact_type: Some("application/vnd.example.signature".to_owned()),
        subject: Some(named(subject)),
        annotations: Some(Arc::from(r#"{"org.example.by":"a \"b\""}"#)),
        ..manifest(word, owners)
    }
}

fn blob(word: &str, owners: &[u32]) -> StoredBlob {
    StoredBlob {
        digest: named(word),
        size: word.len() as u64,
        blob: BlobName::Digest([7; 32]),
        owners: owners.into(),
    }
}

fn tag(name: &str, word: &str, release: Option<u32>) -> ContentTag {
    ContentTag { name: name.to_owned(), digest: named(word), release }
}

/// `app` with a draft, a version for `pro` only, and a version that the caller may have. They share a layer; `latest`
/// is the version for `pro`, `stable` the other one. One image has been pushed by its digest only.
fn shelf() -> Shelf {
    let version = |text| release(Scheme::Semver, text);
    let draft = Release { status: Status::Draft, ..version("3.0.0") };
    let pro = Standing::Refused(denial(Reason::NotEntitled, "Version 2.0.0 needs the entitlement pro."));
    let mut shelf = Shelf::new(
        "app",
        vec![(draft, Standing::Hidden), (version("2.0.0"), pro), (version("1.0.0"), Standing::Visible)],
    );
    let about_free = format!("sha256-{}.sig", named("free image").hex());
    shelf.package.content = Content::new(
        vec![
            manifest("draft image", &[DRAFT]),
            manifest("pro image", &[PRO]),
            manifest("free image", &[FREE]),
            manifest("loose image", &[]),
            signature("pro signature", "pro image", &[PRO]),
            signature("free signature", "free image", &[FREE]),
            manifest("old signature", &[FREE]),
        ],
        vec![
            blob("shared layer", &[DRAFT, PRO, FREE]),
            blob("pro layer", &[PRO]),
            blob("draft layer", &[DRAFT]),
            blob("loose layer", &[]),
        ],
        vec![
            tag("3.0.0", "draft image", Some(DRAFT)),
            tag("2.0.0", "pro image", Some(PRO)),
            tag("1.0.0", "free image", Some(FREE)),
            tag("latest", "pro image", None),
            tag("stable", "free image", None),
            tag("nightly", "loose image", None),
            tag(&about_free, "old signature", None),
        ],
    );
    shelf
}

/// The same as its vendor sees it.
fn whole() -> Shelf {
    let version = |text| (release(Scheme::Semver, text), Standing::Visible);
    let mut all = Shelf::new("app", vec![version("3.0.0"), version("2.0.0"), version("1.0.0")]);
    all.package.content = shelf().package.content;
    all.whole = true;
    all
}

/// The same as somebody sees it who may not know of it.
fn hidden() -> Shelf {
    let version = |text| (release(Scheme::Semver, text), Standing::Hidden);
    let mut none = Shelf::new("app", vec![version("3.0.0"), version("2.0.0"), version("1.0.0")]);
    none.package.content = shelf().package.content;
    none
}

/// The same as somebody sees it who is refused as a whole.
fn refused() -> Shelf {
    hidden().denied(Reason::Expired, "The licence expired on 2026-01-01.")
}

#[test]
fn a_good_credential_is_all_that_a_ping_needs() {
    let plain = plain(ask("/v2/", &Access::Granted));
    assert_eq!(plain.status, 200);
    assert_eq!(value(&plain, "docker-distribution-api-version").as_deref(), Some("registry/2.0"));
    assert_eq!(json_of(&plain.body), json!({}));
}
