//! What stands behind the front end: an API that echoes, and notes of what it was asked for.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use keyway_base::{AccountId, LicenseId};
use keyway_blob::{BlobKey, InParts, Staged};
use keyway_crypto::signed_url::Grant;
use keyway_domain::event::{Origin, Upgrade};
use keyway_domain::request::{Answered, Asked};
use keyway_engine::{Denial, Outcome};
use keyway_frontend::{
    ApiAnswer, ApiAnswerBody, ApiCall, Boxed, JsonApi, Push, Readiness, Refusal, Served, Uploads,
};
use keyway_jsonapi::ApiError;
use tokio::sync::Notify;

/// How many requests the log takes.
pub(crate) const ROOM: usize = 3;

/// What stands behind the front end, and what happened to it.
#[derive(Default)]
pub(crate) struct Behind {
    pub(crate) uploads: Mutex<Vec<Staged>>,
    pub(crate) pushes: Mutex<Vec<Push>>,
    pub(crate) served: Mutex<Vec<Served>>,
    pub(crate) upgraded: Mutex<Vec<(Upgrade, Origin)>>,
    /// What was left for the log of requests.
    pub(crate) logged: Mutex<Vec<Answered>>,
    /// The licences whose time was started.
    pub(crate) started: Mutex<Vec<LicenseId>>,
    pub(crate) conflict: AtomicBool,
    pub(crate) unready: AtomicBool,
    /// For how many seconds webhooks have been due; the highest number when none is sent.
    pub(crate) webhooks_due: AtomicU64,
    pub(crate) mutations: AtomicUsize,
    /// Lets `POST /v1/slow` go on.
    pub(crate) go_on: Notify,
    /// Tells that `POST /v1/slow` arrived.
    pub(crate) arrived: Notify,
    pub(super) file: Mutex<Option<(BlobKey, u64)>>,
    /// The account that has a host of its own, and its slug.
    pub(super) other: Mutex<Option<(AccountId, String)>>,
}

impl JsonApi for Behind {
    fn handle(&self, call: ApiCall) -> Boxed<'_, ApiAnswer> {
        Box::pin(async move {
            let mut headers = HeaderMap::new();
            let (status, body) = match call.path.as_str() {
                "/v1/panic" => panic!("the API was told to"),
                "/v1/secret" => (StatusCode::UNAUTHORIZED, Bytes::new()),
                "/v1/slow" => {
                    self.arrived.notify_one();
                    self.go_on.notified().await;
                    self.mutations.fetch_add(1, Ordering::SeqCst);
                    (StatusCode::CREATED, Bytes::from_static(b"{}"))
                }
                "/v1/forbidden" => (StatusCode::FORBIDDEN, Bytes::new()),
                "/v1/kept" => {
                    headers.insert("cache-control", HeaderValue::from_static("no-cache"));
                    headers.insert("etag", HeaderValue::from_static("\"1\""));
                    let known = call.headers.get("if-none-match").is_some_and(|known| known == "\"1\"");
                    let body = if known { Bytes::new() } else { Bytes::from_static(b"{}") };
                    (if known { StatusCode::NOT_MODIFIED } else { StatusCode::OK }, body)
                }
                "/v1/nothing" => (StatusCode::NO_CONTENT, Bytes::new()),
                "/v1/away" => (StatusCode::SEE_OTHER, Bytes::from_static(b"{\"links\":{}}")),
                "/v1/missing" => (StatusCode::NOT_FOUND, Bytes::from_static(b"{\"errors\":[]}")),
                "/v1/made" => (StatusCode::CREATED, Bytes::from_static(b"{\"data\":1}")),
                "/v1/file" => {
                    let (blob, size) = self.file.lock().unwrap().unwrap();
                    let (filename, content_type) = ("Widget 1.zip".to_owned(), "application/zip".to_owned());
                    let body = ApiAnswerBody::File { blob, digest: None, filename, content_type, size };
                    return ApiAnswer { status: StatusCode::OK, headers, body, asked: None };
                }
                _ => {
                    headers.insert("keygen-version", HeaderValue::from_static("1.8"));
                    if let Some((id, slug)) = self.other.lock().unwrap().as_ref()
                        && call.host_account == Some(*id)
                    {
                        headers.insert("x-slug", slug.parse().unwrap());
                    }
                    if let Some(link) = &call.short_link {
                        let account = link.account.as_deref().unwrap_or("-");
                        headers.insert("x-short", format!("{account} {}", link.below).parse().unwrap());
                    }
                    let line = format!("{} {}?{} {}", call.method, call.path, call.query, call.peer);
                    (StatusCode::OK, Bytes::from([line.as_bytes(), b" ", &call.body].concat()))
                }
            };
            let asked = call.path.starts_with("/v1/logged").then_some(Asked {
                account: "0190163d-8694-739b-aea5-966c26f8ad91".parse().unwrap(),
                environment: None,
                requestor: None,
                resource: None,
            });
            ApiAnswer { status, headers, body: ApiAnswerBody::Bytes(body), asked }
        })
    }
    fn ignores_body(&self, method: &http::Method, path: &str) -> bool {
        method == http::Method::PUT && path == "/v1/bodiless"
    }
    fn refuse(&self, call: ApiCall, error: ApiError) -> Boxed<'_, ApiAnswer> {
        Box::pin(async move { Self::error(&call, &error) })
    }
    fn log(&self, request: Answered) -> bool {
        let mut logged = self.logged.lock().unwrap();
        let room = logged.len() < ROOM;
        logged.extend(room.then_some(request));
        room
    }
}

impl Behind {
    /// An error as the API would answer it, as far as these tests look.
    fn error(call: &ApiCall, error: &ApiError) -> ApiAnswer {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static("application/vnd.api+json; charset=utf-8"));
        headers.insert("keygen-version", HeaderValue::from_static("1.8"));
        if let Some(seconds) = error.retry_after {
            headers.insert("retry-after", HeaderValue::from(seconds));
        }
        let body = error.body(&call.request_id.to_string()).to_string();
        ApiAnswer { status: error.status, headers, body: ApiAnswerBody::Bytes(body.into()), asked: None }
    }
}

impl Uploads for Behind {
    fn admit<'a>(&'a self, grant: &'a Grant) -> Boxed<'a, Result<(), Refusal>> {
        let revoked = grant.principal == "revoked";
        let refusal = Refusal::new(StatusCode::FORBIDDEN, "access was revoked");
        Box::pin(async move { if revoked { Err(refusal) } else { Ok(()) } })
    }
    fn part<'a>(&'a self, grant: &'a Grant) -> Boxed<'a, Result<InParts, Refusal>> {
        Box::pin(async move {
            self.admit(grant).await?;
            Ok(InParts { key: grant.blob.parse().unwrap(), id: String::new(), size: 12, part_size: 5 })
        })
    }
    fn uploaded(&self, _: Grant, staged: Staged) -> Boxed<'_, Result<(), Refusal>> {
        Box::pin(async move {
            if self.conflict.load(Ordering::SeqCst) {
                return Err(Refusal::new(StatusCode::CONFLICT, "the artifact was uploaded already"));
            }
            self.uploads.lock().unwrap().push(staged);
            Ok(())
        })
    }
    fn downloaded(&self, _: AccountId, license: LicenseId) -> Boxed<'_, Result<(), Refusal>> {
        self.started.lock().unwrap().push(license);
        Box::pin(async { Ok(()) })
    }
    fn push(&self, push: Push) -> Boxed<'_, Result<Outcome, Denial>> {
        Box::pin(async move {
            self.pushes.lock().unwrap().push(push);
            Ok(Outcome::Changed)
        })
    }
    fn served(&self, served: Served) {
        self.served.lock().unwrap().push(served);
    }
    fn upgraded(&self, upgrade: Upgrade, origin: Origin) {
        self.upgraded.lock().unwrap().push((upgrade, origin));
    }
}

impl Readiness for Behind {
    fn webhook_latency(&self) -> Boxed<'_, Result<Duration, String>> {
        let seconds = self.webhooks_due.load(Ordering::SeqCst);
        Box::pin(async move {
            if seconds == u64::MAX {
                Err("nobody sends webhooks".to_owned())
            } else {
                Ok(Duration::from_secs(seconds))
            }
        })
    }
    fn check(&self) -> Boxed<'_, Result<(), String>> {
        let unready = self.unready.load(Ordering::SeqCst);
        Box::pin(
            async move { if unready { Err("the database cannot be reached".to_owned()) } else { Ok(()) } },
        )
    }
}
