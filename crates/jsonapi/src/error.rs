//! Errors as the API words them (`licensing.md` §1.4): one constructor for each row of the catalogue.

use std::borrow::Cow;

use http::StatusCode;
use serde_json::{Map, Value, json};

/// What in the request an error is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A place in the body, in camel case (`/data/attributes/maxMachines`).
    Pointer(String),
    /// A query parameter (`page[size]`).
    Parameter(String),
    /// A header.
    Header(&'static str),
}

/// One member of `errors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorObject {
    /// The status in words.
    pub title: &'static str,
    /// What happened.
    pub detail: String,
    /// A stable name, where there is one.
    pub code: Option<Cow<'static, str>>,
    /// What it is about.
    pub source: Option<Source>,
}

/// A refusal: a status and at least one error object.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {}", self.detail())]
pub struct ApiError {
    /// The HTTP status.
    pub status: StatusCode,
    /// The members of `errors`.
    pub errors: Vec<ErrorObject>,
    /// Whether the envelope names the request. Failures below the API itself do not.
    pub named: bool,
    /// The scheme of the `WWW-Authenticate` header; set on every 401.
    pub challenge: Option<Cow<'static, str>>,
    /// Seconds for `Retry-After`.
    pub retry_after: Option<u32>,
}

impl ApiError {
    fn one(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Self {
        let object = ErrorObject { title, detail: detail.into(), code: None, source: None };
        Self { status, errors: vec![object], named: true, challenge: None, retry_after: None }
    }
    fn coded(mut self, code: impl Into<Cow<'static, str>>) -> Self {
        if let Some(error) = self.errors.first_mut() {
            error.code = Some(code.into());
        }
        self
    }
    fn unnamed(mut self) -> Self {
        self.named = false;
        self
    }
    /// Sets the source of the first error.
    #[must_use]
    pub fn at(mut self, source: Source) -> Self {
        if let Some(error) = self.errors.first_mut() {
            error.source = Some(source);
        }
        self
    }
    /// Points the first error at a place in the body.
    #[must_use]
    pub fn pointer(self, pointer: impl Into<String>) -> Self {
        self.at(Source::Pointer(pointer.into()))
    }
    /// The detail of the first error.
    pub fn detail(&self) -> &str {
        self.errors.first().map_or("", |error| &error.detail)
    }
    /// The code of the first error.
    pub fn code(&self) -> Option<&str> {
        self.errors.first().and_then(|error| error.code.as_deref())
    }
    /// The source of the first error.
    pub fn source_of_first(&self) -> Option<&Source> {
        self.errors.first().and_then(|error| error.source.as_ref())
    }

    /// 400 with a detail.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::one(StatusCode::BAD_REQUEST, "Bad request", detail)
    }
    /// 400 with a detail and a code.
    pub fn bad_request_coded(detail: impl Into<String>, code: &'static str) -> Self {
        Self::bad_request(detail).coded(code)
    }
    /// 400: a body that does not fit its schema.
    pub fn schema(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::bad_request(detail).pointer(pointer)
    }
    /// 400: a query parameter that cannot be used.
    pub fn parameter(parameter: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::bad_request(detail).at(Source::Parameter(parameter.into()))
    }
    /// 400 `JSON_INVALID`.
    pub fn json_invalid() -> Self {
        let detail = "The request could not be completed because it contains invalid JSON (check encoding, \
                      nesting and commas)";
        Self::bad_request(detail).coded("JSON_INVALID").unnamed()
    }
    /// 400 `ENCODING_INVALID`.
    pub fn encoding_invalid() -> Self {
        let detail = "The request could not be completed because it contains an unexpected null byte or \
                      invalid byte sequence (check encoding)";
        Self::bad_request(detail).coded("ENCODING_INVALID").unnamed()
    }
    /// 400 `MIME_TYPE_INVALID`.
    pub fn mime_type_invalid() -> Self {
        let detail = "The mime type of the request is not acceptable (check the Accept header)";
        Self::bad_request(detail).coded("MIME_TYPE_INVALID").unnamed()
    }
    /// 400 `PARAMETERS_INVALID`.
    pub fn parameters_invalid() -> Self {
        let detail = "The request could not be completed because it contains invalid query parameters (check \
                      encoding)";
        Self::bad_request(detail).coded("PARAMETERS_INVALID").unnamed()
    }
    /// 400 `URI_INVALID`.
    pub fn uri_invalid() -> Self {
        let detail =
            "The request could not be completed because the URI was invalid (check percent-encoding)";
        Self::bad_request(detail).coded("URI_INVALID").unnamed()
    }
    /// 400 `HTTP_METHOD_INVALID`.
    pub fn http_method_invalid() -> Self {
        let detail = "The request could not be completed because the HTTP method was invalid";
        Self::bad_request(detail).coded("HTTP_METHOD_INVALID").unnamed()
    }
    /// 400 `INVALID_API_VERSION`.
    pub fn api_version_invalid() -> Self {
        Self::bad_request("The requested API version is not supported (check the Keygen-Version header)")
            .coded("INVALID_API_VERSION")
            .at(Source::Header("Keygen-Version"))
    }
    /// 400: a `Keygen-Accept-Signature` header that cannot be honoured.
    pub fn accept_signature_invalid(detail: impl Into<String>) -> Self {
        Self::bad_request(detail).at(Source::Header("Keygen-Accept-Signature"))
    }
    /// 400 `ENVIRONMENT_INVALID`; `by_header` tells where the environment was named.
    pub fn environment_invalid(by_header: bool) -> Self {
        let source = if by_header {
            Source::Header("Keygen-Environment")
        } else {
            Source::Parameter("environment".to_owned())
        };
        Self::bad_request("is invalid").coded("ENVIRONMENT_INVALID").at(source)
    }
    /// 401 with a code. The challenge is `Bearer` until [`ApiError::challenge_with`] says otherwise.
    pub fn unauthorized(detail: impl Into<String>, code: impl Into<Cow<'static, str>>) -> Self {
        let mut error = Self::one(StatusCode::UNAUTHORIZED, "Unauthorized", detail).coded(code);
        error.challenge = Some(Cow::Borrowed("Bearer"));
        error
    }
    /// 401 `TOKEN_MISSING`: anonymous where authentication is needed.
    pub fn token_missing() -> Self {
        Self::unauthorized("You must be authenticated to complete the request", "TOKEN_MISSING")
    }
    /// Sets the scheme of the challenge of a 401; others are left alone.
    #[must_use]
    pub fn challenge_with(mut self, scheme: impl Into<Cow<'static, str>>) -> Self {
        if self.challenge.is_some() {
            self.challenge = Some(scheme.into());
        }
        self
    }
    /// 403 with the reason in brackets, without a code.
    pub fn forbidden(reason: &str) -> Self {
        Self::forbidden_detail(format!("You do not have permission to complete the request ({reason})"))
    }
    /// 403 with a whole detail, without a code.
    /// 403 where the account is not served any more.
    pub fn subscription_inactive() -> Self {
        let title = "Account does not have an active subscription";
        Self::one(StatusCode::FORBIDDEN, title, "The account's subscription is paused or has ended")
    }
    /// 402 where the account has made its requests of the day.
    pub fn daily_limit_reached() -> Self {
        let detail = "The account's limit of API requests per day has been reached (it ends at midnight UTC)";
        Self::one(StatusCode::PAYMENT_REQUIRED, "Payment required", detail)
    }
    pub fn forbidden_detail(detail: impl Into<String>) -> Self {
        Self::one(StatusCode::FORBIDDEN, "Access denied", detail)
    }
    /// 403 with a whole detail and a code.
    pub fn forbidden_coded(detail: impl Into<String>, code: impl Into<Cow<'static, str>>) -> Self {
        Self::one(StatusCode::FORBIDDEN, "Access denied", detail).coded(code)
    }
    /// 404: no such record, or none the caller may see. `resource` is the name in words.
    pub fn not_found(resource: &str, id: &str) -> Self {
        Self::not_found_detail(format!("The requested {resource} '{id}' was not found"))
    }
    /// 404 with a detail.
    pub fn not_found_detail(detail: impl Into<String>) -> Self {
        Self::one(StatusCode::NOT_FOUND, "Not found", detail).coded("NOT_FOUND")
    }
    /// 404: no such endpoint.
    pub fn unknown_endpoint() -> Self {
        let detail =
            "The requested endpoint was not found (check your HTTP method, Accept header, and URL path)";
        Self::not_found_detail(detail).unnamed()
    }
    /// 405.
    pub fn not_supported(detail: impl Into<String>) -> Self {
        Self::one(StatusCode::METHOD_NOT_ALLOWED, "Not supported", detail)
    }
    /// 409: somebody else was quicker.
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::one(StatusCode::CONFLICT, "Conflict", detail)
    }
    /// 409 of a unique index.
    pub fn taken_meanwhile() -> Self {
        Self::conflict("The request could not be completed because of a conflict (check uniqueness of data)")
    }
    /// 422 of an action that is refused.
    pub fn unprocessable(detail: impl Into<String>) -> Self {
        Self::one(StatusCode::UNPROCESSABLE_ENTITY, "Unprocessable entity", detail)
    }
    /// 422 of an action that is refused, with a code.
    pub fn unprocessable_coded(detail: impl Into<String>, code: &'static str) -> Self {
        Self::unprocessable(detail).coded(code)
    }
    /// 429 `TOO_MANY_REQUESTS`.
    pub fn too_many_requests(seconds: u32) -> Self {
        let detail = "Throttle limit has been reached for your IP address or credential (try again later)";
        let mut error = Self::one(StatusCode::TOO_MANY_REQUESTS, "Too many requests", detail)
            .coded("TOO_MANY_REQUESTS")
            .unnamed();
        error.retry_after = Some(seconds);
        error
    }
    /// 500. What went wrong stays in the log.
    pub fn internal() -> Self {
        let detail = "Looks like something went wrong! If this error persists, contact the operator";
        Self::one(StatusCode::INTERNAL_SERVER_ERROR, "Internal server error", detail)
    }
    /// 503: the store cannot be reached now.
    pub fn unavailable() -> Self {
        let mut error = Self::one(
            StatusCode::SERVICE_UNAVAILABLE,
            "Service unavailable",
            "The service is temporarily unavailable (try again in a moment)",
        );
        error.retry_after = Some(2);
        error
    }
    /// 503: the answer took too long.
    pub fn timed_out() -> Self {
        let detail = "The request timed out before it could be answered (try again in a moment)";
        let mut error = Self::one(StatusCode::SERVICE_UNAVAILABLE, "Request timeout", detail);
        error.retry_after = Some(2);
        error
    }
    /// 507: no room for more bytes.
    pub fn insufficient_storage() -> Self {
        Self::one(
            StatusCode::INSUFFICIENT_STORAGE,
            "Insufficient storage",
            "The server has no room left for this upload (ask the operator)",
        )
        .coded("STORAGE_FULL")
    }
    /// A refusal without any error object (`licensing.md` §17.14).
    pub const fn nothing_wrong(status: StatusCode) -> Self {
        Self { status, errors: Vec::new(), named: true, challenge: None, retry_after: None }
    }
    /// 422 of validation: every failure once (§1.4 step 6).
    pub fn invalid(failures: impl IntoIterator<Item = crate::Invalid>) -> Self {
        let mut errors: Vec<ErrorObject> = Vec::new();
        for object in failures.into_iter().map(crate::Invalid::into_object) {
            if !errors.iter().any(|known| known.code == object.code && known.source == object.source) {
                errors.push(object);
            }
        }
        Self {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            errors,
            named: true,
            challenge: None,
            retry_after: None,
        }
    }

    /// The body: `{"meta":{"id":…},"errors":[…]}`, empty members dropped.
    pub fn body(&self, request: &str) -> Value {
        let errors: Vec<Value> = self.errors.iter().map(ErrorObject::to_json).collect();
        let mut body = Map::new();
        if self.named {
            body.insert("meta".to_owned(), json!({ "id": request }));
        }
        body.insert("errors".to_owned(), Value::Array(errors));
        Value::Object(body)
    }
}

impl ErrorObject {
    fn to_json(&self) -> Value {
        let mut object = Map::new();
        object.insert("title".to_owned(), self.title.into());
        object.insert("detail".to_owned(), self.detail.clone().into());
        if let Some(code) = &self.code {
            object.insert("code".to_owned(), code.as_ref().into());
        }
        if let Some(source) = &self.source {
            let source = match source {
                Source::Pointer(pointer) => json!({ "pointer": pointer }),
                Source::Parameter(parameter) => json!({ "parameter": parameter }),
                Source::Header(header) => json!({ "header": header }),
            };
            object.insert("source".to_owned(), source);
        }
        Value::Object(object)
    }
}

mod catalogue;
#[cfg(test)]
mod tests;
