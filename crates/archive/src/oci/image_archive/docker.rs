//! What `docker save` wrote before it wrote OCI layouts, and what skopeo, buildah, podman, kaniko and others still
//! write: `manifest.json`, configurations, and layers by whatever name, linked to one another.
//!
//! There is no registry manifest in such an archive. One is made from what is there, of the same bytes each time, in
//! OCI's form.

use std::collections::HashMap;

use keyway_base::{ContentAlgorithm, ContentDigest};
use keyway_crypto::digest::content_digest;
use serde_json::{Map, Value, json};

use super::Sink;
use super::collect::{Collected, Held};
use super::plan::Plan;
use super::problem::ImageProblem;
use super::roots::{Found, Roots};
use crate::json::parse_strict;
use crate::oci::ParsedManifest;
use crate::oci::manifest::{DESCRIPTORS, LAYERS};
use crate::oci::media_type::{OCI_CONFIG, OCI_LAYER, OCI_LAYER_GZIP, OCI_LAYER_ZSTD, OCI_MANIFEST};
use crate::oci::reference::tag_of;
use crate::{ArchiveError, Kind, Quoted, parse_object_strict};

const LIST: &str = "manifest.json";
const DEPTH: usize = 32;

pub(super) fn plan(collected: Collected, sink: &mut dyn Sink) -> Result<Plan, ArchiveError> {
    let mut found = Found::new("docker-archive");
    let mut roots = Roots::default();
    let mut made: HashMap<ContentDigest, ContentDigest> = HashMap::new();
    for image in read_list(&collected)? {
        let config = named(&collected, &image.config, "a configuration")?;
        let digest = match made.get(&config.digest) {
            // A configuration has one list of layers, so this is the same image by other names.
            Some(digest) => *digest,
            None => found.take(make(&collected, &image, config)?)?,
        };
        made.insert(config.digest, digest);
        let (tagged, untagged): (Vec<_>, Vec<_>) =
            image.names.iter().partition(|name| tag_of(name).is_some());
        let tags = tagged.into_iter().filter_map(|name| tag_of(name)).map(str::to_owned);
        roots.add(digest, tags.collect())?;
        let words =
            untagged.into_iter().map(|name| format!("the name {} has no tag in it", Quoted::new(name)));
        found.warnings.extend(words);
    }
    found.roots = roots.of(&found.manifests);
    match found.roots.is_empty() {
        true => Err(ImageProblem::Empty(LIST).into()),
        false => found.finish(collected, sink),
    }
}

/// An image of `manifest.json`.
struct Image {
    config: String,
    layers: Vec<String>,
    names: Vec<String>,
}

fn read_list(collected: &Collected) -> Result<Vec<Image>, ArchiveError> {
    let value = parse_strict(collected.document(LIST)?, DEPTH)
        .map_err(|problem| ImageProblem::in_document(LIST, problem))?;
    let images = value.as_array().and_then(|items| items.iter().map(read_image).collect());
    images.ok_or_else(|| {
        let problem = "it is not a list of objects with Config, RepoTags and Layers".to_owned();
        ImageProblem::in_document(LIST, ArchiveError::Json { problem })
    })
}

fn read_image(value: &Value) -> Option<Image> {
    let texts = |key: &str| match value.get(key) {
        None | Some(Value::Null) => Some(Vec::new()),
        Some(value) => value.as_array()?.iter().map(|item| Some(item.as_str()?.to_owned())).collect(),
    };
    let layers: Vec<String> = texts("Layers").filter(|layers: &Vec<String>| layers.len() <= LAYERS)?;
    Some(Image { config: value.get("Config")?.as_str()?.to_owned(), layers, names: texts("RepoTags")? })
}

/// A manifest that was made.
struct Made {
    digest: ContentDigest,
    parsed: ParsedManifest,
    bytes: Vec<u8>,
    blobs: Vec<(ContentDigest, u64)>,
    platform: Option<String>,
}

impl Found {
    fn take(&mut self, made: Made) -> Result<ContentDigest, ArchiveError> {
        self.platforms.extend(made.platform.map(|platform| (made.digest, platform)));
        self.blobs.extend(made.blobs);
        self.manifests.push((made.digest, made.parsed, Some(made.bytes)));
        match self.blobs.len() + self.manifests.len() > DESCRIPTORS {
            true => Err(ImageProblem::TooMany { limit: DESCRIPTORS }.into()),
            false => Ok(made.digest),
        }
    }
}

fn make(collected: &Collected, image: &Image, held: &Held) -> Result<Made, ArchiveError> {
    let bytes = held.kept.as_deref().ok_or_else(|| collected.not_kept(held, &image.config))?;
    let config = parse_object_strict(bytes, DEPTH)
        .map_err(|problem| ImageProblem::in_document(Quoted::new(&image.config).as_str(), problem))?;
    let layers = image.layers.iter().map(|path| layer(collected, path)).collect::<Result<Vec<_>, _>>()?;
    check_layers(image, &config, &layers)?;
    let mut blobs = vec![(held.digest, held.size)];
    blobs.extend(layers.iter().map(|layer| (layer.digest, layer.size)));
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": descriptor(OCI_CONFIG, held),
        "layers": layers.iter().map(|layer| descriptor(layer_type(layer.kind), layer)).collect::<Vec<_>>(),
    });
    let bytes = manifest.to_string().into_bytes();
    let platform = |key: &str| config.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    Ok(Made {
        digest: content_digest(ContentAlgorithm::Sha256, &bytes),
        parsed: ParsedManifest::parse(&bytes, Some(OCI_MANIFEST))?,
        bytes,
        blobs,
        platform: platform("os")
            .zip(platform("architecture"))
            .map(|(os, architecture)| Quoted::new(format!("{os}/{architecture}")).as_str().to_owned()),
    })
}

fn named<'c>(collected: &'c Collected, path: &str, role: &'static str) -> Result<&'c Held, ArchiveError> {
    let problem = "which is not in the archive";
    let missing = || ImageProblem::Named { path: Quoted::new(path), role, problem }.into();
    collected.followed(path)?.ok_or_else(missing)
}

fn layer<'c>(collected: &'c Collected, path: &str) -> Result<&'c Held, ArchiveError> {
    let role = "a layer";
    let held = named(collected, path, role)?;
    match held.sent {
        true => Ok(held),
        false => {
            let problem = "but its name does not end in .tar, .tar.gz, .tgz or .tar.zst";
            Err(ImageProblem::Named { path: Quoted::new(path), role, problem }.into())
        }
    }
}

/// Layers have to be those that the configuration speaks of: it names them by the digests of their plain tars.
fn check_layers(image: &Image, config: &Map<String, Value>, layers: &[&Held]) -> Result<(), ArchiveError> {
    let diff_ids = config.get("rootfs").and_then(|rootfs| rootfs.get("diff_ids"));
    let diff_ids = diff_ids.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    if diff_ids.len() != layers.len() {
        let (layers, diff_ids) = (layers.len(), diff_ids.len());
        return Err(ImageProblem::LayerCount { config: Quoted::new(&image.config), layers, diff_ids }.into());
    }
    for ((layer, path), expected) in layers.iter().zip(&image.layers).zip(diff_ids) {
        let expected = expected.as_str().unwrap_or_default();
        let is_plain = !matches!(layer.kind, Kind::Gzip | Kind::Zstd);
        if is_plain && expected.parse() != Ok(layer.digest) {
            let (path, expected) = (Quoted::new(path), Quoted::new(expected));
            return Err(ImageProblem::OtherLayer { path, expected, got: layer.digest }.into());
        }
    }
    Ok(())
}

fn layer_type(kind: Kind) -> &'static str {
    match kind {
        Kind::Gzip => OCI_LAYER_GZIP,
        Kind::Zstd => OCI_LAYER_ZSTD,
        _ => OCI_LAYER,
    }
}

fn descriptor(media_type: &str, held: &Held) -> Value {
    json!({"mediaType": media_type, "digest": held.digest.to_string(), "size": held.size})
}
