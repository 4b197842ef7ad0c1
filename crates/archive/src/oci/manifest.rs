//! Manifests and indexes, read so that no two clients can see two different things in one.
//!
//! The bytes are never written anew: what is parsed here is what a registry needs to know of them.

use serde_json::Value;

use super::descriptor::Descriptor;
use super::media_type::{self, DOCKER_LIST, DOCKER_MANIFEST, OCI_ARTIFACT, OCI_INDEX, OCI_MANIFEST};
use super::object::Object;
use super::problem::{ManifestProblem, Place};
use crate::{ArchiveError, Quoted, parse_object_strict};

/// The most bytes a manifest may have; clients may expect so many to work.
pub const LIMIT: usize = 4 * 1024 * 1024;
/// The most layers of one image.
pub const LAYERS: usize = 4096;
/// The most descriptors of one document.
pub const DESCRIPTORS: usize = 10_000;
/// How deep objects and lists may be nested.
const DEPTH: usize = 32;

const KNOWN: [&str; 11] = [
    "schemaVersion",
    "mediaType",
    "artifactType",
    "config",
    "layers",
    "blobs",
    "manifests",
    "subject",
    "annotations",
    "fsLayers",
    "signatures",
];

/// What a document refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ManifestKind {
    /// Blobs: an image, or an artifact in the form of one.
    Image,
    /// Other manifests.
    Index,
}

/// What a registry needs to know of a manifest or an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedManifest {
    /// Its media type: what it is to be served as.
    pub media_type: String,
    /// What it refers to.
    pub kind: ManifestKind,
    /// What a list of referrers calls it: its own `artifactType`, or else the media type of an image's
    /// configuration; an index has its own or none.
    pub artifact_type: Option<String>,
    /// The configuration of an image.
    pub config: Option<Descriptor>,
    /// The layers of an image, or the blobs of an artifact manifest.
    pub layers: Vec<Descriptor>,
    /// The manifests of an index.
    pub manifests: Vec<Descriptor>,
    /// The manifest that this one is about.
    pub subject: Option<Descriptor>,
    /// The annotations as a JSON object of texts; none where there are none.
    pub annotations: Option<String>,
}

impl ParsedManifest {
    /// Reads a document that came with the media type `sent`, where it came with one (a `Content-Type`, or the
    /// `mediaType` of the descriptor that led to it; parameters are passed over).
    ///
    /// # Errors
    /// [`ArchiveError::Json`] where it is no strict JSON object; [`ArchiveError::Manifest`] where it is too large,
    /// contradicts its media type, or has a member that is not what it should be.
    pub fn parse(bytes: &[u8], sent: Option<&str>) -> Result<Self, ArchiveError> {
        if bytes.len() > LIMIT {
            return Err(ManifestProblem::TooLarge { limit: LIMIT }.into());
        }
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return Err(ArchiveError::Json { problem: "it begins with a byte order mark".to_owned() });
        }
        let members = parse_object_strict(bytes, DEPTH)?;
        let root = Object::root(&members);
        root.refuse_letter_case(&KNOWN)?;
        let own = root.text("mediaType")?;
        let sent =
            sent.and_then(|sent| sent.split(';').next()).map(str::trim).filter(|sent| !sent.is_empty());
        let (media_type, kind) = identify(root, sent, own)?;
        read(root, media_type, kind)
    }

    /// Everything it refers to, its subject aside.
    pub fn references(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(&self.layers).chain(&self.manifests)
    }
}

/// The media type and the kind, once they agree with what is there.
fn identify<'d>(
    root: Object<'d>,
    sent: Option<&'d str>,
    own: Option<&'d str>,
) -> Result<(&'d str, ManifestKind), ArchiveError> {
    if let (Some(sent), Some(own)) = (sent, own)
        && sent != own
    {
        return Err(ManifestProblem::media_types(sent, own).into());
    }
    let said = own.or(sent);
    refuse_old_schema(root, said)?;
    let has_index = root.get("manifests").is_some();
    let has_image = root.get("config").is_some() || root.get("layers").is_some();
    let (media_type, kind) = match said {
        Some(said @ (OCI_MANIFEST | DOCKER_MANIFEST | OCI_ARTIFACT)) => (said, ManifestKind::Image),
        Some(said @ (OCI_INDEX | DOCKER_LIST)) => (said, ManifestKind::Index),
        Some(said) if !media_type::is_well_formed(said) => {
            return Err(root.wrong("mediaType", "a media type"));
        }
        _ if has_index => (said.unwrap_or(OCI_INDEX), ManifestKind::Index),
        _ if has_image => (said.unwrap_or(OCI_MANIFEST), ManifestKind::Image),
        _ => return Err(ManifestProblem::Shapeless.into()),
    };
    let foreign: &[&'static str] = match (kind, media_type) {
        (ManifestKind::Index, _) => &["config", "layers", "blobs"],
        (ManifestKind::Image, OCI_ARTIFACT) => &["manifests", "config", "layers"],
        (ManifestKind::Image, _) => &["manifests"],
    };
    match foreign.iter().find(|key| root.get(key).is_some()) {
        Some(key) => Err(ManifestProblem::Contradiction { media_type: Quoted::new(media_type), key }.into()),
        None => Ok((media_type, kind)),
    }
}

fn refuse_old_schema(root: Object<'_>, media_type: Option<&str>) -> Result<(), ArchiveError> {
    let version = root.get("schemaVersion").map(Value::as_u64);
    if version == Some(Some(1))
        || root.get("fsLayers").is_some()
        || media_type.is_some_and(media_type::is_schema1)
    {
        return Err(ManifestProblem::Schema1.into());
    }
    match version {
        None | Some(Some(2)) => Ok(()),
        Some(_) => Err(ManifestProblem::SchemaVersion.into()),
    }
}

fn read(root: Object<'_>, media_type: &str, kind: ManifestKind) -> Result<ParsedManifest, ArchiveError> {
    let layers = if media_type == OCI_ARTIFACT { "blobs" } else { "layers" };
    if kind == ManifestKind::Index && !root.has("manifests") {
        return Err(ManifestProblem::Missing(Place::root("manifests")).into());
    }
    let (layers, manifests) = (root.objects(layers)?, root.objects("manifests")?);
    refuse_too_many("layers", layers.len(), LAYERS)?;
    let single = ["config", "subject"].into_iter().filter(|key| root.get(key).is_some()).count();
    refuse_too_many("descriptors", layers.len() + manifests.len() + single, DESCRIPTORS)?;
    let config = root.object("config")?.map(Descriptor::read).transpose()?;
    if config.is_none() && matches!(media_type, OCI_MANIFEST | DOCKER_MANIFEST) {
        return Err(ManifestProblem::Missing(Place::root("config")).into());
    }
    let own = root.text("artifactType")?;
    if own.is_some_and(|own| !media_type::is_well_formed(own)) {
        return Err(root.wrong("artifactType", "a media type"));
    }
    let artifact_type = own.or(config.as_ref().map(|config| config.media_type.as_str())).map(str::to_owned);
    Ok(ParsedManifest {
        media_type: media_type.to_owned(),
        kind,
        artifact_type,
        config,
        layers: layers.into_iter().map(Descriptor::read).collect::<Result<_, _>>()?,
        manifests: manifests.into_iter().map(Descriptor::read).collect::<Result<_, _>>()?,
        subject: root.object("subject")?.map(Descriptor::read).transpose()?,
        annotations: match root.texts("annotations")?.is_empty() {
            true => None,
            false => root.get("annotations").map(Value::to_string),
        },
    })
}

fn refuse_too_many(what: &'static str, count: usize, limit: usize) -> Result<(), ArchiveError> {
    match count <= limit {
        true => Ok(()),
        false => Err(ManifestProblem::TooMany { what, limit }.into()),
    }
}
