//! Signed URLs for one artifact (DESIGN §8, `distribution.md` §7).

use std::time::Duration;

use keyway_base::{ArtifactId, RecordId};
use keyway_blob::Download;
use keyway_crypto::signed_url::{Grant, Method};
use keyway_domain::parts::LARGEST_WHOLE;
use keyway_domain::resources::Artifact;
use keyway_jsonapi::{ApiError, QueryValue, Role};

use super::holder::Holder;
use super::job::UPLOAD_TIME;
use crate::call::Call;

/// How long a download URL lives unless told.
const DOWNLOAD_TIME: Duration = Duration::from_secs(60);
/// The longest that one may be told to live.
const MAX_SECONDS: u64 = 7 * 24 * 60 * 60;

/// The URL that an artifact's bytes are sent to.
pub(super) fn for_upload(call: &Call, artifact: RecordId) -> String {
    let id = ArtifactId::from(artifact);
    let at_the_store = call.api.parts().blobs.upload_url(call.account.id, id, call.now, UPLOAD_TIME);
    at_the_store.unwrap_or_else(|| upload_here(call, artifact))
}

fn upload_here(call: &Call, artifact: RecordId) -> String {
    call.api.parts().urls.url(&Grant {
        method: Method::Put,
        account: call.account.id,
        blob: String::new(),
        artifact: Some(ArtifactId::from(artifact)),
        part: None,
        principal: Holder::of(&call.principal).to_string(),
        length_cap: Some(LARGEST_WHOLE),
        expires: call.now.plus(UPLOAD_TIME),
        filename: None,
        content_type: None,
    })
}

/// The URL that an artifact's bytes are read from.
pub(super) fn for_download(call: &Call, artifact: &Artifact, blob: &str, time: Duration) -> String {
    let at_the_store = blob.parse().ok().and_then(|key| {
        let (save_as, media_type) = (Some(artifact.filename.as_str()), &content_type(artifact));
        call.api.parts().blobs.download_url(&Download { key: &key, save_as, media_type }, call.now, time)
    });
    at_the_store.unwrap_or_else(|| download_here(call, artifact, blob, time))
}

fn download_here(call: &Call, artifact: &Artifact, blob: &str, time: Duration) -> String {
    call.api.parts().urls.url(&Grant {
        method: Method::Get,
        account: call.account.id,
        blob: blob.to_owned(),
        artifact: Some(ArtifactId::from(artifact.id)),
        part: None,
        principal: Holder::of(&call.principal).to_string(),
        length_cap: None,
        expires: call.now.plus(time),
        filename: Some(base_name(&artifact.filename).to_owned()),
        content_type: Some(content_type(artifact)),
    })
}

/// The last segment of a file name.
pub(super) fn base_name(filename: &str) -> &str {
    filename.rsplit('/').next().unwrap_or(filename)
}

/// What the bytes were found to be.
pub(super) fn content_type(artifact: &Artifact) -> String {
    artifact.content_type.clone().unwrap_or_else(|| "application/octet-stream".to_owned())
}

/// How long the download URL is to live: as `ttl` says, for those who may say so.
///
/// # Errors
/// 400 for a `ttl` that is no whole number from 1 to 604,800.
pub(super) fn download_time(call: &Call) -> Result<Duration, ApiError> {
    let may_say = matches!(
        call.role(),
        Role::Admin
            | Role::Developer
            | Role::SalesAgent
            | Role::SupportAgent
            | Role::Product
            | Role::Environment
    );
    match call.query.get("ttl").filter(|_| may_say) {
        None => Ok(DOWNLOAD_TIME),
        Some(value) => told(value).ok_or_else(|| {
            ApiError::parameter("ttl", format!("must be an integer between 1 and {MAX_SECONDS} (inclusive)"))
        }),
    }
}

fn told(value: &QueryValue) -> Option<Duration> {
    let QueryValue::Text(text) = value else { return None };
    let seconds: u64 = text.trim().parse().ok()?;
    (1..=MAX_SECONDS).contains(&seconds).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_whole_number_of_seconds_up_to_a_week() {
        for (text, seconds) in [
            ("1", Some(1)),
            ("60", Some(60)),
            ("604800", Some(604_800)),
            ("604801", None),
            ("0", None),
            ("-1", None),
            ("1.5", None),
            ("abc", None),
            ("", None),
            ("99999999999999999999", None),
        ] {
            let read = told(&QueryValue::Text(text.to_owned()));
            assert_eq!(read, seconds.map(Duration::from_secs), "{text}");
        }
        assert_eq!(told(&QueryValue::List(Vec::new())), None);
    }

    #[test]
    fn the_name_on_disk_has_no_directories() {
        assert_eq!(base_name("a/b/App.exe"), "App.exe");
        assert_eq!(base_name("App.exe"), "App.exe");
    }
}
