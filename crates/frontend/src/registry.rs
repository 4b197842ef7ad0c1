//! The seam to what keeps the repositories of container registries: uploads that grow, and content by digest.

use keyway_base::{BlobName, ContentAlgorithm, ContentDigest, RecordId};
use keyway_blob::{Grown, GrowthState};
use keyway_catalog::Asking;
use keyway_engine::{ContentEdit, Denial, Outcome};

use crate::jsonapi::Boxed;

/// What keeps repositories. What changes something runs in a task of its own. Every package is named by its normalised
/// key; uploads belong to a repository and to who began them, and to anybody else there is no such upload.
/// An [`Outcome`] is for the engine to tell, whether something was done or the rules of the data refused it.
pub trait Registry: Send + Sync + 'static {
    /// Begins an upload. The package is made when there is none.
    fn begin_upload(
        &self,
        asking: Asking,
        package: String,
        algorithm: ContentAlgorithm,
    ) -> Boxed<'_, Result<Outcome, Denial>>;
    /// An upload as it was left; `None` when there is no such upload.
    fn open_upload(
        &self,
        asking: Asking,
        package: String,
        upload: RecordId,
    ) -> Boxed<'_, Result<Option<GrowthState>, Denial>>;
    /// Keeps how far an upload is, if it has `before` bytes so far; otherwise somebody else took it further.
    fn grow_upload(
        &self,
        asking: Asking,
        package: String,
        upload: RecordId,
        before: u64,
        after: GrowthState,
    ) -> Boxed<'_, Result<bool, Denial>>;
    /// Makes what was uploaded a blob of the repository, and ends the upload if it was one.
    fn complete_upload(
        &self,
        asking: Asking,
        package: String,
        upload: Option<RecordId>,
        grown: Grown,
    ) -> Boxed<'_, Result<Outcome, Denial>>;
    /// Changes the content of a repository.
    fn edit_content(
        &self,
        asking: Asking,
        package: String,
        edit: ContentEdit,
    ) -> Boxed<'_, Result<Outcome, Denial>>;
    /// A blob of a repository and its size, whether a manifest refers to it or not.
    fn find_blob(
        &self,
        asking: Asking,
        package: String,
        digest: ContentDigest,
    ) -> Boxed<'_, Result<Option<(BlobName, u64)>, Denial>>;
}
