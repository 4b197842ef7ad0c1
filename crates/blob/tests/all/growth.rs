//! Uploads that grow in pieces, on a directory and in a bucket. Each node is a store of its own over the same bytes,
//! and all that goes from one to the next is a state as bytes.

use std::collections::HashSet;
use std::path::Path;

use bytes::Bytes;
use keyway_base::{AccountId, ContentAlgorithm, ContentDigest, Timestamp};
use keyway_blob::{BlobError, BlobKey, BlobStore, DiskOptions, Growing, Grown, GrowthState};
use keyway_crypto::digest::Digests;

const MIB: usize = 1 << 20;
const LIMIT: u64 = 64 << 20;
const LATER: Timestamp = Timestamp::from_micros(i64::MAX);

fn account() -> AccountId {
    "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()
}

/// Bytes that differ from block to block, and from seed to seed.
fn content(seed: usize, len: usize) -> Bytes {
    let at = |index| u8::try_from((index * 7 + index / 251 + index / MIB + seed * 31) % 256).unwrap();
    (0..len).map(at).collect()
}

fn digest(algorithm: ContentAlgorithm, content: &[u8]) -> ContentDigest {
    let digests = Digests::of(content);
    match algorithm {
        ContentAlgorithm::Sha256 => ContentDigest::Sha256(*digests.sha256.as_bytes()),
        ContentAlgorithm::Sha512 => ContentDigest::Sha512(*digests.sha512.as_bytes()),
    }
}

async fn write(growing: &mut Growing, bytes: &Bytes) -> Result<(), BlobError> {
    for from in (0..bytes.len()).step_by(100_000) {
        growing.write(bytes.slice(from..bytes.len().min(from + 100_000))).await?;
    }
    Ok(())
}

/// A piece of an upload, on a node that knows nothing but its state.
async fn piece(node: &BlobStore, state: &GrowthState, bytes: &Bytes) -> GrowthState {
    let state = GrowthState::from_bytes(&state.to_bytes()).unwrap();
    let mut growing = node.resume(state, LIMIT).await.unwrap();
    write(&mut growing, bytes).await.unwrap();
    growing.pause().await.unwrap()
}

async fn last_piece(node: &BlobStore, state: &GrowthState, bytes: &Bytes) -> Grown {
    let mut growing = node.resume(state.clone(), LIMIT).await.unwrap();
    write(&mut growing, bytes).await.unwrap();
    growing.finish().await.unwrap()
}

async fn bytes_of(node: &BlobStore, key: &BlobKey) -> Vec<u8> {
    let blob = node.read(key).await.unwrap();
    let mut stream = blob.read_range(0, blob.len());
    let mut all = Vec::new();
    while let Some(block) = stream.next().await {
        all.extend_from_slice(&block.unwrap());
    }
    all
}

/// Pieces of odd sizes, each on a node of its own, become a blob.
async fn grows_in_pieces(node: impl AsyncFn() -> BlobStore) {
    let sizes = [1, 3 * MIB + 7, 0, 6 * MIB + 1, 5 * MIB, 400_001, 11 * MIB + 3];
    for algorithm in [ContentAlgorithm::Sha256, ContentAlgorithm::Sha512] {
        let all = content(0, sizes.iter().sum());
        let (mut state, mut at) = (node().await.grow(account(), algorithm), 0);
        for size in sizes {
            state = piece(&node().await, &state, &all.slice(at..at + size)).await;
            at += size;
            assert_eq!(state.size(), at as u64);
        }
        let node = node().await;
        let grown = last_piece(&node, &state, &Bytes::new()).await;
        assert_eq!((grown.size(), *grown.digest()), (all.len() as u64, digest(algorithm, &all)));
        let named = grown.key();
        assert!(matches!(node.head(&named).await, Err(BlobError::Absent(_))), "not before it is committed");
        assert_eq!(node.commit_grown(grown).await.unwrap(), named);
        assert!(bytes_of(&node, &named).await == all, "{algorithm:?}");
        assert_eq!(node.tidy(LATER, HashSet::new()).await.unwrap(), 0, "nothing else is left");
    }
}

/// Uploads in one piece, without a break.
async fn needs_no_break(node: impl AsyncFn() -> BlobStore) {
    let node = node().await;
    for len in [0, 1, 300_000, 5 * MIB, 12 * MIB + 17] {
        let (state, all) = (node.grow(account(), ContentAlgorithm::Sha256), content(len, len));
        let grown = last_piece(&node, &state, &all).await;
        assert_eq!(*grown.digest(), digest(ContentAlgorithm::Sha256, &all), "{len}");
        let key = node.commit_grown(grown).await.unwrap();
        assert!(bytes_of(&node, &key).await == all, "{len}");
    }
    let state = node.grow(account(), ContentAlgorithm::Sha512);
    let state = piece(&node, &state, &Bytes::new()).await;
    let key = node.commit_grown(last_piece(&node, &state, &Bytes::new()).await).await.unwrap();
    assert_eq!(node.head(&key).await.unwrap().len, 0);
}

/// What breaks off is dropped, wherever the upload is taken up again.
async fn outlives_what_breaks_off(node: impl AsyncFn() -> BlobStore) {
    let first = content(1, 6 * MIB + 5);
    let begun = node().await;
    let state = begun.grow(account(), ContentAlgorithm::Sha256);
    // Before anything was safe, too.
    let mut cut = begun.resume(state.clone(), LIMIT).await.unwrap();
    write(&mut cut, &content(2, 7 * MIB)).await.unwrap();
    drop(cut);
    let state = piece(&begun, &state, &first).await;
    for (seed, len) in [(3, 2 * MIB), (4, 9 * MIB), (5, 300)] {
        let mut cut = begun.resume(state.clone(), LIMIT).await.unwrap();
        write(&mut cut, &content(seed, len)).await.unwrap();
        drop(cut);
    }
    // Complete, but never committed: its digest was another one, perhaps.
    drop(last_piece(&begun, &state, &content(6, 8 * MIB)).await);
    let other = node().await;
    let rest = content(7, 5 * MIB + 1);
    let grown = last_piece(&other, &state, &rest).await;
    let all = [first, rest].concat();
    assert_eq!(*grown.digest(), digest(ContentAlgorithm::Sha256, &all));
    let key = other.commit_grown(grown).await.unwrap();
    assert!(bytes_of(&other, &key).await == all);
}

async fn keeps_to_the_limit(node: impl AsyncFn() -> BlobStore) {
    let node = node().await;
    let state = node.grow(account(), ContentAlgorithm::Sha256);
    let state = piece(&node, &state, &content(1, 10)).await;
    assert!(matches!(node.resume(state.clone(), 9).await, Err(BlobError::TooLarge { limit: 9 })));
    let mut growing = node.resume(state.clone(), 12).await.unwrap();
    growing.write(content(2, 2)).await.unwrap();
    assert_eq!(growing.size(), 12);
    assert!(matches!(growing.write(content(2, 1)).await, Err(BlobError::TooLarge { limit: 12 })));
    drop(growing);
    assert_eq!(piece(&node, &state, &content(3, 1)).await.size(), 11);
}

async fn can_be_ended(node: impl AsyncFn() -> BlobStore) {
    let node = node().await;
    for len in [0, 10, 8 * MIB] {
        let state = node.grow(account(), ContentAlgorithm::Sha256);
        node.abandon_growth(state.clone()).await.expect("one that never began");
        let before = piece(&node, &state, &content(1, len)).await;
        let state = piece(&node, &before, &content(2, len)).await;
        node.abandon_growth(state.clone()).await.unwrap();
        if len > 0 {
            let gone = async {
                let mut growing = node.resume(state.clone(), LIMIT).await?;
                write(&mut growing, &content(3, 6 * MIB)).await?;
                growing.finish().await.map(drop)
            };
            assert!(matches!(gone.await, Err(BlobError::NoUpload(_))), "{len}");
        }
        node.abandon_growth(state).await.expect("gone already is fine");
        assert_eq!(node.tidy(LATER, HashSet::new()).await.unwrap(), 0, "nothing is left of {len}");
    }
}

/// A sweep leaves those that are claimed alone, however old, and those that are young.
async fn is_swept_when_nobody_claims_it(node: impl AsyncFn() -> BlobStore) {
    let first = node().await;
    let mut states = Vec::new();
    for seed in 0..3 {
        let state = first.grow(account(), ContentAlgorithm::Sha256);
        states.push(piece(&first, &state, &content(seed, 6 * MIB)).await);
    }
    let [claimed, left, ended] = states.try_into().unwrap();
    first.abandon_growth(ended).await.unwrap();
    let node = node().await;
    assert_eq!(node.sweep().await.unwrap(), 0, "a start leaves them alone");
    assert_eq!(node.tidy(Timestamp::from_micros(0), HashSet::new()).await.unwrap(), 0);
    assert!(node.tidy(LATER, HashSet::from([claimed.key()])).await.unwrap() > 0);
    assert!(matches!(node.resume(left, LIMIT).await, Err(BlobError::NoUpload(_))));
    let key = node.commit_grown(last_piece(&node, &claimed, &content(0, 1)).await).await.unwrap();
    assert_eq!(node.head(&key).await.unwrap().len, 6 * MIB as u64 + 1);
}

mod on_disk {
    use super::*;

    async fn node(root: &Path, reserve: u64) -> BlobStore {
        BlobStore::open(DiskOptions { root: root.to_owned(), reserve, memory: 1 << 20 }).await.unwrap()
    }

    macro_rules! on_disk {
        ($($scenario:ident),+ $(,)?) => {$(
            #[tokio::test]
            async fn $scenario() {
                let root = tempfile::tempdir().unwrap();
                super::$scenario(async || node(root.path(), 1).await).await;
            }
        )+};
    }

    on_disk! {
        grows_in_pieces,
        needs_no_break,
        outlives_what_breaks_off,
        keeps_to_the_limit,
        can_be_ended,
        is_swept_when_nobody_claims_it,
    }

    #[tokio::test]
    async fn equal_content_is_kept_once() {
        let root = tempfile::tempdir().unwrap();
        let node = node(root.path(), 1).await;
        let all = content(1, 1000);
        let mut staging = node.stage(account(), LIMIT, None).await.unwrap();
        staging.write(all.clone()).await.unwrap();
        let staged = node.commit(staging.finish().await.unwrap()).await.unwrap();
        let mut keys = Vec::new();
        for algorithm in [ContentAlgorithm::Sha256, ContentAlgorithm::Sha256, ContentAlgorithm::Sha512] {
            let grown = last_piece(&node, &node.grow(account(), algorithm), &all).await;
            keys.push(node.commit_grown(grown).await.unwrap());
        }
        assert_eq!(keys.get(..2), Some([staged, staged].as_slice()));
        assert_ne!(keys.last(), Some(&staged), "a name by SHA-512 there is none");
    }

    #[tokio::test]
    async fn a_full_disk_ends_the_piece_and_not_the_upload() {
        let root = tempfile::tempdir().unwrap();
        let roomy = node(root.path(), 1).await;
        let state = roomy.grow(account(), ContentAlgorithm::Sha256);
        let state = piece(&roomy, &state, &content(1, 2 * MIB)).await;
        let full = node(root.path(), u64::MAX / 2).await;
        let mut growing = full.resume(state.clone(), LIMIT).await.unwrap();
        let written = async {
            write(&mut growing, &content(2, 4 * MIB)).await?;
            growing.pause().await
        };
        assert!(matches!(written.await, Err(BlobError::Full { .. })));
        let roomy = node(root.path(), 1).await;
        let grown = last_piece(&roomy, &state, &content(3, 5)).await;
        let all = [content(1, 2 * MIB), content(3, 5)].concat();
        assert_eq!(*grown.digest(), digest(ContentAlgorithm::Sha256, &all));
    }

    #[tokio::test]
    async fn nobody_writes_where_another_does_or_went_on() {
        let root = tempfile::tempdir().unwrap();
        let node = node(root.path(), 1).await;
        let state = node.grow(account(), ContentAlgorithm::Sha512);
        let read_before = state.clone();
        let first = content(1, 3 * MIB);
        let mut growing = node.resume(state, LIMIT).await.unwrap();
        write(&mut growing, &first).await.unwrap();
        let busy = |result: Result<Growing, BlobError>| matches!(result, Err(BlobError::UploadBusy(_)));
        assert!(busy(node.resume(read_before.clone(), LIMIT).await), "written at the moment");
        assert!(matches!(node.abandon_growth(read_before.clone()).await, Err(BlobError::UploadBusy(_))));
        assert_eq!(node.tidy(LATER, HashSet::new()).await.unwrap(), 0, "not under the writer's hands");
        let state = growing.pause().await.unwrap();
        assert!(busy(node.resume(read_before.clone(), LIMIT).await), "it would cut off what is safe");
        let grown = last_piece(&node, &state, &content(2, 7)).await;
        assert!(busy(node.resume(state.clone(), LIMIT).await), "complete, and about to be a blob");
        let key = node.commit_grown(grown).await.unwrap();
        assert!(matches!(node.resume(state, LIMIT).await, Err(BlobError::NoUpload(_))));
        // One that knows of nothing begins anew, and harms nobody.
        let other = node.commit_grown(last_piece(&node, &read_before, &content(9, 9)).await).await.unwrap();
        assert_ne!(key, other);
        assert!(bytes_of(&node, &key).await == [first, content(2, 7)].concat());
    }
}

#[cfg(feature = "s3-server")]
mod in_a_bucket {
    use keyway_blob::S3Options;

    use super::*;
    use crate::s3::options;

    async fn node(options: &S3Options) -> BlobStore {
        BlobStore::open_s3(options, true).await.unwrap()
    }

    macro_rules! in_a_bucket {
        ($($scenario:ident),+ $(,)?) => {$(
            #[tokio::test(flavor = "multi_thread")]
            async fn $scenario() {
                let options = options();
                super::$scenario(async || node(&options).await).await;
            }
        )+};
    }

    in_a_bucket! {
        grows_in_pieces,
        needs_no_break,
        outlives_what_breaks_off,
        keeps_to_the_limit,
        can_be_ended,
        is_swept_when_nobody_claims_it,
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn many_small_pieces_leave_one_end_behind() {
        let node = node(&options()).await;
        let mut state = node.grow(account(), ContentAlgorithm::Sha256);
        let all = content(1, 30 * 200_001);
        for at in (0..all.len()).step_by(200_001) {
            state = piece(&node, &state, &all.slice(at..at + 200_001)).await;
        }
        // The end, the one before it, and the parts.
        assert!(node.tidy(Timestamp::from_micros(0), HashSet::new()).await.unwrap() == 0);
        let grown = last_piece(&node, &state, &Bytes::new()).await;
        let key = node.commit_grown(grown).await.unwrap();
        assert!(bytes_of(&node, &key).await == all);
        assert_eq!(node.tidy(LATER, HashSet::new()).await.unwrap(), 0);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn two_that_begin_at_once_get_a_blob_each() {
        let node = node(&options()).await;
        let state = node.grow(account(), ContentAlgorithm::Sha256);
        for len in [100, 11 * MIB] {
            let (ours, theirs) = (content(1, len), content(2, len));
            let first = last_piece(&node, &state, &ours).await;
            let second = last_piece(&node, &state, &theirs).await;
            let (first, second) = (node.commit_grown(first).await, node.commit_grown(second).await);
            assert!(bytes_of(&node, &first.unwrap()).await == ours, "{len}");
            assert!(bytes_of(&node, &second.unwrap()).await == theirs, "{len}");
        }
    }

    /// Which of two that end one upload gets a blob; that it is made of their bytes is shown here.
    async fn ends(node: &BlobStore, both: [Grown; 2]) -> [bool; 2] {
        let mut ends = Vec::new();
        for grown in both {
            let expected = *grown.digest();
            ends.push(match node.commit_grown(grown).await {
                Ok(key) => {
                    assert_eq!(digest(ContentAlgorithm::Sha256, &bytes_of(node, &key).await), expected);
                    true
                }
                // S3 has the part that was sent last; a store that has both takes whoever comes first.
                Err(BlobError::PartsChanged | BlobError::NoUpload(_)) => false,
                Err(error) => panic!("{error}"),
            });
        }
        ends.try_into().unwrap()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_two_that_go_on_at_once_one_gets_the_blob() {
        let node = node(&options()).await;
        for breaks in [0, 1] {
            let begun = node.grow(account(), ContentAlgorithm::Sha256);
            let begun = piece(&node, &begun, &content(1, 6 * MIB)).await;
            let (mut first, mut second) = (begun.clone(), begun.clone());
            for seed in 0..breaks {
                first = piece(&node, &first, &content(2 + seed, 9 * MIB)).await;
                second = piece(&node, &second, &content(12 + seed, 9 * MIB)).await;
            }
            let first = last_piece(&node, &first, &content(4, 3 * MIB)).await;
            let second = last_piece(&node, &second, &content(5, 3 * MIB)).await;
            let ends = ends(&node, [first, second]).await;
            assert!(matches!(ends, [true, false] | [false, true]), "{ends:?}");
            let late = async {
                let mut growing = node.resume(begun, LIMIT).await?;
                write(&mut growing, &content(3, 9 * MIB)).await?;
                growing.finish().await.map(drop)
            };
            assert!(matches!(late.await, Err(BlobError::NoUpload(_))));
        }
    }
}
