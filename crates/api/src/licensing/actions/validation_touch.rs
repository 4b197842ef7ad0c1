//! What a validation leaves behind (`licensing.md` §9.1, §15): the time, what was validated, and the expiry of
//! licences that count from their first validation. It never fails the validation itself.

use std::sync::Arc;

use keyway_base::RecordId;
use keyway_domain::resources::{ExpirationBasis, License};
use keyway_jsonapi::{Declared, Record, Value as Column};
use serde_json::{Value, json};

use super::license_state::policy_of;
use crate::call::Call;
use crate::licensing::expiry::started;
use crate::refusal::Outcome;
use crate::touch;
use crate::work::Work;

/// What to note.
pub(crate) struct Touch {
    /// Whether it was the quick form, which starts no expiry and is no event.
    pub(crate) quick: bool,
    /// Whether the licence was valid.
    pub(crate) valid: bool,
    /// The code of that.
    pub(crate) code: &'static str,
    /// The checksum that was found.
    pub(crate) checksum: Option<String>,
    /// The version that was found.
    pub(crate) version: Option<String>,
    /// What the caller is told beside the licence.
    pub(crate) meta: Value,
}

/// Notes a validation; a store that cannot take it now loses the note, not the answer.
pub(crate) async fn touch(call: &Arc<Call>, license: &Record, touch: Touch) {
    if let Err(error) = note(call, license, touch).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a validation could not be noted");
    }
}

/// Writes the event of a validation down, for an endpoint that listens to hear of it whatever happens next.
pub(crate) async fn tell(call: &Arc<Call>, license: RecordId, valid: bool, code: &'static str, meta: &Value) {
    if let Err(error) = told(call, license, valid, code, meta).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a validation could not be told of");
    }
}

async fn told(
    call: &Arc<Call>,
    license: RecordId,
    valid: bool,
    code: &'static str,
    meta: &Value,
) -> Outcome<()> {
    let mut work = Work::writing(call).await?;
    let Some(mut license) = work.get(License::RESOURCE, license).await? else { return Ok(()) };
    license.set("last_validated_at", Column::Time(call.now));
    work.log_telling(&license, event(valid), json!({ "code": code }), meta).await?;
    work.commit().await
}

const fn event(valid: bool) -> &'static str {
    if valid { "validation.succeeded" } else { "validation.failed" }
}

async fn note(call: &Arc<Call>, license: &Record, note: Touch) -> Outcome<()> {
    let mut work = Work::writing(call).await?;
    let Some(before) = work.get(License::RESOURCE, license.id()).await? else { return Ok(()) };
    let mut after = before.clone();
    after.set("last_validated_at", Column::Time(call.now));
    let mut columns = vec!["last_validated_at"];
    if let Some(version) = note.version {
        after.set("last_validated_version", Column::Text(version));
        columns.push("last_validated_version");
    }
    if let Some(checksum) = note.checksum {
        after.set("last_validated_checksum", Column::Text(checksum));
        columns.push("last_validated_checksum");
    }
    if !note.quick && note.valid && before.get("expiry").is_null() {
        let policy = policy_of(&mut work, &before).await?;
        if let Some(expiry) = started(None, &policy, ExpirationBasis::FirstValidation, call.now) {
            after.set("expiry", Column::Time(expiry));
            columns.push("expiry");
        }
    }
    work.update(&after, &columns).await?;
    touch::record(&mut work, Some(&before), Some(&after)).await?;
    if !note.quick {
        work.log_telling(&after, event(note.valid), json!({ "code": note.code }), &note.meta).await?;
    }
    work.commit().await
}
