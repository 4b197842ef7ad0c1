//! The endpoints around packages: what each needs, and what it answers (`npm-pypi.md` §1.1).

use http::Method;
use keyway_base::Secret;
use keyway_engine::{
    Access, Act, Around, Engine as _, NameList, Need, Outcome, PackageName, Plain, Reply, Sent,
};
use keyway_engine_npm::NpmEngine;
use serde_json::{Value, json};

use crate::{ABBREVIATED, context, header, parse, plain};

fn body(plain: &Plain) -> Value {
    serde_json::from_slice(&plain.body).unwrap()
}

fn answer(method: &Method, target: &str, access: &Access<'_>) -> Plain {
    let op = parse(method, target, "").unwrap();
    plain(NpmEngine.reply(&op, &context(), access))
}

#[test]
fn each_operation_asks_for_no_more_than_it_needs() {
    for (method, target, expected) in [
        (Method::GET, "/-/ping", Need::Nothing),
        (Method::GET, "/-/npm/v1/keys", Need::Nothing),
        (Method::POST, "/-/npm/v1/security/advisories/bulk", Need::Nothing),
        (Method::POST, "/-/npm/v1/security/audits", Need::Nothing),
        (Method::PUT, "/-/user/org.couchdb.user:x", Need::Nothing),
        (Method::GET, "/-/whoami", Need::Caller),
        (Method::GET, "/-/v1/search?text=x", Need::Names),
        (Method::GET, "/@acme%2fwidget", Need::Package { key: "@acme/widget" }),
        (Method::GET, "/@acme/widget/-/widget-1.0.0.tgz", Need::Package { key: "@acme/widget" }),
        (Method::GET, "/widget/latest", Need::Package { key: "widget" }),
        (Method::GET, "/-/package/widget/dist-tags", Need::Package { key: "widget" }),
    ] {
        let op = parse(&method, target, "").unwrap();
        assert_eq!(NpmEngine.need(&op), expected, "{target}");
    }
}

#[test]
fn only_documents_of_the_whole_view_are_cached_and_each_under_its_own_number() {
    let variant = |target, accept| NpmEngine.variant(&parse(&Method::GET, target, accept).unwrap());
    let numbers =
        [variant("/widget", ""), variant("/widget", ABBREVIATED), variant("/-/package/widget/dist-tags", "")];
    assert_eq!(numbers.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
    assert!(numbers.iter().all(Option::is_some));
    for target in ["/-/ping", "/-/whoami", "/widget/1.0.0", "/widget/-/widget-1.0.0.tgz", "/-/v1/search"] {
        assert_eq!(variant(target, ""), None, "{target}");
    }
}

#[test]
fn small_endpoints_answer() {
    let granted = Access::Granted;
    assert_eq!(body(&answer(&Method::GET, "/-/ping", &granted)), json!({}));
    assert_eq!(body(&answer(&Method::GET, "/-/whoami", &granted)), json!({ "username": "license Alice" }));
    assert_eq!(body(&answer(&Method::POST, "/-/npm/v1/security/advisories/bulk", &granted)), json!({}));
    let audit = body(&answer(&Method::POST, "/-/npm/v1/security/audits/quick", &granted));
    assert_eq!(audit["metadata"]["vulnerabilities"]["critical"], 0);
    assert_eq!(
        body(&answer(&Method::GET, "/-/npm/v1/keys", &granted)),
        json!({ "keys": [{
            "expires": null,
            // SHA-256 of the test key, the three bytes `key`.
            "keyid": "SHA256:LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM=",
            "keytype": "ecdsa-sha2-nistp256",
            "scheme": "ecdsa-sha2-nistp256",
            "key": "a2V5",
        }]})
    );
}

#[test]
fn search_looks_through_visible_names() {
    let name = |key: &str| PackageName { key: key.to_owned(), normalised: key.to_owned() };
    let names = NameList(["@acme/gadget", "@acme/widget", "@other/widget", "tool"].map(name).into());
    let search = |query: &str| {
        let found = body(&answer(&Method::GET, &format!("/-/v1/search?{query}"), &Access::Names(&names)));
        let keys = found["objects"].as_array().unwrap().iter();
        (
            keys.map(|object| object["package"]["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>(),
            found["total"].clone(),
        )
    };
    assert_eq!(
        search("text=widget"),
        (vec!["@acme/widget".to_owned(), "@other/widget".to_owned()], json!(2))
    );
    assert_eq!(search("text=WIDGET+acme").0, ["@acme/widget"]);
    assert_eq!(search("text=scope:acme").0, ["@acme/gadget", "@acme/widget"]);
    assert_eq!(search("text=&size=1&from=3"), (vec!["tool".to_owned()], json!(4)));
    assert_eq!(search("text=nothing"), (Vec::new(), json!(0)));
}

#[test]
fn a_login_with_a_licence_key_gives_it_back_as_the_token() {
    let op = parse(&Method::PUT, "/-/user/org.couchdb.user:license", "").unwrap();
    let sent =
        json!({ "_id": "org.couchdb.user:license", "name": "license", "password": "KEY-1", "type": "user" });
    let around = Around::document(sent.to_string());
    let act = NpmEngine.act(&op, &context(), &mut Sent { around: &around, file: None }).unwrap();
    match act {
        Act::LogIn { user, password } => {
            assert_eq!((user.as_str(), password.expose().as_str()), ("license", "KEY-1"))
        }
        other => panic!("a login is an act of its own: {other:?}"),
    }
    let outcome = Outcome::LoggedIn { token: Secret::new("KEY-1".to_owned()) };
    let Reply::Plain(welcome) = NpmEngine.render(&op, &context(), &outcome) else { panic!("not plain") };
    assert_eq!(welcome.status, 201);
    assert_eq!(body(&welcome), json!({ "ok": true, "id": "org.couchdb.user:license", "token": "KEY-1" }));
    assert_eq!(header(&welcome, "cache-control"), Some("no-store"));
}

#[test]
fn a_login_without_a_password_is_refused() {
    let op = parse(&Method::PUT, "/-/user/org.couchdb.user:license", "").unwrap();
    for sent in ["", "{}", "[]", "{\"password\":1}", "{\"password\":\" \"}", "{\"name\":\"x\"}"] {
        let around = Around::document(sent);
        let act = NpmEngine.act(&op, &context(), &mut Sent { around: &around, file: None });
        assert_eq!(act.unwrap_err().status, 400, "{sent}");
    }
}

#[test]
fn requests_outside_the_grammar_get_npm_s_error_form() {
    for (method, target, status) in [
        (Method::GET, "/-/npm/v1/tokens", 404),
        (Method::POST, "/-/v1/login", 404),
        (Method::POST, "/widget", 405),
        (Method::GET, "/.env", 400),
    ] {
        let plain = NpmEngine.bad_path(&parse(&method, target, "").unwrap_err());
        assert_eq!(plain.status, status, "{target}");
        assert!(body(&plain)["error"].is_string(), "{target}");
        assert_eq!(header(&plain, "content-type"), Some("application/json"));
    }
}
