//! What a schema refuses, in which words, and what comes first.

use super::*;
use serde_json::json;

fn schema() -> Vec<Node> {
    vec![
        Node::object(
            "data",
            vec![
                Node::kind(&["policies"]),
                Node::object(
                    "attributes",
                    vec![
                        Node::new("name", Form::Text).required(),
                        Node::new("max_machines", Form::Integer).nullable(),
                        Node::new("strict", Form::Boolean),
                        Node::new("expiry", Form::Time).nullable(),
                        Node::new("secret", Form::Text).permitted(false),
                        Node::new("metadata", Form::Metadata),
                        Node::new("platforms", Form::Texts),
                        Node::new("note", Form::Text),
                    ],
                )
                .required(),
                Node::object(
                    "relationships",
                    vec![
                        Node::object("product", vec![Node::identifier("data", &["products"]).required()])
                            .required(),
                    ],
                )
                .required(),
            ],
        )
        .required(),
    ]
}

fn first_failure(body: Value) -> Option<(String, String)> {
    let Value::Object(body) = body else { panic!("bodies are objects here") };
    check(&schema(), &body).err().map(|error| {
        let Some(crate::Source::Pointer(pointer)) = error.source_of_first().cloned() else {
            panic!("no pointer")
        };
        assert_eq!(error.status, 400);
        (pointer, error.detail().to_owned())
    })
}

fn policy(attributes: Value) -> Value {
    let product = json!({"data": {"type": "product", "id": "0190163d-8694-739b-aea5-966c26f8ad91"}});
    json!({"data": {"type": "policies", "attributes": attributes, "relationships": {"product": product}}})
}

/// `licensing.md` §1.2, "Schema failure".
#[test]
fn the_first_failure_is_reported_in_the_words_of_the_table() {
    let table = [
        (json!({}), "/data", "is missing"),
        (json!({"data": null}), "/data", "cannot be null"),
        (json!({"data": []}), "/data", "type mismatch (received array expected object)"),
        (policy(json!({})), "/data/attributes/name", "is missing"),
        (policy(json!({"name": null})), "/data/attributes/name", "cannot be null"),
        (policy(json!({"name": ""})), "/data/attributes/name", "cannot be blank"),
        (
            policy(json!({"name": 1})),
            "/data/attributes/name",
            "type mismatch (received integer expected string)",
        ),
        (
            policy(json!({"name": "a", "max_machines": 1.5})),
            "/data/attributes/maxMachines",
            "type mismatch (received float expected integer)",
        ),
        (
            policy(json!({"name": "a", "max_machines": 18_446_744_073_709_551_615_u64})),
            "/data/attributes/maxMachines",
            "integer is too large",
        ),
        (
            policy(
                json!({"name": "a", "max_machines": serde_json::from_str::<Value>("99999999999999999999999").unwrap()}),
            ),
            "/data/attributes/maxMachines",
            "integer is too large",
        ),
        (
            policy(json!({"name": "a", "strict": "true"})),
            "/data/attributes/strict",
            "type mismatch (received string expected boolean)",
        ),
        (
            policy(json!({"name": "a", "expiry": "soon"})),
            "/data/attributes/expiry",
            "failed to coerce string to time",
        ),
        (
            policy(json!({"name": "a", "metadata": {"a": {"b": {"c": {}}}}})),
            "/data/attributes/metadata/a/b/c",
            "maximum depth of 2 exceeded",
        ),
        (
            policy(json!({"name": "a", "platforms": ["x", 1]})),
            "/data/attributes/platforms/1",
            "type mismatch (received integer expected string)",
        ),
        (policy(json!({"name": "a", "colour": 1})), "/data/attributes/colour", "unpermitted parameter"),
        (policy(json!({"name": "a", "secret": "s"})), "/data/attributes/secret", "unpermitted parameter"),
        (json!({"data": {"type": "licenses", "attributes": {"name": "a"}}}), "/data/type", "is invalid"),
        (
            json!({"data": {"type": "policies", "attributes": {"name": "a"}}}),
            "/data/relationships",
            "is missing",
        ),
    ];
    for (body, pointer, detail) in table {
        assert_eq!(first_failure(body.clone()), Some((pointer.to_owned(), detail.to_owned())), "{body}");
    }
    assert_eq!(first_failure(policy(json!({"name": "a", "max_machines": null, "note": null}))), None);
}

/// Unknown keys first, then role conditions, then coercion, then the rest.
#[test]
fn passes_follow_each_other() {
    let everything = json!({"expiry": "soon", "secret": "s", "colour": 1});
    assert_eq!(first_failure(policy(everything)).unwrap().0, "/data/attributes/colour");
    let no_unknown = json!({"expiry": "soon", "secret": "s"});
    assert_eq!(first_failure(policy(no_unknown)).unwrap().0, "/data/attributes/secret");
    let no_secret = json!({"expiry": "soon"});
    assert_eq!(first_failure(policy(no_secret)).unwrap().0, "/data/attributes/expiry");
}

#[test]
fn identifiers_must_be_uuids_of_the_right_type() {
    let with = |identifier: Value| {
        let mut body = policy(json!({"name": "a"}));
        body["data"]["relationships"]["product"]["data"] = identifier;
        first_failure(body)
    };
    let at = "/data/relationships/product/data";
    assert_eq!(
        with(json!({"type": "products", "id": "x"})),
        Some((format!("{at}/id"), "type mismatch (received string expected UUID string)".to_owned()))
    );
    assert_eq!(with(json!({"id": "x"})), Some((format!("{at}/type"), "is missing".to_owned())));
    assert_eq!(with(json!(null)), Some((at.to_owned(), "cannot be null".to_owned())));
}

#[test]
fn arrays_have_sizes_and_items_are_checked_first() {
    let schema = [Node::new(
        "data",
        Form::List { item: Box::new(Node::identifier("", &["users"])), min: 1, max: 100 },
    )
    .required()];
    let id = json!({"type": "user", "id": "0190163d8694739baea5966c26f8ad91"});
    let failure = |items: Vec<Value>| {
        let body = Map::from_iter([("data".to_owned(), Value::Array(items))]);
        check(&schema, &body).err().map(|error| error.detail().to_owned())
    };
    let length = Some("length must be between 1 and 100 (inclusive)".to_owned());
    assert_eq!(failure(vec![]), length);
    assert_eq!(failure(vec![id.clone(); 100]), None);
    assert_eq!(failure(vec![id; 101]), length);
    assert_eq!(failure(vec![json!(null)]), Some("cannot be null".to_owned()));
}

#[test]
fn moments_come_as_iso_number_or_digits() {
    let expected = Timestamp::from_seconds(1_647_372_470);
    for value in
        [json!("2022-03-15T19:27:50Z"), json!(1_647_372_470), json!("1647372470"), json!(1_647_372_470.0)]
    {
        assert_eq!(to_time(&value), expected, "{value}");
    }
    assert_eq!(to_time(&json!(1e300)), None);
}
