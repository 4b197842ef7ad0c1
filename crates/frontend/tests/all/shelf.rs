//! Repositories in memory, over real growths.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use keyway_base::{BlobName, Clock, ContentAlgorithm, ContentDigest, RecordId};
use keyway_blob::{BlobStore, Grown, GrowthState};
use keyway_catalog::Asking;
use keyway_engine::{ContentEdit, ContentOutcome, Denial, Outcome, Reason};
use keyway_frontend::{Boxed, Registry};

/// What keeps repositories in tests.
pub(crate) struct Shelf {
    blobs: BlobStore,
    clock: Arc<dyn Clock>,
    pub(crate) uploads: Mutex<HashMap<RecordId, Upload>>,
    pub(crate) content: Mutex<HashMap<(String, ContentDigest), (BlobName, u64)>>,
    pub(crate) edits: Mutex<Vec<(String, ContentEdit)>>,
    /// Whether it cannot keep how far uploads are.
    pub(crate) forgets: AtomicBool,
}

/// An upload under way.
pub(crate) struct Upload {
    package: String,
    who: Option<RecordId>,
    pub(crate) state: GrowthState,
}

impl Shelf {
    pub(crate) fn new(blobs: BlobStore, clock: Arc<dyn Clock>) -> Self {
        let (uploads, content, edits, forgets) = Default::default();
        Self { blobs, clock, uploads, content, edits, forgets }
    }

    /// How many bytes an upload has that are safe.
    pub(crate) fn size(&self, upload: &str) -> u64 {
        self.uploads.lock().unwrap()[&upload.parse().unwrap()].state.size()
    }
}

impl Upload {
    fn belongs_to(&self, asking: &Asking, package: &str) -> bool {
        self.package == package && self.who == asking.principal.bearer_id()
    }
}

impl Registry for Shelf {
    fn begin_upload(
        &self,
        asking: Asking,
        package: String,
        algorithm: ContentAlgorithm,
    ) -> Boxed<'_, Result<Outcome, Denial>> {
        let id = RecordId::generate(self.clock.wall());
        let state = self.blobs.grow(asking.account.id, algorithm);
        let upload = Upload { package, who: asking.principal.bearer_id(), state };
        self.uploads.lock().unwrap().insert(id, upload);
        Box::pin(async move { Ok(Outcome::Content(ContentOutcome::Upload { id, size: 0 })) })
    }
    fn open_upload(
        &self,
        asking: Asking,
        package: String,
        upload: RecordId,
    ) -> Boxed<'_, Result<Option<GrowthState>, Denial>> {
        let uploads = self.uploads.lock().unwrap();
        let found = uploads.get(&upload).filter(|upload| upload.belongs_to(&asking, &package));
        let state = found.map(|upload| upload.state.clone());
        Box::pin(async move { Ok(state) })
    }
    fn grow_upload(
        &self,
        _: Asking,
        _: String,
        upload: RecordId,
        before: u64,
        after: GrowthState,
    ) -> Boxed<'_, Result<bool, Denial>> {
        if self.forgets.load(Ordering::Relaxed) {
            let message = "the store does not answer".to_owned();
            return Box::pin(async { Err(Denial { reason: Reason::Unavailable, message }) });
        }
        let mut uploads = self.uploads.lock().unwrap();
        let found = uploads.get_mut(&upload).filter(|upload| upload.state.size() == before);
        let kept = found.map(|upload| upload.state = after).is_some();
        Box::pin(async move { Ok(kept) })
    }
    fn complete_upload(
        &self,
        _: Asking,
        package: String,
        upload: Option<RecordId>,
        grown: Grown,
    ) -> Boxed<'_, Result<Outcome, Denial>> {
        Box::pin(async move {
            let (digest, size) = (*grown.digest(), grown.size());
            let key = self.blobs.commit_grown(grown).await.unwrap();
            self.content.lock().unwrap().insert((package, digest), (key.name(), size));
            if let Some(upload) = upload {
                self.uploads.lock().unwrap().remove(&upload);
            }
            Ok(Outcome::Content(ContentOutcome::Blob { digest }))
        })
    }
    fn edit_content(
        &self,
        _: Asking,
        package: String,
        edit: ContentEdit,
    ) -> Boxed<'_, Result<Outcome, Denial>> {
        self.edits.lock().unwrap().push((package, edit));
        Box::pin(async { Ok(Outcome::Content(ContentOutcome::Deleted)) })
    }
    fn find_blob(
        &self,
        _: Asking,
        package: String,
        digest: ContentDigest,
    ) -> Boxed<'_, Result<Option<(BlobName, u64)>, Denial>> {
        let found = self.content.lock().unwrap().get(&(package, digest)).copied();
        Box::pin(async move { Ok(found) })
    }
}
