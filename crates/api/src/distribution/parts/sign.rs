//! `POST /artifacts/:id/actions/sign-parts`: URLs that parts are put to, and which parts are there.

use std::sync::Arc;

use keyway_blob::{InParts, Part};
use keyway_domain::resources::PartUpload;
use keyway_jsonapi::schema::{Form, Node, check};
use keyway_jsonapi::{ApiError, Declared, Record, Scope};
use serde_json::{Value, json};

use super::{artifact, begin, in_store, told, upload_of, url};
use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::work::Work;

/// How many parts are signed unless told.
const USUAL: u64 = 100;
/// How many are signed at most at once.
const MOST: u64 = 1000;

/// Takes which parts, and gives their addresses.
pub(in crate::distribution) const SIGN: Contract =
    Contract::taking(schema).gives(&[Given::new(200, Data::Absent).meta(meta_schema)]);

fn meta_schema() -> Value {
    json!({
        "type": "object",
        "required": ["upload", "parts", "next"],
        "properties": {
            "upload": begin::facts_schema(),
            "parts": {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {
                        "number": { "type": "integer" },
                        "offset": { "type": ["integer", "null"] },
                        "size": { "type": ["integer", "null"] },
                        "url": { "type": "string" },
                        "etag": { "type": ["string", "null"] },
                    },
                    "additionalProperties": false,
                },
            },
            "next": { "type": ["integer", "null"] },
        },
        "additionalProperties": false,
    })
}

/// Signs a run of parts.
pub(in crate::distribution) async fn sign(call: Arc<Call>) -> Outcome<Reply> {
    let (mut work, artifact) = artifact(&call).await?;
    check(&schema(), &call.body)?;
    let upload = upload_of(&mut work, &artifact).await?;
    drop(work);
    let (upload, in_store) = begun(&call, upload).await?;
    let (from, to) = run(&call, in_store.count())?;
    let there = call.api.parts().blobs.parts(&in_store, from..=to).await.map_err(told)?;
    let sign = |number| part(&call, &artifact, &upload, &in_store, number, &there);
    let next = (to < in_store.count()).then_some(to + 1);
    let meta = json!({
        "upload": begin::facts(&upload),
        "parts": (from..=to).map(sign).collect::<Vec<Value>>(),
        "next": next,
    });
    Ok(Reply::document(http::StatusCode::OK, json!({ "meta": meta })))
}

/// `meta {from?, count?}`.
fn schema() -> Vec<Node> {
    let members = vec![Node::new("from", Form::Integer), Node::new("count", Form::Integer)];
    vec![Node::object("meta", members)]
}

/// The first and the last part that are asked for.
fn run(call: &Call, parts: u32) -> Result<(u32, u32), ApiError> {
    let said = |name: &str, otherwise: u64, most: u64| match call.meta().and_then(|meta| meta.get(name)) {
        None => Ok(otherwise),
        Some(value) => value.as_u64().filter(|number| (1..=most).contains(number)).ok_or_else(|| {
            ApiError::schema(format!("/meta/{name}"), format!("must be between 1 and {most} (inclusive)"))
        }),
    };
    let (from, count) = (said("from", 1, parts.into())?, said("count", USUAL, MOST)?);
    let to = (from + count - 1).min(parts.into());
    Ok((u32::try_from(from).unwrap_or(parts), u32::try_from(to).unwrap_or(parts)))
}

/// Tells the store of the upload, unless it knows of it.
async fn begun(call: &Arc<Call>, upload: PartUpload) -> Outcome<(PartUpload, InParts)> {
    if let Some(in_store) = in_store(&upload) {
        return Ok((upload, in_store));
    }
    let blobs = &call.api.parts().blobs;
    let key = upload.blob_key.parse().map_err(|_| Refusal::Broken("an upload without a key".to_owned()))?;
    let size = u64::try_from(upload.size).unwrap_or_default();
    let id = blobs.begin_parts(key, size).await.map_err(told)?;
    let kept = keep(call, &upload, &id).await?;
    if kept.store_id.as_ref() != Some(&id) {
        // Another request was quicker.
        blobs.abandon_parts(key, &id).await.map_err(told)?;
    }
    let in_store =
        in_store(&kept).ok_or_else(|| Refusal::Broken("an upload that cannot be read".to_owned()))?;
    Ok((kept, in_store))
}

/// Writes down what the store calls an upload, unless that is written already.
async fn keep(call: &Arc<Call>, upload: &PartUpload, id: &str) -> Outcome<PartUpload> {
    let mut work = Work::writing(call).await?;
    let found = work.find(PartUpload::RESOURCE, &Scope::id("id", upload.id)).await?;
    let mut record = found.ok_or_else(|| ApiError::not_found_detail("the upload was ended meanwhile"))?;
    if record.get("store_id").is_null() {
        record.set("store_id", keyway_jsonapi::Value::Text(id.to_owned()));
        work.update(&record, &["store_id"]).await?;
    }
    let kept = record.typed()?;
    work.commit().await?;
    Ok(kept)
}

/// One part for the client: where it begins and ends in the file, where to put it, and its tag if it is there.
fn part(
    call: &Call,
    artifact: &Record,
    upload: &PartUpload,
    in_store: &InParts,
    number: u32,
    there: &[Part],
) -> Value {
    let size = in_store.part_len(number);
    let found = there.iter().rfind(|part| part.number == number && Some(part.size) == size);
    json!({
        "number": number,
        "offset": in_store.offset(number),
        "size": size,
        "url": url::for_part(call, artifact, upload, in_store, number),
        "etag": found.map(|part| &part.tag),
    })
}
