//! Writing answers: status, headers that every answer has, body.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use keyway_base::{AccountId, RecordId, RequestId, TokenId};
use keyway_catalog::Mode;
use keyway_domain::request::Asked;
use keyway_jsonapi::{ApiError, MediaType};

use crate::call::About;
use crate::log;
use crate::reply::{Content, Reply};
use crate::version::{ApiVersion, Route};
use crate::{ApiBody, ApiRequest, ApiResponse};

/// What answers say of their request.
pub(crate) struct Context {
    /// The type of the body.
    pub(crate) media_type: MediaType,
    /// The account, once it is known.
    pub(crate) account: Option<AccountId>,
    /// The bearer, if there is one.
    pub(crate) bearer: Option<RecordId>,
    /// The token, if one was used.
    pub(crate) token: Option<TokenId>,
    /// The licence that speaks, if one does.
    pub(crate) license: Option<RecordId>,
    /// The code of the environment, if one was named.
    pub(crate) environment: Option<String>,
    /// One account or many.
    mode: Mode,
    /// The version spoken.
    pub(crate) version: ApiVersion,
    /// What the log is told of the request, if it is logged.
    pub(crate) asked: Option<Asked>,
    /// The record that it is about.
    pub(crate) about: About,
    /// The cookie that changes what session the caller has.
    pub(crate) cookie: Option<String>,
    /// Where the request leads, once that is known.
    pub(crate) route: Option<Route>,
    request_id: RequestId,
}

impl Context {
    /// Nothing is known yet.
    pub(crate) fn new(media_type: MediaType, mode: Mode, request: &ApiRequest) -> Self {
        Self {
            media_type,
            account: None,
            bearer: None,
            token: None,
            license: None,
            environment: None,
            asked: None,
            about: About::default(),
            mode,
            version: ApiVersion::CURRENT,
            cookie: None,
            route: None,
            request_id: request.request_id,
        }
    }
}

/// The answer to a request.
pub(crate) fn write(context: &Context, answer: Result<Reply, ApiError>, head_only: bool) -> ApiResponse {
    let shown = match &answer {
        Ok(Reply { content: Content::Document(document), .. }) => log::shown(document),
        Ok(_) | Err(_) => None,
    };
    let mut response = match answer {
        Ok(reply) => success(context, reply),
        Err(error) => failure(context, &error),
    };
    common(context, &mut response);
    let resource = context.about.get().copied().or(shown);
    response.asked = context.asked.map(|asked| Asked { resource, ..asked });
    if head_only && let ApiBody::Bytes(bytes) = &mut response.body {
        let length = bytes.len();
        *bytes = Bytes::new();
        response.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    }
    response
}

fn success(context: &Context, reply: Reply) -> ApiResponse {
    let Reply { status, content, headers } = reply;
    let body = match content {
        Content::File(file) => {
            return ApiResponse { status, headers, body: ApiBody::File(file), asked: None };
        }
        Content::Document(document) => {
            Bytes::from(context.version.render(document, context.route).to_string())
        }
        Content::Bytes(bytes) => bytes,
        Content::Nothing => Bytes::new(),
    };
    let mut response = ApiResponse { status, headers, body: ApiBody::Bytes(body), asked: None };
    if status != StatusCode::NO_CONTENT {
        content_type(context, &mut response);
    }
    response
}

fn failure(context: &Context, error: &ApiError) -> ApiResponse {
    let document = error.body(&context.request_id.to_string());
    let body = ApiBody::Bytes(Bytes::from(context.version.render(document, context.route).to_string()));
    let (status, headers) = (error.status, HeaderMap::new());
    let mut response = ApiResponse { status, headers, body, asked: None };
    content_type(context, &mut response);
    if let Some(scheme) = &error.challenge {
        response.header(header::WWW_AUTHENTICATE, &format!("{scheme} realm=\"keygen\""));
    }
    if error.status == StatusCode::METHOD_NOT_ALLOWED {
        response.header(header::ALLOW, "");
    }
    if let Some(seconds) = error.retry_after {
        response.header(header::RETRY_AFTER, &seconds.to_string());
    }
    response
}

fn content_type(context: &Context, response: &mut ApiResponse) {
    let value = HeaderValue::from_static(context.media_type.header());
    response.headers.entry(header::CONTENT_TYPE).or_insert(value);
}

/// How many headers the answer to most requests has in the end, with those of the front end.
const HEADERS: usize = 32;
/// The names of the headers that say whose request it was, until version 1.3 and since.
const WHOSE: [[HeaderName; 3]; 2] = [
    [
        HeaderName::from_static("keygen-account-id"),
        HeaderName::from_static("keygen-bearer-id"),
        HeaderName::from_static("keygen-token-id"),
    ],
    [
        HeaderName::from_static("keygen-account"),
        HeaderName::from_static("keygen-bearer"),
        HeaderName::from_static("keygen-token"),
    ],
];

/// The headers of `licensing.md` §1.7 that say what is known of the request.
fn common(context: &Context, response: &mut ApiResponse) {
    let [former, current] = WHOSE;
    let names = if context.version.has_suffixed_ids() { former } else { current };
    let ids = [context.account.map(RecordId::from), context.bearer, context.token.map(RecordId::from)];
    response.headers.reserve(HEADERS);
    for (name, id) in names.into_iter().zip(ids) {
        response.headers.insert(name, id_value(id));
    }
    let environment = context.environment.as_deref().unwrap_or_default();
    response.header(HeaderName::from_static("keygen-environment"), environment);
    for (name, value) in [
        ("keygen-license", id_value(context.license)),
        ("keygen-version", HeaderValue::from_static(context.version.as_str())),
        ("keygen-edition", HeaderValue::from_static("EE")),
        ("keygen-mode", HeaderValue::from_static(context.mode.as_str())),
        ("keygen-revision", HeaderValue::from_static(env!("CARGO_PKG_VERSION"))),
        ("x-request-id", id_value(Some(RecordId::new(context.request_id.uuid())))),
    ] {
        response.headers.insert(HeaderName::from_static(name), value);
    }
    if let Some(cookie) = &context.cookie
        && !response.headers.contains_key(header::SET_COOKIE)
    {
        response.header(header::SET_COOKIE, cookie);
    }
    let caching = HeaderValue::from_static("no-transform, no-store, max-age=0");
    response.headers.entry(header::CACHE_CONTROL).or_insert(caching);
}

fn id_value(id: Option<RecordId>) -> HeaderValue {
    let text = id.map(|id| HeaderValue::try_from(id.to_string()));
    text.and_then(Result::ok).unwrap_or(HeaderValue::from_static(""))
}
