//! `keyway serve --test-support`: mounts the endpoint that sets up tests. Nothing of this is in a release.

use std::sync::Arc;

use anyhow::Result;
use bytes::Bytes;
use http::{Method, StatusCode, header};
use keyway_api::Api;
use keyway_base::{Clock, Secret};
use keyway_blob::Misbehaviour;
use keyway_domain::request::Answered;
use keyway_frontend::{ApiAnswer, ApiAnswerBody, ApiCall, Boxed, JsonApi, TestCall, TestSupport};
use keyway_jobs::Runner;
use keyway_jsonapi::ApiError;
use keyway_support::{Parts, SettableClock, Settling, StorageMode, Support, SupportRequest, Sweeping};

use crate::cli::ServeFlags;
use crate::embedded::Embedded;
use crate::engines::ENGINES;
use crate::quickstart::PYPI;
use crate::serve::Composition;
use crate::settings::Settings;

/// That a server is under test.
#[derive(Debug, Clone)]
pub(crate) struct UnderTest {
    admin_token: Option<Secret<String>>,
}

impl UnderTest {
    /// What the flags say, and imply.
    pub(crate) fn of(flags: &mut ServeFlags) -> Option<Self> {
        if !flags.test_support {
            return None;
        }
        flags.server.imply_pypi_upstream(PYPI);
        Some(Self { admin_token: flags.admin_token.take().map(Secret::new) })
    }
}

/// What a server under test has before its parts are put together.
pub(crate) struct Bench {
    under_test: UnderTest,
    clock: Arc<SettableClock>,
}

impl Bench {
    /// The clock that the server is to read, and the bench if there is one.
    pub(crate) fn of(settings: &Settings, system: Arc<dyn Clock>) -> (Arc<dyn Clock>, Option<Self>) {
        let Some(under_test) = settings.under_test.clone() else { return (system, None) };
        let clock = SettableClock::over(system);
        (Arc::clone(&clock) as Arc<dyn Clock>, Some(Self { under_test, clock }))
    }
}

/// The parts with the endpoint among them.
///
/// # Errors
/// When keys cannot be generated.
pub(crate) async fn mounted(
    bench: Option<Bench>,
    mut parts: Composition,
    embedded: &Embedded,
) -> Result<Composition> {
    let Some(bench) = bench else { return Ok(parts) };
    let (runner, storage) = (Arc::clone(&parts.runner), parts.front.blobs.clone());
    let (events, sweeper) = (Arc::clone(&parts.api), Arc::clone(&runner));
    let support = Support::new(Parts {
        db: embedded.db.clone(),
        blobs: parts.front.blobs.clone(),
        urls: Arc::clone(&parts.front.urls),
        engines: ENGINES,
        clock: Arc::clone(&bench.clock),
        wake_jobs: Box::new(move || runner.wake()),
        settle: Box::new(move || settled(Arc::clone(&events))),
        sweep: Box::new(move || swept(Arc::clone(&sweeper))),
        set_storage: Box::new(move |mode| storage.misbehave(misbehaviour(mode))),
        admin_token: bench.under_test.admin_token,
    });
    support.prepare().await?;
    let api = Arc::clone(&parts.front.api);
    parts.front.api = Arc::new(Watched { api, support: Arc::clone(&support), clock: bench.clock });
    parts.front.support = Some(Arc::new(SupportDoor(support)));
    tracing::warn!("this server is under test: whoever reaches it may change everything");
    Ok(parts)
}

fn settled(api: Arc<Api>) -> Settling {
    Box::pin(async move {
        if let Err(error) = api.flush_logs().await {
            tracing::warn!(%error, "the logs are not whole");
        }
    })
}

fn swept(runner: Arc<Runner>) -> Sweeping {
    Box::pin(async move { runner.sweep().await.map_err(|error| error.to_string()) })
}

const fn misbehaviour(mode: StorageMode) -> Option<Misbehaviour> {
    match mode {
        StorageMode::Ok => None,
        StorageMode::Missing => Some(Misbehaviour::Missing),
        StorageMode::Timeout => Some(Misbehaviour::Timeout),
    }
}

/// The API, watched: what is written comes one moment after the other, and tokens are learned when they are shown.
struct Watched {
    api: Arc<dyn JsonApi>,
    support: Arc<Support>,
    clock: Arc<SettableClock>,
}

impl JsonApi for Watched {
    fn handle(&self, call: ApiCall) -> Boxed<'_, ApiAnswer> {
        if call.method != Method::GET {
            self.clock.tick();
        }
        let may_show = call.method != Method::GET && call.path.contains("token");
        Box::pin(async move {
            let answer = self.api.handle(call).await;
            if let (true, ApiAnswerBody::Bytes(bytes)) = (may_show, &answer.body) {
                self.support.learn(bytes);
            }
            answer
        })
    }
    fn ignores_body(&self, method: &Method, path: &str) -> bool {
        self.api.ignores_body(method, path)
    }
    fn refuse(&self, call: ApiCall, error: ApiError) -> Boxed<'_, ApiAnswer> {
        self.api.refuse(call, error)
    }
    fn log(&self, request: Answered) -> bool {
        self.api.log(request)
    }
}

/// The endpoint behind the front end's trait.
struct SupportDoor(Arc<Support>);

impl TestSupport for SupportDoor {
    fn answer(&self, call: TestCall) -> Boxed<'_, (StatusCode, Bytes)> {
        let authorization = call.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let request = SupportRequest {
            authorization: authorization.map(str::to_owned),
            method: call.method,
            path: call.path,
            query: call.query,
            body: call.body,
        };
        Box::pin(async move {
            let answer = self.0.handle(request).await;
            (answer.status, answer.body.map_or(Bytes::new(), |body| Bytes::from(body.to_string())))
        })
    }
}
