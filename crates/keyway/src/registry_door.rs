//! The seam between the front end and what keeps the repositories of container registries.

use keyway_base::{BlobName, ContentAlgorithm, ContentDigest, RecordId};
use keyway_blob::{Grown, GrowthState};
use keyway_catalog::Asking;
use keyway_engine::{ContentEdit, ContentOutcome, Denial, Reason};
use keyway_frontend::{Boxed, Registry};

use crate::adapters::ApiDoor;

fn not_kept<T>() -> Boxed<'static, Result<T, Denial>>
where
    T: Send + 'static,
{
    let message = "this server keeps no repositories".to_owned();
    Box::pin(async { Err(Denial { reason: Reason::Unavailable, message }) })
}

impl Registry for ApiDoor {
    fn begin_upload(&self, _: Asking, _: String, _: ContentAlgorithm) -> Boxed<'_, Result<RecordId, Denial>> {
        not_kept()
    }
    fn open_upload(
        &self,
        _: Asking,
        _: String,
        _: RecordId,
    ) -> Boxed<'_, Result<Option<GrowthState>, Denial>> {
        not_kept()
    }
    fn grow_upload(
        &self,
        _: Asking,
        _: String,
        _: RecordId,
        _: u64,
        _: GrowthState,
    ) -> Boxed<'_, Result<bool, Denial>> {
        not_kept()
    }
    fn complete_upload(
        &self,
        _: Asking,
        _: String,
        _: Option<RecordId>,
        _: Grown,
    ) -> Boxed<'_, Result<ContentOutcome, Denial>> {
        not_kept()
    }
    fn edit_content(
        &self,
        _: Asking,
        _: String,
        _: ContentEdit,
    ) -> Boxed<'_, Result<ContentOutcome, Denial>> {
        not_kept()
    }
    fn find_blob(
        &self,
        _: Asking,
        _: String,
        _: ContentDigest,
    ) -> Boxed<'_, Result<Option<(BlobName, u64)>, Denial>> {
        not_kept()
    }
}
