//! Tags and repositories, whole and in pages.

use http::Method;
use keyway_engine::{Access, Engine, NameList, PackageName, Reply};
use keyway_engine_oci::OciEngine;
use serde_json::{Value, json};

use crate::{ask, get, in_account, json_of, named, op, plain, shelf, value, whole};

fn whole_list(reply: Reply) -> Value {
    match reply {
        Reply::Document(document) => {
            assert_eq!(document.media_type, "application/json");
            json_of(&document.body)
        }
        other => panic!("not a document: {other:?}"),
    }
}

/// The entries of a page under a name, and where it goes on.
fn page(reply: Reply, name: &str) -> (Vec<String>, Option<String>) {
    let plain = plain(reply);
    assert_eq!(plain.status, 200);
    let entries = json_of(&plain.body)[name].as_array().unwrap().clone();
    let entries = entries.iter().map(|entry| entry.as_str().unwrap().to_owned()).collect();
    (entries, value(&plain, "link"))
}

#[test]
fn a_customer_sees_the_tags_of_what_is_visible() {
    let list = whole_list(get("/v2/app/tags/list", &shelf()));
    assert_eq!(list, json!({ "name": "app", "tags": ["1.0.0", "stable"] }));
}

#[test]
fn the_vendor_sees_every_tag() {
    let list = whole_list(get("/v2/app/tags/list", &whole()));
    let about = format!("sha256-{}.sig", named("free image").hex());
    let expected = ["1.0.0", "2.0.0", "3.0.0", "latest", "nightly", &about, "stable"];
    assert_eq!(list, json!({ "name": "app", "tags": expected }));
}

#[test]
fn a_repository_without_tags_has_an_empty_list() {
    let mut shelf = whole();
    shelf.package.content.tags.clear();
    assert_eq!(whole_list(get("/v2/app/tags/list", &shelf)), json!({ "name": "app", "tags": [] }));
}

#[test]
fn names_in_lists_are_those_that_clients_use() {
    let (shelf, op) = (shelf(), op(&Method::GET, "/v2/app/tags/list"));
    let reply = OciEngine.reply(&op, &in_account(Some("acme")), &Access::Package(shelf.view()));
    assert_eq!(whole_list(reply)["name"], "acme/app");
}

#[test]
fn tags_come_in_pages() {
    let shelf = whole();
    let page = |query: &str| page(get(&format!("/v2/app/tags/list?{query}"), &shelf), "tags");
    let link = |query: &str| Some(format!("</v2/app/tags/list?{query}>; rel=\"next\""));
    assert_eq!(page("n=2"), (vec!["1.0.0".into(), "2.0.0".into()], link("n=2&last=2.0.0")));
    assert_eq!(page("n=2&last=2.0.0"), (vec!["3.0.0".into(), "latest".into()], link("n=2&last=latest")));
    assert_eq!(page("last=nightly").0.len(), 2);
    assert_eq!(page("last=nightly").1, None);
    assert_eq!(page("n=0"), (vec![], None));
    assert_eq!(page("n=7").1, None);
    assert_eq!(page("n=9223372036854775807").0.len(), 7);
    assert_eq!(page("last=zzz"), (vec![], None));
    // the last tag need not be there any more
    assert_eq!(page("n=1&last=l").0, ["latest"]);
}

#[test]
fn a_tag_that_another_begins_with_is_not_lost() {
    let mut shelf = whole();
    let tags = ["1", "1.0", "1.0.0", "1.0.0-rc", "v1"];
    shelf.package.content.tags = tags.iter().map(|name| crate::tag(name, "free image", None)).collect();
    let (mut seen, mut last) = (Vec::new(), String::new());
    for _ in tags {
        let (entries, _) = page(get(&format!("/v2/app/tags/list?n=1&last={last}"), &shelf), "tags");
        last.clone_from(&entries[0]);
        seen.extend(entries);
    }
    assert_eq!(seen, tags);
}

fn names(keys: &[&str]) -> NameList {
    let name = |key: &&str| PackageName { key: (*key).to_owned(), normalised: (*key).to_owned() };
    NameList(keys.iter().map(name).collect())
}

#[test]
fn the_catalogue_lists_what_is_visible() {
    let names = names(&["app", "app-tools", "team/app"]);
    let list = whole_list(ask("/v2/_catalog", &Access::Names(&names)));
    assert_eq!(list, json!({ "repositories": ["app", "app-tools", "team/app"] }));
    let (entries, link) = page(ask("/v2/_catalog?n=1&last=app", &Access::Names(&names)), "repositories");
    assert_eq!(entries, ["app-tools"]);
    assert_eq!(link.as_deref(), Some("</v2/_catalog?n=1&last=app-tools>; rel=\"next\""));
    let reply = |target| {
        OciEngine.reply(&op(&Method::GET, target), &in_account(Some("acme")), &Access::Names(&names))
    };
    let (entries, link) = page(reply("/v2/_catalog?n=2"), "repositories");
    assert_eq!(entries, ["acme/app", "acme/app-tools"]);
    assert_eq!(link.as_deref(), Some("</v2/_catalog?n=2&last=acme/app-tools>; rel=\"next\""));
    assert_eq!(page(reply("/v2/_catalog?n=2&last=acme/app-tools"), "repositories").0, ["acme/team/app"]);
}

#[test]
fn whole_lists_are_kept_and_pages_are_not() {
    let variant = |target| OciEngine.variant(&op(&Method::GET, target));
    let kept = [variant("/v2/app/tags/list"), variant("/v2/_catalog")];
    assert!(kept.iter().all(Option::is_some) && kept[0] != kept[1]);
    for target in ["/v2/app/tags/list?n=1", "/v2/_catalog?last=a", "/v2/", "/v2/app/manifests/1", "/token"] {
        assert_eq!(variant(target), None, "{target}");
    }
}
