//! The endpoint: from a request to its answer.

use std::pin::Pin;
use std::sync::Arc;

use http::{Method, StatusCode};
use keyway_base::{Secret, Timestamp};
use keyway_blob::{BlobStore, Urls};
use keyway_engine::Engines;
use keyway_store::Db;
use serde::Deserialize;
use serde_json::{Value as Json, json};

use crate::effects::Planted;
use crate::kept::Kept;
use crate::keys::KeyPool;
use crate::secrets::Secrets;
use crate::{SettableClock, SupportAnswer, SupportError, SupportRequest};

/// What the endpoint can do.
const FEATURES: [&str; 6] = ["accounts", "records", "mint", "clock", "effects", "storage"];

/// A wait for what is noted to be written.
pub type Settling = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A look through the blob store for what nothing refers to: how much was found, or what went wrong.
pub type Sweeping = Pin<Box<dyn Future<Output = Result<usize, String>> + Send>>;

/// What it works on.
pub struct Parts {
    /// The database.
    pub db: Db,
    /// The blob store.
    pub blobs: BlobStore,
    /// Signed URLs of the blob store, with whose keys sessions are sealed.
    pub urls: Arc<Urls>,
    /// The engines, for keys and versions of packages.
    pub engines: Engines,
    /// The clock that every part of the server reads.
    pub clock: Arc<SettableClock>,
    /// Wakes the job runner, which a clock that was moved may have given work.
    pub wake_jobs: Box<dyn Fn() + Send + Sync>,
    /// Waits until the events that are noted are written.
    pub settle: Box<dyn Fn() -> Settling + Send + Sync>,
    /// Looks through the blob store now, as is otherwise done once a day.
    pub sweep: Box<dyn Fn() -> Sweeping + Send + Sync>,
    /// Makes the storage behave as a test wants it to.
    pub set_storage: Box<dyn Fn(StorageMode) + Send + Sync>,
    /// What requests must present, if anything.
    pub admin_token: Option<Secret<String>>,
}

/// The endpoint. Make one per process.
pub struct Support {
    parts: Parts,
    pool: KeyPool,
    secrets: Secrets,
    kept: Kept,
    planted: Planted,
}

/// `POST /v1/_test/clock`.
#[derive(Deserialize)]
struct Freeze {
    now: Option<String>,
}

/// `POST /v1/_test/storage`.
#[derive(Deserialize)]
struct Storage {
    mode: StorageMode,
}

/// How the storage of artifacts behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageMode {
    /// As it should.
    Ok,
    /// It knows no object.
    Missing,
    /// It does not answer.
    Timeout,
}

impl Support {
    /// An endpoint over these parts.
    pub fn new(parts: Parts) -> Arc<Self> {
        Arc::new(Self {
            parts,
            pool: KeyPool::default(),
            secrets: Secrets::default(),
            kept: Kept::default(),
            planted: Planted::default(),
        })
    }

    /// Makes what the first test would have to wait for.
    ///
    /// # Errors
    /// [`SupportError::Crypto`] when keys cannot be generated.
    pub async fn prepare(&self) -> Result<(), SupportError> {
        self.pool.fill().await
    }

    /// Answers a request.
    pub async fn handle(&self, request: SupportRequest) -> SupportAnswer {
        match self.carry_out(&request).await {
            Ok(answer) => answer,
            Err(error) => {
                if error.status().is_server_error() {
                    tracing::error!(path = request.path, %error, "the test-support endpoint failed");
                }
                SupportAnswer::failed(&error)
            }
        }
    }

    /// Takes note of an answer of the API: the tokens that it shows can be minted later.
    pub fn learn(&self, answer: &[u8]) {
        self.secrets.learn(answer);
    }

    async fn carry_out(&self, request: &SupportRequest) -> Result<SupportAnswer, SupportError> {
        self.admit(request)?;
        let path = request.path.strip_prefix("/v1/_test").unwrap_or_default().trim_end_matches('/');
        let body = match (&request.method, path) {
            (&Method::GET, "") => json!({ "features": FEATURES }),
            (&Method::POST, "/reset") => {
                self.reset().await?;
                return Ok(SupportAnswer { status: StatusCode::NO_CONTENT, body: None });
            }
            (&Method::POST, "/fixtures") => self.fixtures(request.json()?).await?,
            (&Method::GET, "/records") => {
                let kind = request.parameter("type");
                let kind = kind.ok_or_else(|| SupportError::Malformed("type is missing".to_owned()))?;
                self.records(kind, request.parameter("account_id")).await?
            }
            (&Method::POST, "/clock") => self.freeze(request.json()?).await?,
            (&Method::GET, "/effects") => self.effects().await?,
            (&Method::POST, "/mint") => self.mint(&request.json()?).await?,
            (&Method::POST, "/sweep") => {
                let swept = (self.parts.sweep)().await.map_err(SupportError::Broken)?;
                json!({ "swept": swept })
            }
            (&Method::POST, "/storage") => {
                let Storage { mode } = request.json()?;
                (self.parts.set_storage)(mode);
                json!({})
            }
            _ => return Err(SupportError::NotFound),
        };
        Ok(SupportAnswer::ok(body))
    }

    fn admit(&self, request: &SupportRequest) -> Result<(), SupportError> {
        let Some(wanted) = &self.parts.admin_token else { return Ok(()) };
        let given = request.authorization.as_deref().and_then(|value| value.strip_prefix("Bearer "));
        if given
            .is_some_and(|given| keyway_base::constant_time_eq(given.as_bytes(), wanted.expose().as_bytes()))
        {
            return Ok(());
        }
        Err(SupportError::Unauthorized)
    }

    /// Freezes the time of day or lets it run; what became due meanwhile is done at once.
    async fn freeze(&self, freeze: Freeze) -> Result<Json, SupportError> {
        let malformed = |text: &str| SupportError::Malformed(format!("{text:?} is not a time"));
        let now: Option<Timestamp> = match &freeze.now {
            Some(text) => Some(text.parse().map_err(|_| malformed(text))?),
            None => None,
        };
        self.parts.clock.set(now);
        (self.parts.wake_jobs)();
        Ok(json!({ "now": now.map(|now| now.to_string()) }))
    }

    pub(crate) const fn parts(&self) -> &Parts {
        &self.parts
    }
    pub(crate) const fn pool(&self) -> &KeyPool {
        &self.pool
    }
    pub(crate) const fn secrets(&self) -> &Secrets {
        &self.secrets
    }
    pub(crate) const fn kept(&self) -> &Kept {
        &self.kept
    }
    pub(crate) const fn planted(&self) -> &Planted {
        &self.planted
    }
}
