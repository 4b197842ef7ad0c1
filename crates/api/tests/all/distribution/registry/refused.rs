//! What a registry refuses, and what it makes of bytes that the store has lost.

use super::*;

#[tokio::test]
async fn only_those_who_publish_there_change_a_repository() {
    let shop = shop().await;
    shop.pushed("first", vec![movable("latest")]).await;
    let customer = shop.licensed(json!({}), json!({})).await;
    let other = shop.world.product("Other").await;
    let other = shop.product_token(&other).await;
    for client in [&customer, &other] {
        for edit in [
            ContentEdit::Manifest(Box::new(image("x", &[], vec![movable("latest")]))),
            ContentEdit::Mount {
                digest: digest(b"first"),
                from: MountFrom::Any,
                algorithm: ContentAlgorithm::Sha256,
            },
        ] {
            let refused = shop.edit_as(client, REPOSITORY, edit).await.unwrap_err();
            assert_eq!(refused.reason, Reason::PermissionMissing, "{}", refused.message);
        }
        assert!(shop.send_blob(client, REPOSITORY, b"x").await.is_err());
        assert!(shop.begin(client, REPOSITORY).await.is_err());
    }
    let untag = || ContentEdit::Untag { tag: "latest".to_owned() };
    let refused = shop.edit_as(&customer, REPOSITORY, untag()).await.unwrap_err();
    assert_eq!(refused.reason, Reason::PermissionMissing, "{}", refused.message);
    let hidden = shop.edit_as(&other, REPOSITORY, untag()).await;
    assert_eq!(hidden, Ok(ContentOutcome::ManifestUnknown), "as if there were none");
    assert_eq!(shop.tags_of_content().await, "latest");
}

#[tokio::test]
async fn what_the_rules_of_the_data_refuse_is_no_lack_of_permission() {
    let shop = shop().await;
    let nonsense = NewTag { name: "v9".to_owned(), version: Some("nonsense".to_owned()) };
    let asking = shop.asking(&shop.admin).await;
    let edit = ContentEdit::Manifest(Box::new(image("x", &[], vec![nonsense])));
    let told = shop.api.edit_content(&asking, REPOSITORY, &edit).await;
    assert!(matches!(&told, Ok(Outcome::Invalid(why)) if why.contains("version")), "{told:?}");
    let begun = shop.api.begin_upload(&asking, "Not A Name", ContentAlgorithm::Sha256).await;
    assert!(matches!(&begun, Ok(Outcome::Invalid(_))), "{begun:?}");
}

#[tokio::test]
async fn a_blob_whose_bytes_were_lost_has_those_that_are_sent_again() {
    let shop = shop().await;
    for repository in [REPOSITORY, "app/other"] {
        shop.send_blob(&shop.admin, repository, b"layer").await.unwrap();
    }
    let keys = || async {
        let rows = shop.rows::<ContentBlob>().await;
        rows.into_iter().map(|blob| blob.blob_key.parse::<BlobKey>().unwrap()).collect::<Vec<_>>()
    };
    // the place of an upload that was put together from parts has a name of its own
    let lost = format!("{}/{}", shop.account, "0a".repeat(16));
    let mut write = shop.db.begin().await.unwrap();
    for mut row in write.all(ContentBlob::RESOURCE, shop.account, &Scope::All).await.unwrap() {
        row.set("blob_key", keyway_jsonapi::Value::Text(lost.clone()));
        assert!(write.update(&row, &["blob_key"]).await.unwrap());
    }
    write.commit(keyway_store::Changes::none()).await.unwrap();
    assert_eq!(keys().await, [lost.parse().unwrap(), lost.parse().unwrap()]);
    let sent = shop.send_blob(&shop.admin, REPOSITORY, b"layer").await;
    assert_eq!(sent, Ok(ContentOutcome::Blob { digest: digest(b"layer") }));
    let healed = keys().await;
    assert_eq!((healed.len(), healed[0]), (2, healed[1]), "both have them");
    assert_eq!(shop.blobs.head(&healed[0]).await.unwrap().len, 5);
}
