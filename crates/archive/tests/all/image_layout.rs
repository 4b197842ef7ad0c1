//! OCI layouts: what is found in them.

use keyway_archive::oci::ManifestKind;
use keyway_archive::oci::media_type::{OCI_INDEX, OCI_LAYER, OCI_MANIFEST};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::image_writer::{
    EMPTY, Layout, Memory, REF_NAME, descriptor, for_platform, one_image, planned, read, read_within,
    refusal, sha256, tags, tar_of, with,
};
use crate::tar_writer::{Tar, gzip};
use keyway_archive::Limits;
use keyway_archive::oci::image_archive;

/// Two platforms, the attestation that buildx adds for one of them, and a referrer.
fn typical() -> (Layout, Value) {
    let mut layout = Layout::default();
    let amd64 = layout.image(r#"{"architecture":"amd64"}"#, &[b"shared", b"for amd64"], json!({}));
    let arm64 = layout.image(r#"{"architecture":"arm64"}"#, &[b"shared", b"for arm64"], json!({}));
    let attestation = layout.image("{}", &[br#"{"_type":"https://in-toto.io/Statement/v0.1"}"#], json!({}));
    let about = json!({"annotations": {"vnd.docker.reference.type": "attestation-manifest"}});
    let index = layout.index(&[
        for_platform(amd64.clone(), "linux", "amd64"),
        for_platform(arm64, "linux", "arm64"),
        for_platform(with(attestation, about), "unknown", "unknown"),
    ]);
    layout.tag(index.clone(), "1.0.0");
    let subject =
        json!({"subject": index, "artifactType": "application/vnd.acme.sbom", "annotations": {"a": "b"}});
    let referrer = layout.image("{}", &[b"a bill"], subject);
    layout.entries.push(referrer);
    (layout, index)
}

#[test]
fn images_attestations_and_referrers_are_found() {
    let (layout, index) = typical();
    let plan = read(&layout.tar());
    let index = index["digest"].as_str().unwrap();
    assert_eq!(tags(&plan), [("1.0.0".to_owned(), index.to_owned())]);
    assert_eq!((plan.manifests.len(), plan.blobs.len(), plan.roots.len()), (5, 8, 2));
    assert_eq!(plan.images().count(), 1);
    let referrer = plan.roots.iter().find(|root| root.subject.is_some()).unwrap();
    assert_eq!(referrer.subject.unwrap().to_string(), index);
    let referrer = planned(&plan, &referrer.digest).unwrap();
    assert_eq!(referrer.parsed.artifact_type.as_deref(), Some("application/vnd.acme.sbom"));
    for manifest in &plan.manifests {
        assert_eq!(sha256(&manifest.bytes), manifest.digest.to_string());
    }
    let at = |kind| plan.manifests.iter().position(|manifest| manifest.parsed.kind == kind).unwrap();
    assert_eq!((at(ManifestKind::Image), at(ManifestKind::Index)), (0, 3), "children come first");
    let report = serde_json::to_value(&plan.report).unwrap();
    let bytes: u64 = plan.blobs.iter().map(|blob| blob.size).sum();
    assert_eq!(report["images"]["shown"][0]["platforms"], json!(["linux/amd64", "linux/arm64"]));
    assert_eq!(report["images"]["shown"][1]["artifactType"], "application/vnd.acme.sbom");
    let counts = ["format", "manifests", "blobs", "bytes"].map(|key| report[key].clone());
    assert_eq!(counts, [json!("oci-layout"), json!(5), json!(8), json!(bytes)]);
    for none in ["missing", "converted", "ignored", "warnings"] {
        assert_eq!(report[none], json!({"shown": [], "more": 0}), "{none}");
    }
}

#[test]
fn packing_prefixes_directories_and_repetition_change_nothing() {
    let (layout, _) = typical();
    let plan = read(&layout.tar());
    let files = layout.files();
    let dotted =
        files.iter().fold(Tar::default().directory("./").directory("./blobs/"), |tar, (path, content)| {
            tar.file(&format!("./{path}"), content)
        });
    let twice: Vec<_> = files.iter().chain(&files).cloned().collect();
    let zstd = zstd::encode_all(layout.tar().as_slice(), 3).unwrap();
    for (what, bytes) in [
        ("gzip", gzip(&layout.tar())),
        ("zstd", zstd),
        ("a prefix", dotted.end()),
        ("every file twice", tar_of(&twice).end()),
    ] {
        assert_eq!(read(&bytes), plan, "{what}");
    }
}

#[test]
fn other_packings_are_named() {
    let xz = refusal(b"\xfd7zXZ\0\0\0\0\0\0\0");
    assert_eq!(
        xz,
        "the archive is compressed with xz, which is not read here: upload it as plain tar, gzip or zstd"
    );
    assert!(refusal(b"BZh91AY&SY").contains("compressed with bzip2"));
    for other in [&b""[..], b"PK\x03\x04\0\0", b"{}", &[0; 2048]] {
        assert!(refusal(other).starts_with("the file is no archive of images"), "{other:?}");
    }
    let nothing = Tar::default().file("readme.txt", b"hello").end();
    assert!(refusal(&nothing).starts_with("the archive has no image in it"));
}

#[test]
fn names_give_tags() {
    let mut layout = Layout::default();
    let images: Vec<Value> =
        ["a", "b", "c", "d"].map(|layer| layout.image("{}", &[layer.as_bytes()], json!({}))).into();
    let containerd = "io.containerd.image.name";
    layout.name(images[0].clone(), json!({REF_NAME: "1.0", containerd: "docker.io/acme/app:1.0"}));
    layout.name(images[0].clone(), json!({REF_NAME: "registry.example:5000/acme/app:latest"}));
    layout.name(images[1].clone(), json!({containerd: "docker.io/acme/app:2.0"}));
    layout.name(images[2].clone(), json!({REF_NAME: "acme/app"}));
    layout.entries.push(images[3].clone());
    let plan = read(&layout.tar());
    let digest = |at: usize| images[at]["digest"].as_str().unwrap().to_owned();
    let expected = [("1.0", 0), ("2.0", 1), ("latest", 0)].map(|(tag, at)| (tag.to_owned(), digest(at)));
    assert_eq!((tags(&plan).as_slice(), plan.roots.len()), (&expected[..], 4));
    assert_eq!(plan.report.warnings.shown, ["the name 'acme/app' has no tag in it"]);
}

#[test]
fn one_tag_for_two_images_is_refused() {
    let mut layout = one_image();
    let other = layout.image("{}", &[b"another"], json!({}));
    layout.name(other, json!({REF_NAME: "acme/other:1.0.0"}));
    assert!(refusal(&layout.tar()).starts_with("tag '1.0.0' is given to two images, sha256:"));
}

#[test]
fn manifests_beside_the_index_that_lists_them_are_no_images_of_their_own() {
    let (mut layout, index) = typical();
    let children: Vec<Value> =
        layout.blobs.iter().filter_map(|(_, bytes)| serde_json::from_slice(bytes).ok()).collect();
    let listed =
        children.iter().find(|child: &&Value| child["mediaType"] == OCI_INDEX).unwrap()["manifests"].clone();
    layout.entries.extend(listed.as_array().unwrap().iter().cloned());
    let images: Vec<String> = read(&layout.tar()).images().map(|root| root.digest.to_string()).collect();
    assert_eq!(images, [index["digest"].as_str().unwrap()]);
}

#[test]
fn platforms_that_are_not_shipped_are_reported() {
    let (layout, index) = typical();
    let manifests: Vec<Value> = layout
        .blobs
        .iter()
        .filter_map(|(_, bytes)| serde_json::from_slice::<Value>(bytes).ok())
        .filter(|document| document["layers"].is_array())
        .collect();
    let arm64 = manifests.iter().find(|image| image["layers"][1]["digest"] == sha256(b"for arm64")).unwrap();
    let manifest = descriptor(OCI_MANIFEST, arm64.to_string().as_bytes());
    let absent = layout.clone().drop_blob(&manifest).tar();
    let half = layout.clone().drop_blob(&arm64["layers"][1]).tar();
    let of_layer = format!("its blob {} is not in the archive", sha256(b"for arm64"));
    for (bytes, reason) in [(absent, "it is not in the archive"), (half, of_layer.as_str())] {
        let plan = read(&bytes);
        assert_eq!((plan.manifests.len(), plan.roots.len()), (4, 2), "{reason}");
        let missing = &plan.report.missing.shown;
        assert_eq!(missing.len(), 1);
        assert_eq!(
            (missing[0].platform.as_deref(), missing[0].reason.as_str()),
            (Some("linux/arm64"), reason)
        );
        assert_eq!(
            (&missing[0].digest, &missing[0].index),
            (&sha256(arm64.to_string().as_bytes()), &index["digest"].as_str().unwrap().to_owned())
        );
        assert_eq!(plan.report.images.shown[0].platforms, ["linux/amd64"]);
        assert!(planned(&plan, &missing[0].digest.parse().unwrap()).is_none());
    }
}

#[test]
fn layers_that_are_not_to_be_distributed_may_be_absent() {
    let mut layout = Layout::default();
    let config = layout.blob("application/vnd.oci.image.config.v1+json", b"{}");
    let foreign = with(
        descriptor("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", b"elsewhere"),
        json!({"urls": ["http://127.0.0.1/never-fetched"]}),
    );
    let image = json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [foreign]});
    let image = layout.document(OCI_MANIFEST, &image);
    layout.tag(image, "1");
    let plan = read(&layout.tar());
    assert_eq!((plan.blobs.len(), plan.manifests[0].parsed.layers.len()), (1, 1));
}

#[test]
fn tags_that_list_referrers_are_converted() {
    let (mut layout, index) = typical();
    let referrer = layout.entries.pop().unwrap();
    let stranger = layout.image("{}", &[b"of nobody"], json!({}));
    let list = layout.index(&[referrer.clone(), stranger.clone(), descriptor(OCI_MANIFEST, b"elsewhere")]);
    let tag = index["digest"].as_str().unwrap().replace(':', "-");
    layout.tag(list.clone(), &tag);
    let plan = read(&layout.tar());
    let listed = list["digest"].as_str().unwrap();
    assert!(planned(&plan, &listed.parse().unwrap()).is_none(), "the list itself is not taken");
    assert_eq!(tags(&plan), [("1.0.0".to_owned(), index["digest"].as_str().unwrap().to_owned())]);
    let converted = &plan.report.converted.shown[0];
    assert_eq!((&converted.tag, converted.referrers), (&tag, 2));
    let about: Vec<_> = plan.roots.iter().filter_map(|root| root.subject).collect();
    assert_eq!(about, [index["digest"].as_str().unwrap().parse().unwrap()]);
    let stranger = stranger["digest"].as_str().unwrap();
    let warning = format!("{stranger} is listed under tag {tag}, but does not name that subject itself");
    assert_eq!(plan.report.warnings.shown, [warning]);
    assert_eq!(
        (plan.report.missing.shown[0].index.as_str(), plan.report.ignored.shown.len()),
        (tag.as_str(), 0)
    );
}

#[test]
fn a_list_of_referrers_with_another_tag_stays_an_index() {
    let (mut layout, index) = typical();
    let referrer = layout.entries.pop().unwrap();
    let list = layout.index(&[referrer]);
    let tag = index["digest"].as_str().unwrap().replace(':', "-");
    layout
        .tag(list.clone(), &tag)
        .tag(list.clone(), "list")
        .tag(list.clone(), &format!("sha256-{}", "0a".repeat(32)));
    let plan = read(&layout.tar());
    let digest = list["digest"].as_str().unwrap().to_owned();
    assert!(
        tags(&plan).contains(&("list".to_owned(), digest)) && tags(&plan).len() == 2,
        "{:?}",
        tags(&plan)
    );
    assert_eq!((plan.report.converted.shown.len(), plan.manifests.len()), (1, 6));
}

#[test]
fn other_tags_of_digests_stay_tags() {
    let mut layout = one_image();
    let digest = layout.entries[0]["digest"].as_str().unwrap().replace(':', "-");
    let signature = layout.image("{}", &[b"a signature"], json!({}));
    layout.tag(signature.clone(), &format!("{digest}.sig"));
    layout.tag(signature, &digest);
    let plan = read(&layout.tar());
    let names: Vec<String> = tags(&plan).into_iter().map(|(tag, _)| tag).collect();
    assert_eq!(names, ["1.0.0".to_owned(), digest.clone(), format!("{digest}.sig")]);
    assert!(plan.report.converted.shown.is_empty());
}

#[test]
fn artifacts_are_taken() {
    let mut layout = Layout::default();
    let config = with(layout.blob(EMPTY, b"{}"), json!({"data": "e30="}));
    let file = layout.blob("text/plain", b"hello");
    let oras = json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "artifactType": "application/vnd.acme", "config": config, "layers": [file]});
    let oras = layout.document(OCI_MANIFEST, &oras);
    let zero = layout.image("{}", &[b""], json!({}));
    let none = layout.image("{}", &[], json!({}));
    let empty = layout.index(&[]);
    layout.tag(oras, "oras").tag(zero, "zero").tag(none, "none").tag(empty, "empty");
    let plan = read(&layout.tar());
    assert_eq!((plan.manifests.len(), plan.blobs.len(), tags(&plan).len()), (4, 3, 4));
    assert_eq!(plan.report.images.shown[0].artifact_type.as_deref(), Some("application/vnd.acme"));
}

#[test]
fn sha512_is_taken_where_blobs_are_named_by_it() {
    let hash = |bytes: &[u8]| format!("sha512:{}", keyway_crypto::digest::Digests::of(bytes).sha512);
    let config = json!({"mediaType": EMPTY, "digest": hash(b"{}"), "size": 2});
    let image =
        json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": []}).to_string();
    let mut layout = Layout::default();
    for bytes in [b"{}".as_slice(), image.as_bytes()] {
        layout.blobs.push((format!("blobs/{}", hash(bytes).replace(':', "/")), bytes.to_vec()));
    }
    let named = json!({"mediaType": OCI_MANIFEST, "digest": hash(image.as_bytes()), "size": image.len()});
    layout.tag(named, "1");
    let plan = read(&layout.tar());
    assert_eq!(plan.blobs[0].digest.to_string(), hash(b"{}"));
    layout.blobs[0].1 = b"[]".to_vec();
    assert!(refusal(&layout.tar()).contains("should have the digest sha512:"));
}

#[test]
fn what_belongs_to_no_image_is_reported_and_left_out() {
    let mut layout = one_image();
    layout.blob(OCI_LAYER, b"of an image that is gone");
    let mut files = layout.files();
    files.push(("notes/readme.txt".to_owned(), b"hello".to_vec()));
    files.push(("repositories".to_owned(), b"{}".to_vec()));
    let plan = read(&tar_of(&files).end());
    let unused = format!("blobs/{}", sha256(b"of an image that is gone").replace(':', "/"));
    assert_eq!(plan.report.ignored.shown, [unused, "notes/readme.txt".to_owned()]);
    assert!(!plan.blobs.iter().any(|blob| blob.digest.to_string() == sha256(b"of an image that is gone")));
}

#[test]
fn a_large_layer_streams_through() {
    let mut layout = Layout::default();
    let large: Vec<u8> = (0..9_000_000_u32).map(|at| (at % 251) as u8).collect();
    let image = layout.image("{}", &[&large], json!({}));
    layout.tag(image, "1");
    let (plan, sink) = read_within(&layout.tar(), &Limits::image());
    assert_eq!(plan.unwrap().blobs.len(), 2);
    assert!(sink.blobs[&sha256(&large)] == large);
}

#[test]
fn a_failing_sink_is_not_the_archives_fault() {
    let mut sink = Memory { fails_after: Some(1), ..Memory::default() };
    let tar = typical().0.tar();
    let error = image_archive::read(&mut std::io::Cursor::new(tar), &mut sink, &Limits::image()).unwrap_err();
    assert!(error.is_source_failure(), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_order_of_entries_does_not_matter(order in Just((0..15).collect::<Vec<usize>>()).prop_shuffle()) {
        let (layout, _) = typical();
        let files = layout.files();
        prop_assert_eq!(files.len(), order.len());
        let shuffled: Vec<_> = order.iter().map(|at| files[*at].clone()).collect();
        prop_assert_eq!(read(&tar_of(&shuffled).end()), read(&layout.tar()));
    }

    #[test]
    fn a_damaged_archive_never_makes_it_panic(at in 0..20_000_usize, byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = typical().0.tar();
        let at = at % bytes.len();
        bytes[at] = byte;
        if cut { bytes.truncate(at); }
        let _ = read_within(&bytes, &Limits::image());
    }
}
