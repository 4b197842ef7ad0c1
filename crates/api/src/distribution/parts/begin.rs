//! `POST /artifacts` with `Prefer: multipart`: how the file is cut up, and where to go on.

use keyway_base::RecordId;
use keyway_blob::BlobKey;
use keyway_domain::parts::{LARGEST_WHOLE, TIME_FOR_PARTS, part_size};
use keyway_domain::resources::PartUpload;
use keyway_jsonapi::document::{record_path, to_json};
use keyway_jsonapi::{ApiError, Declared, Failure, Invalid, Record, Value};
use serde_json::json;

use crate::call::Call;
use crate::distribution::prefer::{PartSize, Preferences};
use crate::refusal::Outcome;
use crate::reply::Reply;
use crate::work::Work;

/// The size of the parts of a new artifact's file, where it is to come in parts; or what is wrong with the size
/// that is declared.
///
/// # Errors
/// 400 for a size of parts that does not do.
pub(in crate::distribution) fn plan(call: &Call, artifact: &Record) -> Outcome<Result<Option<u64>, Invalid>> {
    let declared = artifact.get("filesize").as_int().and_then(|size| u64::try_from(size).ok());
    let Some(wanted) = Preferences::of(call).in_parts else {
        return Ok(if declared.is_some_and(|size| size > LARGEST_WHOLE) {
            Err(too_large())
        } else {
            Ok(None)
        });
    };
    let Some(size) = declared.filter(|size| *size > 0) else {
        let detail = "must be the number of bytes of the file, which comes in parts";
        return Ok(Err(Invalid::attribute("filesize", Failure::Blank, detail)));
    };
    let wanted = match wanted {
        PartSize::Any => None,
        PartSize::Bytes(bytes) => Some(bytes),
        PartSize::Unreadable => return Err(refused("part-size must be a whole number of bytes").into()),
    };
    Ok(Ok(Some(part_size(size, wanted).map_err(refused)?)))
}

fn too_large() -> Invalid {
    let detail = format!(
        "must be less than or equal to {LARGEST_WHOLE} (larger files come in parts: ask with 'Prefer: multipart')"
    );
    Invalid::attribute("filesize", Failure::Comparison, detail)
}

fn refused(detail: impl Into<String>) -> ApiError {
    ApiError::parameter("prefer", detail)
}

/// Writes down how the file of a new artifact comes; the store is told when the first URL is asked for.
pub(in crate::distribution) async fn begin(
    work: &mut Work,
    artifact: &Record,
    part_size: u64,
) -> Outcome<()> {
    let upload = PartUpload {
        id: RecordId::generate(work.now()),
        account_id: work.account(),
        environment_id: artifact.environment(),
        created_at: work.now(),
        updated_at: work.now(),
        artifact_id: artifact.id().into(),
        blob_key: BlobKey::random(work.account()).to_string(),
        store_id: None,
        size: artifact.get("filesize").as_int().unwrap_or(0),
        part_size: i64::try_from(part_size).unwrap_or(i64::MAX),
        expires_at: work.now().plus(TIME_FOR_PARTS),
    };
    work.insert(&upload.into_record()).await
}

/// The answer to one who is to send parts.
pub(in crate::distribution) fn shown(reply: Reply, artifact: &Record, upload: &PartUpload) -> Reply {
    let path = record_path(artifact);
    let links = json!({
        "signParts": format!("{path}/actions/sign-parts"),
        "completeUpload": format!("{path}/actions/complete-upload"),
    });
    reply.with("links", links).with("meta", json!({ "upload": facts(upload) }))
}

/// What `meta` of the answer is.
pub(in crate::distribution) fn meta_schema() -> serde_json::Value {
    json!({ "type": "object", "properties": { "upload": facts_schema() } })
}

/// What [`facts`] are.
pub(super) fn facts_schema() -> serde_json::Value {
    let number = json!({ "type": "integer" });
    json!({
        "type": "object",
        "required": ["size", "partSize", "partCount", "expiry"],
        "properties": {
            "size": number,
            "partSize": number,
            "partCount": number,
            "expiry": { "type": "string", "format": "date-time" },
        },
        "additionalProperties": false,
    })
}

/// What a client has to know of an upload.
pub(super) fn facts(upload: &PartUpload) -> serde_json::Value {
    let count = upload.size.div_euclid(upload.part_size.max(1))
        + i64::from(upload.size.rem_euclid(upload.part_size.max(1)) > 0);
    json!({
        "size": upload.size,
        "partSize": upload.part_size,
        "partCount": count,
        "expiry": to_json(&Value::Time(upload.expires_at)),
    })
}
