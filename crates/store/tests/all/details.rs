//! What every write makes stale, whatever its transaction says that it touches.

use keyway_base::{RecordId, Slot, SlotKey};
use keyway_domain::resources::{
    ALL, Component, Entitlement, Environment, License, LicenseEntitlement, LicenseUser, Machine, Policy,
    PolicyEntitlement, Process, User,
};
use keyway_jsonapi::{Declared, Resource, Scope, Value};
use keyway_store::{Changes, Generation};

use crate::world::World;

/// What is part of the record whose id is in the column; what has a column of such a name and is no part is below.
const PARTS: &[(&Resource, &str)] = &[
    (License::RESOURCE, "id"),
    (Policy::RESOURCE, "id"),
    (User::RESOURCE, "id"),
    (Entitlement::RESOURCE, "id"),
    (Environment::RESOURCE, "id"),
    (Machine::RESOURCE, "license_id"),
    (Component::RESOURCE, "license_id"),
    (Process::RESOURCE, "license_id"),
    (LicenseUser::RESOURCE, "license_id"),
    (LicenseEntitlement::RESOURCE, "license_id"),
    (PolicyEntitlement::RESOURCE, "policy_id"),
];

#[test]
fn nothing_that_belongs_to_a_licence_is_forgotten() {
    let forgotten = ALL.iter().filter(|resource| {
        let has = resource.columns.iter().any(|column| column.name == "license_id");
        has && !PARTS.iter().any(|(part, _)| part == *resource)
    });
    let forgotten: Vec<&str> = forgotten.map(|resource| resource.table).collect();
    assert!(forgotten.is_empty(), "{forgotten:?}");
}

/// Whether the details of a record are as they were, and nothing else has gone stale.
fn is_as_before(world: &World, noted: Generation, whole: RecordId) -> bool {
    let freshness = world.db.freshness();
    let (license, user) = (SlotKey::License(world.account, whole), SlotKey::User(world.account, whole));
    assert!(freshness.is_fresh(noted, &[license.into(), user.into()]), "only details");
    freshness.is_fresh(noted, &[SlotKey::Details(world.account, whole).into()])
}

#[tokio::test]
async fn every_write_of_a_part_ends_the_details_of_its_whole() {
    let world = World::new().await;
    for (resource, column) in PARTS {
        let noted = world.db.freshness().note();
        let mut record = world.add(resource, &[]).await;
        let whole = record.get(column).as_id().unwrap();
        assert!(!is_as_before(&world, noted, whole), "{}: added", resource.table);
        let noted = world.db.freshness().note();
        let now = world.now();
        record.set("updated_at", Value::Time(now));
        let mut write = world.db.begin().await.unwrap();
        assert!(write.update(&record, &[]).await.unwrap());
        write.commit(Changes::none()).await.unwrap();
        assert!(!is_as_before(&world, noted, whole), "{}: changed", resource.table);
        let noted = world.db.freshness().note();
        let mut write = world.db.begin().await.unwrap();
        assert!(!write.delete(resource, world.account, RecordId::generate(now)).await.unwrap());
        write.commit(Changes::none()).await.unwrap();
        assert!(is_as_before(&world, noted, whole), "{}: another one", resource.table);
        let mut write = world.db.begin().await.unwrap();
        let found = write.delete_where(resource, world.account, &Scope::id("id", record.id())).await.unwrap();
        assert_eq!(found, 1);
        write.commit(Changes::none()).await.unwrap();
        assert!(!is_as_before(&world, noted, whole), "{}: deleted", resource.table);
    }
}

#[tokio::test]
async fn what_is_cleared_ends_the_details_of_its_whole() {
    let world = World::new().await;
    let (user, other) = (RecordId::generate(world.now()), RecordId::generate(world.now()));
    let owned = world.add(Machine::RESOURCE, &[("owner_id", Value::Id(user))]).await;
    let others = world.add(Machine::RESOURCE, &[("owner_id", Value::Id(other))]).await;
    let of = |machine: &keyway_jsonapi::Record| machine.get("license_id").as_id().unwrap();
    let noted = world.db.freshness().note();
    let mut write = world.db.begin().await.unwrap();
    let scope = Scope::id("owner_id", user);
    let cleared = write.clear_where(Machine::RESOURCE, world.account, "owner_id", &scope).await.unwrap();
    assert_eq!(cleared, 1);
    write.commit(Changes::none()).await.unwrap();
    assert!(!is_as_before(&world, noted, of(&owned)));
    assert!(is_as_before(&world, noted, of(&others)));
}

#[tokio::test]
async fn a_part_that_moves_ends_the_details_of_both() {
    let world = World::new().await;
    let mut machine = world.add(Machine::RESOURCE, &[]).await;
    let (from, to) = (machine.get("license_id").as_id().unwrap(), RecordId::generate(world.now()));
    machine.set("license_id", Value::Id(to));
    let noted = world.db.freshness().note();
    let mut write = world.db.begin().await.unwrap();
    assert!(write.update(&machine, &["license_id"]).await.unwrap());
    write.commit(Changes::none()).await.unwrap();
    assert!(!is_as_before(&world, noted, from) && !is_as_before(&world, noted, to));
}

#[tokio::test]
async fn details_travel_to_other_processes() {
    let world = World::new().await;
    let another = world.another().await;
    let mut tail = keyway_store::Tail::start(&another).await.unwrap();
    let noted = another.freshness().note();
    let license = world.add(License::RESOURCE, &[]).await;
    let details = Slot::from(SlotKey::Details(world.account, license.id()));
    assert!(another.freshness().is_fresh(noted, &[details]), "not heard of yet");
    tail.poll().await.unwrap();
    assert!(!another.freshness().is_fresh(noted, &[details]));
    assert!(another.freshness().is_fresh(noted, &[Slot(details.0 & 0xffff)]), "only details");
}

#[tokio::test]
async fn the_last_validation_is_noted_where_it_is_later_and_is_no_detail() {
    let world = World::new().await;
    let (earlier, later) = (world.now(), world.now());
    let mut licenses = Vec::new();
    for number in 0..75 {
        let known = if number % 2 == 0 { Value::Time(later) } else { Value::Null };
        licenses.push(world.add(License::RESOURCE, &[("last_validated_at", known)]).await.id());
    }
    let noted = world.db.freshness().note();
    let gone = RecordId::generate(later);
    let ids = licenses.iter().copied().chain([gone]);
    let all: Vec<_> = ids.map(|id| (world.account, id.into(), earlier)).collect();
    world.db.note_validations(&all).await.unwrap();
    world.db.note_validations(&[]).await.unwrap();
    assert_eq!(world.db.freshness().note(), noted, "nothing has gone stale");
    for (number, id) in licenses.into_iter().enumerate() {
        let found =
            world.db.find(License::RESOURCE, world.account, &Scope::id("id", id)).await.unwrap().unwrap();
        let expected = if number % 2 == 0 { later } else { earlier };
        assert_eq!(found.get("last_validated_at"), &Value::Time(expected), "{number}");
    }
}
