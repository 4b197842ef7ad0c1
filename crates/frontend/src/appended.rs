//! Documents that grow at their end: Bundler keeps its copy and asks for the bytes after it, or for all.
//!
//! A client's copy is the beginning of today's document only as long as nothing was taken back. It says in
//! `If-None-Match` what its copy's tag is, so that a copy of something else is told from a beginning here, and
//! the client is spared a part that does not fit.

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName, IF_NONE_MATCH, RANGE,
};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use keyway_catalog::Rendered;
use keyway_crypto::digest::md5;

use crate::body::Body;
use crate::conditional::{none_match_names, range_applies};
use crate::range::{Backwards, Ranges, Span};

/// `Repr-Digest` (RFC 9530): of the whole document, whatever part of it is sent.
const REPR_DIGEST: HeaderName = HeaderName::from_static("repr-digest");

/// Puts bytes and their headers into an answer that has its tag already.
pub(crate) fn fill(response: &mut Response<Body>, method: &Method, headers: &HeaderMap, document: &Rendered) {
    let whole = &document.identity;
    let span = wanted(method, headers, document);
    let part = span.and_then(|span| slice(whole, span));
    let (status, bytes) = match &part {
        Some(part) => (StatusCode::PARTIAL_CONTENT, part),
        None => (StatusCode::OK, whole),
    };
    *response.status_mut() = status;
    let out = response.headers_mut();
    out.insert(CONTENT_TYPE, document.media_type.clone());
    out.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    out.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    let digest = format!("sha-256=:{}:", document.digest.base64());
    out.insert(REPR_DIGEST, HeaderValue::try_from(digest).expect("base64 is a header value"));
    if let (Some(_), Some(span)) = (&part, span) {
        let range = span.content_range(whole.len() as u64);
        out.insert(CONTENT_RANGE, HeaderValue::try_from(range).expect("numbers are a header value"));
    }
    if method != Method::HEAD {
        *response.body_mut() = Body::from(bytes.clone());
    }
}

/// The one part that is asked for, when the client can put it to use.
fn wanted(method: &Method, headers: &HeaderMap, document: &Rendered) -> Option<Span> {
    let range = headers.get(RANGE)?.to_str().ok()?;
    if method != Method::GET || !range_applies(headers, document.etag.as_bytes()) {
        return None;
    }
    let Ranges::One(span) = Ranges::read(range, document.identity.len() as u64, Backwards::Ignored) else {
        return None;
    };
    let is_beginning = || {
        // Bundler asks from its last byte on, so that a part is never empty.
        let copy = usize::try_from(span.first).ok().and_then(|last| document.identity.get(..=last))?;
        let tag = format!("\"{}\"", md5(copy));
        Some(none_match_names(headers, &[tag.as_bytes()]))
    };
    (!headers.contains_key(IF_NONE_MATCH) || is_beginning()?).then_some(span)
}

fn slice(whole: &Bytes, span: Span) -> Option<Bytes> {
    let (first, last) = (usize::try_from(span.first).ok()?, usize::try_from(span.last).ok()?);
    (first <= last && last < whole.len()).then(|| whole.slice(first..=last))
}

#[cfg(test)]
mod tests {
    use http::header::ETAG;
    use http_body_util::BodyExt;
    use keyway_engine::{Caching, Document, Transfer};

    use super::*;
    use crate::document::document_response;

    const OLD: &str = "---\na 1 x\n";
    const NEW: &str = "---\na 1 x\nb 1 y\n";

    fn document() -> Rendered {
        Rendered::of(Document {
            media_type: "text/plain; charset=utf-8",
            body: Bytes::from_static(NEW.as_bytes()),
            caching: Caching::Revalidate,
            transfer: Transfer::Appended,
            vary: "Authorization",
        })
    }

    async fn ask(method: Method, headers: &[(HeaderName, String)]) -> (u16, HeaderMap, String) {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let (head, body) = document_response(&method, &headers, &document()).into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), head.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    fn tag(text: &str) -> String {
        format!("\"{}\"", md5(text.as_bytes()))
    }

    #[tokio::test]
    async fn a_copy_of_the_beginning_is_sent_the_rest() {
        let range = (RANGE, format!("bytes={}-", OLD.len() - 1));
        let (status, headers, body) = ask(Method::GET, &[range.clone(), (IF_NONE_MATCH, tag(OLD))]).await;
        assert_eq!((status, body.as_str()), (206, "\nb 1 y\n"));
        assert_eq!(headers.get(CONTENT_RANGE).unwrap(), "bytes 9-15/16");
        assert_eq!(headers.get(ETAG).unwrap(), &tag(NEW));
        assert!(headers.get("repr-digest").unwrap().to_str().unwrap().starts_with("sha-256=:"));
        let (status, _, body) = ask(Method::GET, &[range]).await;
        assert_eq!((status, body.as_str()), (206, "\nb 1 y\n"), "a range alone is a range");
    }

    #[tokio::test]
    async fn any_other_copy_is_sent_everything() {
        let other = "---\nc 1 z\n";
        for (range, copy) in [(other.len() - 1, other), (400, other), (0, "-x")] {
            let headers = [(RANGE, format!("bytes={range}-")), (IF_NONE_MATCH, tag(copy))];
            let (status, headers, body) = ask(Method::GET, &headers).await;
            assert_eq!((status, body.as_str()), (200, NEW), "{range}");
            assert!(!headers.contains_key(CONTENT_RANGE));
        }
    }

    #[tokio::test]
    async fn the_same_copy_is_not_modified_and_a_head_has_no_body() {
        let headers = [(RANGE, format!("bytes={}-", NEW.len() - 1)), (IF_NONE_MATCH, tag(NEW))];
        let (status, _, body) = ask(Method::GET, &headers).await;
        assert_eq!((status, body.as_str()), (304, ""));
        let (status, headers, body) = ask(Method::HEAD, &[]).await;
        assert_eq!((status, body.as_str()), (200, ""));
        assert_eq!(headers.get(CONTENT_LENGTH).unwrap(), "16");
    }
}
