//! The store in a bucket. These tests need an object store, so that they are compiled with the feature `s3-server`
//! only: `tests/run --only s3` starts one and runs them.

use std::io::{Read, Seek, SeekFrom};
use std::time::Duration;

use bytes::Bytes;
use keyway_base::{AccountId, ArtifactId, Secret, Timestamp};
use keyway_blob::{
    Blob, BlobError, BlobKey, BlobStore, DiskOptions, Download, InParts, S3Options, Staged, Trouble,
};
use keyway_crypto::digest::Digests;
use keyway_crypto::random_bytes;
use keyway_crypto::sigv4::Credentials;

const MIB: usize = 1 << 20;

/// What the harness says of the object store that it started.
#[expect(clippy::disallowed_methods, reason = "a test has no settings")]
fn said(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: use `tests/run --only s3`"))
}

fn credentials() -> Credentials {
    Credentials {
        access_key_id: said("AWS_ACCESS_KEY_ID"),
        secret_access_key: Secret::new(said("AWS_SECRET_ACCESS_KEY")),
        session_token: None,
    }
}

/// A part of the bucket that is this test's own.
pub(crate) fn options() -> S3Options {
    let own: String = random_bytes::<6>().iter().map(|byte| format!("{byte:02x}")).collect();
    let mut options = S3Options::parse(&said("TESTS_S3"), credentials()).unwrap();
    options.prefix = format!("{}{own}/", options.prefix);
    options
}

async fn store() -> BlobStore {
    BlobStore::open_s3(&options(), true).await.unwrap()
}

fn account() -> AccountId {
    "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap()
}

fn artifact() -> ArtifactId {
    "0190163d-8694-739b-aea5-966c26f8ad92".parse().unwrap()
}

fn now() -> Timestamp {
    let since = std::fs::metadata("/proc/self").unwrap().modified().unwrap();
    let micros = since.duration_since(std::time::UNIX_EPOCH).unwrap().as_micros();
    Timestamp::from_micros(i64::try_from(micros).unwrap())
}

/// Bytes that differ from block to block.
fn content(len: usize) -> Bytes {
    (0..len).map(|index| u8::try_from((index * 7 + index / 251 + index / MIB) % 256).unwrap()).collect()
}

async fn stage(store: &BlobStore, content: &Bytes, expected: Option<u64>) -> Staged {
    let mut staging = store.stage(account(), u64::MAX, expected).await.unwrap();
    for from in (0..content.len()).step_by(100_000) {
        let to = content.len().min(from + 100_000);
        staging.write(content.slice(from..to)).await.unwrap();
    }
    staging.finish().await.unwrap()
}

async fn put(store: &BlobStore, content: &Bytes) -> BlobKey {
    store.commit(stage(store, content, None).await).await.unwrap()
}

async fn collect(blob: &Blob, offset: u64, len: u64) -> Vec<u8> {
    let mut stream = blob.read_range(offset, len);
    let mut all = Vec::new();
    while let Some(block) = stream.next().await {
        all.extend_from_slice(&block.unwrap());
        let expected = len.min(blob.len().saturating_sub(offset)) - all.len() as u64;
        assert_eq!(stream.remaining(), expected);
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_in_comes_out_whole_and_by_range() {
    let store = store().await;
    for len in [0, 1, 64 * 1024, 64 * 1024 + 1, 5 * MIB, 5 * MIB + 1, 12 * MIB + 17] {
        let bytes = content(len);
        for expected in [None, Some(len as u64)] {
            let staged = stage(&store, &bytes, expected).await;
            assert_eq!((staged.size(), *staged.digests()), (len as u64, Digests::of(&bytes)), "{len}");
            let named = staged.key();
            assert!(
                matches!(store.head(&named).await, Err(BlobError::Absent(_))),
                "not before it is committed"
            );
            let key = store.commit(staged).await.unwrap();
            assert_eq!((key, store.head(&key).await.unwrap().len), (named, len as u64));
            let blob = store.read(&key).await.unwrap();
            assert_eq!(blob.len(), len as u64);
            assert!(collect(&blob, 0, u64::MAX).await == bytes, "{len}");
            let middle = bytes.slice(len / 3..len / 2);
            assert!(collect(&blob, (len / 3) as u64, middle.len() as u64).await == middle, "{len}");
            assert!(collect(&blob, len as u64 + 5, 10).await.is_empty());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_read_and_jump_about() {
    let store = store().await;
    let bytes = content(3 * MIB + 5);
    let key = put(&store, &bytes).await;
    let mut file = store.open_file(&key).await.unwrap();
    assert_eq!(file.len(), bytes.len() as u64);
    let expected = bytes.clone();
    tokio::task::spawn_blocking(move || {
        let mut all = Vec::new();
        file.read_to_end(&mut all).unwrap();
        assert!(all == expected);
        for at in [3 * MIB, 10, 2 * MIB + 3, 2 * MIB + 7] {
            file.seek(SeekFrom::Start(at as u64)).unwrap();
            let mut five = [0; 5];
            file.read_exact(&mut five).unwrap();
            assert_eq!(five, *expected.slice(at..at + 5), "{at}");
        }
        file.seek(SeekFrom::End(-2)).unwrap();
        all.clear();
        file.read_to_end(&mut all).unwrap();
        assert_eq!(all, expected.slice(expected.len() - 2..));
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_blob_is_absent() {
    let store = store().await;
    for bytes in [content(10), content(200_000)] {
        let key = put(&store, &bytes).await;
        store.read(&key).await.unwrap();
        assert!(store.delete(&key).await.unwrap());
        assert!(!store.delete(&key).await.unwrap());
        assert!(matches!(store.read(&key).await, Err(BlobError::Absent(absent)) if absent == key));
        assert!(matches!(store.open_file(&key).await, Err(BlobError::Absent(_))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_key_is_kept_and_limits_hold() {
    let store = store().await;
    let key = BlobKey::of_content(account(), Digests::of(b"moved").sha256);
    let mut staging = store.stage_as(key, 5, Some(5)).await.unwrap();
    staging.write(Bytes::from_static(b"moved")).await.unwrap();
    let error = staging.write(Bytes::from_static(b"!")).await.unwrap_err();
    assert!(matches!(error, BlobError::TooLarge { limit: 5 }), "{error}");
    let mut staging = store.stage_as(key, 5, None).await.unwrap();
    staging.write(Bytes::from_static(b"moved")).await.unwrap();
    assert_eq!(store.commit(staging.finish().await.unwrap()).await.unwrap(), key);
    assert_eq!(collect(&store.read(&key).await.unwrap(), 0, 5).await, b"moved");
    assert!(matches!(store.stage(account(), 4, Some(5)).await, Err(BlobError::TooLarge { .. })));
}

/// A client's request, by the tool that everybody has.
fn curl(arguments: &[&str]) -> (String, Vec<u8>) {
    let output = std::process::Command::new("curl")
        .args(["-sS", "-D", "/dev/stderr", "-o", "-"])
        .args(arguments)
        .output()
        .unwrap();
    (String::from_utf8_lossy(&output.stderr).into_owned(), output.stdout)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_puts_and_fetches_with_signed_urls() {
    let store = store().await;
    let hour = Duration::from_secs(3600);
    assert_eq!(store.arrived(account(), artifact()).await.unwrap(), None);
    let url = store.upload_url(account(), artifact(), now(), hour).unwrap();
    let (head, _) = curl(&["-X", "PUT", "-H", "Content-Type: text/html", "--data-binary", "first", &url]);
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let first = store.arrived(account(), artifact()).await.unwrap().unwrap();
    assert_eq!(first.head.len, 5);
    curl(&["-X", "PUT", "--data-binary", "other!", &url]);
    let key = BlobKey::random(account());
    assert!(!store.take_in(artifact(), &first, &key).await.unwrap(), "the bytes were changed meanwhile");
    let other = store.arrived(account(), artifact()).await.unwrap().unwrap();
    assert!(store.take_in(artifact(), &other, &key).await.unwrap());
    curl(&["-X", "PUT", "--data-binary", "later", &url]);
    store.discard_arrived(account(), artifact()).await.unwrap();
    assert_eq!(store.arrived(account(), artifact()).await.unwrap(), None);
    let what = Download { key: &key, save_as: Some("dir/a b.txt"), media_type: "text/plain" };
    let url = store.download_url(&what, now(), Duration::from_secs(60)).unwrap();
    let (head, body) = curl(&[&url]);
    assert_eq!(body, b"other!", "{head}");
    let head = head.to_ascii_lowercase();
    for line in ["content-type: text/plain\r", "content-disposition: attachment; filename=\"a b.txt\"\r"] {
        assert!(head.contains(line), "{head}");
    }
    let refused = [
        url.replace("a%20b", "a%20c"),
        url.replacen("X-Amz-Expires=120", "X-Amz-Expires=9999", 1),
        store.download_url(&what, now().minus(Duration::from_secs(200)), Duration::from_secs(60)).unwrap(),
    ];
    for url in refused {
        let (head, _) = curl(&[&url]);
        assert!(head.starts_with("HTTP/1.1 403"), "{url}\n{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_keeps_the_store_from_working_is_said_at_the_start() {
    let open = async |change: fn(&mut S3Options)| {
        let mut options = options();
        change(&mut options);
        match BlobStore::open_s3(&options, true).await.unwrap_err() {
            BlobError::Remote { trouble, .. } => trouble,
            error => panic!("{error}"),
        }
    };
    assert_eq!(open(|options| options.bucket = "no-such-bucket".to_owned()).await, Trouble::NoBucket);
    assert_eq!(
        open(|options| options.credentials.secret_access_key = Secret::new("wrong".to_owned())).await,
        Trouble::Denied
    );
    assert_eq!(
        open(|options| options.credentials.access_key_id = said("TESTS_S3_READER")).await,
        Trouble::Denied
    );
    let nowhere = |options: &mut S3Options| options.endpoint = Some("http://localhost:9".to_owned());
    assert_eq!(open(nowhere).await, Trouble::Unreachable);
}

#[tokio::test]
async fn an_upload_in_parts_that_was_begun_on_a_disk_is_not_here() {
    let store = store().await;
    let directory = tempfile::tempdir().unwrap();
    let disk = BlobStore::open(DiskOptions::new(directory.path())).await.unwrap();
    let key = BlobKey::random(account());
    let id = disk.begin_parts(key, 12).await.unwrap();
    let upload = InParts { key, id, size: 12, part_size: 5 };
    assert!(matches!(store.parts(&upload, 1..=3).await, Err(BlobError::NoUpload(_))));
    assert!(matches!(store.stage_part(&upload, 1).await, Err(BlobError::NoUpload(_))));
    assert!(matches!(store.join_parts(&upload, Vec::new()).await, Err(BlobError::NoUpload(_))));
    store.abandon_parts(key, &upload.id).await.expect("what is not there needs no end");
}
