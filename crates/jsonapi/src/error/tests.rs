//! The golden catalogue of error envelopes (`licensing.md` §1.4, `distribution.md` §4.1).

use serde_json::json;

use super::*;
use crate::{Failure, Invalid};

const ID: &str = "0190163d-8694-739b-aea5-966c26f8ad91";

/// Status, title and code; whether the envelope names the request.
fn row(error: &ApiError) -> (u16, &'static str, &str, bool) {
    let title = error.errors.first().map_or("", |error| error.title);
    let named = error.body(ID).get("meta") == Some(&json!({ "id": ID }));
    (error.status.as_u16(), title, error.code().unwrap_or(""), named)
}

#[test]
fn every_kind_has_its_status_title_and_code() {
    for (error, expected) in [
        (ApiError::bad_request("x"), (400, "Bad request", "", true)),
        (ApiError::schema("/data", "is missing"), (400, "Bad request", "", true)),
        (ApiError::parameter("limit", "x"), (400, "Bad request", "", true)),
        (ApiError::json_invalid(), (400, "Bad request", "JSON_INVALID", false)),
        (ApiError::encoding_invalid(), (400, "Bad request", "ENCODING_INVALID", false)),
        (ApiError::mime_type_invalid(), (400, "Bad request", "MIME_TYPE_INVALID", false)),
        (ApiError::parameters_invalid(), (400, "Bad request", "PARAMETERS_INVALID", false)),
        (ApiError::uri_invalid(), (400, "Bad request", "URI_INVALID", false)),
        (ApiError::http_method_invalid(), (400, "Bad request", "HTTP_METHOD_INVALID", false)),
        (ApiError::api_version_invalid(), (400, "Bad request", "INVALID_API_VERSION", true)),
        (ApiError::accept_signature_invalid("x"), (400, "Bad request", "", true)),
        (ApiError::environment_invalid(true), (400, "Bad request", "ENVIRONMENT_INVALID", true)),
        (ApiError::token_missing(), (401, "Unauthorized", "TOKEN_MISSING", true)),
        (ApiError::forbidden("x"), (403, "Access denied", "", true)),
        (ApiError::forbidden_coded("x", "USER_BANNED"), (403, "Access denied", "USER_BANNED", true)),
        (ApiError::not_found("license", "x"), (404, "Not found", "NOT_FOUND", true)),
        (ApiError::unknown_endpoint(), (404, "Not found", "NOT_FOUND", false)),
        (ApiError::not_supported("x"), (405, "Not supported", "", true)),
        (ApiError::taken_meanwhile(), (409, "Conflict", "", true)),
        (ApiError::unprocessable("x"), (422, "Unprocessable entity", "", true)),
        (ApiError::invalid([Invalid::taken("key")]), (422, "Unprocessable resource", "KEY_TAKEN", true)),
        (ApiError::too_many_requests(1), (429, "Too many requests", "TOO_MANY_REQUESTS", false)),
        (ApiError::internal(), (500, "Internal server error", "", true)),
        (ApiError::timed_out(), (503, "Request timeout", "", true)),
    ] {
        assert_eq!(row(&error), expected, "{error}");
    }
}

#[test]
fn what_is_not_there_is_left_out() {
    let body = |error: ApiError| error.body(ID);
    assert_eq!(
        body(ApiError::not_found("machine process", "x")),
        json!({ "meta": { "id": ID }, "errors": [{ "title": "Not found", "code": "NOT_FOUND",
                "detail": "The requested machine process 'x' was not found" }] })
    );
    let sources = [
        (ApiError::schema("/data/type", "is missing"), json!({ "pointer": "/data/type" })),
        (ApiError::parameter("page[size]", "x"), json!({ "parameter": "page[size]" })),
        (ApiError::environment_invalid(false), json!({ "parameter": "environment" })),
        (ApiError::environment_invalid(true), json!({ "header": "Keygen-Environment" })),
        (ApiError::api_version_invalid(), json!({ "header": "Keygen-Version" })),
    ];
    for (error, source) in sources {
        assert_eq!(body(error).pointer("/errors/0/source"), Some(&source));
    }
    assert_eq!(
        body(ApiError::unknown_endpoint()).pointer("/errors/0/detail").unwrap(),
        "The requested endpoint was not found (check your HTTP method, Accept header, and URL path)"
    );
    assert_eq!(
        body(ApiError::forbidden("user is banned")).pointer("/errors/0/detail").unwrap(),
        "You do not have permission to complete the request (user is banned)"
    );
}

#[test]
fn the_same_failure_is_told_once() {
    let failures = [
        Invalid::taken("key"),
        Invalid::taken("key"),
        Invalid::attribute("key", Failure::Kind("TOO_SHORT"), "is too short"),
        Invalid::missing_relation("policy"),
        Invalid::base("license_user", Failure::Kind("LIMIT_EXCEEDED"), "x"),
    ];
    let body = ApiError::invalid(failures).body(ID);
    let told: Vec<(&str, &str)> = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["code"].as_str().unwrap(), error["source"]["pointer"].as_str().unwrap()))
        .collect();
    let expected = [
        ("KEY_TAKEN", "/data/attributes/key"),
        ("KEY_TOO_SHORT", "/data/attributes/key"),
        ("POLICY_NOT_FOUND", "/data/relationships/policy"),
        ("USER_LIMIT_EXCEEDED", "/data/relationships/users"),
    ];
    assert_eq!(told, expected);
}

#[test]
fn refusals_say_how_to_go_on() {
    let challenge = |error: ApiError| error.challenge.map(std::borrow::Cow::into_owned);
    assert_eq!(challenge(ApiError::token_missing()).as_deref(), Some("Bearer"));
    assert_eq!(challenge(ApiError::token_missing().challenge_with("Basic")).as_deref(), Some("Basic"));
    assert_eq!(challenge(ApiError::forbidden("x").challenge_with("Basic")), None);
    assert_eq!(ApiError::too_many_requests(7).retry_after, Some(7));
    assert!(ApiError::unavailable().retry_after.is_some() && ApiError::timed_out().retry_after.is_some());
}
