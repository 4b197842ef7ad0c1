//! Texts as minisign 0.11 made them.

use blake2::{Blake2b512, Digest as _};
use proptest::prelude::*;

use super::*;

const VENDOR: &str = include_str!("../../tests/minisign/vendor.pub");
const OTHER: &str = include_str!("../../tests/minisign/other.pub");
const VERSIONED: &str = include_str!("../../tests/minisign/1.1.0.sig");
const LEGACY: &str = include_str!("../../tests/minisign/legacy.sig");

fn key(text: &str) -> PublicKey {
    PublicKey::read(text).unwrap()
}

#[test]
fn a_signature_is_read_with_and_without_base64() {
    let plain = Signature::read(VERSIONED).unwrap();
    assert_eq!(plain.version(), Some("1.1.0"));
    assert_eq!(plain.trusted_comment, "timestamp:1767323045\tfile:Acme.AppImage\tversion:1.1.0");
    assert!(plain.prehashed);
    assert_eq!(plain.key.to_string(), "7A90BAC7B7E22165");
    assert_eq!(Signature::read(&format!(" {}\n", STANDARD.encode(VERSIONED))), Some(plain.clone()));
    assert_eq!(Signature::read(&plain.encoded()), Some(plain));
    let windows = VERSIONED.replace('\n', "\r\n");
    assert_eq!(Signature::read(&windows).unwrap().version(), Some("1.1.0"));
}

#[test]
fn what_is_no_signature_is_none() {
    let cut = VERSIONED.rsplit_once("trusted").unwrap().0;
    let twice = STANDARD.encode(STANDARD.encode(VERSIONED));
    for text in
        ["", "a2V5", VENDOR, cut, &twice, &VERSIONED.replace("RUR", "RVR"), "untrusted comment: x\n\n\n"]
    {
        assert_eq!(Signature::read(text), None, "{text}");
    }
}

#[test]
fn a_key_is_read_in_each_form() {
    let line = VENDOR.lines().nth(1).unwrap();
    for text in [VENDOR, line, &STANDARD.encode(VENDOR), &VENDOR.replace('\n', "\r\n")] {
        assert_eq!(key(text).id.to_string(), "7A90BAC7B7E22165", "{text}");
    }
    assert_eq!(PublicKey::read(VERSIONED), None);
    assert_eq!(PublicKey::read("untrusted comment: no key"), None);
    assert_eq!(PublicKey::read(""), None);
}

#[test]
fn a_signature_is_of_one_file_by_one_key() {
    let (signature, legacy) = (Signature::read(VERSIONED).unwrap(), Signature::read(LEGACY).unwrap());
    let (app, changed) = (Blake2b512::digest("the app"), Blake2b512::digest("another"));
    let (vendor, other) = (key(VENDOR), key(OTHER));
    assert!(signature.comment_is_by(&vendor) && legacy.comment_is_by(&vendor));
    assert!(!signature.comment_is_by(&other));
    assert_eq!(signature.is_of(&vendor, &app), Some(true));
    assert_eq!(signature.is_of(&vendor, &changed), Some(false));
    assert_eq!(signature.is_of(&other, &app), Some(false));
    assert_eq!(legacy.is_of(&vendor, &app), None, "of the file itself");
    let renamed = VERSIONED.replace("version:1.1.0", "version:9.9.9");
    assert!(!Signature::read(&renamed).unwrap().comment_is_by(&vendor));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_read_reads_back(text in "(untrusted comment: \\PC{0,9}\n)?[A-Za-z0-9+/=]{0,120}\n?\\PC{0,20}\n\\PC{0,90}") {
        if let Some(signature) = Signature::read(&text) {
            prop_assert_eq!(Signature::read(&signature.encoded()), Some(signature));
        }
    }
}
