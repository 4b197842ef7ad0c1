//! What is about a manifest, by who asks.

use keyway_engine::testing::Shelf;
use keyway_engine::{Access, Content, Plain};
use serde_json::{Value, json};

use crate::{FREE, INDEX, ask, get, hidden, json_of, manifest, named, plain, shelf, signature, value, whole};

fn list(subject: &str, query: &str, shelf: &Shelf) -> (Plain, Vec<Value>) {
    let plain = plain(get(&format!("/v2/app/referrers/{}{query}", named(subject)), shelf));
    assert_eq!(plain.status, 200);
    assert_eq!(value(&plain, "content-type").as_deref(), Some(INDEX));
    let index = json_of(&plain.body);
    assert_eq!((&index["schemaVersion"], &index["mediaType"]), (&json!(2), &json!(INDEX)));
    let manifests = index["manifests"].as_array().unwrap().clone();
    (plain, manifests)
}

fn words(subject: &str, query: &str, shelf: &Shelf) -> Vec<String> {
    let (_, manifests) = list(subject, query, shelf);
    manifests.iter().map(|descriptor| descriptor["digest"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_descriptor_has_all_that_clients_choose_by() {
    let (plain, manifests) = list("free image", "", &shelf());
    assert_eq!(
        manifests,
        [json!({
            "mediaType": crate::IMAGE,
            "digest": named("free signature").to_string(),
            "size": "free signature".len(),
            "artifactType": "application/vnd.example.signature",
            "annotations": { "org.example.by": "a \"b\"" },
        })]
    );
    assert_eq!(value(&plain, "oci-filters-applied"), None);
}

#[test]
fn referrers_follow_their_subject() {
    assert_eq!(words("pro image", "", &shelf()), [""; 0]);
    assert_eq!(words("pro image", "", &whole()), [named("pro signature").to_string()]);
}

#[test]
fn a_list_of_referrers_is_never_absent() {
    assert_eq!(words("no image", "", &shelf()), [""; 0]);
    assert_eq!(words("free image", "", &hidden()), [""; 0]);
    let absent = plain(ask(&format!("/v2/none/referrers/{}", named("x")), &Access::Absent));
    assert_eq!(absent.status, 200);
    assert_eq!(json_of(&absent.body), json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }));
}

#[test]
fn types_are_filtered() {
    let (plain, manifests) =
        list("free image", "?artifactType=application%2Fvnd.example.signature", &shelf());
    assert_eq!(manifests.len(), 1);
    assert_eq!(value(&plain, "oci-filters-applied").as_deref(), Some("artifactType"));
    let (plain, manifests) = list("free image", "?artifactType=text/spdx", &shelf());
    assert_eq!(manifests.len(), 0);
    assert_eq!(value(&plain, "oci-filters-applied").as_deref(), Some("artifactType"));
}

#[test]
fn an_index_without_a_type_has_none() {
    let mut shelf = shelf();
    let mut index = signature("an index", "free image", &[FREE]);
    (index.media_type, index.artifact_type, index.annotations) = (INDEX.to_owned(), None, None);
    shelf.package.content = Content::new(vec![index], Vec::new(), Vec::new());
    let (_, manifests) = list("free image", "", &shelf);
    let size = "an index".len();
    assert_eq!(
        manifests,
        [json!({ "mediaType": INDEX, "digest": named("an index").to_string(), "size": size })]
    );
}

#[test]
fn many_referrers_come_in_pages() {
    let mut shelf = shelf();
    let large = format!(r#"{{"note":"{}"}}"#, "x".repeat(1 << 20));
    let about = (0..9).map(|at| {
        let mut about = signature(&format!("note {at}"), "free image", &[FREE]);
        about.annotations = Some(large.as_str().into());
        about
    });
    let manifests = about.chain([manifest("free image", &[FREE])]).collect();
    shelf.package.content = Content::new(manifests, Vec::new(), Vec::new());
    let (mut seen, mut query, mut pages) = (Vec::new(), String::new(), 0);
    loop {
        let (plain, manifests) = list("free image", &query, &shelf);
        assert!(plain.body.len() <= 4 << 20);
        seen.extend(manifests.iter().map(|descriptor| descriptor["digest"].as_str().unwrap().to_owned()));
        pages += 1;
        let Some(link) = value(&plain, "link") else { break };
        let target = link.strip_prefix('<').unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        query = format!("?{}", target.split_once('?').unwrap().1);
    }
    let mut expected: Vec<_> = (0..9).map(|at| named(&format!("note {at}")).to_string()).collect();
    expected.sort();
    assert_eq!((seen, pages), (expected, 5));
    assert_eq!(words("free image", "?n=4", &shelf).len(), 2);
    assert_eq!(words("free image", "?n=1", &shelf).len(), 1);
    assert_eq!(words("free image", "?n=0", &shelf).len(), 0);
}
