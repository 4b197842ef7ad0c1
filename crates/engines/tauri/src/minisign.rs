//! minisign's texts: signatures and public keys, in the files of minisign and in the base64 that Tauri puts around them
//! (`updaters.md` §1.3).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyway_crypto::ed25519;

/// What a line before a signature or a key begins with.
const UNTRUSTED: &str = "untrusted comment:";
/// What the line begins with that a signature covers.
const TRUSTED: &str = "trusted comment: ";

/// A signature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The file's own text.
    text: String,
    /// Whether the digest of the file was signed instead of the file.
    pub prehashed: bool,
    /// Which key made it.
    pub key: KeyId,
    signature: [u8; 64],
    /// What the signer said beside it, and signed too.
    pub trusted_comment: String,
    global: [u8; 64],
}

/// The key that signatures are checked with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// Its id.
    pub id: KeyId,
    key: [u8; 32],
}

/// What a key and its signatures share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId([u8; 8]);

impl Signature {
    /// Reads a signature: minisign's own text, or that in base64, as Tauri's tools write it.
    pub fn read(given: &str) -> Option<Self> {
        let text = unwrapped(given)?;
        let mut lines = text.lines();
        lines.next()?.strip_prefix(UNTRUSTED)?;
        let [first, second, rest @ ..] = decoded::<74>(lines.next()?)?;
        let prehashed = match [first, second] {
            [b'E', b'D'] => true,
            [b'E', b'd'] => false,
            _ => return None,
        };
        let (key, signature) = rest.split_first_chunk()?;
        let trusted_comment = lines.next()?.strip_prefix(TRUSTED)?.to_owned();
        let global = decoded(lines.next()?)?;
        let signature = signature.try_into().ok()?;
        Some(Self { prehashed, key: KeyId(*key), signature, trusted_comment, global, text })
    }

    /// As Tauri's updater wants it: the base64 of the text.
    pub fn encoded(&self) -> String {
        STANDARD.encode(&self.text)
    }

    /// The version that was signed, where the signer said one.
    pub fn version(&self) -> Option<&str> {
        self.trusted_comment.split('\t').find_map(|field| field.strip_prefix("version:"))
    }

    /// Whether the key's owner signed what is said beside the signature.
    pub fn comment_is_by(&self, key: &PublicKey) -> bool {
        let signed = [self.signature.as_slice(), self.trusted_comment.as_bytes()].concat();
        ed25519::verifies(&key.key, &signed, &self.global)
    }

    /// Whether the key's owner signed a file with this BLAKE2b digest. Not known of old signatures, which are of the
    /// file itself.
    pub fn is_of(&self, key: &PublicKey, digest: &[u8]) -> Option<bool> {
        self.prehashed.then(|| ed25519::verifies(&key.key, digest, &self.signature))
    }
}

impl PublicKey {
    /// Reads a public key: minisign's file, its second line alone, or the file in base64, as in `tauri.conf.json`.
    pub fn read(given: &str) -> Option<Self> {
        let bytes = decoded(given.trim()).or_else(|| {
            let text = unwrapped(given)?;
            let (_, line) = text.trim().split_once('\n')?;
            decoded::<42>(line.trim())
        })?;
        let (b"Ed", rest) = bytes.split_first_chunk()? else { return None };
        let (id, key) = rest.split_first_chunk()?;
        Some(Self { id: KeyId(*id), key: key.try_into().ok()? })
    }
}

impl std::fmt::Display for KeyId {
    /// As minisign writes it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016X}", u64::from_le_bytes(self.0))
    }
}

/// minisign's own text out of base64, if it is in any.
fn unwrapped(given: &str) -> Option<String> {
    if given.starts_with(UNTRUSTED) {
        return Some(given.to_owned());
    }
    String::from_utf8(STANDARD.decode(given.trim()).ok()?).ok().filter(|text| text.starts_with(UNTRUSTED))
}

fn decoded<const N: usize>(line: &str) -> Option<[u8; N]> {
    STANDARD.decode(line).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests;
