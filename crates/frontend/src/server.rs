//! The server: accepts connections, speaks HTTP/1.1 and HTTP/2 on them, and stops without cutting a stream.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::{JoinSet, yield_now};
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

use crate::access_log::Writer;
use crate::exchange::Connection;
use crate::front::{Front, FrontParts};
use crate::stillness::{Activity, Watched};
use crate::tls::{Tls, TlsError};
use crate::watch::{Watch, Watchman};
use crate::{HostsError, Limits};

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A host setting makes no sense.
    #[error(transparent)]
    Hosts(#[from] HostsError),
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
}

/// A server that listens.
pub struct Server {
    front: Arc<Front>,
    writer: Writer,
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Tls>,
}

/// What every connection needs.
#[derive(Clone)]
struct Serving {
    front: Arc<Front>,
    tls: Option<Tls>,
    protocols: Arc<auto::Builder<TokioExecutor>>,
    watch: Arc<Watch>,
}

/// How often the metrics are folded.
const UPKEEP: Duration = Duration::from_secs(5);
/// The pause after the system had no connection to give (too many open files).
const BREATH: Duration = Duration::from_millis(50);

impl Server {
    /// Listens on the address of the settings. Port 0 takes any free one.
    ///
    /// # Errors
    /// [`ServerError`] names the address or setting that cannot be used.
    pub async fn bind(parts: FrontParts) -> Result<Self, ServerError> {
        let asked = parts.settings.listen;
        let listener = std::net::TcpListener::bind(asked);
        Self::on(listener.map_err(|source| ServerError::Listen { address: asked, source })?, parts)
    }

    /// Takes connections from a socket that listens already.
    ///
    /// # Errors
    /// [`ServerError`] names the socket or setting that cannot be used. It is called where tokio runs.
    pub fn on(listener: std::net::TcpListener, mut parts: FrontParts) -> Result<Self, ServerError> {
        let asked = parts.settings.listen;
        let failed = |source| ServerError::Listen { address: asked, source };
        listener.set_nonblocking(true).map_err(failed)?;
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        parts.settings.listen = address;
        let tls = parts.settings.tls.as_ref().map(Tls::new).transpose()?;
        let (front, writer) = Front::new(parts)?;
        Ok(Self { front, writer, listener, address, tls })
    }

    /// The address it listens on.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The public base of its URLs.
    pub fn public_base(&self) -> &str {
        self.front.hosts.public_base()
    }

    /// The public root of one of its engines.
    pub fn engine_base(&self, key: &str) -> String {
        self.front.hosts.engine_base(key)
    }

    /// Serves until `shutdown` completes, then lets what is under way come to its end: requests are answered,
    /// streams run on for as long as bytes move. Returns when the last connection is closed.
    pub async fn run(self, shutdown: impl Future<Output = ()>) {
        let Self { front, writer, listener, tls, .. } = self;
        let log = tokio::spawn(writer.run());
        let upkeep = tokio::spawn(upkeep(Arc::clone(&front)));
        let watch = Arc::<Watch>::default();
        let limits = front.settings.limits.clone();
        let watching = tokio::spawn(Arc::clone(&watch).keep(limits, Arc::clone(&front.clock)));
        let protocols = Arc::new(protocols(&front.settings.limits));
        let serving = Serving { front: Arc::clone(&front), tls, protocols, watch: Arc::clone(&watch) };
        let mut connections = accept_all(listener, serving, shutdown).await;
        front.stop();
        watch.stop();
        while let Some(ended) = connections.join_next().await {
            report(ended);
        }
        watching.abort();
        upkeep.abort();
        drop(front);
        // The last record was sent before the last connection ended.
        let _ = timeout(Duration::from_secs(1), log).await;
    }
}

/// Accepts until told to stop; the connections it leaves go on.
async fn accept_all(
    listener: TcpListener,
    serving: Serving,
    shutdown: impl Future<Output = ()>,
) -> JoinSet<()> {
    let mut connections = JoinSet::new();
    let mut shutdown = pin!(shutdown);
    let room = Arc::new(Semaphore::new(serving.front.settings.limits.connections));
    loop {
        let accepted = async {
            let permit = Arc::clone(&room).acquire_owned().await.ok();
            (permit, listener.accept().await)
        };
        tokio::select! {
            () = &mut shutdown => return connections,
            Some(ended) = connections.join_next() => report(ended),
            (permit, accepted) = accepted => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connect(serving.clone(), stream, peer, permit));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    sleep(BREATH).await;
                }
            },
        }
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection ended in a panic");
    }
}

async fn upkeep(front: Arc<Front>) {
    let mut ticks = interval(UPKEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        front.telemetry.upkeep();
    }
}

/// The most bytes of a connection that are buffered while a head is read; also the unit that request bodies
/// are read in, hence larger than the largest head.
const READ_BUFFER: usize = 128 * 1024;
/// How much of a request body an HTTP/2 client may send ahead, per stream and per connection.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// Requests at once on one HTTP/2 connection.
const STREAMS: u32 = 256;

fn protocols(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    let mut http1 = builder.http1();
    // No time-out of hyper's: it is a timer set and cleared for every request, and `Judge` does as much.
    http1.timer(TokioTimer::new()).header_read_timeout(None).max_buf_size(READ_BUFFER);
    // Hyper reads up to a hundred fields without allocating; telling it so would make it allocate.
    if limits.headers != 100 {
        http1.max_headers(limits.headers);
    }
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(limits.header_bytes).unwrap_or(u32::MAX))
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    builder
}

/// Serves one connection to its end.
async fn connect(
    serving: Serving,
    stream: TcpStream,
    peer: SocketAddr,
    _permit: Option<OwnedSemaphorePermit>,
) {
    let front = Arc::clone(&serving.front);
    front.telemetry.connections.increment(1);
    let activity = Arc::new(Activity::default());
    let limits = &front.settings.limits;
    let watchman = serving.watch.over(Arc::clone(&activity), limits, front.clock.monotonic());
    let local = stream.local_addr();
    if let (Ok(local), Ok(())) = (local, stream.set_nodelay(true)) {
        let stream = Watched::new(stream, Arc::clone(&activity));
        let connection = Connection { peer, local, tls: serving.tls.is_some() };
        match serving.tls.clone() {
            None => serve(serving, stream, connection, activity, watchman).await,
            Some(tls) => {
                let shaken = timeout(front.settings.limits.header_time, tls.accept(stream, &front.hosts));
                match shaken.await {
                    Ok(Ok(stream)) => serve(serving, stream, connection, activity, watchman).await,
                    Ok(Err(error)) => tracing::debug!(%peer, %error, "a TLS handshake failed"),
                    Err(_) => tracing::debug!(%peer, "a TLS handshake took too long"),
                }
            }
        }
    }
    front.telemetry.connections.decrement(1);
}

/// Speaks HTTP on a stream until either side ends it, or it stands still.
async fn serve<S>(
    serving: Serving,
    stream: S,
    connection: Connection,
    activity: Arc<Activity>,
    watchman: Watchman,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let Serving { front, protocols, .. } = serving;
    let service = service_fn(|request| {
        let (front, handling) = (Arc::clone(&front), activity.handle());
        async move {
            let response = front.handle(connection, request).await;
            drop(handling);
            // Requests that came in together are all answered before the first answer is written: a write
            // wakes its reader, and readers that are woken one by one cost more than the answers do.
            yield_now().await;
            Ok::<_, Infallible>(response)
        }
    });
    let http = protocols.serve_connection(TokioIo::new(stream), service);
    match watchman.guard(http, |http| http.graceful_shutdown()).await {
        Some(Ok(())) => {}
        Some(Err(error)) => tracing::debug!(peer = %connection.peer, %error, "a connection broke"),
        None => tracing::debug!(peer = %connection.peer, "a connection stood still and was closed"),
    }
}
