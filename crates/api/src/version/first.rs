//! Version 1.0, where a release was one file (`distribution.md` §11).
//!
//! What a release shows of its file, and a file of its product, is not in the current documents: hooks add it as
//! the member `former` when 1.0 is spoken, and it is used up here.

use serde_json::{Map, Value, json};

use super::Route;
use super::documents::{each, object};

/// What is known of a release's file, by folded and by shown name.
pub(crate) const FILE_ATTRIBUTES: [(&str, &str); 6] = [
    ("platform", "platform"),
    ("filetype", "filetype"),
    ("filename", "filename"),
    ("filesize", "filesize"),
    ("signature", "signature"),
    ("checksum", "checksum"),
];

/// A release shows its file's attributes, and is published or not.
pub(super) fn release(document: &mut Value, _: Route) {
    each(document, "releases", |release| {
        let file = release.remove("former").unwrap_or_default();
        if let Some(attributes) = object(release, "attributes") {
            for (_, name) in FILE_ATTRIBUTES {
                attributes.insert(name.to_owned(), file.get(name).cloned().unwrap_or_default());
            }
            if attributes.get("status").is_some_and(|status| status == "DRAFT") {
                attributes.insert("status".to_owned(), "NOT_PUBLISHED".into());
            }
        }
        let link = release.get("links").and_then(|links| links.get("self")).and_then(Value::as_str);
        let link = link.map(|link| format!("{link}/artifact"));
        if let Some(relations) = object(release, "relationships") {
            relations.remove("artifacts");
            let data = file.get("id").map(|id| json!({ "type": "artifacts", "id": id }));
            relations.insert("artifact".to_owned(), json!({ "links": { "related": link }, "data": data }));
        }
    });
}

/// A file shows its key and its product.
pub(super) fn artifact(document: &mut Value, _: Route) {
    each(document, "artifacts", |artifact| {
        let product = artifact.remove("former").unwrap_or_default();
        if let Some(attributes) = object(artifact, "attributes") {
            let key = attributes.get("filename").cloned().unwrap_or_default();
            attributes.insert("key".to_owned(), key);
        }
        if let Some(relations) = object(artifact, "relationships")
            && product.is_object()
        {
            relations.insert("product".to_owned(), product);
        }
    });
}

/// Takes what describes the file out of the body of a release; `None` when nothing does.
pub(crate) fn take_file(body: &mut Map<String, Value>, route: Route) -> Option<Map<String, Value>> {
    let publishes = route.writes("/releases") || route.path == "/releases";
    let attributes = super::documents::attributes(body).filter(|_| publishes)?;
    let taken = |(name, _): (&str, &str)| Some((name.to_owned(), attributes.remove(name)?));
    let file: Map<String, Value> = FILE_ATTRIBUTES.into_iter().filter_map(taken).collect();
    (!file.is_empty()).then_some(file)
}
