//! Manifests that are sent.

use http::Method;
use keyway_base::ContentDigest;
use keyway_crypto::digest::sha512;
use keyway_engine::{Act, ContentEdit, NewManifest, NewTag, Plain, Takes};
use serde_json::{Value, json};

use crate::{IMAGE, INDEX, act, context, digest_of, error, headers, named, op_with, takes};

const LIMIT: usize = 4 << 20;

fn send(target: &str, media_type: Option<&str>, body: &[u8]) -> Result<NewManifest, Plain> {
    let headers =
        headers(&media_type.map(|media_type| ("content-type", media_type)).into_iter().collect::<Vec<_>>());
    let op = op_with(&Method::PUT, &format!("/v2/app/manifests/{target}"), &headers);
    match act(&op, &context(), body)? {
        Act::Content { package, edit: ContentEdit::Manifest(manifest) } => {
            assert_eq!(package, "app");
            Ok(*manifest)
        }
        other => panic!("{other:?}"),
    }
}

fn descriptor(word: &str, media_type: &str) -> Value {
    json!({ "mediaType": media_type, "digest": named(word).to_string(), "size": word.len() })
}

fn image() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": IMAGE,
        "config": descriptor("config", "application/vnd.oci.image.config.v1+json"),
        "layers": [
            descriptor("layer", "application/vnd.oci.image.layer.v1.tar+gzip"),
            descriptor("layer", "application/vnd.oci.image.layer.v1.tar+gzip"),
            descriptor("windows", "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip"),
        ],
        "annotations": { "by": "acme" },
    })
}

fn sorted(words: &[&str]) -> Vec<ContentDigest> {
    let mut digests: Vec<_> = words.iter().map(|word| named(word)).collect();
    digests.sort();
    digests
}

fn tag(name: &str, version: Option<&str>) -> NewTag {
    NewTag { name: name.to_owned(), version: version.map(str::to_owned) }
}

#[test]
fn an_image_is_taken_apart_and_kept_as_it_came() {
    let body = serde_json::to_vec_pretty(&image()).unwrap();
    let sent = send("v1.2.3", Some(IMAGE), &body).unwrap();
    assert_eq!(
        sent,
        NewManifest {
            digest: digest_of(&body),
            media_type: IMAGE.to_owned(),
            bytes: body.into(),
            artifact_type: Some("application/vnd.oci.image.config.v1+json".to_owned()),
            subject: None,
            annotations: Some(r#"{"by":"acme"}"#.to_owned()),
            blobs: sorted(&["config", "layer"]),
            foreign: sorted(&["windows"]),
            manifests: Vec::new(),
            tags: vec![tag("v1.2.3", Some("1.2.3"))],
        }
    );
}

#[test]
fn an_index_lists_manifests() {
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "artifactType": "application/vnd.example",
        "manifests": [descriptor("amd64", IMAGE), descriptor("arm64", IMAGE)],
        "subject": descriptor("image", IMAGE),
    });
    let sent = send("latest", Some(INDEX), index.to_string().as_bytes()).unwrap();
    assert_eq!(sent.manifests, sorted(&["amd64", "arm64"]));
    assert_eq!((sent.blobs, sent.foreign), (vec![], vec![]));
    assert_eq!(sent.subject, Some(named("image")));
    assert_eq!(sent.artifact_type.as_deref(), Some("application/vnd.example"));
    assert_eq!(sent.tags, [tag("latest", None)]);
}

#[test]
fn tags_say_whether_they_are_versions() {
    let body = image().to_string();
    let by_digest = digest_of(body.as_bytes());
    let tags = |target: &str| send(target, Some(IMAGE), body.as_bytes()).unwrap().tags;
    assert_eq!(tags(&by_digest.to_string()), []);
    let several = tags(&format!("{by_digest}?tag=1.0.0&tag=1.0&tag=latest&tag=1.0.0"));
    assert_eq!(several, [tag("1.0.0", Some("1.0.0")), tag("1.0", None), tag("latest", None)]);
    assert_eq!(tags("1.0.0?tag=1.0.0"), [tag("1.0.0", Some("1.0.0"))]);
    assert_eq!(tags("0.3.1_build.5"), [tag("0.3.1_build.5", Some("0.3.1+build.5"))]);
}

#[test]
fn bytes_are_held_to_the_digest_that_they_are_sent_under() {
    let body = image().to_string();
    let long = ContentDigest::Sha512(*sha512(body.as_bytes()).as_bytes());
    assert_eq!(send(&long.to_string(), Some(IMAGE), body.as_bytes()).unwrap().digest, long);
    for other in [named("something else"), ContentDigest::Sha512([0; 64])] {
        let plain = send(&other.to_string(), Some(IMAGE), body.as_bytes()).unwrap_err();
        assert_eq!(error(&plain), (400, "DIGEST_INVALID".to_owned()));
    }
}

#[test]
fn a_media_type_comes_from_the_header_or_the_document() {
    let body = image().to_string();
    let media_type = |said| send("x", said, body.as_bytes()).map(|sent| sent.media_type);
    assert_eq!(media_type(None).unwrap(), IMAGE);
    assert_eq!(media_type(Some(&format!("{IMAGE}; charset=utf-8"))).unwrap(), IMAGE);
    let mut bare = image();
    bare.as_object_mut().unwrap().remove("mediaType");
    let bare = bare.to_string();
    assert_eq!(send("x", None, bare.as_bytes()).unwrap().media_type, IMAGE);
}

#[test]
fn documents_that_could_be_two_things_are_refused() {
    let mut both = image();
    both["manifests"] = json!([descriptor("amd64", IMAGE)]);
    let index_with_layers = json!({
        "schemaVersion": 2, "mediaType": INDEX, "manifests": [],
        "layers": [], "config": descriptor("config", "x/y"),
    });
    let twice = r#"{"schemaVersion":2,"schemaVersion":2,"config":{},"layers":[]}"#;
    let deep = format!(r#"{{"schemaVersion":2,"x":{}{}}}"#, "[".repeat(64), "]".repeat(64));
    let (both, index_with_layers, image) =
        (both.to_string(), index_with_layers.to_string(), image().to_string());
    let trailing = format!("{image}{{}}");
    for (media_type, body) in [
        (Some(IMAGE), both.as_str()),
        (Some(INDEX), index_with_layers.as_str()),
        (Some(INDEX), image.as_str()),
        (Some("application/json"), image.as_str()),
        (Some(IMAGE), twice),
        (Some(IMAGE), deep.as_str()),
        (Some(IMAGE), trailing.as_str()),
        (Some(IMAGE), "{}"),
        (Some(IMAGE), "[]"),
        (Some(IMAGE), ""),
        (None, "not json"),
        (
            Some("application/vnd.docker.distribution.manifest.v1+prettyjws"),
            r#"{"schemaVersion":1,"fsLayers":[],"signatures":[]}"#,
        ),
    ] {
        let plain = send("x", media_type, body.as_bytes()).unwrap_err();
        assert_eq!(error(&plain), (400, "MANIFEST_INVALID".to_owned()), "{media_type:?} {body}");
    }
}

/// A manifest of so many bytes.
fn of_size(size: usize) -> Vec<u8> {
    let mut body = image().to_string().into_bytes();
    body.resize(size, b' ');
    body
}

#[test]
fn four_mebibytes_work_and_more_are_too_large() {
    assert_eq!(send("x", Some(IMAGE), &of_size(LIMIT)).unwrap().bytes.len(), LIMIT);
    let plain = send("x", Some(IMAGE), &of_size(LIMIT + 1)).unwrap_err();
    assert_eq!(error(&plain), (413, "MANIFEST_INVALID".to_owned()));
    let announced = |length: &str| takes(&Method::PUT, "/v2/app/manifests/x", &[("content-length", length)]);
    assert!(matches!(announced("4194304"), Ok(Takes::Document { limit: LIMIT })));
    assert_eq!(error(&announced("4194305").unwrap_err()).0, 413);
    assert!(matches!(takes(&Method::PUT, "/v2/app/manifests/x", &[]), Ok(Takes::Document { limit: LIMIT })));
}
