//! From an upload to an artifact.

use std::time::Duration;

use keyway_base::{Slot, SlotKey};
use keyway_crypto::digest::Digests;
use keyway_domain::resources::{Artifact, ArtifactStatus, Manifest};
use keyway_jobs::kind;
use keyway_jsonapi::{Record, Value};

use crate::world::World;

fn statuses(artifact: &Artifact) -> (ArtifactStatus, Option<&str>) {
    (artifact.status, artifact.failure.as_deref())
}

#[tokio::test]
async fn a_good_file_is_offered_with_its_manifest_and_ends_what_was_cached() {
    let world = World::new().await;
    let artifact = world.sheet(b"hello\nworld").await;
    let noted = world.db.freshness().note();
    let package = Slot::from(SlotKey::Package(world.account, world.package.id()));
    assert!(world.db.freshness().is_fresh(noted, &[package]));
    assert_eq!(world.run().await, 1);
    let read = world.artifact(&artifact).await;
    assert_eq!(statuses(&read), (ArtifactStatus::Uploaded, None));
    let digests = Digests::of(b"hello\nworld");
    assert_eq!(read.content_length, Some(11));
    assert_eq!(read.content_type.as_deref(), Some("text/plain; charset=utf-8"));
    assert_eq!(read.sha256.as_deref(), Some(&digests.sha256.as_bytes()[..]));
    assert_eq!(read.sha512.as_deref(), Some(&digests.sha512.as_bytes()[..]));
    assert_eq!(read.sha1.as_deref(), Some(&digests.sha1.as_bytes()[..]));
    assert_eq!(read.md5.as_deref(), Some(&digests.md5.as_bytes()[..]));
    let manifests = world.manifests(&artifact).await;
    let contents: Vec<_> = manifests.iter().map(|m| (m.kind.as_str(), m.content.as_slice())).collect();
    assert_eq!(contents, [("sheet", &b"Acme 1.0.0 hello"[..])]);
    assert_eq!(manifests.first().map(|manifest| manifest.release_id), Some(world.release.id().into()));
    assert!(!world.db.freshness().is_fresh(noted, &[package]), "cached packages go stale");
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
}

#[tokio::test]
async fn running_twice_is_running_once() {
    let world = World::new().await;
    let artifact = world.sheet(b"hello").await;
    world.run().await;
    let (first, manifests) = (world.artifact(&artifact).await, world.manifests(&artifact).await);
    world.advance(Duration::from_secs(5));
    world.enqueue(&kind::about(kind::INGEST, world.account, artifact.id(), world.now())).await;
    assert_eq!(world.run().await, 1);
    assert_eq!(world.artifact(&artifact).await, first);
    assert_eq!(world.manifests(&artifact).await, manifests);
}

#[tokio::test]
async fn files_that_no_engine_reads_are_kept_as_they_are() {
    let world = World::new().await;
    let artifact = world.uploaded(world.waiting(&world.release, "app.exe"), b"MZ\x90\x00").await;
    world.run().await;
    let read = world.artifact(&artifact).await;
    assert_eq!(statuses(&read), (ArtifactStatus::Uploaded, None));
    assert_eq!(read.content_type.as_deref(), Some("application/vnd.microsoft.portable-executable"));
    assert!(world.manifests(&artifact).await.is_empty());
}

#[tokio::test]
async fn what_the_engine_refuses_fails_with_its_reason_and_loses_its_bytes() {
    let world = World::new().await;
    let artifact = world.sheet(b"crumpled").await;
    let blob = artifact.get("blob_key").as_text().unwrap().to_owned();
    world.run().await;
    let read = world.artifact(&artifact).await;
    assert_eq!(statuses(&read), (ArtifactStatus::Failed, Some("the sheet is crumpled")));
    assert_eq!(read.blob_key, None);
    assert!(world.holds(&blob).await, "a grace");
    world.advance(kind::GRACE + kind::GRACE);
    world.run().await;
    assert!(!world.holds(&blob).await);
}

#[tokio::test]
async fn declared_size_and_checksum_are_checked() {
    let digests = Digests::of(b"hello");
    let cases: [(&str, Value, bool); 8] = [
        ("filesize", Value::Int(5), true),
        ("filesize", Value::Int(6), false),
        ("checksum", Value::Text(digests.sha256.hex()), true),
        ("checksum", Value::Text(digests.sha512.base64()), true),
        ("checksum", Value::Text(digests.md5.hex().to_uppercase()), true),
        ("checksum", Value::Text(Digests::of(b"other").sha256.hex()), false),
        ("checksum", Value::Text(Digests::of(b"other").sha1.hex()), false),
        ("checksum", Value::Text("ask the vendor".into()), true),
    ];
    let world = World::new().await;
    for (index, (column, value, good)) in cases.into_iter().enumerate() {
        let mut artifact = world.waiting(&world.release, &format!("{index}.paper"));
        artifact.set(column, value.clone());
        let artifact = world.uploaded(artifact, b"hello").await;
        world.run().await;
        let read = world.artifact(&artifact).await;
        assert_eq!(read.status == ArtifactStatus::Uploaded, good, "{column} {value:?}: {:?}", read.failure);
        if !good {
            assert!(read.failure.unwrap().contains("declared"), "{column} {value:?}");
            assert!(world.manifests(&artifact).await.is_empty());
        }
    }
}

#[tokio::test]
async fn an_engine_that_panics_is_tried_again_and_then_given_up() {
    let world = World::new().await;
    let artifact = world.sheet(b"panic").await;
    assert_eq!(world.run().await, 1);
    assert_eq!(world.artifact(&artifact).await.status, ArtifactStatus::Processing);
    assert_eq!(world.run().await, 0, "not before its wait is over");
    let mut runs = 1;
    while world.artifact(&artifact).await.status == ArtifactStatus::Processing {
        world.advance(Duration::from_secs(600));
        runs += world.run().await;
        assert!(runs < 20, "never given up");
    }
    let read = world.artifact(&artifact).await;
    assert_eq!(read.status, ArtifactStatus::Failed);
    assert!(read.failure.unwrap().contains("could not be processed"));
    assert_eq!(runs, 6, "five attempts, then the end");
}

#[tokio::test]
async fn a_worker_that_dies_loses_nothing() {
    let world = World::new().await;
    let artifact = world.sheet(b"hello").await;
    let lease = Duration::from_secs(60);
    let dead = world.db.claim(world.now(), lease, kind::ALL).await.unwrap().unwrap();
    assert_eq!(world.run().await, 0, "somebody has it");
    world.advance(lease + Duration::from_secs(1));
    assert_eq!(world.run().await, 1);
    assert_eq!(world.artifact(&artifact).await.status, ArtifactStatus::Uploaded);
    assert!(!world.db.finish(&dead).await.unwrap(), "the dead worker's lease is void");
}

#[tokio::test]
async fn what_went_its_own_way_meanwhile_is_left_alone() {
    let world = World::new().await;
    let mut yanked = world.sheet(b"hello").await;
    yanked.set("status", Value::Text("YANKED".into()));
    world.update(&yanked, &["status"]).await;
    let gone = world.uploaded(world.waiting(&world.release, "gone.paper"), b"hello").await;
    world.remove(&gone).await;
    let mut orphan = world.waiting(&world.release, "orphan.paper");
    orphan.set("release_id", Value::Id(keyway_base::RecordId::generate(world.start)));
    let orphan = world.uploaded(orphan, b"hello").await;
    let waiting = world.waiting(&world.release, "waiting.paper");
    world.put(&waiting).await;
    world.enqueue(&kind::about(kind::INGEST, world.account, waiting.id(), world.now())).await;
    assert_eq!(world.run().await, 4);
    assert_eq!(world.artifact(&yanked).await.status, ArtifactStatus::Yanked);
    assert_eq!(world.artifact(&orphan).await.status, ArtifactStatus::Processing);
    assert_eq!(world.artifact(&waiting).await.status, ArtifactStatus::Waiting);
    assert_eq!(world.count::<Manifest>().await, 0);
    assert_eq!(world.db.pending_jobs().await.unwrap(), 0);
}

#[tokio::test]
async fn a_file_that_is_missing_says_so() {
    let world = World::new().await;
    let artifact: Record = world.sheet(b"hello").await;
    let key = artifact.get("blob_key").as_text().unwrap().parse().unwrap();
    assert!(world.blobs.delete(&key).await.unwrap());
    world.run().await;
    let read = world.artifact(&artifact).await;
    assert_eq!(read.status, ArtifactStatus::Failed);
    assert!(read.failure.unwrap().contains("not in the store"));
}

/// What the engine wrote about an artifact.
async fn said(world: &World, artifact: &Record) -> String {
    let manifests = world.manifests(artifact).await;
    let [manifest] = manifests.as_slice() else { panic!("{manifests:?}") };
    String::from_utf8(manifest.content.clone()).unwrap()
}

#[tokio::test]
async fn the_second_of_two_files_that_belong_together_is_read_with_the_first() {
    let world = World::new().await;
    let lone = world.uploaded(world.waiting(&world.release, "b-back.paper"), b"other").await;
    let crumpled = world.uploaded(world.waiting(&world.release, "a-back.paper"), b"crumpled").await;
    world.run().await;
    let front = world.uploaded(world.waiting(&world.release, "a.paper"), b"front").await;
    world.run().await;
    assert_eq!(said(&world, &front).await, "Acme 1.0.0 front", "what was refused is not there");
    world.remove(&crumpled).await;
    let back = world.uploaded(world.waiting(&world.release, "a-back.paper"), b"back").await;
    world.run().await;
    assert_eq!(said(&world, &back).await, "Acme 1.0.0 back with [Acme 1.0.0 front]");
    assert_eq!(said(&world, &lone).await, "Acme 1.0.0 other");
}

#[tokio::test]
async fn of_two_files_that_come_at_once_one_is_read_with_the_other() {
    let world = World::new().await;
    for round in 0..8 {
        let name = |side| format!("{round}{side}.paper");
        let front = world.uploaded(world.waiting(&world.release, &name("")), b"front").await;
        let back = world.uploaded(world.waiting(&world.release, &name("-back")), b"back").await;
        tokio::join!(world.run(), world.run());
        world.run().await;
        let together = [said(&world, &front).await, said(&world, &back).await];
        let with = together.iter().filter(|said| said.contains(" with [")).count();
        assert_eq!(with, 1, "{together:?}");
    }
}

#[tokio::test]
async fn the_vendor_s_key_is_that_of_the_package_or_of_its_product() {
    let world = World::new().await;
    let said_of = async |name: &str| {
        let mut artifact = world.waiting(&world.release, name);
        artifact.set("signature", Value::Text("by hand".into()));
        let artifact = world.uploaded(artifact, b"x").await;
        world.run().await;
        said(&world, &artifact).await
    };
    assert_eq!(said_of("a.paper").await, "Acme 1.0.0 x signed by hand");
    for (record, key) in [(&world.product, "wax"), (&world.package, "lead")] {
        let mut record = record.clone();
        record.set(
            "metadata",
            Value::Json(serde_json::json!({ "paper_public_key": key, "oak_public_key": "o" })),
        );
        world.update(&record, &["metadata"]).await;
        let name = format!("{key}.paper");
        assert_eq!(said_of(&name).await, format!("Acme 1.0.0 x sealed by {key} signed by hand"));
    }
}
