//! Requests of the same repository at once.

use super::*;

/// Runs the same kind of request eight times at once.
async fn at_once<T, F>(make: impl Fn(u8) -> F) -> Vec<T>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let tasks: Vec<_> = (0..8).map(|n| tokio::spawn(make(n))).collect();
    let mut done = Vec::new();
    for task in tasks {
        done.push(task.await.unwrap());
    }
    done
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_pushes_of_one_version_one_wins() {
    let shop = shop().await;
    let asking = shop.asking(&shop.admin).await;
    let push = |name: String| {
        let (api, asking) = (Arc::clone(&shop.api), asking.clone());
        let new = image(&name, &[], vec![version("1.0.0")]);
        async move {
            api.edit_content(&asking, REPOSITORY, &ContentEdit::Manifest(Box::new(new)))
                .await
                .map(content)
                .unwrap()
        }
    };
    let different = at_once(|n| push(n.to_string())).await;
    let won = different.iter().filter(|outcome| matches!(outcome, ContentOutcome::Manifest { .. })).count();
    let lost =
        different.iter().filter(|outcome| matches!(outcome, ContentOutcome::TagReleased { gone: false, .. }));
    assert_eq!((won, lost.count()), (1, 7), "{different:?}");
    let winner = shop.repository().await.package.content.tag("1.0.0").unwrap().digest;
    let name = (0..8).find(|n: &u8| digest(format!("manifest of {n}").as_bytes()) == winner).unwrap();
    let same = at_once(|_| push(name.to_string())).await;
    assert!(same.iter().all(|outcome| matches!(outcome, ContentOutcome::Manifest { .. })), "{same:?}");
    assert_eq!(shop.rows::<ContentManifest>().await.len(), 1);
    assert_eq!(shop.statuses().await.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_uploads_of_one_digest_are_one_blob() {
    let shop = Arc::new(shop().await);
    let sent = at_once(|_| {
        let shop = Arc::clone(&shop);
        async move { shop.send_blob(&shop.admin.clone(), REPOSITORY, b"layer").await.unwrap() }
    })
    .await;
    assert!(sent.iter().all(|outcome| *outcome == ContentOutcome::Blob { digest: digest(b"layer") }));
    assert_eq!(shop.rows::<ContentBlob>().await.len(), 1);
    shop.clock.advance(DAY / 2);
    shop.settle().await;
    let key: BlobKey = shop.rows::<ContentBlob>().await.first().unwrap().blob_key.parse().unwrap();
    assert_eq!(shop.blobs.head(&key).await.unwrap().len, 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_against_deletions_never_leaves_a_broken_image() {
    let shop = Arc::new(shop().await);
    for round in 0..6 {
        shop.send_blob(&shop.admin, REPOSITORY, b"layer").await.unwrap();
        let asking = shop.asking(&shop.admin).await;
        let name = format!("round {round}");
        let done = at_once(|n| {
            let (api, asking) = (Arc::clone(&shop.api), asking.clone());
            let edit = match n % 2 {
                0 => ContentEdit::Manifest(Box::new(image(&name, &[b"layer"], vec![movable("latest")]))),
                _ => ContentEdit::DeleteBlob { digest: digest(b"layer") },
            };
            async move { api.edit_content(&asking, REPOSITORY, &edit).await.map(content).unwrap() }
        })
        .await;
        let pushed = done.iter().any(|outcome| matches!(outcome, ContentOutcome::Manifest { .. }));
        let there = shop.find_blob(&shop.admin, REPOSITORY, b"layer").await.is_some();
        assert_eq!(pushed, there, "{done:?}");
        if pushed {
            let delete =
                ContentEdit::DeleteManifest { digest: digest(format!("manifest of {name}").as_bytes()) };
            assert_eq!(shop.edit_content(delete).await, ContentOutcome::Deleted);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_against_the_collection_never_leaves_a_broken_image() {
    let shop = Arc::new(shop().await);
    for round in 0..6 {
        let layer = format!("layer {round}").into_bytes();
        shop.send_blob(&shop.admin, REPOSITORY, &layer).await.unwrap();
        shop.clock.advance(DAY);
        let asking = shop.asking(&shop.admin).await;
        let new = image(&format!("round {round}"), &[&layer], vec![movable("latest")]);
        let edit = ContentEdit::Manifest(Box::new(new));
        let (collects, pushes) = (Arc::clone(&shop), Arc::clone(&shop));
        let collecting = tokio::spawn(async move { collects.settle().await });
        let pushing = tokio::spawn(async move { pushes.api.edit_content(&asking, REPOSITORY, &edit).await });
        collecting.await.unwrap();
        let pushed = pushing.await.unwrap().unwrap();
        let there = shop.find_blob(&shop.admin, REPOSITORY, &layer).await.is_some();
        assert_eq!(matches!(pushed, Outcome::Content(ContentOutcome::Manifest { .. })), there, "{pushed:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_of_an_index_against_the_removal_of_its_part_never_leaves_a_broken_one() {
    let shop = Arc::new(shop().await);
    for round in 0..6 {
        let part = shop.pushed(&format!("part {round}"), Vec::new()).await;
        let asking = shop.asking(&shop.admin).await;
        let done = at_once(|n| {
            let (api, asking) = (Arc::clone(&shop.api), asking.clone());
            let mut index = image(&format!("index {round}"), &[], vec![version(&format!("1.0.{round}"))]);
            index.manifests = vec![part];
            let edit = match n % 2 {
                0 => ContentEdit::Manifest(Box::new(index)),
                _ => ContentEdit::DeleteManifest { digest: part },
            };
            async move { api.edit_content(&asking, REPOSITORY, &edit).await.map(content).unwrap() }
        })
        .await;
        let pushed = done.iter().any(|outcome| matches!(outcome, ContentOutcome::Manifest { .. }));
        let rows = shop.rows::<ContentManifest>().await;
        let there = rows.iter().any(|manifest| manifest.digest == part.to_string());
        assert_eq!(pushed, there, "{done:?}");
    }
}
