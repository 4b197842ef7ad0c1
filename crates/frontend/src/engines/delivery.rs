//! An engine's reply, carried out: documents through the cache, artifacts from the blob store.

use std::sync::Arc;

use std::time::Duration;

use http::header::VARY;
use http::{HeaderValue, Method, Response, StatusCode};
use keyway_access::{PackageSnapshot, Principal, Seen};
use keyway_base::{BlobName, LicenseId};
use keyway_blob::BlobKey;
use keyway_catalog::{AccountFacts, Answer, DocumentAddress, Identity, Known};
use keyway_crypto::digest::Sha256;
use keyway_domain::event::{Download, Origin};
use keyway_engine::{Access, Call, Context, Denial, FileReply, Reply, Site, View};

use super::{Found, Request, Trouble, try_again};
use crate::answer;
use crate::blobs::Served;
use crate::body::Body;
use crate::document::{document_response, uncompressed};
use crate::exchange::Exchange;
use crate::file::{FileAnswer, FileFacts, FileTag};
use crate::polls::Answered;
use crate::range::Backwards;

/// What a context is made of where nothing is passed on to other indexes.
pub(super) struct Setting {
    account: Arc<AccountFacts>,
    base: String,
    origin: String,
    segment: Option<String>,
}

impl Setting {
    /// The context for a caller.
    pub(super) fn context<'c>(&'c self, caller: &'c str) -> Context<'c> {
        let site = Site { origin: &self.origin, account: self.segment.as_deref() };
        context(&self.account, &self.base, site, None, caller)
    }
}

fn context<'c>(
    account: &'c AccountFacts,
    base: &'c str,
    site: Site<'c>,
    upstream: Option<&'c str>,
    caller: &'c str,
) -> Context<'c> {
    Context { base, site, account: &account.name, caller, signer: account.signer(), upstream }
}

/// How long the URL of a file lives.
const URL_TIME: Duration = Duration::from_secs(60);
/// Up to this size a file is answered here: a second request costs more than its bytes.
const SMALL_FILE: u64 = 64 * 1024;

/// The package that a file is served from.
#[derive(Clone, Copy)]
pub(super) struct Opened<'a> {
    pub(super) snapshot: &'a PackageSnapshot,
    /// What of it is seen.
    pub(super) seen: &'a Seen,
    /// Who asks for it.
    pub(super) principal: &'a Arc<Known<Principal>>,
}

impl Opened<'_> {
    /// The licence whose time starts with the first file it is served.
    fn starts(&self) -> Option<LicenseId> {
        let license = self.principal.license()?;
        (license.starts_on_download && license.product == self.snapshot.product).then_some(license.id)
    }
}

impl Found {
    /// What documents are rendered from, and for whom.
    fn source_and_class(&self) -> Option<(Identity, u64)> {
        match self {
            Self::Granted | Self::Absent => None,
            Self::Names { source, class, .. } => Some((*source, *class)),
            Self::Package { snapshot, seen, .. } => Some((snapshot.identity(), seen.class)),
            Self::Packages { stock, seen } => Some((stock.identity(), seen.class)),
        }
    }

    /// One view per package: made only where something is rendered.
    fn views(&self) -> Vec<View<'_>> {
        match self {
            Self::Packages { stock, seen } => seen.views(stock),
            _ => Vec::new(),
        }
    }

    /// The package, where it is one.
    pub(super) fn opened(&self) -> Option<Opened<'_>> {
        match self {
            Self::Package { snapshot, seen, principal, .. } => Some(Opened { snapshot, seen, principal }),
            _ => None,
        }
    }

    pub(super) fn access<'a>(&'a self, views: &'a [View<'a>]) -> Access<'a> {
        match self {
            Self::Granted => Access::Granted,
            Self::Absent => Access::Absent,
            Self::Names { list, .. } => Access::Names(list),
            Self::Package { snapshot, seen, waiting, .. } => {
                Access::Package(View { waiting, ..seen.view(snapshot) })
            }
            Self::Packages { .. } => Access::Packages(views),
        }
    }
}

impl Request<'_> {
    /// Starts the licence's time, where it begins now. The file is not served unless that is written down.
    pub(super) async fn start(&self, package: Option<Opened<'_>>) -> Result<(), Denial> {
        let Self { front, exchange, account, .. } = self;
        let Some(license) = package.as_ref().and_then(Opened::starts) else { return Ok(()) };
        let started = Box::pin(front.uploads.downloaded(account.id, license)).await;
        started.map_err(|refusal| {
            tracing::warn!(request = %exchange.id, %refusal, "a licence could not be started");
            try_again()
        })
    }

    /// Lets the engine answer, from the document cache where it can.
    pub(super) async fn deliver(
        &self,
        call: &dyn Call,
        caller: &str,
        found: Found,
    ) -> Result<Response<Body>, Trouble> {
        if call.is_poll() {
            return self.polled(call, &found).await;
        }
        let context = self.context(caller);
        let package = found.opened();
        // a document with a token in its addresses is of use to nobody else
        let variant = call.variant().filter(|_| !self.keyed);
        let (Some(variant), Some((source, class))) = (variant, found.source_and_class()) else {
            let views = found.views();
            return self.carry_out(call, call.reply(&context, &found.access(&views)), package).await;
        };
        let address = DocumentAddress {
            account: self.account,
            engine: self.engine.descriptor().key,
            source,
            variant,
            class,
            base: self.base,
        };
        let Self { front, exchange, .. } = self;
        if let Some(document) = front.catalog.cached_document(&address) {
            front.telemetry.documents_hit.increment(1);
            return Ok(document_response(exchange.method(), exchange.headers(), &document));
        }
        let views = found.views();
        let access = found.access(&views);
        if let Access::Package(view) = &access
            && view.denial.is_some()
        {
            // Mostly a refusal, which is never kept: no need to wait in line for it.
            let reply = call.reply(&context, &access);
            if !matches!(reply, Reply::Document(_)) {
                return self.carry_out(call, reply, package).await;
            }
        }
        match Box::pin(front.catalog.document(&address, || call.reply(&context, &access))).await {
            Answer::Document(document) => {
                front.telemetry.documents_rendered.increment(1);
                Ok(document_response(exchange.method(), exchange.headers(), &document))
            }
            Answer::Other(reply) => self.carry_out(call, reply, package).await,
        }
    }

    pub(super) fn context<'c>(&'c self, caller: &'c str) -> Context<'c> {
        let upstream = self.account.pypi_upstream.as_deref();
        let upstream = upstream.or(self.front.settings.pypi_upstream.as_deref());
        context(self.account, self.base, self.site, upstream, caller)
    }

    /// What contexts are made of, for work elsewhere than here.
    pub(super) fn setting(&self) -> Setting {
        let Site { origin, account } = self.site;
        Setting {
            account: Arc::clone(self.account),
            base: self.base.to_owned(),
            origin: origin.to_owned(),
            segment: account.map(str::to_owned),
        }
    }

    pub(super) async fn carry_out(
        &self,
        call: &dyn Call,
        reply: Reply,
        package: Option<Opened<'_>>,
    ) -> Result<Response<Body>, Trouble> {
        match reply {
            Reply::Plain(plain) => Ok(answer::plain(&plain)),
            Reply::Update(update) => Ok(self.say(&Answered::of(*update), package)),
            Reply::Document(document) => {
                let document = uncompressed(document);
                Ok(document_response(self.exchange.method(), self.exchange.headers(), &document))
            }
            Reply::File(file) => Ok(Box::pin(self.file(&file, package)).await?),
            Reply::Manifest(index) => Ok(self.manifest(index, package).await?),
            Reply::Blob(index) => Ok(Box::pin(self.blob(index, package)).await?),
            Reply::Unlisted(digest) => Box::pin(self.unlisted(call, digest, package)).await,
        }
    }

    /// Notes a download for the event log.
    fn served(&self, opened: &Opened<'_>, file: &FileReply) {
        let Opened { snapshot, principal, .. } = opened;
        let release = snapshot.package.releases.get(file.release);
        let artifact = release.and_then(|release| release.artifacts.get(file.artifact));
        let rule = snapshot.rules.get(file.release);
        let (Some(release), Some(artifact)) = (release, artifact) else { return };
        let download = Download {
            account: self.account.id,
            environment: rule.and_then(|rule| rule.environment),
            artifact: Some(artifact.id),
            release: release.id,
        };
        self.note(download, principal);
    }

    /// Hands a download on to the event log.
    pub(super) fn note(&self, download: Download, principal: &Principal) {
        let origin = Origin { who: principal.bearer(), request: Some(self.exchange.id) };
        self.front.uploads.served(Served { download, engine: self.engine.descriptor().key, origin });
    }

    /// The way to a file in the object store, for a client that wants all of it and can be sent there.
    pub(super) fn elsewhere(
        &self,
        answer: &FileAnswer,
        key: &BlobKey,
        facts: &FileFacts<'_>,
    ) -> Option<Response<Body>> {
        let Self { front, engine, keyed, .. } = self;
        // some clients tell the storage host which address sent them
        if *keyed || !engine.descriptor().redirects || !answer.is_whole() || facts.size <= SMALL_FILE {
            return None;
        }
        let what = keyway_blob::Download { key, save_as: facts.save_as, media_type: facts.media_type };
        let url = front.blobs.download_url(&what, front.clock.wall(), URL_TIME)?;
        answer::see_other(&url)
    }

    /// Sends or streams an artifact of the package.
    async fn file(&self, file: &FileReply, package: Option<Opened<'_>>) -> Result<Response<Body>, Denial> {
        let release = package.and_then(|opened| opened.snapshot.package.releases.get(file.release));
        let artifact = release.and_then(|release| release.artifacts.get(file.artifact));
        let artifact = artifact.filter(|artifact| artifact.uploaded);
        let Some((artifact, digests, blob)) =
            artifact.and_then(|found| Some((found, found.digests.as_ref()?, found.blob?)))
        else {
            tracing::error!(request = %self.exchange.id, "an engine replied with a file that is not there");
            return Err(try_again());
        };
        let facts = FileFacts {
            tag: FileTag::Blob(BlobName::Digest(digests.sha256)),
            backwards: Backwards::Ignored,
            digest: Some(Sha256::new(digests.sha256)),
            size: artifact.size,
            media_type: file.media_type.unwrap_or(&artifact.media_type),
            save_as: Some(artifact.filename.as_str()).filter(|_| file.attachment),
            caching: HeaderValue::from_static("private, no-cache"),
        };
        let response = self.bytes(blob, &facts, package).await?;
        if let Some(opened) = package.filter(|_| is_download(self.exchange, response.status())) {
            self.served(&opened, file);
        }
        Ok(response)
    }

    /// Answers with what a blob holds, as far as it is asked for. What sends any of it starts the licence's time.
    pub(super) async fn bytes(
        &self,
        blob: BlobName,
        facts: &FileFacts<'_>,
        package: Option<Opened<'_>>,
    ) -> Result<Response<Body>, Denial> {
        let Self { front, exchange, account, .. } = self;
        let key = BlobKey::new(account.id, blob);
        let answer = FileAnswer::of(exchange.method(), exchange.headers(), facts);
        let mut response = if answer.needs_bytes() {
            self.start(package).await?;
            if let Some(elsewhere) = self.elsewhere(&answer, &key, facts) {
                elsewhere
            } else {
                let blob = Box::pin(front.blobs.read(&key)).await.map_err(|error| {
                    tracing::error!(request = %exchange.id, %error, "the bytes of a file could not be opened");
                    try_again()
                })?;
                answer.with_bytes(&blob, facts.media_type, exchange.id)
            }
        } else {
            answer.without_bytes()
        };
        response.headers_mut().insert(VARY, HeaderValue::from_static("Authorization"));
        Ok(response)
    }
}

/// Whether an answer is a download: a whole file, here or elsewhere, or its first part. The parts that complete an old
/// file into a new one are none.
fn is_download(exchange: &Exchange, status: StatusCode) -> bool {
    let is_sent = match status {
        StatusCode::OK | StatusCode::SEE_OTHER => true,
        StatusCode::PARTIAL_CONTENT => exchange.header("range") == Some("bytes=0-"),
        _ => false,
    };
    is_sent && exchange.method() == Method::GET
}
