//! From the failures of the client to ours.

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::BlobError;
use crate::error::Trouble;

/// What the store's client says when a call fails.
pub(crate) type Failed<E> = SdkError<E, HttpResponse>;

/// Whether what was asked for is not there.
pub(crate) fn is_absent<E: ProvideErrorMetadata>(error: &Failed<E>) -> bool {
    let code = error.as_service_error().and_then(ProvideErrorMetadata::code);
    match (status(error), code) {
        (_, Some("NoSuchKey" | "NotFound")) => true,
        (Some(404), Some(code)) => code != "NoSuchBucket" && code != "NoSuchUpload",
        (Some(404), None) => true,
        _ => false,
    }
}

/// Whether a condition of the request does not hold.
pub(crate) fn is_changed<E: ProvideErrorMetadata>(error: &Failed<E>) -> bool {
    status(error) == Some(412)
}

/// Whether a range lies behind the end: what an empty object answers to any.
pub(crate) fn is_past_the_end<E: ProvideErrorMetadata>(error: &Failed<E>) -> bool {
    status(error) == Some(416)
}

/// Says what failed, and in what way.
pub(crate) fn failed<E>(doing: &'static str) -> impl FnOnce(Failed<E>) -> BlobError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    move |error| BlobError::Remote { doing, trouble: trouble(&error), source: Some(Box::new(error)) }
}

fn trouble<E: ProvideErrorMetadata>(error: &Failed<E>) -> Trouble {
    let code = match error {
        SdkError::DispatchFailure(_) | SdkError::TimeoutError(_) | SdkError::ResponseError(_) => {
            return Trouble::Unreachable;
        }
        SdkError::ServiceError(context) => context.err().code().unwrap_or_default(),
        _ => return Trouble::Failed,
    };
    match (status(error), code) {
        (_, "NoSuchBucket") => Trouble::NoBucket,
        (_, "NoSuchUpload") => Trouble::Gone,
        (_, "RequestTimeTooSkewed") => Trouble::Skew,
        (_, "InvalidPart" | "InvalidPartOrder") => Trouble::Parts,
        (_, "SlowDown" | "ServiceUnavailable" | "RequestTimeout") | (Some(429 | 500..=504), _) => {
            Trouble::Busy
        }
        (Some(401 | 403), _) => Trouble::Denied,
        (Some(404), _) => Trouble::Gone,
        _ => Trouble::Failed,
    }
}

fn status<E>(error: &Failed<E>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}
