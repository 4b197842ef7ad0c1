//! Files on the wire: whole, by range, or not again (RFC 9110 §13–14), with a strong tag that is the digest of
//! the bytes.

use std::collections::VecDeque;
use std::fmt;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, RANGE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Response, StatusCode};
use keyway_base::{BlobName, ContentDigest, RequestId};
use keyway_blob::Blob;
use keyway_crypto::digest::Sha256;

use crate::body::{Body, Part};
use crate::conditional::{none_match_names, range_applies};
use crate::disposition::attachment;
use crate::range::{Backwards, Ranges, Span};

/// `Digest` (RFC 3230): clients of today still read it.
const DIGEST: HeaderName = HeaderName::from_static("digest");

/// A file that a vendor uploaded is never to run in the origin of the API.
const SANDBOX: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// What tells the bytes of a file from others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileTag {
    /// The name of a blob.
    Blob(BlobName),
    /// The digest that the client asked by.
    Content(ContentDigest),
}

impl fmt::Display for FileTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blob(name) => name.fmt(f),
            Self::Content(digest) => digest.fmt(f),
        }
    }
}

/// What is said about a file.
#[derive(Debug)]
pub(crate) struct FileFacts<'a> {
    /// What tells its bytes from others.
    pub(crate) tag: FileTag,
    /// What becomes of a range that ends before it begins.
    pub(crate) backwards: Backwards,
    /// The digest of its bytes, where it is known.
    pub(crate) digest: Option<Sha256>,
    /// Its size in bytes.
    pub(crate) size: u64,
    /// Its media type.
    pub(crate) media_type: &'a str,
    /// The name to save it under; `None` leaves that to the URL.
    pub(crate) save_as: Option<&'a str>,
    /// The `Cache-Control` value.
    pub(crate) caching: HeaderValue,
}

/// The answer to a request for a file, before its bytes are fetched.
#[derive(Debug)]
pub(crate) struct FileAnswer {
    head: Response<()>,
    wanted: Wanted,
}

/// Which bytes go with an answer.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    Nothing,
    Whole,
    Part(Span),
    Parts(Vec<Span>),
}

impl FileAnswer {
    /// Decides what a request gets. Nothing is read for a 304, a 416 or a `HEAD`.
    pub(crate) fn of(method: &Method, headers: &HeaderMap, facts: &FileFacts<'_>) -> Self {
        let tag = format!("\"{}\"", facts.tag);
        let mut head = Response::new(());
        let is_get = method == Method::GET;
        let ranges = headers.get(RANGE).filter(|_| is_get && range_applies(headers, tag.as_bytes()));
        let ranges = ranges
            .and_then(|value| value.to_str().ok())
            .map_or(Ranges::Whole, |value| Ranges::read(value, facts.size, facts.backwards));
        let (status, wanted) = match ranges {
            _ if none_match_names(headers, &[tag.as_bytes()]) => (StatusCode::NOT_MODIFIED, Wanted::Nothing),
            Ranges::Unsatisfiable => (StatusCode::RANGE_NOT_SATISFIABLE, Wanted::Nothing),
            Ranges::One(span) => (StatusCode::PARTIAL_CONTENT, Wanted::Part(span)),
            Ranges::Several(spans) => (StatusCode::PARTIAL_CONTENT, Wanted::Parts(spans)),
            Ranges::Whole if is_get => (StatusCode::OK, Wanted::Whole),
            Ranges::Whole => (StatusCode::OK, Wanted::Nothing),
        };
        *head.status_mut() = status;
        facts.describe(head.headers_mut(), status, tag, &wanted);
        Self { head, wanted }
    }

    /// Whether it carries the whole file.
    pub(crate) fn is_whole(&self) -> bool {
        self.wanted == Wanted::Whole
    }
    /// Whether the blob must be opened.
    pub(crate) fn needs_bytes(&self) -> bool {
        self.wanted != Wanted::Nothing
    }

    /// The answer without bytes.
    pub(crate) fn without_bytes(self) -> Response<Body> {
        self.head.map(|()| Body::empty())
    }

    /// The answer with its bytes. `request` names the separator of several parts.
    pub(crate) fn with_bytes(self, blob: &Blob, media_type: &str, request: RequestId) -> Response<Body> {
        let Self { mut head, wanted } = self;
        let body = match wanted {
            Wanted::Nothing => Body::empty(),
            Wanted::Whole => Body::blob(blob.read_range(0, blob.len())),
            Wanted::Part(span) => Body::blob(blob.read_range(span.first, span.len())),
            Wanted::Parts(spans) => {
                let boundary = format!("keyway-{}", request.uuid().simple());
                let content_type = format!("multipart/byteranges; boundary={boundary}");
                set(head.headers_mut(), CONTENT_TYPE, content_type);
                Body::parts(several(blob, &spans, media_type, &boundary))
            }
        };
        head.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(body.remaining()));
        head.map(|()| body)
    }
}

impl FileFacts<'_> {
    fn describe(&self, headers: &mut HeaderMap, status: StatusCode, tag: String, wanted: &Wanted) {
        headers.reserve(10);
        headers.insert(CACHE_CONTROL, self.caching.clone());
        headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        set(headers, ETAG, tag);
        match status {
            StatusCode::NOT_MODIFIED => return,
            StatusCode::RANGE_NOT_SATISFIABLE => {
                set(headers, CONTENT_RANGE, format!("bytes */{}", self.size));
                headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
                return;
            }
            _ => {}
        }
        if let Wanted::Part(span) = wanted {
            set(headers, CONTENT_RANGE, span.content_range(self.size));
        }
        if *wanted == Wanted::Nothing {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(self.size));
        }
        set(headers, CONTENT_TYPE, self.media_type);
        if let Some(digest) = self.digest {
            set(headers, DIGEST, digest.header_value());
        }
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(CONTENT_SECURITY_POLICY, SANDBOX);
        if let Some(name) = self.save_as {
            headers.insert(CONTENT_DISPOSITION, attachment(name));
        }
    }
}

/// The pieces of a `multipart/byteranges` body. It begins with an empty line, as Apache's and nginx's do: zsync
/// takes no other, and asks again and again.
fn several(blob: &Blob, spans: &[Span], media_type: &str, boundary: &str) -> VecDeque<Part> {
    let mut parts = VecDeque::with_capacity(spans.len() * 2 + 1);
    for span in spans {
        let range = span.content_range(blob.len());
        let text =
            format!("\r\n--{boundary}\r\nContent-Type: {media_type}\r\nContent-Range: {range}\r\n\r\n");
        parts.push_back(Part::Text(Bytes::from(text)));
        parts.push_back(Part::Blob(blob.read_range(span.first, span.len())));
    }
    parts.push_back(Part::Text(Bytes::from(format!("\r\n--{boundary}--\r\n"))));
    parts
}

/// Sets a header; a text that no header can hold (a media type from a database) is left out.
fn set<T>(headers: &mut HeaderMap, name: HeaderName, text: T)
where
    HeaderValue: TryFrom<T>,
{
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use http::header::{IF_NONE_MATCH, IF_RANGE};
    use http_body_util::BodyExt;
    use keyway_crypto::digest::sha256;

    use super::*;

    const CONTENT: &[u8] = b"0123456789";

    async fn ask(method: Method, headers: &[(HeaderName, &str)]) -> (Response<()>, String) {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let facts = FileFacts {
            tag: FileTag::Blob(BlobName::Digest(*sha256(CONTENT).as_bytes())),
            backwards: Backwards::Ignored,
            digest: Some(sha256(CONTENT)),
            size: 10,
            media_type: "application/zip",
            save_as: Some("app.zip"),
            caching: HeaderValue::from_static("no-store"),
        };
        let answer = FileAnswer::of(&method, &headers, &facts);
        let id = "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap();
        let response = if answer.needs_bytes() {
            answer.with_bytes(&Blob::Memory(Bytes::from_static(CONTENT)), "application/zip", id)
        } else {
            answer.without_bytes()
        };
        let (head, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        (Response::from_parts(head, ()), String::from_utf8(body.to_vec()).unwrap())
    }

    fn header(response: &Response<()>, name: HeaderName) -> &str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn tag() -> String {
        format!("\"{}\"", sha256(CONTENT))
    }

    #[tokio::test]
    async fn whole() {
        let (head, body) = ask(Method::GET, &[]).await;
        assert_eq!((head.status(), body.as_str()), (StatusCode::OK, "0123456789"));
        assert_eq!(header(&head, ETAG), tag());
        assert_eq!(header(&head, CONTENT_LENGTH), "10");
        assert_eq!(header(&head, ACCEPT_RANGES), "bytes");
        assert_eq!(header(&head, CONTENT_DISPOSITION), "attachment; filename=\"app.zip\"");
        assert_eq!(header(&head, DIGEST), "sha-256=hNiYd/DUBB77a/kaFvAkjy/Vc+avBcGflr7bn4gveII=");
    }

    #[tokio::test]
    async fn head_tells_the_length_and_ignores_ranges() {
        let (head, body) = ask(Method::HEAD, &[(RANGE, "bytes=0-1")]).await;
        assert_eq!((head.status(), body.as_str()), (StatusCode::OK, ""));
        assert_eq!(header(&head, CONTENT_LENGTH), "10");
        assert_eq!(header(&head, CONTENT_TYPE), "application/zip");
    }

    #[tokio::test]
    async fn one_range() {
        let (head, body) = ask(Method::GET, &[(RANGE, "bytes=2-4")]).await;
        assert_eq!((head.status(), body.as_str()), (StatusCode::PARTIAL_CONTENT, "234"));
        assert_eq!(header(&head, CONTENT_RANGE), "bytes 2-4/10");
        assert_eq!(header(&head, CONTENT_LENGTH), "3");
    }

    #[tokio::test]
    async fn several_ranges_with_a_length() {
        let (head, body) = ask(Method::GET, &[(RANGE, "bytes=0-1,-2")]).await;
        assert_eq!(head.status(), StatusCode::PARTIAL_CONTENT);
        let boundary = "keyway-0190163d8694739baea5966c26f8ad91";
        assert_eq!(header(&head, CONTENT_TYPE), format!("multipart/byteranges; boundary={boundary}"));
        let expected = format!(
            "\r\n--{boundary}\r\nContent-Type: application/zip\r\nContent-Range: bytes 0-1/10\r\n\r\n01\r\n\
             --{boundary}\r\nContent-Type: application/zip\r\nContent-Range: bytes 8-9/10\r\n\r\n89\r\n\
             --{boundary}--\r\n"
        );
        assert_eq!(body, expected);
        assert_eq!(header(&head, CONTENT_LENGTH), expected.len().to_string());
        assert_eq!(header(&head, CONTENT_RANGE), "");
    }

    #[tokio::test]
    async fn past_the_end() {
        let (head, body) = ask(Method::GET, &[(RANGE, "bytes=10-")]).await;
        assert_eq!((head.status(), body.as_str()), (StatusCode::RANGE_NOT_SATISFIABLE, ""));
        assert_eq!(header(&head, CONTENT_RANGE), "bytes */10");
    }

    #[tokio::test]
    async fn not_again() {
        for method in [Method::GET, Method::HEAD] {
            let (head, body) = ask(method, &[(IF_NONE_MATCH, &tag()), (RANGE, "bytes=0-1")]).await;
            assert_eq!((head.status(), body.as_str()), (StatusCode::NOT_MODIFIED, ""));
            assert_eq!(header(&head, ETAG), tag());
            assert_eq!(header(&head, CACHE_CONTROL), "no-store");
        }
    }

    #[tokio::test]
    async fn a_range_of_another_state_gets_the_whole() {
        let (head, body) = ask(Method::GET, &[(RANGE, "bytes=0-1"), (IF_RANGE, "\"old\"")]).await;
        assert_eq!((head.status(), body.as_str()), (StatusCode::OK, "0123456789"));
        let (head, body) = ask(Method::GET, &[(RANGE, "bytes=0-1"), (IF_RANGE, &tag())]).await;
        assert_eq!((head.status(), body.as_str()), (StatusCode::PARTIAL_CONTENT, "01"));
    }
}
