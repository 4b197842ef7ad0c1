//! Manifests and forms that were sent: never panics, and what is accepted is kept as it came.
#![no_main]

use http::{HeaderMap, Method};
use keyway_engine::testing::{EchoSigner, SITE};
use keyway_engine::{Act, Around, ContentEdit, Context, Engine, Head, Sent};
use keyway_engine_oci::OciEngine;
use libfuzzer_sys::fuzz_target;

fn act(method: Method, path: &str, body: &[u8]) -> Option<Act> {
    let head = Head { method: &method, path, query: "", headers: &HeaderMap::new() };
    let context =
        Context { base: "", site: SITE, account: "", caller: "", signer: &EchoSigner, upstream: None };
    let op = OciEngine.parse(&head).ok()?;
    OciEngine.act(&op, &context, &mut Sent { around: &Around::document(body), file: None }).ok()
}

fuzz_target!(|body: &[u8]| {
    let _ = act(Method::POST, "/token", body);
    let Some(Act::Content { edit: ContentEdit::Manifest(sent), .. }) =
        act(Method::PUT, "/v2/app/manifests/1.0.0", body)
    else {
        return;
    };
    assert_eq!(sent.bytes, body);
    assert!(!sent.media_type.is_empty());
    assert!(sent.blobs.is_sorted() && sent.foreign.is_sorted() && sent.manifests.is_sorted());
});
