//! What docker, skopeo, podman, kaniko and others save: images without a registry manifest.

use keyway_archive::Limits;
use serde_json::{Value, json};

use crate::image_writer::{Layout, one_image, read, read_within, refusal, sha256, tags, tar_of};
use crate::tar_writer::{Header, Tar, gzip};

const LAYERS: [&[u8]; 2] = [b"the first layer", b"the second layer"];

fn config(layers: &[&[u8]]) -> String {
    let diff_ids: Vec<String> = layers.iter().map(|layer| sha256(layer)).collect();
    json!({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": diff_ids}})
        .to_string()
}

fn list(config: &str, tags: Value, layers: &[&str]) -> Value {
    json!({"Config": config, "RepoTags": tags, "Layers": layers})
}

fn link(tar: Tar, name: &str, kind: u8, target: &str) -> Tar {
    tar.block(Header::new(name, kind, 0).set(157, target.as_bytes()).sealed())
}

/// As dockerd 20.10 writes it: a directory per layer, `manifest.json` last.
fn saved(layers: &[&[u8]], list: &Value) -> Vec<u8> {
    let mut tar = Tar::default();
    for (at, layer) in layers.iter().enumerate() {
        tar = tar
            .directory(&format!("v1-{at}/"))
            .file(&format!("v1-{at}/VERSION"), b"1.0")
            .file(&format!("v1-{at}/json"), b"{}")
            .file(&format!("v1-{at}/layer.tar"), layer);
    }
    tar.file("config.json", config(layers).as_bytes())
        .file("manifest.json", list.to_string().as_bytes())
        .file("repositories", b"{}")
        .end()
}

fn typical() -> Vec<u8> {
    let image = list(
        "config.json",
        json!(["acme/app:1.0.0", "localhost:5000/app:latest"]),
        &["v1-0/layer.tar", "v1-1/layer.tar"],
    );
    saved(&LAYERS, &json!([image]))
}

/// The manifest that has to come of [`typical`], byte for byte.
fn expected() -> String {
    let config = config(&LAYERS);
    let [first, second] = LAYERS.map(sha256);
    format!(
        "{{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"config\":{{\"mediaType\":\
         \"application/vnd.oci.image.config.v1+json\",\"digest\":\"{}\",\"size\":{}}},\"layers\":[{{\"mediaType\":\
         \"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"{first}\",\"size\":15}},{{\"mediaType\":\
         \"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"{second}\",\"size\":16}}]}}",
        sha256(config.as_bytes()),
        config.len(),
    )
}

#[test]
fn a_manifest_is_made_for_what_docker_saved() {
    let (plan, sink) = read_within(&typical(), &Limits::image());
    let plan = plan.unwrap();
    assert_eq!(String::from_utf8(plan.manifests[0].bytes.clone()).unwrap(), expected());
    let digest = sha256(expected().as_bytes());
    assert_eq!(tags(&plan), [("1.0.0".to_owned(), digest.clone()), ("latest".to_owned(), digest)]);
    assert_eq!((plan.blobs.len(), plan.roots.len(), plan.report.format), (3, 1, "docker-archive"));
    assert_eq!(plan.report.images.shown[0].platforms, ["linux/amd64"]);
    assert!(plan.report.ignored.shown.is_empty(), "{:?}", plan.report.ignored);
    assert_eq!(sink.blobs[&sha256(LAYERS[0])], LAYERS[0]);
    assert_eq!(sink.blobs[&sha256(config(&LAYERS).as_bytes())], config(&LAYERS).as_bytes());
}

/// As skopeo and buildah write it: layers by their digest, and links where docker has them.
#[test]
fn links_inside_the_archive_are_followed() {
    for (kind, targets) in [(b'2', ["../0.tar", "./../1.tar"]), (b'1', ["0.tar", "1.tar"])] {
        let mut tar = link(Tar::default(), "v1-0/layer.tar", kind, targets[0]);
        tar = tar.file("0.tar", LAYERS[0]).file("1.tar", LAYERS[1]);
        tar = link(tar, "v1-1/layer.tar", kind, targets[1]).file("config.json", config(&LAYERS).as_bytes());
        let image = list("config.json", json!(["acme/app:1.0.0"]), &["v1-0/layer.tar", "v1-1/layer.tar"]);
        let plan = read(&tar.file("manifest.json", json!([image]).to_string().as_bytes()).end());
        assert_eq!(plan.manifests[0].bytes, expected().as_bytes());
    }
}

#[test]
fn links_to_elsewhere_are_refused() {
    let table = [
        (b'2', "../../x.tar", "is a link to a place outside the archive"),
        (b'2', "/etc/passwd", "is a link to a place outside the archive"),
        (b'2', "", "is a link to a place outside the archive"),
        (b'1', "../x.tar", "is a link to a place outside the archive"),
        (b'2', "nothing.tar", "is a link to nothing in the archive"),
        (b'2', "other.tar", "is a link to nothing in the archive"),
        (b'2', "layer.tar", "is a link to nothing in the archive"),
    ];
    for (kind, target, expected) in table {
        let tar = link(Tar::default(), "v1/other.tar", b'2', "../x.tar").file("x.tar", LAYERS[0]);
        let tar =
            link(tar, "v1/layer.tar", kind, target).file("config.json", config(&LAYERS[..1]).as_bytes());
        let image = list("config.json", json!(null), &["v1/layer.tar"]);
        let error = refusal(&tar.file("manifest.json", json!([image]).to_string().as_bytes()).end());
        assert_eq!(error, format!("entry 'v1/layer.tar' {expected}"), "{target}");
    }
    let content = Tar::default().entry("v1/layer.tar", b'2', b"content").end();
    assert_eq!(refusal(&content), "entry 'v1/layer.tar' is a link with content");
    let twice = link(link(Tar::default(), "a.tar", b'2', "x.tar"), "a.tar", b'2', "y.tar").end();
    assert_eq!(refusal(&twice), "entry 'a.tar' is in the archive twice, with different content");
    let layout = link(tar_of(&one_image().files()), "v1/layer.tar", b'2', "../oci-layout").end();
    assert_eq!(refusal(&layout), "entry 'v1/layer.tar' is a symbolic link");
}

/// As kaniko, Bazel and crane write it: compressed layers, the configuration named by its digest.
#[test]
fn compressed_layers_are_known_by_their_bytes() {
    let gz = gzip(LAYERS[0]);
    let zst = zstd::encode_all(LAYERS[1], 3).unwrap();
    let config = config(&LAYERS);
    let name = sha256(config.as_bytes());
    let image = list(&name, json!(["app:v1"]), &["a.tar.gz", "b.tar.zst"]);
    let tar = Tar::default().file(&name, config.as_bytes()).file("a.tar.gz", &gz).file("b.tar.zst", &zst);
    let plan = read(&tar.file("manifest.json", json!([image]).to_string().as_bytes()).end());
    let layers = &plan.manifests[0].parsed.layers;
    let types: Vec<&str> = layers.iter().map(|layer| layer.media_type.rsplit('.').next().unwrap()).collect();
    assert_eq!(types, ["tar+gzip", "tar+zstd"]);
    assert_eq!(layers[0].digest.to_string(), sha256(&gz));
}

#[test]
fn several_images_share_layers() {
    let other = config(&LAYERS[..1]).replace("amd64", "arm64");
    let images = json!([
        list("config.json", json!(["acme/app:1"]), &["v1-0/layer.tar", "v1-1/layer.tar"]),
        list("other.json", json!(["acme/app:2", "acme/app"]), &["v1-0/layer.tar"]),
        list("config.json", json!(["acme/app:3"]), &["v1-0/layer.tar", "v1-1/layer.tar"]),
    ]);
    let mut bytes = Tar(saved(&LAYERS, &images));
    bytes.0.truncate(bytes.0.len() - 1024);
    let plan = read(&bytes.file("other.json", other.as_bytes()).end());
    assert_eq!((plan.manifests.len(), plan.blobs.len(), plan.roots.len()), (2, 4, 2));
    let names: Vec<String> = tags(&plan).into_iter().map(|(tag, _)| tag).collect();
    assert_eq!(names, ["1", "2", "3"]);
    assert_eq!(plan.roots[0].tags, ["1", "3"]);
    assert_eq!(plan.report.warnings.shown, ["the name 'acme/app' has no tag in it"]);
}

/// As docker 25 and later write it: both at once. The layout has the manifests that were pushed elsewhere.
#[test]
fn a_layout_wins_over_manifest_json() {
    let layout: Layout = one_image();
    let mut files = layout.files();
    files.push((
        "manifest.json".to_owned(),
        b"[{\"Config\":\"blobs/sha256/00\",\"RepoTags\":[\"a:2\"],\"Layers\":[]}]".to_vec(),
    ));
    files.push(("repositories".to_owned(), b"{}".to_vec()));
    assert_eq!(read(&tar_of(&files).end()), read(&layout.tar()));
}

#[test]
fn what_manifest_json_names_has_to_be_there_and_to_agree() {
    let both = ["v1-0/layer.tar", "v1-1/layer.tar"];
    let with = |list: Value| refusal(&saved(&LAYERS, &list));
    let one = |config: &str, layers: &[&str]| with(json!([list(config, json!([]), layers)]));
    let table = [
        (one("other.json", &both), "manifest.json names 'other.json' as a configuration, which is not in the archive".to_owned()),
        (one("config.json", &[both[0], "v1-2/layer.tar"]), "manifest.json names 'v1-2/layer.tar' as a layer, which is not in the archive".to_owned()),
        (one("config.json", &[both[0], "../etc/passwd"]), "manifest.json names '../etc/passwd' as a layer, which is not in the archive".to_owned()),
        (one("config.json", &[both[0], "v1-1/VERSION"]), "manifest.json names 'v1-1/VERSION' as a layer, but its name does not end in .tar, .tar.gz, .tgz or .tar.zst".to_owned()),
        (one("config.json", &both[..1]), "manifest.json gives 1 layers for 'config.json', whose rootfs has 2".to_owned()),
        (one("v1-0/json", &both), "manifest.json gives 2 layers for 'v1-0/json', whose rootfs has 0".to_owned()),
        (
            one("config.json", &[both[1], both[0]]),
            format!("layer 'v1-1/layer.tar' should be '{}' by its image's configuration, but is {}", sha256(LAYERS[0]), sha256(LAYERS[1])),
        ),
        (with(json!([])), "'manifest.json' names no image".to_owned()),
        (with(json!({})), "manifest.json: invalid JSON: it is not a list of objects with Config, RepoTags and Layers".to_owned()),
        (with(json!([{"RepoTags": []}])), "manifest.json: invalid JSON: it is not a list of objects with Config, RepoTags and Layers".to_owned()),
        (with(json!([list("config.json", json!("a:1"), &both)])), "manifest.json: invalid JSON: it is not a list of objects with Config, RepoTags and Layers".to_owned()),
    ];
    for (error, expected) in table {
        assert_eq!(error, expected);
    }
}
