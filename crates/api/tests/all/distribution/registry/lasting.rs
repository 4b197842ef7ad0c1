//! What customers have of a repository stays as it is: no version gets other bytes, no image loses a part.

use super::*;

fn delete_manifest(digest: ContentDigest) -> ContentEdit {
    ContentEdit::DeleteManifest { digest }
}

fn is_gone(outcome: &ContentOutcome) -> bool {
    matches!(outcome, ContentOutcome::TagReleased { gone: true, .. })
}

#[tokio::test]
async fn a_version_that_was_withdrawn_gets_no_other_bytes() {
    let shop = shop().await;
    shop.pushed("first", vec![version("1.0.0")]).await;
    let second = shop.pushed("second", vec![version("2.0.0")]).await;
    let untag = ContentEdit::Untag { tag: "1.0.0".to_owned() };
    assert_eq!(shop.edit_content(untag).await, ContentOutcome::Deleted);
    assert_eq!(shop.edit_content(delete_manifest(second)).await, ContentOutcome::Deleted);
    assert_eq!(shop.admin.delete("releases/1.0.0").await.status, 204);
    assert_eq!(shop.admin.post("releases/2.0.0/actions/publish", json!(null)).await.status, 200);
    shop.settle().await;
    for name in ["1.0.0", "v1.0.0", "2.0.0"] {
        let outcome = shop.put_manifest(image("other", &[], vec![version(name)])).await;
        assert!(is_gone(&outcome), "{name}: {outcome:?}");
    }
    assert_eq!(shop.tags_of_content().await, "");
}

#[tokio::test]
async fn a_release_that_nobody_had_content_of_takes_a_push() {
    let shop = shop().await;
    let path = format!("products/{}", shop.product);
    let drafts = |status: &str| change("products", json!({ "pushStatus": status }));
    assert_eq!(shop.admin.patch(&path, drafts("DRAFT")).await.status, 200);
    shop.pushed("first", vec![version("1.0.0")]).await;
    let untag = ContentEdit::Untag { tag: "1.0.0".to_owned() };
    assert_eq!(shop.edit_content(untag).await, ContentOutcome::Deleted);
    assert_eq!(shop.admin.post("releases/1.0.0/actions/publish", json!(null)).await.status, 200);
    shop.pushed("second", vec![version("1.0.0")]).await;
    assert_eq!(shop.tags_of_content().await, "1.0.0=1.0.0");
}

#[tokio::test]
async fn the_parts_of_a_released_index_stay_until_it_goes() {
    let shop = shop().await;
    let part = shop.pushed("part", vec![movable("part")]).await;
    let mut index = image("index", &[], vec![version("1.0.0")]);
    index.manifests = vec![part];
    let released = index.digest;
    shop.put_manifest(index).await;
    let mut loose = image("loose", &[], vec![movable("edge")]);
    let other = shop.pushed("other", Vec::new()).await;
    loose.manifests = vec![other];
    shop.put_manifest(loose).await;

    assert_eq!(shop.edit_content(delete_manifest(other)).await, ContentOutcome::Deleted);
    assert_eq!(shop.edit_content(delete_manifest(part)).await, ContentOutcome::ManifestInUse);
    assert!(shop.repository().await.package.content.manifest(&part).is_some());
    assert_eq!(shop.statuses().await, [("1.0.0".to_owned(), "PUBLISHED".to_owned())]);
    assert_eq!(shop.edit_content(delete_manifest(released)).await, ContentOutcome::Deleted);
    assert_eq!(shop.edit_content(delete_manifest(part)).await, ContentOutcome::Deleted);
}

#[tokio::test]
async fn an_index_needs_what_it_lists() {
    let shop = shop().await;
    let part = shop.pushed("part", vec![version("1.0.0")]).await;
    let index = |name: &str| {
        let mut index = image(name, &[], vec![movable("latest")]);
        index.manifests = vec![part];
        index
    };
    let first = index("first").digest;
    assert!(matches!(shop.put_manifest(index("first")).await, ContentOutcome::Manifest { .. }));
    assert_eq!(shop.edit_content(delete_manifest(part)).await, ContentOutcome::Deleted);
    assert_eq!(shop.put_manifest(index("second")).await, ContentOutcome::ManifestsMissing(vec![part]));
    // One that is here is not asked again: its tags may move.
    let again = shop.put_manifest(index("first")).await;
    assert_eq!(again, ContentOutcome::Manifest { digest: first, subject: None });
    // What belonged to a release alone went with it.
    let gone = shop.pushed("gone", vec![version("2.0.0")]).await;
    assert_eq!(shop.admin.delete("releases/2.0.0").await.status, 204);
    shop.settle().await;
    let mut late = image("late", &[], Vec::new());
    late.manifests = vec![gone];
    assert_eq!(shop.put_manifest(late).await, ContentOutcome::ManifestsMissing(vec![gone]));
    // Caches of builds are indexes of blobs.
    shop.send_blob(&shop.admin, REPOSITORY, b"layer").await.unwrap();
    let mut cache = image("cache", &[], Vec::new());
    cache.manifests = vec![digest(b"layer")];
    assert!(matches!(shop.put_manifest(cache).await, ContentOutcome::Manifest { .. }));
}

#[tokio::test]
async fn the_media_type_of_what_is_released_stays() {
    let shop = shop().await;
    let part = shop.pushed("part", Vec::new()).await;
    let again = |media_type: &str| {
        let mut new = image("part", &[b"part"], Vec::new());
        new.media_type = media_type.to_owned();
        new
    };
    let media_type = async || {
        let found = shop.repository().await;
        found.package.content.manifest(&part).map(|(_, stored)| stored.media_type.clone()).unwrap()
    };
    shop.put_manifest(again("application/vnd.first+json")).await;
    assert_eq!(media_type().await, "application/vnd.first+json");
    let mut index = image("index", &[], vec![version("1.0.0")]);
    index.manifests = vec![part];
    shop.put_manifest(index).await;
    shop.put_manifest(again("application/vnd.second+json")).await;
    assert_eq!(media_type().await, "application/vnd.first+json");
}

#[tokio::test]
async fn a_release_with_images_stays_in_its_repository() {
    let shop = shop().await;
    shop.pushed("first", vec![version("1.0.0")]).await;
    let before = shop.package_id().await;
    shop.send_blob(&shop.admin, "app/other", b"x").await.unwrap();
    let packages = shop.admin.get("packages").await.body["data"].as_array().unwrap().clone();
    let other = packages.iter().find(|package| package["id"] != json!(before)).unwrap();
    for data in [json!({ "type": "packages", "id": other["id"] }), json!(null)] {
        let refused = shop.admin.put("releases/1.0.0/package", json!({ "data": data })).await;
        assert_eq!((refused.status, refused.text("/errors/0/code")), (422, "PACKAGE_NOT_ALLOWED"));
    }
    assert_eq!(shop.tags_of_content().await, "1.0.0=1.0.0");
}

#[tokio::test]
async fn layers_outlive_for_a_day_what_referred_to_them() {
    let shop = shop().await;
    shop.pushed("released", vec![version("1.0.0")]).await;
    let loose = shop.pushed("loose", Vec::new()).await;
    shop.clock.advance(DAY * 30);
    assert_eq!(shop.admin.delete("releases/1.0.0").await.status, 204);
    assert_eq!(shop.edit_content(delete_manifest(loose)).await, ContentOutcome::Deleted);
    shop.settle().await;
    // A client that found the layers before they were nobody's goes on with its push.
    shop.clock.advance(DAY / 2);
    shop.settle().await;
    let new = image("new", &[b"released", b"loose"], vec![version("1.1.0")]);
    let digest = new.digest;
    assert_eq!(shop.put_manifest(new).await, ContentOutcome::Manifest { digest, subject: None });
}
