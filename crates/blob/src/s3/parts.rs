//! Uploads in parts to the bucket: their URLs, what is there of them, and their end.

use std::ops::RangeInclusive;
use std::time::Duration;

use aws_sdk_s3::types::CompletedPart;
use keyway_base::Timestamp;

use super::bucket::Bucket;
use super::trouble::failed;
use crate::error::Trouble;
use crate::{BlobError, BlobKey, InParts, Part};

impl Bucket {
    /// The URL that a client puts a part to. It leads nowhere once the upload is complete.
    pub(crate) fn part_url(&self, upload: &InParts, number: u32, now: Timestamp, time: Duration) -> String {
        let number = number.to_string();
        let query = [("partNumber", number.as_str()), ("uploadId", upload.id.as_str())];
        self.presigner.url("PUT", &self.object_key(&upload.key), &query, now, time)
    }

    /// The parts that are there, by number.
    pub(crate) async fn parts(
        &self,
        upload: &InParts,
        numbers: &RangeInclusive<u32>,
    ) -> Result<Vec<Part>, BlobError> {
        begun_here(upload)?;
        let object = self.object_key(&upload.key);
        let call = self.client.list_parts().bucket(&self.name).key(object).upload_id(&upload.id);
        let mut parts = Vec::new();
        let mut after = numbers.start().saturating_sub(1);
        loop {
            let page = call.clone().part_number_marker(after.to_string()).send().await;
            let page = page.map_err(failed("listing the parts of an upload")).map_err(lost(upload.key))?;
            let found = page.parts().iter().filter_map(|part| {
                Some(Part {
                    number: u32::try_from(part.part_number?).ok()?,
                    size: u64::try_from(part.size?).ok()?,
                    tag: part.e_tag()?.trim_matches('"').to_owned(),
                })
            });
            let before = parts.len();
            parts.extend(found.filter(|part| numbers.contains(&part.number)));
            let last = parts.last().map_or(0, |part: &Part| part.number);
            if page.is_truncated != Some(true) || parts.len() == before || last >= *numbers.end() {
                return Ok(parts);
            }
            after = last;
        }
    }

    /// Makes the parts one object.
    pub(crate) async fn join(&self, upload: &InParts, parts: Vec<Part>) -> Result<(), BlobError> {
        begun_here(upload)?;
        let parts = parts.into_iter().map(|part| {
            let number = i32::try_from(part.number).unwrap_or(i32::MAX);
            CompletedPart::builder().part_number(number).e_tag(format!("\"{}\"", part.tag)).build()
        });
        let object = self.object_key(&upload.key);
        let joined = self.complete_multipart(&object, &upload.id, parts.collect()).await;
        joined.map_err(lost(upload.key))
    }
}

/// Refuses an upload that no bucket has named: it was begun on a disk, and its records were moved here.
///
/// # Errors
/// [`BlobError::NoUpload`] for such a one.
pub(crate) const fn begun_here(upload: &InParts) -> Result<(), BlobError> {
    if upload.id.is_empty() { Err(BlobError::NoUpload(upload.key)) } else { Ok(()) }
}

/// An upload that is not there, or has other parts, is told apart from a store that fails.
pub(super) fn lost(key: BlobKey) -> impl FnOnce(BlobError) -> BlobError {
    move |error| match error {
        BlobError::Remote { trouble: Trouble::Gone, .. } => BlobError::NoUpload(key),
        BlobError::Remote { trouble: Trouble::Parts, .. } => BlobError::PartsChanged,
        error => error,
    }
}
