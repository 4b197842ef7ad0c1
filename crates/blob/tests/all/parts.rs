//! Uploads in parts on disk, beside what the end-to-end tests show of both stores.

use std::collections::HashSet;
use std::path::Path;

use bytes::Bytes;
use keyway_base::{AccountId, Timestamp};
use keyway_blob::{BlobError, BlobKey, BlobStore, DiskOptions, InParts, Part};

const LATER: Timestamp = Timestamp::from_micros(i64::MAX);

fn account() -> AccountId {
    "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()
}

async fn store(root: &Path) -> BlobStore {
    BlobStore::open(DiskOptions { root: root.to_owned(), reserve: 1, memory: 1 << 20 }).await.unwrap()
}

/// An upload of twelve bytes in parts of five.
async fn begun(store: &BlobStore) -> InParts {
    let key = BlobKey::random(account());
    let id = store.begin_parts(key, 12).await.unwrap();
    InParts { key, id, size: 12, part_size: 5 }
}

async fn send(
    store: &BlobStore,
    upload: &InParts,
    number: u32,
    bytes: &'static [u8],
) -> Result<Part, BlobError> {
    let mut part = store.stage_part(upload, number).await?;
    for piece in bytes.chunks(2) {
        part.write(Bytes::from_static(piece)).await?;
    }
    part.finish().await
}

async fn there(store: &BlobStore, upload: &InParts) -> Vec<u32> {
    store.parts(upload, 1..=3).await.unwrap().iter().map(|part| part.number).collect()
}

#[tokio::test]
async fn parts_become_the_file_in_any_order_and_outlive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let upload = begun(&store).await;
    for (number, bytes) in [(3, b"!!".as_slice()), (1, b"01234")] {
        send(&store, &upload, number, bytes).await.unwrap();
    }
    let store = self::store(directory.path()).await;
    assert_eq!(store.sweep().await.unwrap(), 0);
    assert_eq!(there(&store, &upload).await, [1, 3]);
    send(&store, &upload, 2, b"56789").await.unwrap();
    let parts = store.parts(&upload, 1..=3).await.unwrap();
    store.join_parts(&upload, parts.clone()).await.unwrap();
    store.join_parts(&upload, parts).await.expect("said again after an answer that was lost");
    let mut stream = store.read(&upload.key).await.unwrap().read_range(0, 100);
    assert_eq!(stream.next().await.unwrap().unwrap(), Bytes::from_static(b"0123456789!!"));
    assert!(matches!(send(&store, &upload, 1, b"evil!").await, Err(BlobError::NoUpload(_))));
}

#[tokio::test]
async fn an_upload_is_whole_though_its_process_died_before_all_was_removed() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let upload = begun(&store).await;
    for (number, bytes) in [(1, b"01234".as_slice()), (2, b"56789"), (3, b"!!")] {
        send(&store, &upload, number, bytes).await.unwrap();
    }
    let parts = store.parts(&upload, 1..=3).await.unwrap();
    store.join_parts(&upload, parts.clone()).await.unwrap();
    let left = directory.path().join("parts").join(upload.key.to_string());
    std::fs::create_dir_all(&left).unwrap();
    for part in &parts {
        std::fs::write(left.join(format!("{}-{}", part.number, part.tag)), "").unwrap();
    }
    assert!(matches!(store.parts(&upload, 1..=3).await, Err(BlobError::NoUpload(_))));
    store.join_parts(&upload, parts).await.expect("it was put together");
}

#[tokio::test]
async fn a_part_that_is_cut_short_or_too_long_is_missing() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let upload = begun(&store).await;
    send(&store, &upload, 1, b"01234").await.unwrap();
    for bytes in [b"0123".as_slice(), b"012345"] {
        assert!(matches!(
            send(&store, &upload, 1, bytes).await,
            Err(BlobError::PartLength { expected: 5, .. })
        ));
        assert_eq!(there(&store, &upload).await, [0; 0]);
    }
    assert!(matches!(send(&store, &upload, 4, b"x").await, Err(BlobError::NoPart { number: 4, count: 3 })));
}

#[tokio::test]
async fn nobody_completes_what_somebody_writes() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let upload = begun(&store).await;
    for (number, bytes) in [(1, b"01234".as_slice()), (2, b"56789"), (3, b"!!")] {
        send(&store, &upload, number, bytes).await.unwrap();
    }
    let parts = store.parts(&upload, 1..=3).await.unwrap();
    let writing = store.stage_part(&upload, 2).await.unwrap();
    assert!(matches!(store.stage_part(&upload, 2).await, Err(BlobError::PartBusy(2))));
    assert!(matches!(store.join_parts(&upload, parts.clone()).await, Err(BlobError::PartBusy(2))));
    assert!(matches!(store.abandon_parts(upload.key, &upload.id).await, Err(BlobError::PartBusy(2))));
    drop(writing);
    assert!(matches!(store.join_parts(&upload, parts).await, Err(BlobError::PartsChanged)));
}

#[tokio::test]
async fn what_nobody_claims_is_freed() {
    let directory = tempfile::tempdir().unwrap();
    let store = store(directory.path()).await;
    let (claimed, left) = (begun(&store).await, begun(&store).await);
    send(&store, &left, 1, b"01234").await.unwrap();
    assert_eq!(store.tidy(Timestamp::from_micros(0), HashSet::new()).await.unwrap(), 0);
    let writing = store.stage_part(&left, 2).await.unwrap();
    let claimed_alone = || HashSet::from([claimed.key]);
    assert_eq!(store.tidy(LATER, claimed_alone()).await.unwrap(), 0, "not while somebody writes to it");
    drop(writing);
    assert_eq!(store.tidy(LATER, claimed_alone()).await.unwrap(), 1);
    assert_eq!(there(&store, &claimed).await, [0; 0]);
    assert!(matches!(store.parts(&left, 1..=3).await, Err(BlobError::NoUpload(_))));
    store.abandon_parts(left.key, &left.id).await.expect("gone already is fine");
}
