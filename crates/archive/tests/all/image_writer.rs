//! Writes archives of images, and takes what reading them gives.

use std::collections::HashMap;
use std::io::{self, Cursor};

use keyway_archive::oci::image_archive::PlannedManifest;
use keyway_archive::oci::media_type::{OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST};
use keyway_archive::oci::{Plan, Sink, image_archive};
use keyway_archive::{ArchiveError, Limits};
use keyway_base::{ContentAlgorithm, ContentDigest};
use keyway_crypto::digest::Digests;
use serde_json::{Value, json};

use crate::tar_writer::Tar;

/// The configuration that artifacts have for none.
pub(crate) const EMPTY: &str = "application/vnd.oci.empty.v1+json";
pub(crate) const REF_NAME: &str = "org.opencontainers.image.ref.name";

pub(crate) fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", Digests::of(bytes).sha256)
}

/// Keeps every blob in memory, and checks that it is given each as promised.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) blobs: HashMap<String, Vec<u8>>,
    /// The blob that has begun.
    pub(crate) open: Option<(ContentAlgorithm, u64, Vec<u8>)>,
    /// From how many blobs on it fails.
    pub(crate) fails_after: Option<usize>,
}

impl Sink for Memory {
    fn begin(&mut self, algorithm: ContentAlgorithm, size: u64) -> io::Result<()> {
        assert!(self.open.is_none(), "two blobs at once");
        if self.fails_after.is_some_and(|most| self.blobs.len() >= most) {
            return Err(io::Error::other("the store is full"));
        }
        self.open = Some((algorithm, size, Vec::new()));
        Ok(())
    }
    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.open.as_mut().unwrap().2.extend(bytes);
        Ok(())
    }
    fn end(&mut self, digest: &ContentDigest) -> io::Result<()> {
        let (algorithm, size, bytes) = self.open.take().unwrap();
        let digests = Digests::of(&bytes);
        let expected = match algorithm {
            ContentAlgorithm::Sha256 => format!("sha256:{}", digests.sha256),
            ContentAlgorithm::Sha512 => format!("sha512:{}", digests.sha512),
        };
        assert_eq!((digest.to_string(), size), (expected.clone(), bytes.len() as u64));
        self.blobs.insert(expected, bytes);
        Ok(())
    }
}

pub(crate) fn read_within(bytes: &[u8], limits: &Limits) -> (Result<Plan, ArchiveError>, Memory) {
    let mut sink = Memory::default();
    let plan = image_archive::read(&mut Cursor::new(bytes), &mut sink, limits);
    if let Ok(plan) = &plan {
        for blob in &plan.blobs {
            let sent = sink.blobs.get(&blob.digest.to_string()).expect("a planned blob was sent");
            assert_eq!(sent.len() as u64, blob.size);
        }
    }
    (plan, sink)
}

pub(crate) fn read(bytes: &[u8]) -> Plan {
    read_within(bytes, &Limits::image()).0.unwrap_or_else(|error| panic!("{error}"))
}

pub(crate) fn refusal(bytes: &[u8]) -> String {
    read_within(bytes, &Limits::image()).0.expect_err("it is refused").to_string()
}

/// The tags that the archive gives, each with the digest it names.
/// What a plan has of a digest.
pub(crate) fn planned<'a>(plan: &'a Plan, digest: &ContentDigest) -> Option<&'a PlannedManifest> {
    plan.manifests.iter().find(|manifest| manifest.digest == *digest)
}

pub(crate) fn tags(plan: &Plan) -> Vec<(String, String)> {
    let mut tags: Vec<_> = plan
        .roots
        .iter()
        .flat_map(|root| root.tags.iter().map(|tag| (tag.clone(), root.digest.to_string())))
        .collect();
    tags.sort();
    tags
}

pub(crate) fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media_type, "digest": sha256(bytes), "size": bytes.len()})
}

/// `base` with these members.
pub(crate) fn with(mut base: Value, members: Value) -> Value {
    base.as_object_mut().unwrap().extend(members.as_object().cloned().unwrap());
    base
}

pub(crate) fn for_platform(descriptor: Value, os: &str, architecture: &str) -> Value {
    with(descriptor, json!({"platform": {"os": os, "architecture": architecture}}))
}

/// An OCI layout that grows.
#[derive(Default, Clone)]
pub(crate) struct Layout {
    pub(crate) blobs: Vec<(String, Vec<u8>)>,
    pub(crate) entries: Vec<Value>,
}

impl Layout {
    /// Adds a blob; gives its descriptor.
    pub(crate) fn blob(&mut self, media_type: &str, bytes: &[u8]) -> Value {
        let path = format!("blobs/{}", sha256(bytes).replace(':', "/"));
        if !self.blobs.iter().any(|(known, _)| *known == path) {
            self.blobs.push((path, bytes.to_vec()));
        }
        descriptor(media_type, bytes)
    }

    pub(crate) fn document(&mut self, media_type: &str, document: &Value) -> Value {
        self.blob(media_type, document.to_string().as_bytes())
    }

    /// Adds an image of this configuration with these layers and more members.
    pub(crate) fn image(&mut self, config: &str, layers: &[&[u8]], members: Value) -> Value {
        let config = self.blob(OCI_CONFIG, config.as_bytes());
        let layers: Vec<Value> = layers.iter().map(|layer| self.blob(OCI_LAYER, layer)).collect();
        let image =
            json!({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": config, "layers": layers});
        self.document(OCI_MANIFEST, &with(image, members))
    }

    pub(crate) fn index(&mut self, manifests: &[Value]) -> Value {
        self.document(OCI_INDEX, &json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests}))
    }

    /// Lets `index.json` name a manifest.
    pub(crate) fn name(&mut self, descriptor: Value, names: Value) -> &mut Self {
        self.entries.push(with(descriptor, json!({"annotations": names})));
        self
    }

    pub(crate) fn tag(&mut self, descriptor: Value, tag: &str) -> &mut Self {
        self.name(descriptor, json!({REF_NAME: tag}))
    }

    pub(crate) fn drop_blob(&mut self, descriptor: &Value) -> &mut Self {
        let hex = descriptor["digest"].as_str().unwrap().replace(':', "/");
        self.blobs.retain(|(path, _)| !path.ends_with(&hex));
        self
    }

    /// All files, `index.json` last.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let index = json!({"schemaVersion": 2, "manifests": self.entries});
        let mut files = vec![("oci-layout".to_owned(), br#"{"imageLayoutVersion":"1.0.0"}"#.to_vec())];
        files.extend(self.blobs.iter().cloned());
        files.push(("index.json".to_owned(), index.to_string().into_bytes()));
        files
    }

    pub(crate) fn tar(&self) -> Vec<u8> {
        tar_of(&self.files()).end()
    }
}

pub(crate) fn tar_of(files: &[(String, Vec<u8>)]) -> Tar {
    files.iter().fold(Tar::default(), |tar, (path, content)| match path.len() > 100 {
        true => tar.pax(&[("path", path)]).file("long", content),
        false => tar.file(path, content),
    })
}

/// One tagged image in a layout.
pub(crate) fn one_image() -> Layout {
    let mut layout = Layout::default();
    let image = layout.image("{\"os\":\"linux\"}", &[b"a layer"], json!({}));
    layout.tag(image, "1.0.0");
    layout
}
