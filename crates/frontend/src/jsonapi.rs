//! The JSON:API surface: body in, whole answer out, with what every answer carries (CORS, request id,
//! signature). What an answer says is the API's business; this crate only knows [`JsonApi`].

mod contract;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, CACHE_CONTROL, CONTENT_SECURITY_POLICY, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use keyway_access::{Credential, Presented, Surface, credentials};
use keyway_base::{AccountId, BlobName};
use keyway_blob::BlobKey;
use keyway_catalog::{AccountError, AccountFacts, to_the_end};
use keyway_jsonapi::ApiError;
use percent_encoding::percent_decode_str;
use tokio::time::timeout;

use crate::answer::{NO_STORE, api_error};
use crate::beside::Fallback;
use crate::body::Body;
use crate::exchange::Exchange;
use crate::file::{FileAnswer, FileFacts, FileTag};
use crate::front::Front;
use crate::incoming::{BodyError, drop_beside, read_whole};
use crate::range::Backwards;
use crate::rates::{Source, Verdict, is_partial};
use crate::request_log;
use crate::signature::{Signing, sign};
pub use contract::{ApiAnswer, ApiAnswerBody, ApiCall, Boxed, JsonApi, ShortLink};

/// How long an answer may take.
const ANSWER_TIME: Duration = Duration::from_secs(60);

/// What a request says of its account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Whose<'a> {
    /// The account whose own host it named.
    pub(crate) host_account: Option<AccountId>,
    /// The account segment of its path, as received.
    pub(crate) segment: Option<&'a str>,
    /// What follows the account on a host of short links.
    pub(crate) short_link: Option<&'a str>,
}

/// Answers a request.
pub(crate) async fn answer(
    front: &Front,
    exchange: &Exchange,
    whose: Whose<'_>,
    body: Incoming,
) -> Response<Body> {
    if exchange.method() == Method::OPTIONS {
        return preflight(exchange);
    }
    let segment = whose.segment.map(|segment| percent_decode_str(segment).decode_utf8_lossy());
    let account = match front.catalog.resolve(whose.host_account, segment.as_deref()).await {
        Ok(account) => account,
        Err(AccountError::Unavailable(error)) => {
            tracing::error!(request = %exchange.id, %error, "the account could not be loaded");
            return rescued(exchange, &ApiError::unavailable());
        }
        // Whose it is or why it is nobody's is the API's to say; nobody's keys sign it.
        Err(_) => {
            let now = front.clock.wall();
            let mut response = match front.rates.outside(exchange, now) {
                Some(over) => {
                    refused(front, exchange, whose, ApiError::too_many_requests(over.wait(now))).await
                }
                None => handled(front, exchange, whose, None, body).await,
            };
            every_answer(exchange, response.headers_mut());
            return response;
        }
    };
    // what cannot be honoured is refused by the API
    let asked = Signing::asked_for(exchange, account.id).ok().flatten().unwrap_or_default();
    let admitted = asked.admit(&front.rsa, front.clock.monotonic());
    let (signing, mut response) = match admitted {
        Ok(()) => (asked, limited(front, exchange, &account, whose, body).await),
        Err(error) => (Signing::default(), refused(front, exchange, whose, error).await),
    };
    every_answer(exchange, response.headers_mut());
    sign(&signing, exchange, &account, front.clock.wall(), &mut response);
    request_log::log(front, exchange, &mut response);
    response
}

/// Limits how often, and how often in vain, around the answer.
async fn limited(
    front: &Front,
    exchange: &Exchange,
    account: &AccountFacts,
    whose: Whose<'_>,
    body: Incoming,
) -> Response<Body> {
    // Cookies count for nothing here: what is in one is nobody's until it is unsealed.
    let presented = credentials(exchange.headers(), exchange.query(), Surface::Api);
    let credential = match &presented {
        Ok(Presented::One(credential)) => Some(credential),
        _ => None,
    };
    let from = Source { account: account.id, address: exchange.client, credential };
    let now = front.clock.wall();
    let verdict = front.rates.request(exchange, from, now);
    let mut response = match &verdict {
        Verdict::Exceeded(standing) => {
            refused(front, exchange, whose, ApiError::too_many_requests(standing.wait(now))).await
        }
        Verdict::Free | Verdict::Within(_) => {
            guarded(front, exchange, account, whose, credential, body).await
        }
    };
    if response.status() == StatusCode::FORBIDDEN && is_partial(exchange) {
        front.rates.refuse(from, now);
    }
    verdict.write(response.headers_mut());
    response
}

/// Limits guessing around the answer.
async fn guarded(
    front: &Front,
    exchange: &Exchange,
    account: &AccountFacts,
    whose: Whose<'_>,
    credential: Option<&Credential>,
    body: Incoming,
) -> Response<Body> {
    let now = front.clock.monotonic();
    if let Some(credential) = credential
        && let Some(wait) = front.wrong_credentials.wait(account.id, exchange.client, credential, now)
    {
        let seconds = u32::try_from(wait.as_secs().saturating_add(1)).unwrap_or(u32::MAX);
        return refused(front, exchange, whose, ApiError::too_many_requests(seconds)).await;
    }
    let response = handled(front, exchange, whose, Some(account.id), body).await;
    match credential {
        Some(credential) if response.status() == StatusCode::UNAUTHORIZED => {
            front.wrong(account.id, exchange.client, credential);
        }
        Some(credential) if response.status().is_success() => {
            front.wrong_credentials.accept(account.id, exchange.client, credential);
        }
        _ => {}
    }
    response
}

/// Reads the body and asks the API.
async fn handled(
    front: &Front,
    exchange: &Exchange,
    whose: Whose<'_>,
    account: Option<AccountId>,
    body: Incoming,
) -> Response<Body> {
    if let Some(fallback) = Fallback::of(front, exchange) {
        return Box::pin(fallback.answer(front, exchange, whose, body)).await;
    }
    let limits = &front.settings.limits;
    let body = if !body.is_end_stream() && front.api.ignores_body(exchange.method(), exchange.path()) {
        drop_beside(body);
        Ok(Bytes::new())
    } else {
        read_whole(body, exchange.headers(), limits.json_bytes, limits.body_time).await
    };
    let body = match body {
        Ok(body) => body,
        Err(error) => return refused(front, exchange, whose, body_error(error, limits.json_bytes)).await,
    };
    let now = front.clock.wall();
    if let Some(over) = front.rates.mail(exchange, account, &body, now) {
        return refused(front, exchange, whose, ApiError::too_many_requests(over.wait(now))).await;
    }
    asked(front, exchange, whose, body).await
}

/// Asks the API.
pub(crate) async fn asked(
    front: &Front,
    exchange: &Exchange,
    whose: Whose<'_>,
    body: Bytes,
) -> Response<Body> {
    let call = call(exchange, whose, body.clone());
    let api = Arc::clone(&front.api);
    let work = to_the_end(Box::pin(async move { api.handle(call).await }));
    match timeout(ANSWER_TIME, work).await {
        Ok(Ok(answer)) => {
            let asked = answer.asked;
            let mut response = carry_out(front, exchange, answer).await;
            if let Some(asked) = asked {
                request_log::mark(&mut response, asked, body);
            }
            response
        }
        Ok(Err(error)) => {
            tracing::error!(request = %exchange.id, %error, "a request to the API failed");
            rescued(exchange, &ApiError::internal())
        }
        Err(_) => rescued(exchange, &ApiError::timed_out()),
    }
}

/// The API's answer to a request that does not get as far as the API.
async fn refused(front: &Front, exchange: &Exchange, whose: Whose<'_>, error: ApiError) -> Response<Body> {
    let answer = front.api.refuse(call(exchange, whose, Bytes::new()), error).await;
    carry_out(front, exchange, answer).await
}

fn call(exchange: &Exchange, whose: Whose<'_>, body: Bytes) -> ApiCall {
    let account = whose.segment.map(str::to_owned);
    let short_link = whose.short_link.map(|below| ShortLink { account, below: below.to_owned() });
    ApiCall {
        method: exchange.method().clone(),
        path: exchange.path().to_owned(),
        short_link,
        query: exchange.query().to_owned(),
        headers: exchange.headers().clone(),
        body,
        peer: exchange.client,
        host_account: whose.host_account,
        request_id: exchange.id,
    }
}

async fn carry_out(front: &Front, exchange: &Exchange, answer: ApiAnswer) -> Response<Body> {
    let ApiAnswer { status, headers, body, .. } = answer;
    match body {
        ApiAnswerBody::Bytes(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        ApiAnswerBody::File { blob, digest, filename, content_type, size } => {
            let facts = FileFacts {
                tag: FileTag::Blob(digest.map_or(blob.name(), |digest| BlobName::Digest(*digest.as_bytes()))),
                backwards: Backwards::Ignored,
                digest,
                size,
                media_type: &content_type,
                save_as: Some(&filename),
                caching: NO_STORE,
            };
            match file(front, exchange, &blob, &facts).await {
                Ok(mut response) => {
                    merge(response.headers_mut(), headers);
                    response
                }
                Err(error) => rescued(exchange, &error),
            }
        }
    }
}

async fn file(
    front: &Front,
    exchange: &Exchange,
    blob: &BlobKey,
    facts: &FileFacts<'_>,
) -> Result<Response<Body>, ApiError> {
    let answer = FileAnswer::of(exchange.method(), exchange.headers(), facts);
    if !answer.needs_bytes() {
        return Ok(answer.without_bytes());
    }
    let opened = front.blobs.read(blob).await.map_err(|error| {
        tracing::error!(request = %exchange.id, %blob, %error, "a blob could not be opened");
        ApiError::unavailable()
    })?;
    Ok(answer.with_bytes(&opened, facts.media_type, exchange.id))
}

/// Adds headers that are not there yet.
fn merge(into: &mut HeaderMap, headers: HeaderMap) {
    for (name, value) in headers {
        if let Some(name) = name
            && !into.contains_key(&name)
        {
            into.insert(name, value);
        }
    }
}

/// The error's answer, with what every answer carries.
pub(crate) fn rescued(exchange: &Exchange, error: &ApiError) -> Response<Body> {
    let mut response = api_error(error, exchange.header("accept"), exchange.id);
    every_answer(exchange, response.headers_mut());
    response
}

fn body_error(error: BodyError, limit: usize) -> ApiError {
    match error {
        BodyError::TooLarge => ApiError {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            ..ApiError::bad_request_coded(
                format!("The request body is larger than the {limit} bytes allowed"),
                "PAYLOAD_TOO_LARGE",
            )
        },
        BodyError::Cut => ApiError::bad_request("The request body is incomplete"),
        BodyError::Slow => ApiError {
            status: StatusCode::REQUEST_TIMEOUT,
            ..ApiError::bad_request("The request body took too long to arrive")
        },
    }
}

/// What scripts of other origins may read. Until version 1.3 ids were in headers of other names.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Keygen-Account, Keygen-Bearer, Keygen-Token, Keygen-Account-Id, Keygen-Bearer-Id, Keygen-Token-Id, \
     Keygen-Environment, Keygen-License, Keygen-Edition, Keygen-Mode, Keygen-Revision, Keygen-Version, \
     Keygen-Signature, Keygen-Date, Keygen-Digest, X-RateLimit-Window, X-RateLimit-Count, X-RateLimit-Limit, \
     X-RateLimit-Remaining, X-RateLimit-Reset, X-Request-Id, X-Signature, Date, Digest, Location, Retry-After",
);
/// A page that this is shown as may load nothing, and tells of what tries.
const CSP: HeaderValue =
    HeaderValue::from_static("default-src 'none'; report-uri /-/csp-reports; report-to csp-reports");
const REPORT_TO: HeaderValue = HeaderValue::from_static(
    "{\"group\":\"csp-reports\",\"max_age\":10886400,\"endpoints\":[{\"url\":\"/-/csp-reports\"}]}",
);

/// What is kept of answers that say nothing of it: they are somebody's.
const NEVER_KEPT: HeaderValue = HeaderValue::from_static("no-transform, no-store, max-age=0");

/// Headers that every answer of the JSON:API carries (`licensing.md` §1.7), beside those that the API sets.
fn every_answer(exchange: &Exchange, headers: &mut HeaderMap) {
    match &exchange.portal {
        // Only to this origin do browsers send cookies along and show what comes back.
        Some(portal) => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, portal.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
            headers.entry(VARY).or_insert(HeaderValue::from_static("Origin"));
        }
        None => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
    }
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    // The API may say otherwise of what is the same for everybody.
    if headers.get(CACHE_CONTROL).is_none_or(|own| own == NO_STORE) {
        headers.insert(CACHE_CONTROL, NEVER_KEPT);
    }
    headers.insert(CONTENT_SECURITY_POLICY, CSP);
    headers.insert(HeaderName::from_static("report-to"), REPORT_TO);
    for (name, value) in [("keygen-edition", "EE"), ("keygen-mode", exchange.mode.as_str())] {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
}

/// The answer to a browser that asks whether a script may ask.
fn preflight(exchange: &Exchange) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    every_answer(exchange, headers);
    let methods = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    let asked = exchange.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.unwrap_or(HeaderValue::from_static("*")));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
    response
}
