//! Stands in for the bytes that a fixture never had: a small archive around the metadata that was given, so that
//! the engine reads it as it reads an upload.

use std::io::{Cursor, Write as _};

use flate2::Compression;
use flate2::write::GzEncoder;
use keyway_crypto::account_keys::AccountKeys;
use keyway_crypto::digest::Digests;
use keyway_engine::{AnyEngine, Manifest, PackageSigner, Upload};
use serde_json::{Map, Value as Json};

use crate::SupportError;

/// What PyPI pages need to know of a file: nothing beyond its name and digest (manifests of the engine).
pub(crate) fn plain_python_file() -> Vec<Manifest> {
    let plain =
        |(kind, content): (&str, &str)| Manifest { kind: kind.to_owned(), bytes: content.as_bytes().into() };
    [("pypi.file", "{}"), ("pypi.html", "")].map(plain).into()
}

/// An upload that was never made.
pub(crate) struct StandIn {
    /// Who reads it.
    pub(crate) engine: &'static dyn AnyEngine,
    /// The artifact's file name.
    pub(crate) filename: String,
    /// The package's key.
    pub(crate) package_key: String,
    /// The release's version.
    pub(crate) version: String,
    /// The account's keys.
    pub(crate) keys: AccountKeys,
}

struct Signer<'a>(&'a AccountKeys, Vec<u8>);

impl PackageSigner for Signer<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, String> {
        self.0.sign_ecdsa_p256(message).map_err(|error| error.to_string())
    }
    fn public_key(&self) -> &[u8] {
        &self.1
    }
}

impl StandIn {
    /// What the engine keeps of an archive with this metadata in it; `None` where it keeps nothing of its kind.
    ///
    /// # Errors
    /// [`SupportError::Impossible`] with the engine's reason against it.
    pub(crate) fn manifests(&self, metadata: &str) -> Result<Option<Vec<Manifest>>, SupportError> {
        let broken = |error: std::io::Error| SupportError::Broken(error.to_string());
        let archive = match self.engine.descriptor().key {
            "npm" => self.tarball(metadata).map_err(broken)?,
            "rubygems" => gem(metadata).map_err(broken)?,
            _ => return Ok(None),
        };
        self.ingested(&self.filename, &archive).map(Some)
    }

    /// What the Python engine keeps of a file for Pythons of this kind.
    ///
    /// # Errors
    /// [`SupportError::Impossible`] with the engine's reason against it.
    pub(crate) fn python_file(&self, requires_python: &str) -> Result<Vec<Manifest>, SupportError> {
        let top = format!("{}-{}", self.package_key.to_lowercase().replace(['-', '.'], "_"), self.version);
        let archive = self.sdist(&top, requires_python);
        let archive = archive.map_err(|error| SupportError::Broken(error.to_string()))?;
        self.ingested(&format!("{top}.tar.gz"), &archive)
    }

    fn ingested(&self, filename: &str, archive: &[u8]) -> Result<Vec<Manifest>, SupportError> {
        let digests = Digests::of(archive);
        let signer = Signer(&self.keys, self.keys.ecdsa_public_der()?);
        let mut upload = Upload {
            filename,
            package_key: &self.package_key,
            version: &self.version,
            size: archive.len() as u64,
            digests: &keyway_engine::Digests {
                md5: *digests.md5.as_bytes(),
                sha1: *digests.sha1.as_bytes(),
                sha256: *digests.sha256.as_bytes(),
                sha512: *digests.sha512.as_bytes(),
            },
            body: &mut Cursor::new(archive),
            signature: None,
            public_key: None,
            companion: &[],
            signer: &signer,
        };
        let read = self.engine.ingest(&mut upload);
        read.map(|ingested| ingested.manifests).map_err(|reject| SupportError::Impossible(reject.0))
    }

    /// An npm tarball of nothing but `package.json`, which says what package and release say.
    fn tarball(&self, package_json: &str) -> std::io::Result<Vec<u8>> {
        let mut json: Map<String, Json> = serde_json::from_str(package_json).unwrap_or_default();
        json.insert("name".to_owned(), self.package_key.as_str().into());
        json.insert("version".to_owned(), self.version.as_str().into());
        let json = Json::Object(json).to_string();
        gzip(&tar(&[("package/package.json", json.as_bytes())])?)
    }

    /// A source distribution of nothing but `PKG-INFO`.
    fn sdist(&self, top: &str, requires_python: &str) -> std::io::Result<Vec<u8>> {
        let Self { package_key, version, .. } = self;
        let info = format!(
            "Metadata-Version: 2.1\nName: {package_key}\nVersion: {version}\nRequires-Python: {requires_python}\n"
        );
        gzip(&tar(&[(&format!("{top}/PKG-INFO"), info.as_bytes())])?)
    }
}

/// A gem of nothing but its gemspec.
fn gem(gemspec: &str) -> std::io::Result<Vec<u8>> {
    let metadata = gzip(gemspec.as_bytes())?;
    let data = gzip(&tar(&[])?)?;
    tar(&[("metadata.gz", &metadata), ("data.tar.gz", &data)])
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

fn tar(members: &[(&str, &[u8])]) -> std::io::Result<Vec<u8>> {
    let mut builder = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        builder.append_data(&mut header, name, *bytes)?;
    }
    builder.into_inner()
}
