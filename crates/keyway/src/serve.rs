//! `keyway serve`: puts the parts together, serves, and stops in good order.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use keyway_api::{Api, ApiParts, ApiTeller, PublicUrls};
use keyway_base::{Clock, Secret};
use keyway_blob::Urls;
use keyway_catalog::{CacheLimits, Catalog, Tenancy};
use keyway_frontend::{FrontParts, Hosts, Limits, Server as Front, Telemetry, TlsPem};
use keyway_jobs::{
    LogsKept, Options as RunnerOptions, Parts as JobParts, Reach, Runner, Sender as WebhookSender,
};
use keyway_jsonapi::Scope;
use keyway_store::DataDirLock;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::adapters::{ApiDoor, Standing};
use crate::blobs;
use crate::clock::SystemClock;
use crate::embedded::{self, Embedded};
use crate::engines::ENGINES;
use crate::settings::Settings;

/// A running server.
pub(crate) struct Server {
    embedded: Embedded,
    api: Arc<Api>,
    url: String,
    stop_front: watch::Sender<bool>,
    front: JoinHandle<()>,
    stop_background: watch::Sender<bool>,
    background: Vec<JoinHandle<()>>,
    /// None where nothing is kept in the data directory.
    _lock: Option<DataDirLock>,
}

/// `keyway serve`.
///
/// # Errors
/// What kept the server from starting.
pub(crate) async fn run(settings: &Settings) -> Result<()> {
    let server = Server::start(settings).await?;
    println!("listening on {}", server.url());
    server.run().await
}

impl Server {
    /// Starts everything; returns once the server answers.
    ///
    /// # Errors
    /// A data directory in use, a database or blob store that cannot be opened, an address that cannot be
    /// listened on, a certificate that cannot be read.
    pub(crate) async fn start(settings: &Settings) -> Result<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        #[cfg(feature = "test-support")]
        let (clock, bench) = crate::test_support::Bench::of(settings, clock);
        let lock = if settings.keeps_data() {
            embedded::make_private(&settings.data)?;
            Some(DataDirLock::acquire(&settings.data)?)
        } else {
            None
        };
        let embedded = Embedded::open(settings, Arc::clone(&clock)).await?;
        if !settings.database.is_shared() {
            embedded.db.end_leases().await.context("the job queue cannot be read")?;
        }
        if settings.makes_account()
            && let Some(first) = embedded.make_account(settings).await?
        {
            println!("admin token: {}", first.secret.expose());
            println!("(shown once: keep it; `keyway token create` makes another)");
        }
        // links name the port, so it is known before they are made
        let listener = TcpListener::bind(settings.listen);
        let listener = listener.with_context(|| format!("cannot listen on {}", settings.listen))?;
        let settings = &Settings { listen: listener.local_addr()?, ..settings.clone() };
        let parts = Composition::of(settings, &embedded).await?;
        #[cfg(feature = "test-support")]
        let parts = crate::test_support::mounted(bench, parts, &embedded).await?;
        let front = Front::on(listener, parts.front).context("the server cannot start")?;
        let url = settings.public_url.clone().unwrap_or_else(|| settings.local_url());
        let (stop_front, front_stopped) = watch::channel(false);
        let (stop_background, stopped) = watch::channel(false);
        let background = vec![
            tokio::spawn(parts.runner.run(until(stopped.clone()))),
            tokio::spawn(parts.catalog.run_tail(until(stopped))),
        ];
        let front = tokio::spawn(front.run(until(front_stopped)));
        let api = parts.api;
        Ok(Self { embedded, api, url, stop_front, front, stop_background, background, _lock: lock })
    }

    /// Where it answers.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// A fresh admin token of a name; earlier ones of the name end.
    ///
    /// # Errors
    /// A database that cannot be written.
    pub(crate) async fn admin_token(&self, name: &str) -> Result<Secret<String>> {
        self.embedded.revoke_tokens(&Scope::text("name", name)).await?;
        Ok(self.embedded.admin_token(Some(name)).await?.secret)
    }

    /// Serves until it is told to stop, then stops in good order.
    ///
    /// # Errors
    /// When signals cannot be listened to, or a part died.
    pub(crate) async fn run(self) -> Result<()> {
        let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
        tokio::select! {
            pressed = tokio::signal::ctrl_c() => pressed?,
            _ = terminate.recv() => {}
        }
        tracing::info!("stopping: running downloads may finish");
        self.stop().await
    }

    /// Takes no more connections, lets what is under way finish, and closes the database.
    ///
    /// # Errors
    /// When a part died before.
    pub(crate) async fn stop(self) -> Result<()> {
        self.stop_front.send_replace(true);
        self.front.await.context("the front end died")?;
        // the change log is followed until the last request is answered
        self.stop_background.send_replace(true);
        for part in self.background {
            part.await.context("a background part died")?;
        }
        if let Err(error) = self.api.flush_logs().await {
            tracing::warn!(%error, "the last downloads and requests are missing from the logs");
        }
        self.embedded.db.close().await;
        Ok(())
    }
}

/// The parts that run.
pub(crate) struct Composition {
    pub(crate) front: FrontParts,
    pub(crate) api: Arc<Api>,
    pub(crate) catalog: Arc<Catalog>,
    pub(crate) runner: Arc<Runner>,
}

impl Composition {
    async fn of(settings: &Settings, embedded: &Embedded) -> Result<Self> {
        let (db, clock) = (embedded.db.clone(), Arc::clone(&embedded.clock));
        let blobs = blobs::open(settings).await?;
        let catalog = Catalog::with_tenancy(
            db.clone(),
            ENGINES,
            Arc::clone(&clock),
            cache_limits(settings.cache_bytes),
            tenancy(settings),
        );
        let front_settings = front_settings(settings)?;
        let base = Hosts::new(&front_settings, ENGINES)?.public_base().to_owned();
        let urls = Arc::new(Urls::new(&base, embedded.url_keys().await?));
        let mailer = settings.mail.as_ref().map(|mail| mail.mailer(&base)).transpose()?;
        let wake = Arc::new(Notify::new());
        let api = Api::new(ApiParts {
            db: db.clone(),
            catalog: Arc::clone(&catalog),
            blobs: blobs.clone(),
            urls: Arc::clone(&urls),
            engines: ENGINES,
            clock: Arc::clone(&clock),
            public: PublicUrls {
                api: base,
                domain: settings.domain.clone(),
                portal: settings.portal_origin.clone(),
            },
            wake_jobs: Arc::clone(&wake),
            logs_requests: settings.request_log_days > 0,
        });
        let job_parts = JobParts {
            db: db.clone(),
            blobs: blobs.clone(),
            engines: ENGINES,
            clock: Arc::clone(&clock),
            mailer,
            wake,
        };
        let reach = if settings.webhook_private_addresses { Reach::Anywhere } else { Reach::Public };
        let options = RunnerOptions {
            kept: LogsKept {
                events: days(settings.event_log_days),
                requests: Some(DAY * settings.request_log_days),
            },
            carrier: Arc::new(WebhookSender::new(reach)),
            teller: Some(Arc::new(ApiTeller::new(&api))),
            ..RunnerOptions::default()
        };
        let runner = Runner::with(job_parts, options);
        let front = FrontParts {
            settings: front_settings,
            engines: ENGINES,
            catalog: Arc::clone(&catalog),
            blobs,
            urls,
            api: Arc::new(ApiDoor(Arc::clone(&api))),
            uploads: Arc::new(ApiDoor(Arc::clone(&api))),
            registry: Arc::new(ApiDoor(Arc::clone(&api))),
            readiness: Arc::new(Standing { db, catalog: Arc::clone(&catalog), runner: Arc::clone(&runner) }),
            clock,
            telemetry: Arc::new(Telemetry::new(ENGINES)),
            #[cfg(feature = "test-support")]
            support: None,
        };
        Ok(Self { front, api, catalog, runner })
    }
}

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn days(days: u32) -> Option<Duration> {
    (days > 0).then(|| DAY * days)
}

fn tenancy(settings: &Settings) -> Tenancy {
    Tenancy { mode: settings.mode, account: settings.account.clone(), lenient: settings.is_lenient() }
}

/// Half for documents, the rest for what they are made of.
fn cache_limits(bytes: u64) -> CacheLimits {
    CacheLimits {
        accounts: bytes / 16,
        documents: bytes / 2,
        packages: bytes / 16 * 3,
        principals: bytes / 16,
        licenses: bytes / 16,
        seen: bytes / 16,
        refusals: bytes / 64,
        absences: bytes / 64,
    }
}

fn front_settings(settings: &Settings) -> Result<keyway_frontend::Settings> {
    let mut front = keyway_frontend::Settings::new(settings.listen);
    front.mode = settings.mode;
    front.domain.clone_from(&settings.domain);
    front.public_url.clone_from(&settings.public_url);
    front.trusted_proxies.clone_from(&settings.trusted_proxies);
    front.portal.clone_from(&settings.portal_origin);
    front.pypi_upstream.clone_from(&settings.pypi_upstream);
    front.refresh_tokens = settings.oci_refresh_tokens;
    front.rate_limits.clone_from(&settings.rate_limits);
    front.limits = Limits { drain_time: Duration::from_secs(settings.stop_seconds), ..Limits::default() };
    if let Some(tls) = &settings.tls {
        let read = |path: &std::path::Path, what: &str| {
            std::fs::read(path).with_context(|| format!("setting '{what}': cannot read {}", path.display()))
        };
        let certificate = read(&tls.cert, "tls_cert")?;
        front.tls = Some(TlsPem { certificate, key: Secret::new(read(&tls.key, "tls_key")?) });
    }
    Ok(front)
}

/// Ends when the switch is thrown, or the thrower is gone.
async fn until(mut stopped: watch::Receiver<bool>) {
    // an error means that the sender is gone, which is the end as well
    let _ = stopped.wait_for(|stopped| *stopped).await;
}
