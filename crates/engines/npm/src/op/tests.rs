//! The grammar's tables, from `npm-pypi.md` §1.1 and §1.2.

use http::{HeaderMap, HeaderValue, header::ACCEPT};
use proptest::prelude::*;

use super::*;

fn parse_as(method: &Method, target: &str, accept: &str) -> Result<Op, BadPath> {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    if !accept.is_empty() {
        headers.insert(ACCEPT, HeaderValue::from_str(accept).unwrap());
    }
    Op::parse(&Head { method, path, query, headers: &headers })
}

fn get(target: &str) -> Result<Op, BadPath> {
    parse_as(&Method::GET, target, "")
}

fn name(text: &str) -> PackageName {
    PackageName::parse(text).unwrap()
}

#[test]
fn every_spelling_of_a_scoped_name_is_the_same_packument() {
    for path in [
        "/@acme/widget",
        "/@acme%2fwidget",
        "/@acme%2Fwidget",
        "/%40acme/widget",
        "/%40acme%2fwidget",
        "/%40acme%2Fwidget",
    ] {
        assert_eq!(get(path), Ok(Op::Packument { name: name("@acme/widget"), form: Form::Full }), "{path}");
    }
    assert_eq!(get("/widget"), Ok(Op::Packument { name: name("widget"), form: Form::Full }));
    assert_eq!(get("/npm"), Ok(Op::Packument { name: name("npm"), form: Form::Full }));
}

#[test]
fn both_spellings_of_a_scoped_tarball_are_the_same_file() {
    let tarball = |name: PackageName, version: &str| Ok(Op::Tarball { name, version: version.to_owned() });
    for path in [
        "/@acme/widget/-/widget-1.0.0.tgz",
        "/@acme%2fwidget/-/widget-1.0.0.tgz",
        "/%40acme%2Fwidget/-/widget-1.0.0.tgz",
    ] {
        assert_eq!(get(path), tarball(name("@acme/widget"), "1.0.0"), "{path}");
    }
    assert_eq!(get("/a/-/a-2.0.0-rc.1.tgz"), tarball(name("a"), "2.0.0-rc.1"));
    assert_eq!(get("/a/-/a-1.0.0%2Bb.tgz"), tarball(name("a"), "1.0.0+b"));
    assert_eq!(get("/a/-/a-1.0.0+b.tgz"), tarball(name("a"), "1.0.0+b"));
    for path in [
        "/a/-/b-1.0.0.tgz",
        "/a/-/a-1.0.0.tar.gz",
        "/a/-/a.tgz",
        "/a/-/a-.tgz",
        "/a/-/",
        "/a/-",
        "/a/-/a-1.tgz/x",
    ] {
        assert_eq!(get(path), Err(BadPath::Unknown), "{path}");
    }
}

#[test]
fn reads_versions_and_tags() {
    for (path, expected) in [
        ("/@acme/widget/1.0.0", "1.0.0"),
        ("/@acme%2fwidget/latest", "latest"),
        ("/@acme/widget/a%2Fb", "a/b"),
    ] {
        let expected = Op::Manifest { name: name("@acme/widget"), selector: expected.to_owned() };
        assert_eq!(get(path), Ok(expected), "{path}");
    }
}

#[test]
fn reads_the_service_endpoints() {
    assert_eq!(get("/-/ping"), Ok(Op::Ping));
    assert_eq!(get("/-/whoami"), Ok(Op::WhoAmI));
    assert_eq!(get("/-/npm/v1/keys"), Ok(Op::Keys));
    assert_eq!(get("/-/package/@acme%2fwidget/dist-tags"), Ok(Op::DistTags { name: name("@acme/widget") }));
    assert_eq!(get("/-/package/@acme/widget/dist-tags"), Ok(Op::DistTags { name: name("@acme/widget") }));
    assert_eq!(parse_as(&Method::POST, "/-/npm/v1/security/advisories/bulk", ""), Ok(Op::Advisories));
    assert_eq!(parse_as(&Method::POST, "/-/npm/v1/security/audits/quick", ""), Ok(Op::Audit));
    assert_eq!(
        parse_as(&Method::PUT, "/-/user/org.couchdb.user:license", ""),
        Ok(Op::LogIn { user: "license".to_owned() })
    );
    assert_eq!(
        get("/-/v1/search?text=Wid+get&size=500&from=2"),
        Ok(Op::Search(Search { text: "wid get".to_owned(), from: 2, size: 250 }))
    );
    for path in [
        "/-/v1/login",
        "/-/npm/v1/tokens",
        "/-/npm/v1/user",
        "/-/org/acme/user",
        "/-/package/a/access",
        "/-/nothing",
        "/-",
        "/",
    ] {
        assert_eq!(get(path), Err(BadPath::Unknown), "{path}");
    }
    assert_eq!(parse_as(&Method::POST, "/-/v1/login", ""), Err(BadPath::Unknown));
}

#[test]
fn writes_of_every_client_are_understood() {
    let name = || PackageName::parse("@acme/widget").unwrap();
    let version = "1.0.0-rc.1".to_owned();
    let unpublished = Op::UnpublishVersion { name: name(), version };
    for (method, path, expected) in [
        (Method::PUT, "/@acme%2fwidget", Op::Put { name: name() }),
        (Method::PUT, "/@acme/widget", Op::Put { name: name() }),
        (Method::PUT, "/@acme%2fwidget/-rev/1-0", Op::Revise { name: name() }),
        (Method::DELETE, "/@acme%2fwidget/-rev/1-0", Op::Unpublish { name: name() }),
        (Method::DELETE, "/@acme/widget/-/widget-1.0.0-rc.1.tgz/-rev/1-0", unpublished.clone()),
        // below a registry with a path, npm 11 asks for that path twice
        (Method::DELETE, "/v1/engines/npm/@acme/widget/-/widget-1.0.0-rc.1.tgz/-rev/1-0", unpublished),
        (
            Method::PUT,
            "/-/package/@acme%2fwidget/dist-tags/beta",
            Op::PutTag { name: name(), tag: "beta".to_owned() },
        ),
        (
            Method::DELETE,
            "/-/package/@acme%2fwidget/dist-tags/beta",
            Op::DeleteTag { name: name(), tag: "beta".to_owned() },
        ),
    ] {
        assert_eq!(parse_as(&method, path, "").as_ref(), Ok(&expected), "{method} {path}");
        let again = parse_as(&expected.method(), &expected.path(), "");
        assert_eq!(again, Ok(expected), "{method} {path}");
    }
}

#[test]
fn other_writes_are_not_taken() {
    for (method, path) in [
        (Method::POST, "/@acme%2fwidget"),
        (Method::PUT, "/widget/1.0.0"),
        (Method::DELETE, "/widget"),
        (Method::DELETE, "/-/package/@acme%2fwidget/dist-tags"),
        (Method::POST, "/-/ping"),
        (Method::GET, "/-/npm/v1/security/advisories/bulk"),
    ] {
        assert_eq!(parse_as(&method, path, ""), Err(BadPath::Method), "{method} {path}");
    }
}

#[test]
fn names_that_npm_forbids_are_malformed() {
    for path in
        ["/.env", "/@acme", "/@acme%2fa%2fb", "/..%2f..", "/a%00b", "/%ff", "/@acme%2f..", "/_all_docs"]
    {
        assert!(matches!(get(path), Err(BadPath::Malformed(_))), "{path}");
    }
}

#[test]
fn only_a_client_that_names_it_gets_the_abbreviated_form() {
    let npm6 = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";
    for (target, accept, expected) in [
        ("/a", "", Form::Full),
        ("/a", "*/*", Form::Full),
        ("/a", "application/json", Form::Full),
        ("/a", "application/json; q=1.0, */*", Form::Full),
        ("/a", "text/html", Form::Full),
        ("/a", npm6, Form::Abbreviated),
        ("/a", "application/vnd.npm.install-v1+json", Form::Abbreviated),
        ("/a", "application/json, application/vnd.npm.install-v1+json;q=0.5", Form::Full),
        ("/a?write=true", npm6, Form::Full),
    ] {
        let parsed = parse_as(&Method::GET, target, accept);
        assert_eq!(parsed, Ok(Op::Packument { name: name("a"), form: expected }), "{target} {accept}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_accepted_round_trips(
        path in "(/(@?[a-zA-Z0-9._~-]{1,6}|-|user|package|%2[fF]|dist-tags|%40a|v1|search|a-1\\.0\\.0\\.tgz|\\PC{0,5})){0,6}",
        query in "(text|size|write)?=?[a-z0-9+%&=]{0,8}",
        method in 0_usize..4,
    ) {
        let method = [Method::GET, Method::HEAD, Method::PUT, Method::POST].into_iter().nth(method).unwrap();
        let target = format!("{path}?{query}");
        if let Ok(op) = parse_as(&method, &target, "") {
            prop_assert_eq!(parse_as(&op.method(), &op.path(), ""), Ok(op));
        }
    }
}
