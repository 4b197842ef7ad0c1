//! Rendered documents: shared by class, rendered once, tagged by their bytes.

use std::io::Read as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use flate2::read::GzDecoder;
use http::{HeaderValue, StatusCode};
use keyway_catalog::{Answer, CacheLimits, DocumentAddress, Rendered};
use keyway_engine::{Caching, Document, Plain, Reply, Transfer};
use keyway_jsonapi::Record;

use crate::world::World;

fn document(text: impl Into<Bytes>) -> Reply {
    Reply::Document(Document {
        media_type: "application/json",
        body: text.into(),
        caching: Caching::Revalidate,
        transfer: Transfer::Negotiated,
        vary: "Accept",
    })
}

fn rendered(answer: Answer) -> Arc<Rendered> {
    match answer {
        Answer::Document(document) => document,
        Answer::Other(other) => panic!("not a document: {other:?}"),
    }
}

#[tokio::test]
async fn a_thousand_licences_share_one_document() {
    let world = World::new().await;
    let product = world.product("LICENSED").await;
    let widget = world.package(&product, "widget").await;
    world.release(&widget, "1.0.0").await;
    let policy = world.policy(&product).await;
    let licenses: Vec<Record> =
        (0..1_000).map(|at| world.license_record(&policy, &format!("KEY-{at}"))).collect();
    world.put_all(&licenses).await;
    let snapshot = world.catalog.package(&world.account, None, "paper", "widget").await.unwrap().unwrap();
    let renders = AtomicU32::new(0);
    let mut first: Option<Arc<Rendered>> = None;
    for at in 0..1_000 {
        let principal = world.by_key(&format!("KEY-{at}")).await.unwrap();
        let seen = world.catalog.seen(&principal, &snapshot);
        let address = DocumentAddress {
            account: &world.account,
            engine: "paper",
            source: snapshot.identity(),
            variant: 1,
            class: seen.class,
            base: "https://example.com",
        };
        let render = || {
            renders.fetch_add(1, Ordering::SeqCst);
            document("{}")
        };
        let answer = rendered(world.catalog.document(&address, render).await);
        assert!(Arc::ptr_eq(first.get_or_insert_with(|| Arc::clone(&answer)), &answer));
    }
    assert_eq!(renders.load(Ordering::SeqCst), 1);

    let anonymous = world.by(&keyway_access::Presented::Anonymous, None).await.unwrap();
    let other = world.catalog.seen(&anonymous, &snapshot);
    let principal = world.by_key("KEY-0").await.unwrap();
    assert_ne!(other.class, world.catalog.seen(&principal, &snapshot).class);
}

#[tokio::test]
async fn everything_in_the_address_counts() {
    let world = World::new().await;
    let snapshot = {
        world.package(&world.product("OPEN").await, "widget").await;
        world.catalog.package(&world.account, None, "paper", "widget").await.unwrap().unwrap()
    };
    let address = DocumentAddress {
        account: &world.account,
        engine: "paper",
        source: snapshot.identity(),
        variant: 1,
        class: 1,
        base: "https://example.com",
    };
    let one = rendered(world.catalog.document(&address, || document("one")).await);
    assert!(Arc::ptr_eq(&one, &world.catalog.cached_document(&address).unwrap()));
    for other in [
        DocumentAddress { engine: "pen", ..address },
        DocumentAddress { variant: 2, ..address },
        DocumentAddress { class: 2, ..address },
        DocumentAddress { base: "https://example.org", ..address },
    ] {
        assert!(world.catalog.cached_document(&other).is_none(), "{other:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn those_who_wait_share_one_rendering() {
    let world = Arc::new(World::new().await);
    world.package(&world.product("OPEN").await, "widget").await;
    let snapshot = world.catalog.package(&world.account, None, "paper", "widget").await.unwrap().unwrap();
    let renders = Arc::new(AtomicU32::new(0));
    let askers: Vec<_> = (0..50)
        .map(|_| {
            let (world, snapshot, renders) =
                (Arc::clone(&world), Arc::clone(&snapshot), Arc::clone(&renders));
            tokio::spawn(async move {
                let address = DocumentAddress {
                    account: &world.account,
                    engine: "paper",
                    source: snapshot.identity(),
                    variant: 1,
                    class: 1,
                    base: "",
                };
                let render = || {
                    renders.fetch_add(1, Ordering::SeqCst);
                    document(vec![b'x'; 100_000])
                };
                rendered(world.catalog.document(&address, render).await).identity.len()
            })
        })
        .collect();
    for asker in askers {
        assert_eq!(asker.await.unwrap(), 100_000);
    }
    assert_eq!(renders.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn other_replies_are_given_back_and_not_kept() {
    let world = World::new().await;
    let snapshot = {
        world.package(&world.product("OPEN").await, "widget").await;
        world.catalog.package(&world.account, None, "paper", "widget").await.unwrap().unwrap()
    };
    let address = DocumentAddress {
        account: &world.account,
        engine: "paper",
        source: snapshot.identity(),
        variant: 1,
        class: 1,
        base: "",
    };
    let answer = world.catalog.document(&address, || Plain::status(StatusCode::NOT_FOUND).into()).await;
    let Answer::Other(Reply::Plain(plain)) = answer else { panic!("{answer:?}") };
    assert_eq!(plain.status, StatusCode::NOT_FOUND);
    assert!(world.catalog.cached_document(&address).is_none());
}

#[test]
fn tags_are_digests_and_large_bodies_are_compressed() {
    let of = |body: &[u8]| match document(body.to_vec()) {
        Reply::Document(document) => Rendered::of(document),
        other => panic!("{other:?}"),
    };
    let small = of(b"abc");
    // The first half of SHA-256("abc"), FIPS 180-4.
    assert_eq!(small.etag, "\"ba7816bf8f01cfea414140de5dae2223\"");
    assert_eq!(small.gzip, None);
    let large = of(&b"{\"version\":\"1.0.0\"}".repeat(100));
    let packed = large.gzip.clone().unwrap();
    assert!(packed.len() < large.identity.len());
    let mut unpacked = Vec::new();
    GzDecoder::new(&packed[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, large.identity);
    assert_ne!(large.etag, large.gzip_etag);
    for (header, matched) in [
        (large.etag.to_str().unwrap().to_owned(), true),
        (format!("\"x\", W/{}", large.gzip_etag.to_str().unwrap()), true),
        ("*".to_owned(), true),
        (small.etag.to_str().unwrap().to_owned(), false),
        ("ba7816bf".to_owned(), false),
    ] {
        assert_eq!(large.is_matched_by(&HeaderValue::from_str(&header).unwrap()), matched, "{header}");
    }
}

#[tokio::test]
async fn documents_stay_within_their_bound() {
    let bound = 1024 * 1024;
    let world = World::with(CacheLimits { documents: bound, ..CacheLimits::default() }).await;
    world.package(&world.product("OPEN").await, "widget").await;
    let snapshot = world.catalog.package(&world.account, None, "paper", "widget").await.unwrap().unwrap();
    for class in 0..200 {
        let address = DocumentAddress {
            account: &world.account,
            engine: "paper",
            source: snapshot.identity(),
            variant: 1,
            class,
            base: "",
        };
        let body: Vec<u8> = class.to_be_bytes().repeat(4_096);
        rendered(world.catalog.document(&address, || document(body)).await);
    }
    let held = world.catalog.sizes().documents;
    assert!(held <= bound && held > bound / 4, "{held} bytes");
}
