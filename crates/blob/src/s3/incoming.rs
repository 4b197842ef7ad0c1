//! What clients send to the bucket with URLs of ours, until it is copied to where no URL leads.

use std::time::Duration;

use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart, MetadataDirective};
use keyway_base::{AccountId, ArtifactId, Timestamp};

use super::bucket::{Bucket, ObjectHead};
use super::trouble::{failed, is_absent, is_changed};
use crate::error::Trouble;
use crate::{Arrived, BlobError, BlobKey};

/// The largest object that one call copies.
const LARGEST_COPY: u64 = 5 << 30;
/// The size of the parts that larger ones are copied in; more where the whole needs it.
const COPIED_PART: u64 = 512 << 20;
/// The most parts that an upload may have.
const PARTS: u64 = 10_000;

impl Bucket {
    /// The URL that a client puts an artifact's bytes to.
    pub(crate) fn put_url(
        &self,
        account: AccountId,
        artifact: ArtifactId,
        now: Timestamp,
        time: Duration,
    ) -> String {
        self.presigner.url("PUT", &self.incoming_key(account, artifact), &[], now, time)
    }

    /// What has come for an artifact.
    pub(crate) async fn incoming(
        &self,
        account: AccountId,
        artifact: ArtifactId,
    ) -> Result<Option<ObjectHead>, BlobError> {
        self.head_of(&self.incoming_key(account, artifact)).await
    }

    /// Copies what has come to a blob, if it is still the same; `false` if it is not.
    pub(crate) async fn take_in(
        &self,
        artifact: ArtifactId,
        found: &Arrived,
        key: &BlobKey,
    ) -> Result<bool, BlobError> {
        let from = format!("{}/{}", self.name, self.incoming_key(key.account(), artifact));
        if found.head.len > LARGEST_COPY {
            return self.copy_parts(&from, found, &self.object_key(key)).await;
        }
        let call = self.client.copy_object().bucket(&self.name).key(self.object_key(key)).copy_source(from);
        // What the client said about its bytes is not to be repeated in our name.
        let call =
            call.metadata_directive(MetadataDirective::Replace).content_type("application/octet-stream");
        match call.copy_source_if_match(&found.tag).send().await {
            Ok(_) => Ok(true),
            Err(error) if is_changed(&error) || is_absent(&error) => Ok(false),
            Err(error) => Err(failed("copying an upload")(error)),
        }
    }

    async fn copy_parts(&self, from: &str, found: &Arrived, to: &str) -> Result<bool, BlobError> {
        let id = self.begin_multipart(to).await?;
        let copied = self.copy_each(from, found, to, &id).await;
        match copied {
            Ok(Some(parts)) => self.complete_multipart(to, &id, parts).await.map(|()| true),
            Ok(None) => self.abort(to, &id).await.map(|()| false),
            Err(error) => {
                self.abort(to, &id).await?;
                Err(error)
            }
        }
    }

    async fn copy_each(
        &self,
        from: &str,
        found: &Arrived,
        to: &str,
        id: &str,
    ) -> Result<Option<Vec<CompletedPart>>, BlobError> {
        let size = found.head.len;
        let step = size.div_ceil(PARTS).max(COPIED_PART);
        let mut parts = Vec::new();
        let mut at = 0;
        while at < size {
            let end = (at + step).min(size);
            let number = i32::try_from(parts.len() + 1).unwrap_or(i32::MAX);
            let call = self.client.upload_part_copy().bucket(&self.name).key(to).upload_id(id);
            let call = call.part_number(number).copy_source(from).copy_source_if_match(&found.tag);
            let copied = call.copy_source_range(format!("bytes={at}-{}", end - 1)).send().await;
            let copied = match copied {
                Ok(copied) => copied,
                Err(error) if is_changed(&error) || is_absent(&error) => return Ok(None),
                Err(error) => return Err(failed("copying a part of an upload")(error)),
            };
            let tag = copied.copy_part_result.and_then(|result| result.e_tag);
            parts.push(CompletedPart::builder().part_number(number).set_e_tag(tag).build());
            at = end;
        }
        Ok(Some(parts))
    }

    /// Begins an upload in parts; its id.
    pub(crate) async fn begin_multipart(&self, object: &str) -> Result<String, BlobError> {
        const DOING: &str = "beginning an upload in parts";
        let begun = self.client.create_multipart_upload().bucket(&self.name).key(object).send().await;
        begun.map_err(failed(DOING))?.upload_id.ok_or(BlobError::remote(DOING, Trouble::Failed))
    }

    pub(crate) async fn complete_multipart(
        &self,
        object: &str,
        id: &str,
        parts: Vec<CompletedPart>,
    ) -> Result<(), BlobError> {
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let call = self.client.complete_multipart_upload().bucket(&self.name).key(object).upload_id(id);
        let done = call.multipart_upload(parts).send().await;
        done.map(drop).map_err(failed("completing an upload in parts"))
    }

    /// Ends an upload in parts and frees what came; one that is gone already is fine.
    pub(crate) async fn abort(&self, object: &str, id: &str) -> Result<(), BlobError> {
        let call = self.client.abort_multipart_upload().bucket(&self.name).key(object).upload_id(id);
        match call.send().await.map_err(failed("aborting an upload")) {
            Err(BlobError::Remote { trouble: Trouble::Gone, .. }) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }
}
