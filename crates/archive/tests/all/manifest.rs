//! OCI manifests: what is taken, and each refusal by its reason (distribution specification 1.1; CVE-2021-41190).

use keyway_archive::ArchiveError;
use keyway_archive::oci::manifest::{DESCRIPTORS, LAYERS, LIMIT};
use keyway_archive::oci::media_type::{
    DOCKER_LIST, DOCKER_MANIFEST, HELM_CONFIG, OCI_ARTIFACT, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST,
};
use keyway_archive::oci::{Descriptor, ManifestKind, ManifestProblem, ParsedManifest};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn digest() -> String {
    format!("sha256:{HEX}")
}

fn descriptor(media_type: &str, size: u64) -> Value {
    json!({"mediaType": media_type, "digest": digest(), "size": size})
}

fn image() -> Value {
    json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, 2),
        "layers": [descriptor(OCI_LAYER, 7)],
    })
}

fn index() -> Value {
    json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [descriptor(OCI_MANIFEST, 300)]})
}

/// `base` with these members set.
fn with(mut base: Value, members: Value) -> Value {
    base.as_object_mut().unwrap().extend(members.as_object().cloned().unwrap());
    base
}

fn without(mut base: Value, key: &str) -> Value {
    base.as_object_mut().unwrap().remove(key).unwrap();
    base
}

fn parse(document: &Value, sent: Option<&str>) -> Result<ParsedManifest, ArchiveError> {
    ParsedManifest::parse(document.to_string().as_bytes(), sent)
}

fn taken(document: &Value) -> ParsedManifest {
    parse(document, None).unwrap_or_else(|error| panic!("{error}: {document}"))
}

fn problem(document: &Value, sent: Option<&str>) -> String {
    let error = parse(document, sent).expect_err(&document.to_string()).to_string();
    error.replacen("the manifest ", "", 1)
}

#[test]
fn an_image_is_read() {
    let document =
        with(image(), json!({"annotations": {"b": "2", "a": "1\u{0}"}, "subject": descriptor("x/y", 9)}));
    let read = parse(&document, Some(OCI_MANIFEST)).unwrap();
    assert_eq!((read.media_type.as_str(), read.kind), (OCI_MANIFEST, ManifestKind::Image));
    let expected = Descriptor {
        media_type: OCI_LAYER.to_owned(),
        digest: digest().parse().unwrap(),
        size: 7,
        platform: None,
        annotations: Vec::new(),
    };
    assert_eq!(read.layers, [expected]);
    assert_eq!(read.artifact_type.as_deref(), Some(OCI_CONFIG));
    assert_eq!(read.annotations.as_deref(), Some(r#"{"b":"2","a":"1\u0000"}"#));
    assert_eq!((read.subject.as_ref().unwrap().size, read.references().count()), (9, 2));
}

#[test]
fn an_index_is_read_with_its_platforms() {
    let entry = |platform: Value| with(descriptor(OCI_MANIFEST, 1), json!({"platform": platform}));
    let manifests = json!([
        entry(json!({"os": "linux", "architecture": "amd64"})),
        entry(json!({"os": "linux", "architecture": "arm", "variant": "v7"})),
        entry(json!({"os": "unknown", "architecture": "unknown"})),
        entry(json!({})),
        descriptor(OCI_INDEX, 1),
    ]);
    let read = taken(&with(index(), json!({"manifests": manifests})));
    let platforms: Vec<_> = read.manifests.iter().map(|entry| entry.platform.as_deref()).collect();
    let expected = [Some("linux/amd64"), Some("linux/arm/v7"), Some("unknown/unknown"), None, None];
    assert_eq!((read.kind, platforms.as_slice()), (ManifestKind::Index, &expected[..]));
    assert_eq!((read.artifact_type, read.annotations), (None, None));
}

/// What the specification calls valid, however odd it looks.
#[test]
fn odd_documents_are_taken() {
    let table = [
        ("no layers", with(image(), json!({"layers": []})), ManifestKind::Image),
        ("layers as Go writes none", with(image(), json!({"layers": null})), ManifestKind::Image),
        ("an empty index", with(index(), json!({"manifests": []})), ManifestKind::Index),
        (
            "an index as Go writes an empty one",
            with(index(), json!({"manifests": null})),
            ManifestKind::Index,
        ),
        ("more members", with(image(), json!({"org.acme.more": {"deep": [1, {}]}})), ManifestKind::Image),
        (
            "data",
            with(image(), json!({"config": with(descriptor(OCI_CONFIG, 2), json!({"data": "e30="}))})),
            ManifestKind::Image,
        ),
        ("an image without a mediaType", without(image(), "mediaType"), ManifestKind::Image),
        ("an index without a mediaType", without(index(), "mediaType"), ManifestKind::Index),
        ("an empty mediaType", with(index(), json!({"mediaType": ""})), ManifestKind::Index),
        (
            "an unknown image type",
            with(image(), json!({"mediaType": "application/x.image+json"})),
            ManifestKind::Image,
        ),
        (
            "an unknown index type",
            with(index(), json!({"mediaType": "application/x.index+json"})),
            ManifestKind::Index,
        ),
        ("schema 2", with(image(), json!({"mediaType": DOCKER_MANIFEST})), ManifestKind::Image),
        ("a manifest list", with(index(), json!({"mediaType": DOCKER_LIST})), ManifestKind::Index),
        ("no schemaVersion", without(image(), "schemaVersion"), ManifestKind::Image),
    ];
    for (what, document, kind) in table {
        let read = parse(&document, None).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(read.kind, kind, "{what}");
    }
}

#[test]
fn a_document_without_a_media_type_takes_the_one_it_came_with() {
    let bare = without(image(), "mediaType");
    assert_eq!(parse(&bare, Some(DOCKER_MANIFEST)).unwrap().media_type, DOCKER_MANIFEST);
    assert_eq!(parse(&bare, None).unwrap().media_type, OCI_MANIFEST);
    assert_eq!(
        parse(&image(), Some(&format!("{OCI_MANIFEST}; charset=utf-8"))).unwrap().media_type,
        OCI_MANIFEST
    );
    assert_eq!(taken(&without(index(), "mediaType")).media_type, OCI_INDEX);
}

#[test]
fn the_artifact_type_follows_the_referrers_rules() {
    let own = json!({"artifactType": "application/vnd.acme.sbom"});
    let helm = json!({"config": descriptor(HELM_CONFIG, 2)});
    let table = [
        (image(), Some(OCI_CONFIG)),
        (with(image(), helm), Some(HELM_CONFIG)),
        (with(image(), own.clone()), Some("application/vnd.acme.sbom")),
        (with(image(), json!({"artifactType": ""})), Some(OCI_CONFIG)),
        (with(index(), own.clone()), Some("application/vnd.acme.sbom")),
        (index(), None),
    ];
    for (document, expected) in table {
        assert_eq!(taken(&document).artifact_type.as_deref(), expected, "{document}");
    }
}

#[test]
fn an_artifact_manifest_is_read() {
    let document = json!({
        "mediaType": OCI_ARTIFACT, "artifactType": "application/x.signature",
        "blobs": [descriptor("application/x", 5)], "subject": descriptor(OCI_MANIFEST, 6),
    });
    let read = taken(&document);
    assert_eq!((read.kind, read.layers.len(), read.config), (ManifestKind::Image, 1, None));
    assert_eq!(read.artifact_type.as_deref(), Some("application/x.signature"));
    assert_eq!(taken(&without(document.clone(), "blobs")).layers, []);
    assert!(problem(&with(document, json!({"layers": []})), None).ends_with("but has 'layers'"));
}

#[test]
fn a_document_that_is_two_things_is_refused() {
    let layers = json!({"layers": [descriptor(OCI_LAYER, 7)]});
    let config = json!({"config": descriptor(OCI_CONFIG, 7)});
    let manifests = json!({"manifests": [descriptor(OCI_MANIFEST, 7)]});
    let table = [
        (with(image(), manifests.clone()), format!("is of type '{OCI_MANIFEST}', but has 'manifests'")),
        (
            with(image(), json!({"manifests": []})),
            format!("is of type '{OCI_MANIFEST}', but has 'manifests'"),
        ),
        (with(index(), layers.clone()), format!("is of type '{OCI_INDEX}', but has 'layers'")),
        (with(index(), config), format!("is of type '{OCI_INDEX}', but has 'config'")),
        (
            without(with(index(), layers.clone()), "mediaType"),
            format!("is of type '{OCI_INDEX}', but has 'layers'"),
        ),
        (
            with(with(index(), layers.clone()), json!({"mediaType": DOCKER_LIST})),
            format!("is of type '{DOCKER_LIST}', but has 'layers'"),
        ),
        (
            with(with(index(), layers), json!({"mediaType": "a/b"})),
            "is of type 'a/b', but has 'layers'".to_owned(),
        ),
        (
            with(image(), json!({"Manifests": []})),
            "has 'Manifests' where some clients would read 'manifests'".to_owned(),
        ),
        (
            with(index(), json!({"layer\u{17f}": []})),
            "has 'layerſ' where some clients would read 'layers'".to_owned(),
        ),
    ];
    for (document, expected) in table {
        assert_eq!(problem(&document, None), expected, "{document}");
    }
}

#[test]
fn the_media_types_have_to_agree() {
    let expected = format!("is sent as '{OCI_INDEX}', but its own mediaType is '{OCI_MANIFEST}'");
    assert_eq!(problem(&image(), Some(OCI_INDEX)), expected);
    assert!(problem(&image(), Some("application/json")).starts_with("is sent as 'application/json'"));
    let bare = without(image(), "mediaType");
    assert_eq!(problem(&bare, Some(OCI_INDEX)), format!("is of type '{OCI_INDEX}', but has 'config'"));
    assert!(problem(&bare, Some("not a type")).contains("'mediaType': that is not a media type"));
}

#[test]
fn the_old_schema_is_refused() {
    let v1 = json!({"schemaVersion": 1, "name": "a", "fsLayers": [], "history": [], "signatures": []});
    let jws = "application/vnd.docker.distribution.manifest.v1+prettyjws";
    let plain = "application/vnd.docker.distribution.manifest.v1+json";
    for (document, sent) in [
        (v1.clone(), None),
        (v1.clone(), Some(jws)),
        (without(v1, "schemaVersion"), Some(plain)),
        (without(image(), "mediaType"), Some(jws)),
        (with(image(), json!({"schemaVersion": 1})), None),
    ] {
        assert!(problem(&document, sent).starts_with("has schema version 1"), "{document}");
    }
    assert_eq!(
        problem(&with(image(), json!({"schemaVersion": 3})), None),
        "has a schemaVersion other than 2"
    );
    assert_eq!(
        problem(&with(image(), json!({"schemaVersion": "2"})), None),
        "has a schemaVersion other than 2"
    );
}

#[test]
fn members_of_a_wrong_kind_are_refused_by_their_place() {
    let layer = |members: Value| {
        with(image(), json!({"layers": [descriptor(OCI_LAYER, 1), with(descriptor(OCI_LAYER, 1), members)]}))
    };
    let table = [
        (
            layer(json!({"digest": "sha256:abc"})),
            "is wrong at 'layers[1].digest': that is not a sha256 or sha512 digest",
        ),
        (
            layer(json!({"digest": format!("md5:{HEX}")})),
            "is wrong at 'layers[1].digest': that is not a sha256 or sha512 digest",
        ),
        (
            layer(json!({"digest": format!("sha256:{}", HEX.to_uppercase())})),
            "is wrong at 'layers[1].digest': that is not a sha256 or sha512 digest",
        ),
        (layer(json!({"digest": null})), "has no 'layers[1].digest'"),
        (layer(json!({"size": -1})), "is wrong at 'layers[1].size': that is not a number of bytes"),
        (layer(json!({"size": 1.0})), "is wrong at 'layers[1].size': that is not a number of bytes"),
        (layer(json!({"size": u64::MAX})), "is wrong at 'layers[1].size': that is not a number of bytes"),
        (layer(json!({"size": null})), "has no 'layers[1].size'"),
        (layer(json!({"mediaType": ""})), "has no 'layers[1].mediaType'"),
        (
            layer(json!({"mediaType": "a\r\nb"})),
            "is wrong at 'layers[1].mediaType': that is not a media type",
        ),
        (layer(json!({"mediaType": 1})), "is wrong at 'layers[1].mediaType': that is not a text"),
        (layer(json!({"platform": "linux"})), "is wrong at 'layers[1].platform': that is not an object"),
        (
            layer(json!({"platform": {"os": "a\u{0}", "architecture": "b"}})),
            "is wrong at 'layers[1].platform': that is not a platform",
        ),
        (layer(json!({"Digest": digest()})), "has 'Digest' where some clients would read 'digest'"),
        (with(image(), json!({"layers": {}})), "is wrong at 'layers': that is not a list"),
        (with(image(), json!({"layers": [1]})), "is wrong at 'layers': that is not a list of objects"),
        (with(image(), json!({"config": []})), "is wrong at 'config': that is not an object"),
        (with(image(), json!({"config": null})), "has no 'config'"),
        (without(index(), "manifests"), "has no 'manifests'"),
        (with(image(), json!({"subject": "x"})), "is wrong at 'subject': that is not an object"),
        (with(image(), json!({"subject": {"digest": digest()}})), "has no 'subject.mediaType'"),
        (
            with(image(), json!({"annotations": {"a": 1}})),
            "is wrong at 'annotations': that is not an object of texts",
        ),
        (
            with(image(), json!({"artifactType": "a b"})),
            "is wrong at 'artifactType': that is not a media type",
        ),
        (json!({}), "has neither 'config' and 'layers' nor 'manifests'"),
        (
            json!({"schemaVersion": 2, "mediaType": "a/b"}),
            "has neither 'config' and 'layers' nor 'manifests'",
        ),
    ];
    for (document, expected) in table {
        assert_eq!(problem(&document, None), expected, "{document}");
    }
}

#[test]
fn foreign_layers_are_known() {
    let foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
    let nondistributable = "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip";
    let urls = json!({"urls": ["https://example.com/layer"]});
    let layers = json!([
        with(descriptor(foreign, 1), urls),
        descriptor(nondistributable, 1),
        descriptor(OCI_LAYER, 1)
    ]);
    let read = taken(&with(image(), json!({"layers": layers})));
    let seen: Vec<_> = read.layers.iter().map(Descriptor::is_distributable).collect();
    assert_eq!(seen, [false, false, true]);
}

#[test]
fn the_json_is_read_strictly() {
    let table = [
        (r#"{"schemaVersion":2,"schemaVersion":2,"manifests":[]}"#.to_owned(), "appears twice"),
        (format!("{}{{}}", index()), "trailing characters"),
        (format!("{{\"manifests\":[],\"x\":{}{}}}", "[".repeat(32), "]".repeat(32)), "nested too deeply"),
        (format!("\u{feff}{}", index()), "byte order mark"),
        ("[]".to_owned(), "the root is not an object"),
        (String::new(), "EOF"),
    ];
    for (text, expected) in table {
        let error = ParsedManifest::parse(text.as_bytes(), None).unwrap_err();
        assert!(
            matches!(&error, ArchiveError::Json { problem } if problem.contains(expected)),
            "{error}: {text}"
        );
    }
    let deep = format!("{{\"manifests\":[],\"x\":{}{}}}", "[".repeat(31), "]".repeat(31));
    assert!(ParsedManifest::parse(deep.as_bytes(), None).is_ok());
}

#[test]
fn sizes_and_counts_are_limited() {
    let large = format!("{{\"manifests\":[]{}}}", " ".repeat(LIMIT - 16));
    assert!(ParsedManifest::parse(large.as_bytes(), None).is_ok());
    let error = ParsedManifest::parse(format!("{large} ").as_bytes(), None).unwrap_err();
    assert!(matches!(error, ArchiveError::Manifest(ManifestProblem::TooLarge { limit: LIMIT })), "{error}");

    let layers = |count| with(image(), json!({"layers": vec![descriptor("a", 1); count]}));
    assert_eq!(taken(&layers(LAYERS)).layers.len(), LAYERS);
    assert_eq!(problem(&layers(LAYERS + 1), None), "has more than 4096 layers");
    let manifests = |count| with(index(), json!({"manifests": vec![descriptor("a", 1); count]}));
    assert_eq!(taken(&manifests(DESCRIPTORS)).manifests.len(), DESCRIPTORS);
    assert_eq!(problem(&manifests(DESCRIPTORS + 1), None), "has more than 10000 descriptors");
}

/// 390 annotations of 10 kB, as the conformance program pushes them.
#[test]
fn a_large_manifest_is_taken() {
    let annotations: Map<String, Value> =
        (0..390).map(|at| (format!("org.example.{at}"), Value::from("x".repeat(10_000)))).collect();
    let read = taken(&with(image(), json!({"annotations": annotations})));
    assert!(read.annotations.unwrap().len() > 3_900_000);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_taken_is_of_one_kind(
        keys in proptest::sample::subsequence(vec!["config", "layers", "manifests", "blobs", "subject"], 0..=5),
        own in proptest::option::of(proptest::sample::select(vec![OCI_MANIFEST, OCI_INDEX, OCI_ARTIFACT, "a/b"])),
    ) {
        let mut document = Map::new();
        if let Some(own) = own { document.insert("mediaType".into(), own.into()); }
        for key in &keys {
            let one = descriptor("a/b", 1);
            let value = if matches!(*key, "config" | "subject") { one } else { json!([one]) };
            document.insert((*key).to_owned(), value);
        }
        if let Ok(read) = parse(&Value::Object(document), None) {
            prop_assert_eq!(read.kind == ManifestKind::Index, keys.contains(&"manifests"));
            prop_assert!(read.kind == ManifestKind::Image || read.layers.is_empty() && read.config.is_none());
            prop_assert!(own.is_none_or(|own| own == read.media_type));
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = ParsedManifest::parse(&bytes, None);
    }
}
