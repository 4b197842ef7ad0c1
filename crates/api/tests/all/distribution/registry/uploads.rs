//! Uploads and mounts, and how long they and what came of them stay.

use super::*;

#[tokio::test]
async fn an_upload_belongs_to_its_repository_and_to_whoever_began_it() {
    let shop = shop().await;
    let token = shop.product_token(&shop.product).await;
    let upload = shop.begin(&token, REPOSITORY).await.unwrap();
    shop.begin(&token, "app/other").await.unwrap();
    assert_eq!(shop.opened(&token, REPOSITORY, upload).await.map(|state| state.size()), Some(0));
    assert!(shop.opened(&token, "app/other", upload).await.is_none());
    assert!(shop.opened(&shop.admin, REPOSITORY, upload).await.is_none());

    let state = shop.opened(&token, REPOSITORY, upload).await.unwrap();
    let mut growing = shop.blobs.resume(state, u64::MAX).await.unwrap();
    growing.write(Bytes::from_static(b"hello ")).await.unwrap();
    let state = growing.pause().await.unwrap();
    let asking = shop.asking(&token).await;
    let grow = async |before, after: &GrowthState| {
        shop.api.grow_upload(&asking, REPOSITORY, upload, before, after.clone()).await.unwrap()
    };
    assert!(!grow(1, &state).await, "it has no byte yet");
    assert!(grow(0, &state).await);
    assert!(!grow(0, &state).await, "it has six bytes now");
    let state = shop.opened(&token, REPOSITORY, upload).await.unwrap();
    assert_eq!(state.size(), 6);
    let grown = shop.grown(state, b"world").await;
    let done = shop.api.complete_upload(&asking, REPOSITORY, Some(upload), grown).await;
    assert_eq!(done.map(content), Ok(ContentOutcome::Blob { digest: digest(b"hello world") }));
    assert!(shop.opened(&token, REPOSITORY, upload).await.is_none());
    assert_eq!(shop.find_blob(&token, REPOSITORY, b"hello world").await, Some(11));
}

#[tokio::test]
async fn uploads_end_when_cancelled_or_idle() {
    let shop = shop().await;
    let cancelled = shop.begin(&shop.admin, REPOSITORY).await.unwrap();
    let idle = shop.begin(&shop.admin, REPOSITORY).await.unwrap();
    let cancel = || ContentEdit::Cancel { upload: cancelled };
    assert_eq!(shop.edit_content(cancel()).await, ContentOutcome::Deleted);
    assert_eq!(shop.edit_content(cancel()).await, ContentOutcome::UploadUnknown);
    shop.settle().await;
    assert_eq!(shop.rows::<ContentUpload>().await.len(), 1);
    shop.clock.advance(DAY - Duration::from_secs(60));
    assert!(shop.opened(&shop.admin, REPOSITORY, idle).await.is_some());
    shop.clock.advance(Duration::from_secs(60));
    assert!(shop.opened(&shop.admin, REPOSITORY, idle).await.is_none());
    shop.settle().await;
    assert_eq!(shop.rows::<ContentUpload>().await, []);
}

#[tokio::test]
async fn what_no_manifest_names_is_collected_once_nobody_asks_for_it() {
    let shop = shop().await;
    shop.send_blob(&shop.admin, REPOSITORY, b"asked for").await.unwrap();
    shop.send_blob(&shop.admin, REPOSITORY, b"forgotten").await.unwrap();
    shop.pushed("kept", Vec::new()).await;
    shop.clock.advance(DAY / 2);
    assert_eq!(shop.find_blob(&shop.admin, REPOSITORY, b"asked for").await, Some(9));
    shop.clock.advance(DAY / 2);
    shop.settle().await;
    for (bytes, size) in [(&b"asked for"[..], Some(9)), (b"forgotten", None), (b"kept", Some(4))] {
        assert_eq!(shop.find_blob(&shop.admin, REPOSITORY, bytes).await, size);
    }
    let late = image("late", &[b"forgotten"], vec![movable("latest")]);
    assert_eq!(shop.put_manifest(late).await, ContentOutcome::BlobsMissing(vec![digest(b"forgotten")]));
}

#[tokio::test]
async fn repositories_share_bytes_and_mount_what_the_caller_reads() {
    let shop = shop().await;
    let token = shop.product_token(&shop.product).await;
    shop.send_blob(&token, REPOSITORY, b"layer").await.unwrap();
    shop.send_blob(&token, "app/other", b"layer").await.unwrap();
    let keys: Vec<String> = shop.rows::<ContentBlob>().await.into_iter().map(|blob| blob.blob_key).collect();
    assert_eq!((keys.len(), keys.first()), (2, keys.last()));

    let foreign = shop.world.product("Other").await;
    let foreign = shop.product_token(&foreign).await;
    shop.send_blob(&foreign, "theirs/widget", b"secret").await.unwrap();
    let mount = |bytes: &[u8], from: Option<&str>| ContentEdit::Mount {
        digest: digest(bytes),
        from: from.map_or(MountFrom::Any, |from| MountFrom::Named(from.to_owned())),
        algorithm: ContentAlgorithm::Sha256,
    };
    for (bytes, from, is_mounted) in [
        (&b"layer"[..], Some(REPOSITORY), true),
        (b"layer", None, true),
        (b"layer", Some("app/none"), false),
        (b"none", Some(REPOSITORY), false),
        (b"secret", Some("theirs/widget"), false),
        (b"secret", None, false),
        (b"none", None, false),
    ] {
        let outcome = shop.edit_as(&token, "app/third", mount(bytes, from)).await.unwrap();
        assert_eq!(matches!(outcome, ContentOutcome::Blob { .. }), is_mounted, "{from:?}: {outcome:?}");
        assert!(is_mounted || matches!(outcome, ContentOutcome::Upload { size: 0, .. }), "{outcome:?}");
    }
    assert_eq!(shop.find_blob(&token, "app/third", b"layer").await, Some(5));
    assert_eq!(shop.find_blob(&token, "app/third", b"secret").await, None);
    assert_eq!(shop.find_blob(&token, "theirs/widget", b"secret").await, None);
}
