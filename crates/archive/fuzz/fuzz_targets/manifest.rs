//! Manifests and indexes of OCI and Docker.
#![no_main]

use keyway_archive::oci::{ManifestKind, ParsedManifest, manifest, media_type};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    for sent in [None, Some(media_type::OCI_MANIFEST), Some(media_type::OCI_INDEX), Some("a/b; c")] {
        let Ok(read) = ParsedManifest::parse(data, sent) else { continue };
        let of_images = read.config.is_some() || !read.layers.is_empty();
        assert!(read.manifests.is_empty() || !of_images, "one document is one thing");
        assert!(read.kind == ManifestKind::Image || !of_images);
        assert!(read.layers.len() <= manifest::LAYERS && read.references().count() <= manifest::DESCRIPTORS);
        assert!(read.media_type.bytes().all(|byte| byte.is_ascii_graphic()), "it becomes a header");
    }
});
