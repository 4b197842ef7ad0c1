//! The grammar's tables.

use http::{HeaderMap, Method};
use proptest::prelude::*;

use super::*;

fn parse_as(method: &Method, path: &str) -> Result<Op, BadPath> {
    Op::parse(&Head { method, path, query: "", headers: &HeaderMap::new() })
}

fn get(path: &str) -> Result<Op, BadPath> {
    parse_as(&Method::GET, path)
}

fn project(name: &str) -> ProjectName {
    ProjectName::parse(name).unwrap()
}

fn file(name: &str) -> FileName {
    FileName::parse(name).unwrap().unwrap()
}

#[test]
fn every_spelling_of_a_project_is_the_same_page() {
    for path in [
        "/simple/acme-widget/",
        "/simple/acme-widget",
        "/simple/Acme.Widget/",
        "/simple/acme_widget/",
        "/simple//acme-widget/",
        "//simple/acme-widget//",
        "/simple/acme%2Dwidget/",
    ] {
        assert_eq!(
            get(path),
            Ok(Op::Project { project: project("acme-widget"), format: Format::Html }),
            "{path}"
        );
    }
    for path in ["/simple/", "/simple", "/simple//"] {
        assert_eq!(get(path), Ok(Op::Index { format: Format::Html }), "{path}");
    }
}

#[test]
fn files_and_their_sidecars() {
    for name in [
        "acme_widget-1.0-py3-none-any.whl",
        "acme_widget-1!2.0+local.1-1-cp312-abi3-manylinux_2_17_x86_64.whl",
        "acme_widget-1.0.post1.tar.gz",
    ] {
        let expected = Op::File { project: project("acme-widget"), file: file(name) };
        assert_eq!(get(&format!("/files/acme-widget/{name}")), Ok(expected), "{name}");
        let expected = Op::Sidecar { project: project("acme-widget"), file: file(name) };
        assert_eq!(get(&format!("/files/acme-widget/{name}.metadata")), Ok(expected), "{name}");
    }
    assert_eq!(
        get("/files/acme-widget/acme_widget-1.0%2Blocal-py3-none-any.whl"),
        Ok(Op::File {
            project: project("acme-widget"),
            file: file("acme_widget-1.0+local-py3-none-any.whl")
        })
    );
}

#[test]
fn other_paths_are_unknown_or_malformed() {
    for path in [
        "/",
        "/simple/a/b",
        "/files/",
        "/files/a",
        "/files/a/b",
        "/files/a/a-1.0.zip",
        "/files/a/a-1.0.exe",
        "/files/a/a.whl",
        "/files/a/a-1.0.tar.gz/x",
        "/files/a/.metadata",
        "/+simple/a",
        "/pypi/a/json",
        "/Simple/a/",
        "/files/a/..%2fa-1.0.tar.gz",
    ] {
        assert_eq!(get(path), Err(BadPath::Unknown), "{path}");
    }
    for path in [
        "/simple/../",
        "/simple/a%2fb/",
        "/simple/a%00/",
        "/simple/%ff/",
        "/simple/-a/",
        "/files/-/a-1.0.tar.gz",
    ] {
        assert!(matches!(get(path), Err(BadPath::Malformed(_))), "{path}");
    }
}

#[test]
fn uploads_go_to_their_place() {
    for path in ["/", "/legacy/", "/legacy", ""] {
        assert_eq!(parse_as(&Method::POST, path), Ok(Op::Upload), "{path}");
    }
    assert_eq!(parse_as(&Op::Upload.method(), &Op::Upload.path()), Ok(Op::Upload));
    for path in ["/simple/", "/files/", "/simple/acme-widget/"] {
        assert_eq!(parse_as(&Method::POST, path), Err(BadPath::Method), "{path}");
    }
    assert!(parse_as(&Method::HEAD, "/files/a/a-1.0.tar.gz").is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_accepted_round_trips(
        path in "(/(simple|files|[a-zA-Z0-9._-]{1,8}|a-1\\.0(-py3-none-any\\.whl|\\.tar\\.gz)(\\.metadata)?|%2[fF]|\\PC{0,6})?){0,5}",
    ) {
        if let Ok(op) = get(&path) {
            prop_assert_eq!(get(&op.path()), Ok(op));
        }
    }

    #[test]
    fn normal_forms_are_fixed_points(text in "[a-zA-Z0-9]([a-zA-Z0-9._-]{0,12}[a-zA-Z0-9])?") {
        let once = project(&text);
        prop_assert_eq!(&project(once.as_str()), &once);
    }
}
