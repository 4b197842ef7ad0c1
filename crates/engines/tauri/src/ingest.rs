//! Uploads: a signature has to be one, by the vendor's key, for this version and of these bytes. File and signature
//! come in any order: of each is kept what the other is checked against.

use std::io::Read as _;

use blake2::{Blake2b512, Digest as _};
use keyway_engine::{Ingested, Manifest, Reject, Upload};
use semver::Version;

use crate::minisign::{PublicKey, Signature};
use crate::{BLAKE2B, MINISIGN, SIGNATURE_ENDING};

/// Far more than any signature has.
const LARGEST_SIGNATURE: u64 = 16 * 1024;

/// Reads a signature, or a file that may have one.
pub(crate) fn ingest(upload: &mut Upload<'_>) -> Result<Ingested, Reject> {
    check_name(upload.filename)?;
    let key = upload.public_key.map(|text| {
        PublicKey::read(text).ok_or_else(|| {
            Reject(
                "metadata.tauriPublicKey of the package, or of its product, is no minisign public key"
                    .to_owned(),
            )
        })
    });
    let key = key.transpose()?;
    let manifest = match upload.filename.strip_suffix(SIGNATURE_ENDING) {
        Some(signed) => signature_file(upload, signed, key.as_ref())?,
        None => signed_file(upload, key.as_ref())?,
    };
    Ok(Ingested { manifests: vec![manifest] })
}

/// A name that is a path, or that a shell could take for more than a name, is put into no feed.
fn check_name(name: &str) -> Result<(), Reject> {
    let is_odd = |letter: char| letter.is_control() || "/\\\"%$`".contains(letter);
    if name.chars().any(is_odd) || name.starts_with('.') {
        return Err(Reject(format!(
            "the file name {name:?} cannot be offered to updaters: it has a slash, quote, %, $ or control character, \
             or begins with a dot"
        )));
    }
    Ok(())
}

/// `X.sig`, beside `X`.
fn signature_file(
    upload: &mut Upload<'_>,
    signed: &str,
    key: Option<&PublicKey>,
) -> Result<Manifest, Reject> {
    let mut text = String::new();
    let unread = |_| Reject(format!("{} is no text", upload.filename));
    upload.body.take(LARGEST_SIGNATURE).read_to_string(&mut text).map_err(unread)?;
    let what = upload.filename;
    let signature = Signature::read(&text).ok_or_else(|| no_signature(what))?;
    check(&signature, what, upload.version, key)?;
    let digest = upload.companion.iter().find(|manifest| manifest.kind == BLAKE2B);
    if let (Some(key), Some(digest)) = (key, digest) {
        check_bytes(&signature, what, signed, key, &digest.bytes)?;
    }
    Ok(Manifest { kind: MINISIGN.to_owned(), bytes: signature.encoded().into_bytes().into() })
}

/// `X`, with a signature in its attributes or beside it.
fn signed_file(upload: &mut Upload<'_>, key: Option<&PublicKey>) -> Result<Manifest, Reject> {
    let mut hasher = Blake2b512::new();
    std::io::copy(upload.body, &mut hasher)
        .map_err(|error| Reject(format!("the file cannot be read: {error}")))?;
    let digest = hasher.finalize();
    let filename = upload.filename;
    if let Some(text) = upload.signature.filter(|text| !text.trim().is_empty()) {
        let what = "its signature attribute";
        let signature = Signature::read(text).ok_or_else(|| no_signature(what))?;
        check(&signature, what, upload.version, key)?;
        key.map_or(Ok(()), |key| check_bytes(&signature, what, filename, key, &digest))?;
    }
    let beside = upload.companion.iter().find(|manifest| manifest.kind == MINISIGN);
    let beside = beside.and_then(|manifest| Signature::read(std::str::from_utf8(&manifest.bytes).ok()?));
    if let (Some(key), Some(signature)) = (key, beside) {
        check_bytes(&signature, &format!("{filename}{SIGNATURE_ENDING}"), filename, key, &digest)?;
    }
    Ok(Manifest { kind: BLAKE2B.to_owned(), bytes: digest.to_vec().into() })
}

fn no_signature(what: &str) -> Reject {
    Reject(format!("{what} is no signature of minisign, nor one in base64 as `tauri signer sign` writes it"))
}

/// What can be told without the file that was signed.
fn check(signature: &Signature, what: &str, version: &str, key: Option<&PublicKey>) -> Result<(), Reject> {
    if let Some(key) = key {
        if signature.key != key.id {
            return Err(Reject(format!(
                "{what} was made by the key {}, but the registered key (metadata.tauriPublicKey) is {}",
                signature.key, key.id
            )));
        }
        if !signature.comment_is_by(key) {
            return Err(Reject(format!(
                "the trusted comment of {what} was changed after the key {} signed it",
                key.id
            )));
        }
    }
    match signature.version() {
        Some(signed) if !is_same(signed, version) => Err(Reject(format!(
            "{what} was made for version {signed}, but the release is {version}: updaters would refuse the file"
        ))),
        _ => Ok(()),
    }
}

fn check_bytes(
    signature: &Signature,
    what: &str,
    filename: &str,
    key: &PublicKey,
    digest: &[u8],
) -> Result<(), Reject> {
    if signature.is_of(key, digest) == Some(false) {
        return Err(Reject(format!(
            "{what} is by the key {}, but not of the bytes of {filename} that were uploaded: sign that very file. \
             To replace both of a draft, delete the other one first",
            key.id
        )));
    }
    Ok(())
}

/// As the updater compares the two.
pub(crate) fn is_same(signed: &str, announced: &str) -> bool {
    let read = |text: &str| Version::parse(text.trim_start_matches('v'));
    match (read(signed), read(announced)) {
        (Ok(signed), Ok(announced)) => signed == announced,
        _ => signed == announced,
    }
}
