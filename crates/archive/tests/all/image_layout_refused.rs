//! OCI layouts: what is refused, and the limits.

use keyway_archive::Limits;
use keyway_archive::oci::media_type::{OCI_INDEX, OCI_LAYER, OCI_MANIFEST};
use serde_json::{Value, json};

use crate::image_writer::{
    EMPTY, Layout, descriptor, one_image, read, read_within, refusal, sha256, tar_of, with,
};

#[test]
fn an_image_that_is_not_whole_is_refused() {
    let layout = one_image();
    let image = layout.entries[0].clone();
    let without_manifest = layout.clone().drop_blob(&image).tar();
    let digest = image["digest"].as_str().unwrap();
    assert_eq!(
        refusal(&without_manifest),
        format!("{digest}, which index.json names, cannot be taken: it is not in the archive")
    );
    let without_layer = layout.clone().drop_blob(&descriptor(OCI_LAYER, b"a layer")).tar();
    let layer = sha256(b"a layer");
    assert!(
        refusal(&without_layer)
            .ends_with(&format!("cannot be taken: its blob {layer} is not in the archive"))
    );
    let mut index = Layout::default();
    let list = index.index(&[descriptor(OCI_MANIFEST, b"elsewhere")]);
    index.tag(list, "1");
    assert!(refusal(&index.tar()).ends_with("none of what it lists is in the archive"));
}

#[test]
fn references_are_counted_over_all_manifests() {
    let mut layout = Layout::default();
    let blob = layout.blob("a/b", b"{}");
    let lists: Vec<Value> = (0..11)
        .map(|at| {
            let entries = vec![blob.clone(); 9_900];
            let list =
                json!({"mediaType": OCI_INDEX, "manifests": entries, "annotations": {"at": at.to_string()}});
            layout.document(OCI_INDEX, &list)
        })
        .collect();
    for (at, list) in lists.into_iter().enumerate() {
        layout.tag(list, &format!("t{at}"));
    }
    assert_eq!(refusal(&layout.tar()), "the archive's manifests refer to more than 100000 things");
}

#[test]
fn a_blob_that_is_not_what_its_name_says_is_refused() {
    let name = sha256(b"a layer");
    for other in [b"A layer".to_vec(), vec![b'x'; 5 << 20]] {
        let mut layout = one_image();
        let hex = name.strip_prefix("sha256:").unwrap();
        layout.blobs.iter_mut().find(|(path, _)| path.ends_with(hex)).unwrap().1 = other.clone();
        let (plan, sink) = read_within(&layout.tar(), &Limits::image());
        let expected =
            format!("entry 'blobs/sha256/{hex}' should have the digest {name}, but has {}", sha256(&other));
        assert_eq!(plan.unwrap_err().to_string(), expected);
        assert!(!sink.blobs.contains_key(&sha256(&other)), "what is wrong is never called whole");
    }
}

#[test]
fn a_descriptor_that_gives_another_size_is_refused() {
    for change in [json!({"size": 6}), json!({"size": 8})] {
        let mut layout = Layout::default();
        let config = layout.blob(EMPTY, b"{}");
        let layer = with(layout.blob(OCI_LAYER, b"a layer"), change.clone());
        let image =
            json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": [layer]});
        let image = layout.document(OCI_MANIFEST, &image);
        layout.tag(image.clone(), "1");
        let (layer, image) = (sha256(b"a layer"), image["digest"].as_str().unwrap().to_owned());
        let expected =
            format!("{layer} should have {} bytes by what {image} says, but has 7", change["size"]);
        assert_eq!(refusal(&layout.tar()), expected);
    }
    let mut layout = one_image();
    layout.entries[0]["size"] = json!(1);
    assert!(refusal(&layout.tar()).contains("should have 1 bytes by what index.json says, but has "));
}

#[test]
fn indexes_are_nested_four_deep_at_most() {
    let nested = |levels: usize| {
        let mut layout = one_image();
        let image = layout.entries.pop().unwrap();
        let top = (0..levels).fold(image, |below, _| layout.index(&[below]));
        layout.tag(top, "1");
        layout
    };
    assert_eq!(read(&nested(4).tar()).manifests.len(), 5);
    assert_eq!(refusal(&nested(5).tar()), "indexes are nested more than 4 deep");
    // The same depth, when what lies below was seen before.
    let mut twice = nested(4);
    let deep = twice.entries[0].clone();
    let around = twice.index(&[deep]);
    twice.tag(around, "2");
    assert_eq!(refusal(&twice.tar()), "indexes are nested more than 4 deep");
}

#[test]
fn documents_that_cannot_be_read_are_named() {
    let named = |bytes: &[u8], media_type: &str| {
        let mut layout = Layout::default();
        let document = layout.blob(media_type, bytes);
        layout.tag(document, "1");
        refusal(&layout.tar())
    };
    let image = json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": descriptor(EMPTY, b"{}"), "layers": []});
    let text = image.to_string();
    let path = |bytes: &[u8]| format!("blobs/{}", sha256(bytes).replace(':', "/"));
    let expected = format!(
        "{}: the manifest is sent as '{OCI_INDEX}', but its own mediaType is '{OCI_MANIFEST}'",
        path(text.as_bytes())
    );
    assert_eq!(named(text.as_bytes(), OCI_INDEX), expected);
    let both = with(image, json!({"manifests": []})).to_string();
    assert!(named(both.as_bytes(), OCI_MANIFEST).ends_with("but has 'manifests'"));
    let twice = br#"{"mediaType":"","config":{},"config":{}}"#;
    assert!(named(twice, OCI_MANIFEST).contains("key 'config' appears twice"));
    assert!(named(b"no document", OCI_MANIFEST).contains("not a document of the kind that is wanted"));
    let large = format!("{{\"mediaType\":\"{OCI_INDEX}\",\"manifests\":[]{}}}", " ".repeat(4 << 20));
    assert!(named(large.as_bytes(), OCI_INDEX).ends_with("is larger than 4194304 bytes"));
}

#[test]
fn the_layouts_own_files_are_checked() {
    let with_file = |name: &str, content: &[u8]| {
        let mut files = one_image().files();
        files.iter_mut().find(|(path, _)| path == name).unwrap().1 = content.to_vec();
        refusal(&tar_of(&files).end())
    };
    assert!(
        with_file("oci-layout", br#"{"imageLayoutVersion":"2.0.0"}"#).contains("does not give a version 1")
    );
    assert!(with_file("oci-layout", b"{}{}").starts_with("oci-layout: invalid JSON"));
    assert!(with_file("index.json", b"[]").starts_with("index.json: invalid JSON"));
    assert!(
        with_file("index.json", br#"{"schemaVersion":2,"config":{"mediaType":"a/b","size":1,"digest":"x"}}"#)
            .starts_with("index.json: the manifest")
    );
    assert_eq!(
        with_file("index.json", br#"{"schemaVersion":2,"manifests":[]}"#),
        "'index.json' names no image"
    );
    let without_index: Vec<_> =
        one_image().files().into_iter().filter(|(path, _)| path != "index.json").collect();
    assert_eq!(refusal(&tar_of(&without_index).end()), "'index.json' is missing");
}

#[test]
fn documents_in_memory_are_bounded() {
    let mut layout = one_image();
    let first: Vec<_> = layout.blobs.drain(..).collect();
    for at in 0..17 {
        let junk = format!("{{\"mediaType\":{at}{}}}", " ".repeat((4 << 20) - 20));
        layout.blob("a/b", junk.as_bytes());
    }
    layout.blobs.extend(first);
    assert_eq!(refusal(&layout.tar()), "the archive's manifests take more than 67108864 bytes together");
}
