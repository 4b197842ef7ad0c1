//! What has to be remembered of an upload that grows, between its pieces: where it is, how far it is, and what it
//! hashes to so far.

use std::fmt;

use keyway_base::{AccountId, ContentAlgorithm};
use keyway_crypto::digest::{RunningDigest, Sha256, sha256};

use crate::BlobKey;

/// The first byte of a state's bytes. Another way to write them gets another one.
const VERSION: u8 = 1;
/// The most bytes that a state has: four for each of ten thousand parts, a name, and what is fixed.
const LONGEST: usize = 44_000;
/// The longest name that a bucket may give to an upload in parts.
#[cfg(feature = "s3")]
pub(crate) const LONGEST_ID: usize = 2048;

/// An upload that grows, as it was left. Whoever keeps it can take the upload up again, on any node and after a
/// restart.
#[derive(Clone)]
pub struct GrowthState {
    pub(crate) key: BlobKey,
    pub(crate) size: u64,
    /// Of what the place holds for good: everything on a disk, the parts in a bucket.
    pub(crate) hash: RunningDigest,
    pub(crate) place: Place,
}

/// Where the bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// There are none yet.
    Nowhere,
    /// In the file that has the key's name.
    Disk,
    /// In a bucket.
    Bucket(Box<InBucket>),
}

/// What a bucket holds of an upload: parts, and what is too small to be one as an object of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct InBucket {
    /// The key that the parts are to become an object of, and what the bucket calls their upload.
    pub(crate) multipart: Option<(BlobKey, String)>,
    /// How many bytes the parts have.
    pub(crate) sent: u64,
    /// Which parts there are, and not those that somebody else sent in their stead.
    pub(crate) seal: Seal,
    /// The object with the bytes behind the parts.
    pub(crate) tail: Option<BlobKey>,
    /// The one before it, which goes once this state has been kept.
    pub(crate) replaced: Option<BlobKey>,
}

/// Which parts an upload has, far shorter than their tags are. A bucket may have several of one number: what was
/// sent before a crash, or by somebody else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seal {
    /// What finds each part again.
    marks: Vec<Mark>,
    /// A digest over the tags of all, in their order.
    digest: Sha256,
}

/// The beginning of the digest of a part's tag.
type Mark = [u8; 4];

/// Bytes that are not the state of an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the state of an upload")]
pub struct GrowthStateError;

impl GrowthState {
    pub(crate) fn new(account: AccountId, algorithm: ContentAlgorithm) -> Self {
        let hash = RunningDigest::new(algorithm);
        Self { key: BlobKey::random(account), size: 0, hash, place: Place::Nowhere }
    }

    /// Names the upload, from its beginning to its end; the blob that it becomes has another key.
    pub const fn key(&self) -> BlobKey {
        self.key
    }
    /// How many bytes are safe.
    pub const fn size(&self) -> u64 {
        self.size
    }
    /// The digest that is computed.
    pub const fn algorithm(&self) -> ContentAlgorithm {
        self.hash.algorithm()
    }

    /// The state as bytes: a few hundred, and in a bucket four for each part. They tell of the content: no client may
    /// see them.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        put(&mut bytes, self.key.to_string().as_bytes());
        put(&mut bytes, &self.size.to_be_bytes());
        put(&mut bytes, self.algorithm().as_str().as_bytes());
        put(&mut bytes, &self.hash.state());
        match &self.place {
            Place::Nowhere => put(&mut bytes, b"nowhere"),
            Place::Disk => put(&mut bytes, b"disk"),
            Place::Bucket(held) => {
                put(&mut bytes, b"bucket");
                held.write(&mut bytes);
            }
        }
        bytes
    }

    /// Reads what [`GrowthState::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`GrowthStateError`] for everything else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, GrowthStateError> {
        read(bytes).filter(|state| state.to_bytes() == bytes).ok_or(GrowthStateError)
    }
}

impl fmt::Debug for GrowthState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrowthState")
            .field("key", &self.key)
            .field("size", &self.size)
            .finish_non_exhaustive()
    }
}

impl PartialEq for GrowthState {
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl Eq for GrowthState {}

impl InBucket {
    fn write(&self, bytes: &mut Vec<u8>) {
        let text = |key: Option<&BlobKey>| key.map(ToString::to_string).unwrap_or_default();
        let (object, id) = self.multipart.as_ref().map_or((None, ""), |(object, id)| (Some(object), id));
        put(bytes, text(object).as_bytes());
        put(bytes, id.as_bytes());
        put(bytes, &self.sent.to_be_bytes());
        put(bytes, self.seal.marks.as_flattened());
        put(bytes, self.seal.digest.as_bytes());
        put(bytes, text(self.tail.as_ref()).as_bytes());
        put(bytes, text(self.replaced.as_ref()).as_bytes());
    }

    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (object, id) = (key_or_none(take(bytes)?)?, text(take(bytes)?)?);
        Some(Self {
            multipart: object.map(|object| (object, id.to_owned())),
            sent: u64::from_be_bytes(take(bytes)?.try_into().ok()?),
            seal: Seal::read(bytes)?,
            tail: key_or_none(take(bytes)?)?,
            replaced: key_or_none(take(bytes)?)?,
        })
    }
}

impl Default for Seal {
    /// That of no parts.
    fn default() -> Self {
        Self { marks: Vec::new(), digest: sha256(b"") }
    }
}

impl Seal {
    fn read(bytes: &mut &[u8]) -> Option<Self> {
        let (marks, rest) = take(bytes)?.as_chunks();
        let digest = Sha256::new(take(bytes)?.try_into().ok()?);
        rest.is_empty().then(|| Self { marks: marks.to_vec(), digest })
    }
}

#[cfg(any(feature = "s3", test))]
impl Seal {
    /// How many parts there are.
    pub(crate) fn count(&self) -> u32 {
        u32::try_from(self.marks.len()).unwrap_or(u32::MAX)
    }

    /// Adds a part.
    pub(crate) fn add(&mut self, tag: &str) {
        self.marks.push(mark(tag));
        let mut bytes = self.digest.as_bytes().to_vec();
        bytes.extend_from_slice(tag.as_bytes());
        self.digest = sha256(&bytes);
    }

    /// Finds the parts of this seal among those that there are, by number; `None` when they are not all there.
    pub(crate) fn find<T>(&self, parts: Vec<T>, part: impl Fn(&T) -> (u32, &str)) -> Option<Vec<T>> {
        let mut found = Vec::with_capacity(self.marks.len());
        let mut parts = parts.into_iter();
        let mut seal = Self::default();
        for (number, wanted) in (1..).zip(&self.marks) {
            let is_it = |found: &T| part(found).0 == number && mark(part(found).1) == *wanted;
            let it = parts.find(is_it)?;
            seal.add(part(&it).1);
            found.push(it);
        }
        (seal == *self).then_some(found)
    }
}

#[cfg(any(feature = "s3", test))]
fn mark(tag: &str) -> Mark {
    *sha256(tag.as_bytes()).as_bytes().first_chunk().expect("a digest is longer than a mark")
}

/// Writes a field: its length, and then itself.
fn put(bytes: &mut Vec<u8>, field: &[u8]) {
    let length = u16::try_from(field.len()).expect("fields are bounded far below 64 KiB");
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(field);
}

/// Reads the next field.
fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk()?;
    let (field, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *bytes = rest;
    Some(field)
}

fn text(field: &[u8]) -> Option<&str> {
    std::str::from_utf8(field).ok()
}

fn key(field: &[u8]) -> Option<BlobKey> {
    text(field)?.parse().ok()
}

fn key_or_none(field: &[u8]) -> Option<Option<BlobKey>> {
    if field.is_empty() { Some(None) } else { key(field).map(Some) }
}

fn read(bytes: &[u8]) -> Option<GrowthState> {
    let (&VERSION, mut rest) = bytes.split_first().filter(|_| bytes.len() <= LONGEST)? else { return None };
    let key = key(take(&mut rest)?)?;
    let size = u64::from_be_bytes(take(&mut rest)?.try_into().ok()?);
    let algorithm = text(take(&mut rest)?)?.parse().ok()?;
    let hash = RunningDigest::from_state(algorithm, take(&mut rest)?).ok()?;
    let place = match take(&mut rest)? {
        b"nowhere" => Place::Nowhere,
        b"disk" => Place::Disk,
        b"bucket" => Place::Bucket(Box::new(InBucket::read(&mut rest)?)),
        _ => return None,
    };
    rest.is_empty().then_some(GrowthState { key, size, hash, place })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account() -> AccountId {
        "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()
    }

    fn sealed(tags: &[impl AsRef<str>]) -> Seal {
        let mut seal = Seal::default();
        tags.iter().for_each(|tag| seal.add(tag.as_ref()));
        seal
    }

    prop_compose! {
        fn held()(
            id in prop::option::of("[!-~]{1,64}"),
            sent in any::<u64>(),
            tags in prop::collection::vec("[0-9a-f]{0,8}", 0..9),
            has_tail in any::<bool>(),
            has_replaced in any::<bool>(),
        ) -> InBucket {
            let key = || BlobKey::random(account());
            InBucket {
                multipart: id.map(|id| (key(), id)),
                sent,
                seal: sealed(&tags),
                tail: has_tail.then(key),
                replaced: has_replaced.then(key),
            }
        }
    }

    prop_compose! {
        fn state()(
            algorithm in prop_oneof![Just(ContentAlgorithm::Sha256), Just(ContentAlgorithm::Sha512)],
            content in prop::collection::vec(any::<u8>(), 0..300),
            size in any::<u64>(),
            place in prop_oneof![Just(Place::Nowhere), Just(Place::Disk), held().prop_map(|held| Place::Bucket(Box::new(held)))],
        ) -> GrowthState {
            let mut state = GrowthState::new(account(), algorithm);
            state.hash.update(&content);
            GrowthState { size, place, ..state }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn states_read_back(state in state()) {
            let bytes = state.to_bytes();
            prop_assert!(bytes.len() <= LONGEST);
            let read = GrowthState::from_bytes(&bytes).unwrap();
            prop_assert!(read.place == state.place);
            prop_assert_eq!(read.hash.clone().finish(), state.hash.clone().finish());
            prop_assert_eq!((read.key(), read.size()), (state.key(), state.size()));
            prop_assert_eq!(read, state);
        }

        #[test]
        fn what_is_cut_or_goes_on_is_refused(
            state in state(),
            at in any::<prop::sample::Index>(),
            more in prop::collection::vec(any::<u8>(), 1..9),
        ) {
            let bytes = state.to_bytes();
            let cut = bytes.get(..at.index(bytes.len())).unwrap();
            prop_assert_eq!(GrowthState::from_bytes(cut), Err(GrowthStateError));
            prop_assert_eq!(GrowthState::from_bytes(&[bytes.as_slice(), &more].concat()), Err(GrowthStateError));
        }

        #[test]
        fn what_is_changed_is_refused_or_another_state(
            state in state(),
            at in any::<prop::sample::Index>(),
            by in 1..=255_u8,
        ) {
            let mut bytes = state.to_bytes();
            let at = at.index(bytes.len());
            bytes[at] ^= by;
            let read = GrowthState::from_bytes(&bytes);
            prop_assert!(read.as_ref().map_or(true, |read| *read != state), "{read:?}");
        }

        #[test]
        fn any_bytes_are_taken_without_a_fall(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let versioned = [&[VERSION], bytes.as_slice()].concat();
            prop_assert_eq!(GrowthState::from_bytes(&bytes), Err(GrowthStateError));
            prop_assert_eq!(GrowthState::from_bytes(&versioned), Err(GrowthStateError));
        }
    }

    #[test]
    fn a_seal_finds_its_parts_and_no_others() {
        let seal = sealed(&["a", "b", "c"]);
        assert_eq!(seal.count(), 3);
        let find = |parts: &[(u32, &'static str)]| seal.find(parts.to_vec(), |part| *part);
        let ours = vec![(1, "a"), (2, "b"), (3, "c")];
        assert_eq!(find(&ours).as_ref(), Some(&ours));
        let among_others = [(1, "b"), (1, "a"), (2, "x"), (2, "b"), (2, "b"), (3, "a"), (3, "c"), (4, "d")];
        assert_eq!(find(&among_others), Some(ours));
        for bad in [
            [(1, "a"), (2, "b")].as_slice(),
            &[(1, "b"), (2, "a"), (3, "c")],
            &[(1, "a"), (2, "x"), (3, "c")],
            &[(1, "a"), (3, "b"), (3, "c")],
            &[],
        ] {
            assert_eq!(find(bad), None, "{bad:?}");
        }
        assert_eq!(sealed(&[""; 0]).find(Vec::<(u32, &str)>::new(), |part| *part), Some(Vec::new()));
    }

    #[test]
    fn the_largest_upload_has_a_state() {
        let tags: Vec<String> = (0..10_000).map(|number| number.to_string()).collect();
        let place = Place::Bucket(Box::new(InBucket {
            multipart: Some((BlobKey::random(account()), "x".repeat(2048))),
            sent: u64::MAX,
            seal: sealed(&tags),
            tail: Some(BlobKey::random(account())),
            replaced: Some(BlobKey::random(account())),
        }));
        let state = GrowthState { place, ..GrowthState::new(account(), ContentAlgorithm::Sha512) };
        assert_eq!(GrowthState::from_bytes(&state.to_bytes()), Ok(state));
    }
}
