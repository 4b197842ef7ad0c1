//! Signatures are checked when they come, before or after what was signed.

use std::io::Cursor;

use keyway_engine::testing::{EchoSigner, digests};
use keyway_engine::{Engine as _, Manifest, Upload};
use keyway_engine_tauri::TauriEngine;

const VENDOR: &str = include_str!("../minisign/vendor.pub");
const VERSIONED: &str = include_str!("../minisign/1.1.0.sig");
const UNVERSIONED: &str = include_str!("../minisign/unversioned.sig");
const LEGACY: &str = include_str!("../minisign/legacy.sig");
const OTHER: &str = include_str!("../minisign/other.sig");

/// An upload to release 1.1.0 of a package with the vendor's key.
struct Sent<'a> {
    filename: &'a str,
    bytes: &'a str,
    version: &'a str,
    signature: Option<&'a str>,
    key: Option<&'a str>,
    companion: &'a [Manifest],
}

impl Default for Sent<'_> {
    fn default() -> Self {
        let (filename, bytes, version) = ("Acme.AppImage", "the app", "1.1.0");
        Self { filename, bytes, version, signature: None, key: Some(VENDOR), companion: &[] }
    }
}

impl<'a> Sent<'a> {
    fn signature(bytes: &'a str) -> Self {
        Self { filename: "Acme.AppImage.sig", bytes, ..Self::default() }
    }

    fn taken(&self) -> Result<Vec<Manifest>, String> {
        let mut upload = Upload {
            filename: self.filename,
            package_key: "acme",
            version: self.version,
            size: self.bytes.len() as u64,
            digests: &digests(),
            body: &mut Cursor::new(self.bytes),
            signature: self.signature,
            public_key: self.key,
            companion: self.companion,
            signer: &EchoSigner,
        };
        TauriEngine.ingest(&mut upload).map(|ingested| ingested.manifests).map_err(|reject| reject.0)
    }

    fn refused(&self) -> String {
        self.taken().unwrap_err()
    }
}

#[test]
fn a_signature_is_kept_as_the_updater_wants_it() {
    let kept = Sent::signature(VERSIONED).taken().unwrap();
    let [manifest] = kept.as_slice() else { panic!("{kept:?}") };
    assert_eq!(manifest.kind, "minisign");
    let encoded = std::str::from_utf8(&manifest.bytes).unwrap();
    assert_eq!(Sent::signature(encoded).taken().unwrap(), kept, "what is encoded stays as it is");
    for text in [UNVERSIONED, LEGACY] {
        assert!(Sent::signature(text).taken().is_ok(), "{text}");
    }
    for key in [None, Some("RWRlIeK3x7qQeiEeKI5Yim+Z2OnUnlFY1V4LDGk9ZG09DmiY+V/N1XL2")] {
        assert!(Sent { key, ..Sent::signature(VERSIONED) }.taken().is_ok());
    }
}

#[test]
fn a_wrong_signature_is_refused_with_what_is_wrong() {
    assert_eq!(
        Sent::signature(OTHER).refused(),
        "Acme.AppImage.sig was made by the key 3D4D2B37067D7120, but the registered key \
         (metadata.tauriPublicKey) is 7A90BAC7B7E22165"
    );
    assert_eq!(
        Sent { version: "1.2.0", ..Sent::signature(VERSIONED) }.refused(),
        "Acme.AppImage.sig was made for version 1.1.0, but the release is 1.2.0: updaters would refuse the file"
    );
    let forged = VERSIONED.replace("version:1.1.0", "version:1.2.0");
    assert_eq!(
        Sent { version: "1.2.0", ..Sent::signature(&forged) }.refused(),
        "the trusted comment of Acme.AppImage.sig was changed after the key 7A90BAC7B7E22165 signed it"
    );
    assert_eq!(
        Sent::signature("RWRlIeK3x7qQ").refused(),
        "Acme.AppImage.sig is no signature of minisign, nor one in base64 as `tauri signer sign` writes it"
    );
    let key = Some("no key");
    assert_eq!(
        Sent { key, ..Sent::signature(VERSIONED) }.refused(),
        "metadata.tauriPublicKey of the package, or of its product, is no minisign public key"
    );
    assert!(
        Sent { version: "1.2.0", key: None, ..Sent::signature(VERSIONED) }.taken().is_err(),
        "without a key too"
    );
}

#[test]
fn bytes_and_signature_come_in_any_order() {
    let app = Sent::default().taken().unwrap();
    let signature = Sent::signature(VERSIONED).taken().unwrap();
    let other_app = Sent { bytes: "another", ..Sent::default() };
    let other_kept = other_app.taken().unwrap();
    assert_eq!(app[0].kind, "blake2b");

    assert!(Sent { companion: &app, ..Sent::signature(VERSIONED) }.taken().is_ok());
    assert!(Sent { companion: &signature, ..Sent::default() }.taken().is_ok());
    let text = "Acme.AppImage.sig is by the key 7A90BAC7B7E22165, but not of the bytes of Acme.AppImage that were \
                uploaded: sign that very file. \
                To replace both of a draft, delete the other one first";
    assert_eq!(Sent { companion: &other_kept, ..Sent::signature(VERSIONED) }.refused(), text);
    assert_eq!(Sent { companion: &signature, ..other_app }.refused(), text);
    assert!(Sent { companion: &other_kept, ..Sent::signature(LEGACY) }.taken().is_ok(), "it cannot be told");
}

#[test]
fn a_signature_in_the_attribute_is_checked_too() {
    let signed = |signature, bytes| Sent { signature: Some(signature), bytes, ..Sent::default() };
    assert!(signed(VERSIONED, "the app").taken().is_ok());
    assert!(signed(" ", "the app").taken().is_ok());
    assert!(signed(VERSIONED, "another").refused().starts_with("its signature attribute is by the key"));
    assert!(signed(OTHER, "the app").refused().starts_with("its signature attribute was made by the key"));
    assert!(signed("ed25519ph", "the app").refused().starts_with("its signature attribute is no signature"));
    let later = Sent { version: "2.0.0", ..signed(VERSIONED, "the app") };
    assert!(later.refused().starts_with("its signature attribute was made for version 1.1.0"));
    let spelled = Sent { version: "1.1.0+b", ..signed(VERSIONED, "the app") };
    assert!(spelled.taken().is_err(), "build metadata counts, as it does for the updater");
}

#[test]
fn names_that_mean_more_than_a_file_are_refused() {
    for filename in [
        "../Acme.exe",
        "a/b.exe",
        "a\\b.exe",
        "a\"b.exe",
        "a%PATH%.exe",
        "$x.exe",
        "`x`.exe",
        "a\nb.exe",
        ".exe",
    ] {
        let text = Sent { filename, ..Sent::default() }.refused();
        assert!(text.contains("cannot be offered to updaters"), "{filename}: {text}");
    }
    for filename in ["Acme +1 ü.exe", "Acme's (1).exe"] {
        assert!(Sent { filename, ..Sent::default() }.taken().is_ok(), "{filename}");
    }
}

#[test]
fn a_file_and_its_signature_belong_together() {
    for (one, other) in [("Acme.AppImage", "Acme.AppImage.sig"), ("a.sig", "a"), ("a", "a.sig")] {
        assert_eq!(TauriEngine.companion(one).as_deref(), Some(other));
    }
}
