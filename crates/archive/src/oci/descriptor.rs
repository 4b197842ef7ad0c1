//! Descriptors: what a manifest refers to.

use keyway_base::ContentDigest;

use super::media_type;
use super::object::Object;
use crate::ArchiveError;

/// A reference to a blob or to another manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Descriptor {
    /// What it is.
    pub media_type: String,
    /// Its digest.
    pub digest: ContentDigest,
    /// Its size in bytes.
    pub size: u64,
    /// The platform it is for: `os/arch` or `os/arch/variant`.
    pub platform: Option<String>,
    /// Its annotations, in order.
    pub annotations: Vec<(String, String)>,
}

const KNOWN: [&str; 8] =
    ["mediaType", "digest", "size", "platform", "urls", "annotations", "artifactType", "data"];

impl Descriptor {
    pub(super) fn read(object: Object<'_>) -> Result<Self, ArchiveError> {
        object.refuse_letter_case(&KNOWN)?;
        let media_type = object.required("mediaType", object.text("mediaType")?)?;
        if !media_type::is_well_formed(media_type) {
            return Err(object.wrong("mediaType", "a media type"));
        }
        let digest = object.required("digest", object.text("digest")?)?;
        let digest = digest.parse().map_err(|_| object.wrong("digest", "a sha256 or sha512 digest"))?;
        let size = object.required("size", object.get("size"))?;
        let size = size.as_u64().filter(|size| i64::try_from(*size).is_ok());
        let annotations = object.texts("annotations")?.into_iter();
        Ok(Self {
            media_type: media_type.to_owned(),
            digest,
            size: size.ok_or_else(|| object.wrong("size", "a number of bytes"))?,
            platform: platform(object)?,
            annotations: annotations.map(|(name, text)| (name.to_owned(), text.to_owned())).collect(),
        })
    }

    /// Whether a registry is to have the bytes: not so of the layers that clients fetch from their makers.
    pub fn is_distributable(&self) -> bool {
        media_type::is_distributable(&self.media_type)
    }

    /// The annotation of this name.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        self.annotations.iter().find(|(own, _)| own == name).map(|(_, text)| text.as_str())
    }
}

fn platform(object: Object<'_>) -> Result<Option<String>, ArchiveError> {
    let Some(platform) = object.object("platform")? else { return Ok(None) };
    let (os, architecture) = (platform.text("os")?, platform.text("architecture")?);
    let Some((os, architecture)) = os.zip(architecture) else { return Ok(None) };
    let text = match platform.text("variant")? {
        None => format!("{os}/{architecture}"),
        Some(variant) => format!("{os}/{architecture}/{variant}"),
    };
    if text.len() > 255 || text.chars().any(char::is_control) {
        return Err(object.wrong("platform", "a platform"));
    }
    Ok(Some(text))
}
