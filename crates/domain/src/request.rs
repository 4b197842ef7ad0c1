//! Requests to the API on their way into the log (`licensing.md` §14): what is kept of them, and how.

mod redaction;

use std::net::IpAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use keyway_base::{AccountId, EnvironmentId, RecordId, RequestId, Timestamp};
use keyway_jsonapi::{Declared as _, Record};
use serde_json::{Map, Value as Json};

use crate::resources::RequestLog;
pub use redaction::Redaction;

/// The longest body that is kept, in bytes.
pub const BODY_KEPT: usize = 64 * 1024;

/// What a request that is logged was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The account.
    pub account: AccountId,
    /// The environment it named.
    pub environment: Option<EnvironmentId>,
    /// The type and id of who asked, if that is known.
    pub requestor: Option<(&'static str, RecordId)>,
    /// The type and id of what was asked about, if it is one record.
    pub resource: Option<(&'static str, RecordId)>,
}

/// One half of an exchange: the headers that may be kept, and the body.
#[derive(Debug, Clone, Default)]
pub struct Message {
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

/// A request that was answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// Names the request, and its entry in the log.
    pub id: RequestId,
    /// When it was answered.
    pub at: Timestamp,
    /// What it was about.
    pub asked: Asked,
    /// Its method.
    pub method: Method,
    /// Its path, as received.
    pub path: String,
    /// Its query, as received; empty without one.
    pub query: String,
    /// Who asked, by address.
    pub client: IpAddr,
    /// What the client calls itself.
    pub user_agent: Option<HeaderValue>,
    /// The answer's status.
    pub status: StatusCode,
    /// The answer's signature.
    pub signature: Option<HeaderValue>,
    /// What was sent.
    pub request: Message,
    /// What was answered.
    pub response: Message,
}

impl Message {
    /// What was sent. Credentials are not among the headers that are kept.
    pub fn sent(headers: &HeaderMap, body: &Bytes) -> Self {
        let kept = |name: &HeaderName| {
            [header::ACCEPT, header::ORIGIN, header::HOST].contains(name) || is_content(name)
        };
        Self::of(headers, body, kept)
    }
    /// What was answered.
    pub fn answered(headers: &HeaderMap, body: &Bytes) -> Self {
        let kept = |name: &HeaderName| {
            matches!(name.as_str(), "date" | "digest")
                || is_content(name)
                || name.as_str().starts_with("keygen-")
        };
        Self::of(headers, body, kept)
    }
    fn of(headers: &HeaderMap, body: &Bytes, kept: impl Fn(&HeaderName) -> bool) -> Self {
        let headers = headers.iter().filter(|(name, _)| kept(name));
        let headers = headers.map(|(name, value)| (name.clone(), value.clone())).collect();
        let body = if body.len() <= BODY_KEPT { body.clone() } else { Bytes::new() };
        Self { headers, body }
    }
    fn held(&self) -> usize {
        let headers = self.headers.iter().map(|(name, value)| name.as_str().len() + value.len());
        self.body.len() + headers.sum::<usize>()
    }
    /// The headers as they are stored.
    fn headers(&self) -> Json {
        let text = |value: &HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let headers = self.headers.iter().map(|(name, value)| (train(name.as_str()), text(value).into()));
        Json::Object(headers.collect::<Map<_, _>>())
    }
}

fn is_content(name: &HeaderName) -> bool {
    name.as_str().starts_with("content-")
}

/// A header's name as people write it: `Content-Type`.
fn train(name: &str) -> String {
    let mut starts = true;
    let letter = |letter: char| {
        let written = if starts { letter.to_ascii_uppercase() } else { letter };
        starts = letter == '-';
        written
    };
    name.chars().map(letter).collect()
}

impl Answered {
    /// How many bytes it holds on to.
    pub fn held(&self) -> usize {
        let agent = self.user_agent.as_ref().map_or(0, HeaderValue::len);
        self.request.held() + self.response.held() + self.path.len() + self.query.len() + agent
    }
    /// Its entry in the log, without what must stay secret.
    pub fn entry(&self) -> Record {
        let mut redaction = Redaction::default();
        let url = redaction.url(&self.path, &self.query);
        let request_body = redaction.sent(&self.request.body);
        let response_body = redaction.answered(&self.response.body);
        let text = |value: &Option<HeaderValue>| {
            value.as_ref().map(|value| redaction.text(&String::from_utf8_lossy(value.as_bytes())))
        };
        let log = RequestLog {
            id: RecordId::new(self.id.uuid()),
            account_id: self.asked.account,
            environment_id: self.asked.environment,
            created_at: self.at,
            updated_at: self.at,
            requestor_type: self.asked.requestor.map(|(kind, _)| kind.to_owned()),
            requestor_id: self.asked.requestor.map(|(_, id)| id),
            resource_type: self.asked.resource.map(|(kind, _)| kind.to_owned()),
            resource_id: self.asked.resource.map(|(_, id)| id),
            url: Some(url),
            method: Some(self.method.as_str().to_owned()),
            status: Some(self.status.as_str().to_owned()),
            user_agent: text(&self.user_agent),
            ip: Some(self.client.to_string()),
            request_headers: Some(self.request.headers()),
            request_body,
            response_headers: Some(self.response.headers()),
            response_body,
            response_signature: text(&self.signature),
        };
        log.into_record()
    }
}
