//! Content by digest: manifests from memory, blobs from the store, in whole or in part, by redirect where that works.

use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use keyway_access::{EnvironmentView, Principal};
use keyway_base::{AccountId, BlobName, ContentDigest, PackageId, RecordId};
use keyway_catalog::{Asking, EnvironmentFacts, Known};
use keyway_domain::event::Download;
use keyway_engine::{Call, ContentOutcome, Denial, ManifestHead, Outcome, StoredManifest};

use super::delivery::Opened;
use super::{Request, Trouble, try_again};
use crate::body::Body;
use crate::conditional::none_match_names;
use crate::file::{FileFacts, FileTag};
use crate::range::Backwards;

/// The digest of the content, for clients that asked by a tag.
const CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
/// The most headers that an answer with a manifest has, with those that every answer has.
const HEADERS: usize = 12;
/// What a blob is, as far as a registry knows.
const BYTES: &str = "application/octet-stream";

/// One manifest, handed out to one bearer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Pull {
    account: AccountId,
    environment: EnvironmentView,
    /// The type and id of who pulls; none for callers without a credential, who count as one.
    who: Option<(&'static str, RecordId)>,
    package: Option<PackageId>,
    digest: ContentDigest,
}

impl Request<'_> {
    /// Answers with a manifest: its own bytes under its own type, never compressed.
    pub(super) async fn manifest(
        &self,
        index: usize,
        package: Option<Opened<'_>>,
    ) -> Result<Response<Body>, Denial> {
        let found = package.and_then(|opened| {
            let content = &opened.snapshot.package.content;
            Some((opened, content.manifests.get(index)?, content.head(index)?))
        });
        let Some((opened, manifest, head)) = found else { return Err(self.not_there()) };
        let mut response = Response::new(Body::empty());
        response.headers_mut().reserve(HEADERS);
        if none_match_names(self.exchange.headers(), &[head.entity_tag.as_bytes()]) {
            *response.status_mut() = StatusCode::NOT_MODIFIED;
        } else {
            if self.exchange.method() == Method::GET {
                self.start(package).await?;
                self.pulled(&opened, manifest, head);
            }
            *response.body_mut() = Body::from(manifest.bytes.clone());
            let out = response.headers_mut();
            if let Some(media_type) = &head.media_type {
                out.insert(CONTENT_TYPE, media_type.clone());
            }
            out.insert(CONTENT_LENGTH, HeaderValue::from(manifest.bytes.len()));
            out.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        }
        let out = response.headers_mut();
        out.insert(ETAG, head.entity_tag.clone());
        out.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
        described(&mut response, head.digest.clone());
        Ok(response)
    }

    /// Notes a pull: of a manifest that a tag names, once in its window; what it lists and refers to is part of it.
    fn pulled(&self, opened: &Opened<'_>, manifest: &StoredManifest, head: &ManifestHead) {
        let Opened { snapshot, seen, principal } = opened;
        if !head.is_named {
            return;
        }
        let view = seen.view(snapshot);
        let positions = manifest.owners.iter().filter_map(|owner| usize::try_from(*owner).ok());
        let release = positions.into_iter().find(|owner| view.whole || view.visible.contains(*owner));
        let found =
            release.and_then(|at| Some((snapshot.package.releases.get(at)?, snapshot.rules.get(at)?)));
        let Some((release, rule)) = found else { return };
        let pull = Pull {
            account: self.account.id,
            environment: EnvironmentFacts::view(self.environment),
            who: principal.bearer(),
            package: snapshot.package.id,
            digest: manifest.digest,
        };
        if self.front.pulled.is_first(&pull, self.front.clock.wall()) {
            let (account, environment) = (self.account.id, rule.environment);
            self.note(Download { account, environment, artifact: None, release: release.id }, principal);
        }
    }

    /// Answers with a blob that the view has.
    pub(super) async fn blob(
        &self,
        index: usize,
        package: Option<Opened<'_>>,
    ) -> Result<Response<Body>, Denial> {
        let blob = package.and_then(|opened| opened.snapshot.package.content.blobs.get(index));
        let Some(blob) = blob else { return Err(self.not_there()) };
        self.bytes_of(blob.digest, blob.blob, blob.size, package).await
    }

    /// Answers with a blob that the view lacks, if the repository has it.
    pub(super) async fn unlisted(
        &self,
        call: &dyn Call,
        digest: ContentDigest,
        package: Option<Opened<'_>>,
    ) -> Result<Response<Body>, Trouble> {
        let Some(opened) = package else { return Err(self.not_there().into()) };
        let key = opened.snapshot.package.normalised.clone();
        let asking = self.asking(opened.principal);
        match self.front.registry.find_blob(asking, key, digest).await? {
            Some((blob, size)) => Ok(self.bytes_of(digest, blob, size, package).await?),
            None => {
                let outcome = Outcome::Content(ContentOutcome::BlobUnknown);
                Box::pin(self.tell(call, &outcome)).await
            }
        }
    }

    async fn bytes_of(
        &self,
        digest: ContentDigest,
        blob: BlobName,
        size: u64,
        package: Option<Opened<'_>>,
    ) -> Result<Response<Body>, Denial> {
        let facts = FileFacts {
            tag: FileTag::Content(digest),
            backwards: Backwards::Rejected,
            digest: None,
            size,
            media_type: BYTES,
            save_as: None,
            caching: HeaderValue::from_static("private, no-cache"),
        };
        let mut response = self.bytes(blob, &facts, package).await?;
        described(&mut response, text(&digest));
        Ok(response)
    }

    /// Who asks, for those who carry it out.
    pub(super) fn asking(&self, principal: &Arc<Known<Principal>>) -> Asking {
        Asking {
            account: Arc::clone(self.account),
            environment: EnvironmentFacts::view(self.environment),
            principal: Arc::clone(principal),
            engine: self.engine.descriptor().key,
            request: Some(self.exchange.id),
        }
    }

    fn not_there(&self) -> Denial {
        tracing::error!(request = %self.exchange.id, "an engine replied with content that is not there");
        try_again()
    }
}

/// A digest as a header has it.
fn text(digest: &ContentDigest) -> HeaderValue {
    HeaderValue::try_from(digest.to_string()).expect("an algorithm and hex are a header value")
}

fn described(response: &mut Response<Body>, digest: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(CONTENT_DIGEST, digest);
    headers.insert(VARY, HeaderValue::from_static("Authorization"));
}
