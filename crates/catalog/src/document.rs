//! Rendered documents, once per package state, rendering, visibility class and base URL (DESIGN §6).
//!
//! Thousands of licences share a handful of documents. The key holds everything that a document depends on, so
//! documents never go stale; they only fall out.

use std::io::Write as _;
use std::sync::Arc;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::HeaderValue;
use keyway_crypto::digest::{Sha256, md5, sha256};
use keyway_engine::{Caching, Document, Reply, Transfer};
use moka::Equivalent;
use tokio::runtime::{Handle, RuntimeFlavor};

use crate::cache::{Hasher, Weigh};
use crate::flight::Flights;
use crate::{AccountFacts, Catalog, Identity};

/// Bodies up to this size, in bytes, are not worth compressing.
const COMPRESS_ABOVE: usize = 1024;

/// A document ready to be sent.
#[derive(Debug)]
pub struct Rendered {
    /// The `Content-Type`.
    pub media_type: HeaderValue,
    /// The body as it is.
    pub identity: Bytes,
    /// The body compressed with gzip, when it is larger than 1 KiB and got smaller.
    pub gzip: Option<Bytes>,
    /// The strong `ETag` of [`Rendered::identity`]: the digest of its bytes.
    pub etag: HeaderValue,
    /// The strong `ETag` of [`Rendered::gzip`]: another representation, so another tag.
    pub gzip_etag: HeaderValue,
    /// How clients may keep it.
    pub caching: Caching,
    /// How it goes over the wire.
    pub transfer: Transfer,
    /// The SHA-256 of [`Rendered::identity`].
    pub digest: Sha256,
    /// The `Vary` value.
    pub vary: HeaderValue,
}

/// What an operation is answered with.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A document, shared by everybody of the class.
    Document(Arc<Rendered>),
    /// Anything else; not kept.
    Other(Reply),
}

/// Everything that a document depends on.
#[derive(Debug, Clone, Copy)]
pub struct DocumentAddress<'a> {
    /// The account, for its name and keys.
    pub account: &'a AccountFacts,
    /// The engine's key: variants are its own.
    pub engine: &'static str,
    /// The package snapshot or list of names that it is rendered from.
    pub source: Identity,
    /// Which rendering: the engine's `variant`.
    pub variant: u32,
    /// The visibility class.
    pub class: u64,
    /// The base URL in it. Use the account's canonical one: every other multiplies the cache.
    pub base: &'a str,
}

#[derive(Hash, PartialEq, Eq, Clone)]
struct DocumentKey {
    parts: Parts,
    base: Box<str>,
}

#[derive(Hash)]
struct DocumentRef<'a> {
    parts: Parts,
    base: &'a str,
}

#[derive(Hash, PartialEq, Eq, Clone, Copy)]
struct Parts {
    account: [u8; 16],
    stamp: u64,
    engine: &'static str,
    source: Identity,
    variant: u32,
    class: u64,
}

impl Equivalent<DocumentKey> for DocumentRef<'_> {
    fn equivalent(&self, key: &DocumentKey) -> bool {
        self.parts == key.parts && self.base == &*key.base
    }
}

impl DocumentAddress<'_> {
    fn parts(&self) -> Parts {
        Parts {
            account: *self.account.id.as_bytes(),
            stamp: self.account.stamp(),
            engine: self.engine,
            source: self.source,
            variant: self.variant,
            class: self.class,
        }
    }
}

/// The documents of a server.
pub(crate) struct Documents {
    rendered: moka::sync::Cache<DocumentKey, Arc<Rendered>, Hasher>,
    flights: Flights<DocumentKey, Answer>,
}

impl Documents {
    pub(crate) fn new(bytes: u64) -> Self {
        let rendered = moka::sync::Cache::builder()
            .max_capacity(bytes)
            .weigher(|key: &DocumentKey, rendered: &Arc<Rendered>| {
                let bytes = 256 + size_of::<DocumentKey>() + key.base.len() + rendered.weigh();
                u32::try_from(bytes).unwrap_or(u32::MAX)
            })
            .build_with_hasher(Hasher::default());
        Self { rendered, flights: Flights::new() }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.rendered.run_pending_tasks();
        self.rendered.weighted_size()
    }

    fn hit(&self, address: &DocumentAddress<'_>) -> Option<Arc<Rendered>> {
        self.rendered.get(&DocumentRef { parts: address.parts(), base: address.base })
    }

    fn make(&self, key: &DocumentKey, render: impl FnOnce() -> Reply) -> Answer {
        if let Some(rendered) = self.rendered.get(key) {
            return Answer::Document(rendered);
        }
        match off_the_reactor(|| render_reply(render)) {
            Answer::Document(rendered) => {
                self.rendered.insert(key.clone(), Arc::clone(&rendered));
                Answer::Document(rendered)
            }
            other => other,
        }
    }
}

impl Catalog {
    /// A document that is already rendered: costs the same whatever its size and however many versions it
    /// lists.
    pub fn cached_document(&self, address: &DocumentAddress<'_>) -> Option<Arc<Rendered>> {
        self.documents.hit(address)
    }

    /// A document, rendered if need be, once for all who ask at the same time. What `render` answers beside
    /// documents is given back as it is, and not kept.
    pub async fn document(
        &self,
        address: &DocumentAddress<'_>,
        render: impl FnOnce() -> Reply + Send,
    ) -> Answer {
        if let Some(rendered) = self.documents.hit(address) {
            return Answer::Document(rendered);
        }
        let key = DocumentKey { parts: address.parts(), base: address.base.into() };
        let documents = &self.documents;
        documents.flights.join(&key, || async { documents.make(&key, render) }).await
    }
}

impl Rendered {
    /// Prepares a document for sending.
    pub fn of(document: Document) -> Self {
        let digest = sha256(&document.body);
        let tag = match document.transfer {
            Transfer::Appended => md5(&document.body).hex(),
            Transfer::Negotiated | Transfer::Packed => digest.hex().chars().take(32).collect(),
        };
        let may_compress = document.transfer == Transfer::Negotiated && document.body.len() > COMPRESS_ABOVE;
        let gzip = if may_compress { compress(&document.body) } else { None };
        Self {
            media_type: HeaderValue::from_static(document.media_type),
            identity: document.body,
            gzip,
            etag: tag_value(&format!("\"{tag}\"")),
            gzip_etag: tag_value(&format!("\"{tag}-gz\"")),
            caching: document.caching,
            transfer: document.transfer,
            digest,
            vary: HeaderValue::from_static(document.vary),
        }
    }

    /// Whether an `If-None-Match` value names this document in either encoding (RFC 9110 §13.1.2: the weak
    /// comparison, since all encodings are made from the same bytes).
    pub fn is_matched_by(&self, if_none_match: &HeaderValue) -> bool {
        let Ok(tags) = if_none_match.to_str() else { return false };
        tags.split(',').map(str::trim).any(|tag| {
            let tag = tag.strip_prefix("W/").unwrap_or(tag).as_bytes();
            tag == b"*" || tag == self.etag.as_bytes() || tag == self.gzip_etag.as_bytes()
        })
    }
}

impl Weigh for Rendered {
    fn weigh(&self) -> usize {
        size_of::<Self>() + 96 + self.identity.len() + self.gzip.as_ref().map_or(0, Bytes::len)
    }
}

fn tag_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).expect("hex digits in quotes are a header value")
}

fn render_reply(render: impl FnOnce() -> Reply) -> Answer {
    match render() {
        Reply::Document(document) => Answer::Document(Arc::new(Rendered::of(document))),
        other => Answer::Other(other),
    }
}

fn compress(body: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::new(6));
    let packed = encoder.write_all(body).and_then(|()| encoder.finish()).ok()?;
    (packed.len() < body.len()).then(|| Bytes::from(packed))
}

/// Runs work that takes milliseconds without holding up the other tasks of this thread.
fn off_the_reactor<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
