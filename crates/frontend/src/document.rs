//! Rendered documents on the wire: negotiated encoding, tags, 304 before anything else.

use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, VARY,
};
use http::{Method, Response, StatusCode};
use keyway_catalog::Rendered;
use keyway_crypto::digest::sha256;
use keyway_engine::{Caching, Document, Transfer};

use crate::appended;
use crate::body::Body;
use crate::conditional::none_match_names;
use crate::encoding::takes_gzip;

/// The answer to a request for a document.
pub(crate) fn document_response(method: &Method, headers: &HeaderMap, document: &Rendered) -> Response<Body> {
    let packed = document.gzip.as_ref().filter(|_| takes_gzip(headers));
    let tag = if packed.is_some() { &document.gzip_etag } else { &document.etag };
    let mut response = Response::new(Body::empty());
    let out = response.headers_mut();
    out.reserve(8);
    out.insert(ETAG, tag.clone());
    out.insert(CACHE_CONTROL, cache_control(document.caching));
    out.insert(VARY, document.vary.clone());
    if none_match_names(headers, &[document.etag.as_bytes(), document.gzip_etag.as_bytes()]) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    if document.transfer == Transfer::Appended {
        appended::fill(&mut response, method, headers, document);
        return response;
    }
    let bytes = packed.unwrap_or(&document.identity);
    out.insert(CONTENT_TYPE, document.media_type.clone());
    out.insert(CONTENT_LENGTH, HeaderValue::from(bytes.len()));
    if packed.is_some() {
        out.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    if method != Method::HEAD {
        *response.body_mut() = Body::from(bytes.clone());
    }
    response
}

/// A document that is rendered for one request: compressing it would cost more than it saves.
pub(crate) fn uncompressed(document: Document) -> Rendered {
    let digest = sha256(&document.body);
    let tag =
        HeaderValue::try_from(format!("\"{digest}\"")).expect("hex digits in quotes are a header value");
    Rendered {
        media_type: HeaderValue::from_static(document.media_type),
        identity: document.body,
        gzip: None,
        etag: tag.clone(),
        gzip_etag: tag,
        caching: document.caching,
        transfer: document.transfer,
        digest,
        vary: HeaderValue::from_static(document.vary),
    }
}

/// The `Cache-Control` value of a way to keep an answer.
pub(crate) fn cache_control(caching: Caching) -> HeaderValue {
    match caching {
        Caching::Revalidate => HeaderValue::from_static("private, no-cache"),
        Caching::Immutable => HeaderValue::from_static("private, max-age=31536000, immutable"),
        Caching::NoStore => HeaderValue::from_static("no-store"),
        Caching::Private(seconds) => HeaderValue::try_from(format!("private, max-age={seconds}"))
            .unwrap_or(HeaderValue::from_static("private, no-cache")),
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http::HeaderName;
    use http::header::{ACCEPT_ENCODING, IF_NONE_MATCH};
    use http_body_util::BodyExt;

    use super::*;

    fn document(body: &str) -> Rendered {
        Rendered::of(Document {
            media_type: "application/json",
            body: Bytes::from(body.to_owned()),
            caching: Caching::Private(300),
            transfer: Transfer::Negotiated,
            vary: "Accept, Authorization, Accept-Encoding",
        })
    }

    fn ask(document: &Rendered, method: Method, headers: &[(HeaderName, &HeaderValue)]) -> Response<Body> {
        let headers = headers.iter().map(|(name, value)| (name.clone(), (*value).clone())).collect();
        document_response(&method, &headers, document)
    }

    fn header<'a>(response: &'a Response<Body>, name: &HeaderName) -> &'a str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[tokio::test]
    async fn encodings_have_tags_of_their_own_and_any_of_them_is_not_modified() {
        let document = document(&"{\"a\":1}".repeat(1000));
        let gzip = HeaderValue::from_static("gzip");
        let plain = ask(&document, Method::GET, &[]);
        let packed = ask(&document, Method::GET, &[(ACCEPT_ENCODING, &gzip)]);
        assert_ne!(header(&plain, &ETAG), header(&packed, &ETAG));
        assert_eq!(header(&packed, &CONTENT_ENCODING), "gzip");
        assert_eq!(header(&plain, &CONTENT_LENGTH), "7000");
        assert_eq!(header(&plain, &CACHE_CONTROL), "private, max-age=300");
        let length: usize = header(&packed, &CONTENT_LENGTH).parse().unwrap();
        assert!(length < 700);
        for tag in [&document.etag, &document.gzip_etag] {
            let again = ask(&document, Method::GET, &[(IF_NONE_MATCH, tag), (ACCEPT_ENCODING, &gzip)]);
            assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
            assert_eq!(header(&again, &ETAG), header(&packed, &ETAG));
            assert_eq!(header(&again, &VARY), "Accept, Authorization, Accept-Encoding");
            assert_eq!(header(&again, &CONTENT_TYPE), "");
        }
        assert_eq!(packed.into_body().collect().await.unwrap().to_bytes().len(), length);
    }

    #[tokio::test]
    async fn head_has_the_length_and_no_body() {
        let head = ask(&document("{}"), Method::HEAD, &[]);
        assert_eq!((head.status(), header(&head, &CONTENT_LENGTH)), (StatusCode::OK, "2"));
        assert!(head.into_body().collect().await.unwrap().to_bytes().is_empty());
    }
}
