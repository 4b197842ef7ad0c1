//! Pieces of uploads that grow: streamed to the blob store as fast as it takes them, in a task of their own, so that
//! what came of a piece that breaks off can be kept.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use keyway_access::Principal;
use keyway_base::{ContentAlgorithm, ContentDigest, RecordId};
use keyway_blob::{BlobError, BlobStore, Growing, Grown, GrowthState};
use keyway_catalog::{Asking, Known};
use keyway_engine::{Actions, Call, ContentEdit, ContentOutcome, Denial, MountFrom, Outcome, Piece, Reason};
use tokio::time::timeout;

use super::bearing::beyond_scope;
use super::pushing::cut_short;
use super::{Request, Trouble, try_again};
use crate::Registry;
use crate::body::Body;
use crate::incoming::{BodyError, announced, discard};

/// A piece that is taken in.
struct Taking {
    blobs: BlobStore,
    registry: Arc<dyn Registry>,
    asking: Asking,
    piece: Piece,
    headers: HeaderMap,
    /// Until it is read to its end.
    body: Option<Incoming>,
    /// How long it may stand still.
    idle: Duration,
    /// The most bytes that the whole may have.
    limit: u64,
}

/// Why a piece was not taken.
enum Failed {
    Denied(Denial),
    Incoming(BodyError),
    Blob(BlobError),
}

impl From<Denial> for Failed {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}
impl From<BlobError> for Failed {
    fn from(error: BlobError) -> Self {
        Self::Blob(error)
    }
}

impl Request<'_> {
    /// Takes a piece in, and tells what came of it.
    pub(super) async fn piece(
        &self,
        call: &dyn Call,
        principal: &Arc<Known<Principal>>,
        piece: Piece,
        body: Incoming,
    ) -> Result<Response<Body>, Trouble> {
        let limits = &self.front.settings.limits;
        let taking = Taking {
            blobs: self.front.blobs.clone(),
            registry: Arc::clone(&self.front.registry),
            asking: self.asking(principal),
            piece,
            headers: self.exchange.headers().clone(),
            body: Some(body),
            idle: limits.idle_time,
            limit: limits.content_bytes,
        };
        let taken = tokio::spawn(taking.run()).await.map_err(|error| self.untaken(&error))?;
        let outcome = match taken {
            Ok(outcome) => outcome,
            Err(Failed::Denied(denial)) => return Err(denial.into()),
            Err(Failed::Incoming(error)) => return Err(cut_short(error)),
            Err(Failed::Blob(BlobError::TooLarge { limit })) => Outcome::TooLarge { limit },
            Err(Failed::Blob(error @ BlobError::Full { .. })) => {
                self.untaken(&error);
                let message = "the server has no room for uploads right now".to_owned();
                return Err(Denial { reason: Reason::Unavailable, message }.into());
            }
            Err(Failed::Blob(error)) => return Err(self.untaken(&error)),
        };
        self.tell(call, &outcome).await
    }

    fn untaken(&self, error: &dyn std::fmt::Display) -> Trouble {
        tracing::error!(request = %self.exchange.id, %error, "a piece of an upload could not be taken");
        try_again().into()
    }

    /// Changes the content of a repository, and tells what came of it.
    pub(super) async fn edit(
        &self,
        call: &dyn Call,
        principal: &Arc<Known<Principal>>,
        package: String,
        edit: ContentEdit,
    ) -> Result<Response<Body>, Trouble> {
        let asking = self.asking(principal);
        let registry = &self.front.registry;
        let outcome = match edit {
            ContentEdit::Mount { digest, from: MountFrom::Any, algorithm } if self.token.is_some() => {
                // in vain where nothing that the token is good for has it
                let from = self.holder(principal, digest).await?.map_or(MountFrom::Nowhere, MountFrom::Named);
                registry.edit_content(asking, package, ContentEdit::Mount { digest, from, algorithm }).await?
            }
            ContentEdit::Mount { from: MountFrom::Named(from), .. } if !self.may(&from, Actions::PULL) => {
                return Err(beyond_scope(&from).into());
            }
            edit => registry.edit_content(asking, package, edit).await?,
        };
        self.tell(call, &outcome).await
    }

    /// A repository with a blob, of those that the token is good for.
    async fn holder(
        &self,
        principal: &Arc<Known<Principal>>,
        digest: ContentDigest,
    ) -> Result<Option<String>, Denial> {
        for grant in self.token.iter().flat_map(|token| &token.grants).filter(|grant| grant.pull) {
            let repository = grant.repository.clone();
            let found = self.front.registry.find_blob(self.asking(principal), repository, digest).await?;
            if found.is_some() {
                return Ok(Some(grant.repository.clone()));
            }
        }
        Ok(None)
    }

    /// Tells how an upload stands.
    pub(super) async fn upload(
        &self,
        call: &dyn Call,
        package: &str,
        id: RecordId,
    ) -> Result<Response<Body>, Trouble> {
        let asking = self.asking(&self.publisher(call).await?);
        let outcome = match self.front.registry.open_upload(asking, package.to_owned(), id).await? {
            Some(state) => ContentOutcome::Upload { id, size: state.size() },
            None => ContentOutcome::UploadUnknown,
        };
        self.tell(call, &Outcome::Content(outcome)).await
    }
}

impl Taking {
    /// Reads the body to its end, or to what is wrong with it: the client lives to read the answer either way.
    async fn run(mut self) -> Result<Outcome, Failed> {
        let taken = match (self.piece.upload, self.piece.completes) {
            (None, None) => self.begin().await,
            (None, Some(digest)) => self.whole(digest).await,
            (Some(upload), _) => self.next(upload).await,
        };
        if let Some(body) = self.body.take() {
            discard(body, &self.headers).await;
        }
        taken
    }

    async fn begin(&self) -> Result<Outcome, Failed> {
        let Piece { package, algorithm, .. } = &self.piece;
        Ok(self.registry.begin_upload(self.asking.clone(), package.clone(), *algorithm).await?)
    }

    /// Takes a blob that comes in one piece.
    async fn whole(&mut self, digest: ContentDigest) -> Result<Outcome, Failed> {
        let state = self.grow(digest.algorithm());
        match self.in_one(state.clone(), digest).await {
            Ok(Ok(grown)) => self.complete(None, grown).await,
            broken => {
                // parts in a bucket are aborted by the sweep
                if let Err(error) = self.blobs.abandon_growth(state).await {
                    tracing::warn!(%error, "what came of a broken upload could not be removed");
                }
                broken.map(|wrong| Outcome::Content(wrong.err().unwrap_or(ContentOutcome::WrongSize)))
            }
        }
    }

    async fn in_one(
        &mut self,
        state: GrowthState,
        digest: ContentDigest,
    ) -> Result<Result<Grown, ContentOutcome>, Failed> {
        let mut growing = self.blobs.resume(state, self.limit).await?;
        self.pump(&mut growing).await?;
        let grown = growing.finish().await?;
        let found = *grown.digest();
        Ok(if found == digest { Ok(grown) } else { Err(ContentOutcome::WrongDigest { found }) })
    }

    /// Takes the next piece of an upload.
    async fn next(&mut self, id: RecordId) -> Result<Outcome, Failed> {
        let package = self.piece.package.clone();
        let opened = self.registry.open_upload(self.asking.clone(), package, id).await?;
        let Some(state) = opened else { return Ok(Outcome::Content(ContentOutcome::UploadUnknown)) };
        if let Some(outcome) = self.misplaced(id, state.size()) {
            return Ok(Outcome::Content(outcome));
        }
        match self.added(id, state).await {
            Err(Failed::Blob(BlobError::UploadBusy(_) | BlobError::PartsChanged)) => {
                Ok(Outcome::Content(ContentOutcome::Busy { id }))
            }
            Err(Failed::Blob(BlobError::NoUpload(_))) => Ok(Outcome::Content(ContentOutcome::UploadUnknown)),
            taken => taken,
        }
    }

    /// What is wrong with where a piece says that it belongs, before any of it is read.
    fn misplaced(&self, id: RecordId, size: u64) -> Option<ContentOutcome> {
        let (first, _) = self.piece.span?;
        if first != size {
            return Some(ContentOutcome::OutOfOrder { id, size });
        }
        let length = announced(&self.headers)?;
        (self.expected() != Some(length)).then_some(ContentOutcome::WrongSize)
    }

    /// How many bytes the piece has, by where it says that it belongs.
    fn expected(&self) -> Option<u64> {
        let (first, last) = self.piece.span?;
        last.checked_sub(first)?.checked_add(1)
    }

    async fn added(&mut self, id: RecordId, state: GrowthState) -> Result<Outcome, Failed> {
        let before = state.size();
        let wanted = self.piece.completes.map_or(state.algorithm(), |digest| digest.algorithm());
        let is_other = wanted != state.algorithm();
        let state = if is_other && before == 0 { self.grow(wanted) } else { state };
        let mut growing = self.blobs.resume(state, self.limit).await?;
        if let Err(failed) = self.pump(&mut growing).await {
            if matches!(failed, Failed::Incoming(_)) && !(is_other && before == 0) {
                self.keep(id, before, growing).await;
            }
            return Err(failed);
        }
        if self.piece.span.is_some() && self.expected() != growing.size().checked_sub(before) {
            return Ok(Outcome::Content(ContentOutcome::WrongSize));
        }
        let Some(digest) = self.piece.completes else {
            return self.paused(id, before, growing).await.map(Outcome::Content);
        };
        let grown = growing.finish().await?;
        let grown =
            if grown.digest().algorithm() == wanted { grown } else { self.again(grown, wanted).await? };
        let found = *grown.digest();
        if found != digest {
            return Ok(Outcome::Content(ContentOutcome::WrongDigest { found }));
        }
        self.complete(Some(id), grown).await
    }

    /// Puts an upload aside until its next piece.
    async fn paused(&self, id: RecordId, before: u64, growing: Growing) -> Result<ContentOutcome, Failed> {
        let size = growing.size();
        if size == before {
            return Ok(ContentOutcome::Upload { id, size });
        }
        let after = growing.pause().await?;
        let package = self.piece.package.clone();
        let kept = self.registry.grow_upload(self.asking.clone(), package, id, before, after.clone()).await;
        let kept = match kept {
            Ok(kept) => kept,
            Err(denial) => {
                // no older state is taken up again: without this, clients would wait for an end of the busy
                if let Err(error) = self.blobs.abandon_growth(after).await {
                    tracing::warn!(%error, "an upload whose state could not be kept could not be ended");
                }
                return Err(denial.into());
            }
        };
        Ok(if kept { ContentOutcome::Upload { id, size } } else { ContentOutcome::Busy { id } })
    }

    /// Keeps what came of a piece that broke off. Nobody is there to be told.
    async fn keep(&self, id: RecordId, before: u64, growing: Growing) {
        if let Err(Failed::Blob(error)) = self.paused(id, before, growing).await {
            tracing::warn!(%error, "what came of a broken piece could not be kept");
        }
    }

    async fn complete(&self, upload: Option<RecordId>, grown: Grown) -> Result<Outcome, Failed> {
        let package = self.piece.package.clone();
        Ok(self.registry.complete_upload(self.asking.clone(), package, upload, grown).await?)
    }

    /// Hashes an upload once more, by another algorithm than it began with: clients may name the algorithm at the end
    /// only. The first copy belongs to nothing, and is swept up.
    async fn again(&self, grown: Grown, algorithm: ContentAlgorithm) -> Result<Grown, Failed> {
        let key = self.blobs.commit_grown(grown).await?;
        let blob = self.blobs.read(&key).await?;
        let mut stream = blob.read_range(0, blob.len());
        let mut growing = self.blobs.resume(self.grow(algorithm), self.limit).await?;
        while let Some(bytes) = std::future::poll_fn(|context| stream.poll_next(context)).await {
            growing.write(bytes?).await?;
        }
        Ok(growing.finish().await?)
    }

    fn grow(&self, algorithm: ContentAlgorithm) -> GrowthState {
        self.blobs.grow(self.asking.account.id, algorithm)
    }

    /// Hands the body on, block by block.
    async fn pump(&mut self, to: &mut Growing) -> Result<(), Failed> {
        let Some(body) = &mut self.body else { return Ok(()) };
        loop {
            let frame =
                timeout(self.idle, body.frame()).await.map_err(|_| Failed::Incoming(BodyError::Slow))?;
            let Some(frame) = frame else { break };
            let frame = frame.map_err(|_| Failed::Incoming(BodyError::Cut))?;
            if let Ok(data) = frame.into_data() {
                to.write(data).await?;
            }
        }
        self.body = None;
        Ok(())
    }
}
