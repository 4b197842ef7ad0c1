//! The seam between the front end and what keeps the repositories of container registries: what is asked there is done
//! by the API, in a task of its own, for a client that hangs up must not cut commit from bump.

use std::sync::Arc;

use keyway_api::Api;
use keyway_base::{BlobName, ContentAlgorithm, ContentDigest, RecordId};
use keyway_blob::{Grown, GrowthState};
use keyway_catalog::Asking;
use keyway_engine::{ContentEdit, Denial, Outcome, Reason};
use keyway_frontend::{Boxed, Registry};

use crate::adapters::ApiDoor;

fn in_a_task<T: Send + 'static>(
    work: impl Future<Output = Result<T, Denial>> + Send + 'static,
) -> Boxed<'static, Result<T, Denial>> {
    let task = tokio::spawn(work);
    Box::pin(async move {
        task.await.unwrap_or_else(|error| {
            tracing::error!(%error, "what a registry's client asked for died");
            let message = "the service cannot answer right now: try again in a moment".to_owned();
            Err(Denial { reason: Reason::Unavailable, message })
        })
    })
}

impl ApiDoor {
    fn api(&self) -> Arc<Api> {
        Arc::clone(&self.0)
    }
}

impl Registry for ApiDoor {
    fn begin_upload(
        &self,
        asking: Asking,
        package: String,
        algorithm: ContentAlgorithm,
    ) -> Boxed<'_, Result<Outcome, Denial>> {
        let api = self.api();
        in_a_task(async move { api.begin_upload(&asking, &package, algorithm).await })
    }
    fn open_upload(
        &self,
        asking: Asking,
        package: String,
        upload: RecordId,
    ) -> Boxed<'_, Result<Option<GrowthState>, Denial>> {
        let api = self.api();
        in_a_task(async move { api.open_upload(&asking, &package, upload).await })
    }
    fn grow_upload(
        &self,
        asking: Asking,
        package: String,
        upload: RecordId,
        before: u64,
        after: GrowthState,
    ) -> Boxed<'_, Result<bool, Denial>> {
        let api = self.api();
        in_a_task(async move { api.grow_upload(&asking, &package, upload, before, after).await })
    }
    fn complete_upload(
        &self,
        asking: Asking,
        package: String,
        upload: Option<RecordId>,
        grown: Grown,
    ) -> Boxed<'_, Result<Outcome, Denial>> {
        let api = self.api();
        in_a_task(async move { api.complete_upload(&asking, &package, upload, grown).await })
    }
    fn edit_content(
        &self,
        asking: Asking,
        package: String,
        edit: ContentEdit,
    ) -> Boxed<'_, Result<Outcome, Denial>> {
        let api = self.api();
        in_a_task(async move { api.edit_content(&asking, &package, &edit).await })
    }
    fn find_blob(
        &self,
        asking: Asking,
        package: String,
        digest: ContentDigest,
    ) -> Boxed<'_, Result<Option<(BlobName, u64)>, Denial>> {
        let api = self.api();
        in_a_task(async move { api.find_blob(&asking, &package, &digest).await })
    }
}
