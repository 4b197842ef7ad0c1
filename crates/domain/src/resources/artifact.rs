//! Artifacts (`distribution.md` §5.3): the files of a release, the manifests that engines took from them, and
//! uploads in parts that are under way.

use keyway_jsonapi::{
    Alias, Attribute, Filter, QueryValue, Relation, Roles, Scope, Shape, resource, text_enum,
};

text_enum! {
    /// Where an upload stands (`distribution.md` §8).
    ArtifactStatus {
        /// No bytes yet.
        Waiting = "WAITING",
        /// Bytes are here and are being read.
        Processing = "PROCESSING",
        /// Ready.
        Uploaded = "UPLOADED",
        /// Refused; `metadata`-independent reason in `failure`.
        Failed = "FAILED",
        /// On its way out.
        Yanked = "YANKED",
    }
}

/// 5 TiB: the largest upload in parts. What one request may bring is less ([`crate::parts::LARGEST_WHOLE`]).
const MAX_SIZE: i64 = 5 << 40;

resource! {
    /// A file of a release. Digests and `content_*` are what we found; `filesize`, `checksum`, `signature` are
    /// what the vendor said.
    Artifact (kind: "artifacts", name: "release artifact", noun: "artifact", table: "artifacts") {
        /// The release.
        release_id: keyway_base::ReleaseId,
        /// The name; may contain `/`.
        filename: String,
        /// Lower-case, without the dot.
        filetype: Option<String>,
        /// Declared size in bytes.
        filesize: Option<i64>,
        /// Lower-case key.
        platform: Option<String>,
        /// Lower-case key.
        arch: Option<String>,
        /// Opaque text of the vendor.
        signature: Option<String>,
        /// Opaque text of the vendor; verified when it is a digest that we know.
        checksum: Option<String>,
        /// Where the upload stands.
        status: ArtifactStatus,
        /// Why it failed, in words for the vendor.
        failure: Option<String>,
        /// The blob that holds the bytes.
        blob_key: Option<String>,
        /// The size that we counted.
        content_length: Option<i64>,
        /// The media type that we found.
        content_type: Option<String>,
        /// Computed.
        md5: Option<Vec<u8>>,
        /// Computed.
        sha1: Option<Vec<u8>>,
        /// Computed.
        sha256: Option<Vec<u8>>,
        /// Computed.
        sha512: Option<Vec<u8>>,
        /// Free-form.
        metadata: serde_json::Value,
    }
    attributes: [
        Attribute::text("filename", 255).required().write(Roles::ALL, Roles::NONE),
        Attribute::text("filetype", 255).nullable().blank().write(Roles::ALL, Roles::NONE),
        Attribute::integer("filesize", 0, MAX_SIZE).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::text("platform", 255).nullable().blank().write(Roles::ALL, Roles::NONE),
        Attribute::text("arch", 255).nullable().blank().write(Roles::ALL, Roles::NONE),
        Attribute::text("signature", 4096).nullable().write(Roles::ALL, Roles::ALL).affects_access(),
        Attribute::text("checksum", 4096).nullable().write(Roles::ALL, Roles::ALL),
        Attribute::new("status", Shape::Text),
        Attribute::new("failure", Shape::Text),
        Attribute::metadata().write(Roles::ALL, Roles::ALL),
    ]
    relations: [Relation::one("release", "releases", "release_id").create(Roles::ALL).required()]
    aliases: [Alias::exact("filename")]
    filters: [
        Filter { name: "status", scope: |value, _| value.text().map(|text| Scope::text("status", text.to_uppercase())) },
        Filter { name: "channel", scope: |value, _| {
            super::release::channel("channel", value).map(|scope| Scope::belongs("releases", "release_id", scope))
        } },
        Filter { name: "product", scope: |value, _| product(value) },
        Filter { name: "release", scope: |value, _| release(value) },
        Filter { name: "package", scope: |value, _| {
            super::release::package("package_id", value).map(|scope| Scope::belongs("releases", "release_id", scope))
        } },
        Filter { name: "engine", scope: |value, _| {
            super::release::engine("package_id", value).map(|scope| Scope::belongs("releases", "release_id", scope))
        } },
        Filter { name: "filetype", scope: |value, _| filetype(value) },
        Filter { name: "platform", scope: |value, _| key("platform", value) },
        Filter { name: "arch", scope: |value, _| key("arch", value) },
    ]
    events: [
        "created", "updated", "deleted", "downloaded", "uploaded", "upload.processing", "upload.succeeded",
        "upload.failed",
    ]
}

/// A key as it is stored; blank means "has none".
fn key(column: &'static str, value: &QueryValue) -> Option<Scope> {
    let QueryValue::Text(text) = value else { return None };
    let text = text.trim();
    Some(if text.is_empty() { Scope::IsNull(column) } else { Scope::text(column, text) })
}

/// In any case, leading dot tolerated; blank means "has none".
fn filetype(value: &QueryValue) -> Option<Scope> {
    let QueryValue::Text(text) = value else { return None };
    let text = text.trim().to_lowercase();
    key("filetype", &QueryValue::Text(text.strip_prefix('.').unwrap_or(&text).to_owned()))
}

/// By id or code.
fn product(value: &QueryValue) -> Option<Scope> {
    let text = value.text()?;
    let product = match text.parse::<keyway_base::RecordId>() {
        Ok(id) => Scope::id("product_id", id),
        Err(_) => Scope::belongs("products", "product_id", Scope::text("code", text)),
    };
    Some(Scope::belongs("releases", "release_id", product))
}

/// By id, version or tag.
fn release(value: &QueryValue) -> Option<Scope> {
    let text = value.text()?;
    Some(match text.parse::<keyway_base::RecordId>() {
        Ok(id) => Scope::id("release_id", id),
        Err(_) => Scope::belongs(
            "releases",
            "release_id",
            Scope::text("version", text).or(Scope::text("tag", text)),
        ),
    })
}

resource! {
    /// What an engine took from an artifact and wants back at render time. Not part of the API.
    Manifest (kind: "manifests", name: "release manifest", noun: "manifest", table: "manifests") {
        /// The release, so that a package's manifests are one query.
        release_id: keyway_base::ReleaseId,
        /// The artifact.
        artifact_id: keyway_base::ArtifactId,
        /// The engine's name for it.
        kind: String,
        /// Its bytes.
        content: Vec<u8>,
    }
    attributes: []
    relations: []
}

resource! {
    /// An upload in parts that is not complete. Not part of the API.
    PartUpload (kind: "part-uploads", name: "upload in parts", noun: "upload", table: "part_uploads") {
        /// The artifact that waits for the file.
        artifact_id: keyway_base::ArtifactId,
        /// The key that the file will have.
        blob_key: String,
        /// What the blob store calls the upload, once it was told of it.
        store_id: Option<String>,
        /// The size of the file in bytes.
        size: i64,
        /// The size of each part but the last.
        part_size: i64,
        /// When it ends, complete or not.
        expires_at: keyway_base::Timestamp,
    }
    attributes: []
    relations: []
}
