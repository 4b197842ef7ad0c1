//! The URL that a part is put to: one of the store, or one of ours.

use keyway_base::ArtifactId;
use keyway_blob::InParts;
use keyway_crypto::signed_url::{Grant, Method};
use keyway_domain::resources::PartUpload;
use keyway_jsonapi::Record;

use crate::call::Call;
use crate::distribution::holder::Holder;
use crate::distribution::job::UPLOAD_TIME;

/// A URL that lives an hour, or until the upload ends.
pub(super) fn for_part(
    call: &Call,
    artifact: &Record,
    upload: &PartUpload,
    in_store: &InParts,
    number: u32,
) -> String {
    let expires = call.now.plus(UPLOAD_TIME).min(upload.expires_at);
    let time = expires.since(call.now);
    let at_the_store = call.api.parts().blobs.part_url(in_store, number, call.now, time);
    at_the_store.unwrap_or_else(|| {
        call.api.parts().urls.url(&Grant {
            method: Method::Put,
            account: call.account.id,
            blob: upload.blob_key.clone(),
            artifact: Some(ArtifactId::from(artifact.id())),
            part: Some(number),
            principal: Holder::of(&call.principal).to_string(),
            length_cap: in_store.part_len(number),
            expires,
            filename: None,
            content_type: None,
        })
    })
}
