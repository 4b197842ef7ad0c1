//! What each condition means in SQL.

use keyway_base::{RecordId, Timestamp};
use keyway_domain::resources::User;
use keyway_jsonapi::{Declared, Scope, Value};
use proptest::prelude::*;

use crate::world::{LICENSES, PRODUCTS, World, text};

/// Three licences: named "a" with 1 use, named "B" with 2 uses, without a name with 3 uses.
async fn three() -> (World, [RecordId; 3]) {
    let world = World::new().await;
    let mut ids = Vec::new();
    for (name, uses) in [(text("a"), 1), (text("B"), 2), (Value::Null, 3)] {
        ids.push(world.add(LICENSES, &[("name", name), ("uses", Value::Int(uses))]).await.id());
    }
    (world, ids.try_into().unwrap())
}

#[tokio::test]
async fn comparisons() {
    let (world, [a, b, c]) = three().await;
    let cases = [
        (Scope::All, vec![a, b, c]),
        (Scope::None, vec![]),
        (Scope::And(vec![]), vec![a, b, c]),
        (Scope::Or(vec![]), vec![]),
        (Scope::text("name", "a"), vec![a]),
        (Scope::text("name", "A"), vec![]),
        (Scope::IsCaseless("name", "b".into()), vec![b]),
        (Scope::Contains("name", "B".into()), vec![b]),
        (Scope::Contains("name", "%".into()), vec![]),
        (Scope::Contains("name", "_".into()), vec![]),
        (Scope::In("name", vec![text("a"), text("B"), Value::Null]), vec![a, b]),
        (Scope::In("name", vec![]), vec![]),
        (Scope::IsNull("name"), vec![c]),
        (Scope::IsNull("name").negate(), vec![a, b]),
        (Scope::Lt("uses", Value::Int(2)), vec![a]),
        (Scope::Le("uses", Value::Int(2)), vec![a, b]),
        (Scope::Gt("uses", Value::Int(2)), vec![c]),
        (Scope::Ge("uses", Value::Int(2)), vec![b, c]),
        (Scope::Is("suspended", Value::Bool(false)), vec![a, b, c]),
        (Scope::Is("suspended", Value::Bool(true)), vec![]),
        (Scope::text("name", "a").or(Scope::IsNull("name")), vec![a, c]),
        (Scope::text("name", "a").and(Scope::Is("uses", Value::Int(2))), vec![]),
    ];
    for (scope, expected) in cases {
        assert_eq!(world.matching(LICENSES, &scope).await, expected, "{scope:?}");
    }
}

#[tokio::test]
async fn what_is_not_true_of_null_is_true_of_its_opposite() {
    let (world, [a, b, c]) = three().await;
    let not_a = Scope::text("name", "a").negate();
    assert_eq!(world.matching(LICENSES, &not_a).await, [b, c]);
    let never = Scope::Is("name", Value::Null);
    assert_eq!(world.matching(LICENSES, &never).await, []);
    assert_eq!(world.matching(LICENSES, &Scope::Not(Box::new(never))).await, [a, b, c]);
    let twice = Scope::Not(Box::new(Scope::Not(Box::new(Scope::text("name", "a")))));
    assert_eq!(world.matching(LICENSES, &twice).await, [a]);
}

#[tokio::test]
async fn related_rows() {
    let world = World::new().await;
    let user = world.add(User::RESOURCE, &[("email", text("a@b.example"))]).await;
    let app = world.add(PRODUCTS, &[("code", text("app"))]).await;
    let owned = [("product_id", Value::Id(app.id())), ("owner_id", Value::Id(user.id()))];
    let first = world.add(LICENSES, &owned).await.id();
    let second = world.add(LICENSES, &[]).await.id();
    let of_app = Scope::belongs("products", "product_id", Scope::text("code", "app"));
    let of_user = Scope::belongs("users", "owner_id", Scope::text("email", "a@b.example"));
    assert_eq!(world.matching(LICENSES, &of_app.clone().and(of_user)).await, [first]);
    assert_eq!(world.matching(LICENSES, &of_app.clone().negate()).await, [second]);
    let licensed = Scope::has("licenses", "owner_id", of_app);
    assert_eq!(world.matching(User::RESOURCE, &licensed).await, [user.id()]);
    assert_eq!(world.matching(User::RESOURCE, &licensed.negate()).await, []);
}

#[tokio::test]
async fn related_rows_of_another_account_do_not_count() {
    let world = World::new().await;
    let mut foreign = world.record(PRODUCTS);
    foreign.set("account_id", Value::Id(RecordId::generate(world.now())));
    foreign.set("code", text("app"));
    world.insert(&foreign).await;
    world.add(LICENSES, &[("product_id", Value::Id(foreign.id()))]).await;
    let of_app = Scope::belongs("products", "product_id", Scope::text("code", "app"));
    assert_eq!(world.matching(LICENSES, &of_app).await, []);
}

#[tokio::test]
async fn long_lists_of_every_kind() {
    let (world, [a, b, c]) = three().await;
    let padded = |values: Vec<Value>, filler: Value| {
        values.into_iter().chain(std::iter::repeat_n(filler, 200)).collect::<Vec<_>>()
    };
    let nobody = Value::Id(RecordId::generate(Timestamp::from_micros(0)));
    let ids = padded(vec![Value::Id(a), Value::Id(c)], nobody);
    assert_eq!(world.matching(LICENSES, &Scope::In("id", ids)).await, [a, c]);
    let uses = padded(vec![Value::Int(2)], Value::Int(99));
    assert_eq!(world.matching(LICENSES, &Scope::In("uses", uses)).await, [b]);
    let names = padded(vec![text("a"), Value::Null, text("x\0")], text("\"quoted\" '"));
    assert_eq!(world.matching(LICENSES, &Scope::In("name", names)).await, [a]);
}

fn leaf() -> impl Strategy<Value = Scope> {
    prop_oneof![
        Just(Scope::All),
        Just(Scope::None),
        Just(Scope::IsNull("name")),
        "[aB]".prop_map(|name| Scope::text("name", name)),
        "[aAbB]".prop_map(|name| Scope::IsCaseless("name", name)),
        (0..5_i64).prop_map(|uses| Scope::Lt("uses", Value::Int(uses))),
        prop::collection::vec(0..5_i64, 0..4)
            .prop_map(|uses| Scope::In("uses", uses.into_iter().map(Value::Int).collect())),
    ]
}

fn scope() -> impl Strategy<Value = Scope> {
    leaf().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Scope::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Scope::Or),
            inner.prop_map(|scope| Scope::Not(Box::new(scope))),
        ]
    })
}

/// The meaning of a scope, in two-valued logic.
fn holds(scope: &Scope, name: Option<&str>, uses: i64) -> bool {
    match scope {
        Scope::All => true,
        Scope::None => false,
        Scope::And(all) => all.iter().all(|scope| holds(scope, name, uses)),
        Scope::Or(any) => any.iter().any(|scope| holds(scope, name, uses)),
        Scope::Not(inner) => !holds(inner, name, uses),
        Scope::IsNull(_) => name.is_none(),
        Scope::Is(_, value) => name.is_some() && name == value.as_text(),
        Scope::IsCaseless(_, text) => name.is_some_and(|name| name.eq_ignore_ascii_case(text)),
        Scope::Lt(_, value) => value.as_int().is_some_and(|bound| uses < bound),
        Scope::In(_, values) => values.contains(&Value::Int(uses)),
        other => panic!("not generated: {other:?}"),
    }
}

#[test]
fn any_condition_and_its_opposite_split_the_records() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (world, ids) = runtime.block_on(three());
    let facts = [(Some("a"), 1), (Some("B"), 2), (None, 3)];
    proptest!(ProptestConfig::with_cases(128), |(scope in scope())| {
        let expected: Vec<RecordId> = ids.iter().zip(facts)
            .filter(|(_, (name, uses))| holds(&scope, *name, *uses))
            .map(|(id, _)| *id)
            .collect();
        prop_assert_eq!(runtime.block_on(world.matching(LICENSES, &scope)), expected);
    });
}
