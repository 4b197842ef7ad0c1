//! The store on a directory of its own.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use keyway_base::AccountId;
use keyway_blob::{Blob, BlobError, BlobKey, BlobStore, CHUNK, DiskOptions, Staged};
use keyway_crypto::digest::Digests;
use tempfile::TempDir;

const LIMIT: u64 = 64 << 20;

async fn store(root: &Path) -> BlobStore {
    let options = DiskOptions { root: root.to_owned(), reserve: 1, memory: 1 << 20 };
    BlobStore::open(options).await.unwrap()
}

fn account() -> AccountId {
    "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()
}

/// Bytes that differ from block to block.
fn content(len: usize) -> Vec<u8> {
    (0..len).map(|index| u8::try_from((index * 7 + index / 251) % 256).unwrap()).collect()
}

async fn stage(store: &BlobStore, content: &[u8], chunk: usize) -> Staged {
    let mut staging = store.stage(account(), LIMIT, None).await.unwrap();
    for part in content.chunks(chunk) {
        staging.write(Bytes::copy_from_slice(part)).await.unwrap();
    }
    staging.finish().await.unwrap()
}

async fn put(store: &BlobStore, content: &[u8]) -> BlobKey {
    let staged = stage(store, content, 70_000).await;
    store.commit(staged).await.unwrap()
}

async fn collect(blob: &Blob, offset: u64, len: u64) -> Vec<u8> {
    let mut stream = blob.read_range(offset, len);
    let mut all = Vec::new();
    while let Some(block) = stream.next().await {
        let block = block.unwrap();
        assert!(block.len() <= CHUNK);
        all.extend_from_slice(&block);
        let expected = len.min(blob.len().saturating_sub(offset)) - all.len() as u64;
        assert_eq!(stream.remaining(), expected);
    }
    all
}

fn files(directory: &Path) -> usize {
    let entries = std::fs::read_dir(directory).map(|entries| entries.map(|entry| entry.unwrap().path()));
    entries.map_or(0, |paths| paths.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum())
}

#[tokio::test]
async fn what_goes_in_comes_out_whole_and_by_range() {
    let root = TempDir::new().unwrap();
    let store = store(root.path()).await;
    for len in [0, 1, 64 * 1024, 64 * 1024 + 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17] {
        let bytes = content(len);
        let staged = stage(&store, &bytes, 100_000).await;
        assert_eq!((staged.size(), *staged.digests()), (len as u64, Digests::of(&bytes)), "{len}");
        let key = store.commit(staged).await.unwrap();
        assert_eq!(key, BlobKey::of_content(account(), Digests::of(&bytes).sha256));
        let blob = store.read(&key).await.unwrap();
        assert_eq!(blob.len(), len as u64);
        assert_eq!(collect(&blob, 0, u64::MAX).await, bytes, "{len}");
        let middle = bytes.get(len / 3..len / 2).unwrap();
        assert_eq!(collect(&blob, (len / 3) as u64, middle.len() as u64).await, middle);
        assert!(collect(&blob, len as u64 + 5, 10).await.is_empty());
    }
}

#[tokio::test]
async fn a_cut_upload_leaves_nothing() {
    let root = TempDir::new().unwrap();
    let store = store(root.path()).await;
    let mut staging = store.stage(account(), LIMIT, None).await.unwrap();
    staging.write(Bytes::from(content(3 << 20))).await.unwrap();
    drop(staging);
    drop(stage(&store, b"complete but never committed", 5).await);
    while files(root.path()) > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.sweep().await.unwrap(), 0);
}

#[tokio::test]
async fn a_start_sweeps_what_a_crash_left_and_keeps_blobs() {
    let root = TempDir::new().unwrap();
    let key = put(&store(root.path()).await, b"kept").await;
    // What kill -9 leaves behind: a staged file without a process.
    std::fs::write(root.path().join("staging/0011"), b"half").unwrap();
    let store = store(root.path()).await;
    assert_eq!(store.sweep().await.unwrap(), 1);
    assert_eq!(files(&root.path().join("staging")), 0);
    assert_eq!(collect(&store.read(&key).await.unwrap(), 0, 4).await, b"kept");
}

#[tokio::test]
async fn equal_bytes_are_kept_once_per_account() {
    let root = TempDir::new().unwrap();
    let store = store(root.path()).await;
    let (first, second) = (put(&store, b"same").await, put(&store, b"same").await);
    assert_eq!(first, second);
    assert_eq!(files(root.path()), 1);
    let other: AccountId = "0190163d-8694-739b-aea5-966c26f8ad92".parse().unwrap();
    let mut staging = store.stage(other, LIMIT, None).await.unwrap();
    staging.write(Bytes::from_static(b"same")).await.unwrap();
    let elsewhere = store.commit(staging.finish().await.unwrap()).await.unwrap();
    assert_ne!(elsewhere, first, "accounts share nothing");
    assert_eq!(files(root.path()), 2);
}

#[tokio::test]
async fn limits_are_kept_before_and_while_bytes_come_in() {
    let root = TempDir::new().unwrap();
    let store = store(root.path()).await;
    assert!(matches!(store.stage(account(), 10, Some(11)).await, Err(BlobError::TooLarge { limit: 10 })));
    let mut staging = store.stage(account(), 10, None).await.unwrap();
    staging.write(Bytes::from_static(b"0123456789")).await.unwrap();
    let error = staging.write(Bytes::from_static(b"!")).await.unwrap_err();
    assert!(matches!(error, BlobError::TooLarge { limit: 10 }), "{error}");
}

#[tokio::test]
async fn a_full_disk_refuses_uploads_and_serves_reads() {
    let root = TempDir::new().unwrap();
    let key = put(&store(root.path()).await, b"here").await;
    let options = DiskOptions { root: root.path().to_owned(), reserve: u64::MAX / 2, memory: 0 };
    let full = BlobStore::open(options).await.unwrap();
    assert!(matches!(full.stage(account(), LIMIT, None).await, Err(BlobError::Full { .. })));
    assert!(matches!(full.check().await, Err(BlobError::Full { .. })));
    assert_eq!(collect(&full.read(&key).await.unwrap(), 0, 4).await, b"here");
}

#[tokio::test]
async fn deleting_forgets_memory_and_disk_but_not_open_readers() {
    let root = TempDir::new().unwrap();
    let store = store(root.path()).await;
    let (small, large) = (put(&store, b"small").await, put(&store, &content(CHUNK * 2)).await);
    let open = store.read(&large).await.unwrap();
    store.read(&small).await.unwrap();
    for key in [small, large] {
        assert!(store.delete(&key).await.unwrap());
        assert!(!store.delete(&key).await.unwrap());
        assert!(matches!(store.read(&key).await, Err(BlobError::Absent(absent)) if absent == key));
    }
    assert_eq!(collect(&open, 0, u64::MAX).await, content(CHUNK * 2));
    assert!(matches!(store.open_file(&large).await, Err(BlobError::Absent(_))));
}

#[tokio::test]
async fn a_blob_knows_its_size_and_age() {
    let root = TempDir::new().unwrap();
    let store = store(root.path()).await;
    let key = put(&store, b"twelve bytes").await;
    let head = store.head(&key).await.unwrap();
    assert_eq!(head.len, 12);
    let age_of_root = std::fs::metadata(root.path()).unwrap().modified().unwrap();
    let micros = age_of_root.duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    let root_made = keyway_base::Timestamp::from_micros(i64::try_from(micros).unwrap());
    assert!(head.modified.plus(Duration::from_secs(1)) > root_made);
}

#[tokio::test]
async fn a_truncated_file_is_an_error_not_a_short_body() {
    let root = TempDir::new().unwrap();
    let store = store(root.path()).await;
    let key = put(&store, &content(CHUNK * 2)).await;
    let blob = store.read(&key).await.unwrap();
    let hex = key.name().to_string();
    let path = root.path().join("blobs").join(account().to_string()).join(hex.get(..2).unwrap()).join(&hex);
    std::fs::File::options().write(true).open(path).unwrap().set_len(1000).unwrap();
    let mut stream = blob.read_range(0, u64::MAX);
    let mut got = 0;
    let error = loop {
        match stream.next().await.expect("an error before the end") {
            Ok(block) => got += block.len(),
            Err(error) => break error,
        }
    };
    assert!(got <= 1000 && matches!(error, BlobError::Short { at: 1000, .. }), "{got}: {error}");
    assert!(stream.next().await.is_none());
}
