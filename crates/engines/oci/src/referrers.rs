//! What is about a manifest: signatures, bills of materials, attestations (`spec/oci.md` §1.1, end-12). Who sees the
//! manifest sees them, and nobody else does.

use http::StatusCode;
use http::header::CACHE_CONTROL;
use http::{HeaderName, HeaderValue};
use keyway_archive::oci::media_type::OCI_INDEX;
use keyway_engine::{Plain, StoredManifest, View};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::list::{Page, json, linked};
use crate::op::About;
use crate::place::Place;
use crate::refusal::{header, versioned};
use crate::target::{parameters, with_query};

const FILTERS: HeaderName = HeaderName::from_static("oci-filters-applied");

/// The most bytes of descriptors on one page: clients take manifests of 4 MiB.
const LARGEST: usize = 3 << 20;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Index<'a> {
    schema_version: u8,
    media_type: &'static str,
    manifests: &'a [Box<RawValue>],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor<'a> {
    media_type: &'a str,
    digest: String,
    size: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    artifact_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<&'a RawValue>,
}

/// The index of the referrers that the caller may see; an empty one where there is no such repository.
pub(crate) fn index(place: &Place<'_>, view: Option<&View<'_>>, about: &About) -> Plain {
    let (descriptors, last) = match view {
        Some(view) => page(view, about),
        None => (Vec::new(), None),
    };
    let body = json(&Index { schema_version: 2, media_type: OCI_INDEX, manifests: &descriptors });
    let next = last.map(|last| {
        let kind = about.artifact_type.iter().map(|kind| ("artifactType", kind.clone()));
        let page = Page { n: about.page.n, last: Some(last) };
        with_query(&place.path(&format!("referrers/{}", about.subject)), kind.chain(parameters(&page)))
    });
    let plain = linked(versioned(StatusCode::OK), next).with(CACHE_CONTROL, header("private, no-cache"));
    let plain = match about.artifact_type {
        Some(_) => plain.with(FILTERS, HeaderValue::from_static("artifactType")),
        None => plain,
    };
    plain.body(OCI_INDEX, body)
}

/// The descriptors of a page and, where there are more, the digest that it ends with.
fn page(view: &View<'_>, about: &About) -> (Vec<Box<RawValue>>, Option<String>) {
    let is_wanted = |manifest: &&StoredManifest| {
        about.artifact_type.as_ref().is_none_or(|kind| manifest.artifact_type.as_ref() == Some(kind))
            && view.shows(&manifest.owners)
    };
    let wanted = view.package.content.about(&about.subject).filter(is_wanted);
    let most = about.page.n.unwrap_or(usize::MAX);
    let (mut descriptors, mut bytes, mut last): (Vec<Box<RawValue>>, usize, Option<String>) =
        (Vec::new(), 0, None);
    for manifest in wanted {
        let digest = manifest.digest.to_string();
        if about.page.last.as_ref().is_some_and(|last| digest <= *last) {
            continue;
        }
        let descriptor = descriptor(manifest, digest.clone());
        let size = descriptor.get().len();
        if descriptors.len() >= most || (bytes + size > LARGEST && !descriptors.is_empty()) {
            return (descriptors, last);
        }
        bytes += size;
        descriptors.push(descriptor);
        last = Some(digest);
    }
    (descriptors, None)
}

fn descriptor(manifest: &StoredManifest, digest: String) -> Box<RawValue> {
    let annotations = manifest.annotations.as_deref();
    let descriptor = Descriptor {
        media_type: &manifest.media_type,
        digest,
        size: manifest.bytes.len(),
        artifact_type: manifest.artifact_type.as_deref(),
        annotations: annotations.and_then(|text| serde_json::from_str(text).ok()),
    };
    serde_json::value::to_raw_value(&descriptor).expect("texts, numbers and what was JSON are JSON")
}
