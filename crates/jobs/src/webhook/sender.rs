//! One request to one endpoint: over TLS, to an address that was looked at before it was connected to, without
//! following redirects, and bounded in time and size.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::is_public;
use super::carrier::{Answer, Carried, Carrier, Outgoing};
use super::network::{Internet, Network};
use super::trouble::Trouble;

/// How long one address has to take a connection, so that there is time for the others.
const CONNECT: Duration = Duration::from_secs(4);
/// How many addresses of a host are tried.
const ADDRESSES: usize = 3;
/// How much of an answer's body is kept.
const BODY: usize = 2048;
/// Where https is spoken.
const PORT: u16 = 443;

/// Where webhooks may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reach {
    /// To addresses of the internet.
    #[default]
    Public,
    /// To any address, this machine's too.
    Anywhere,
}

/// Sends webhooks.
#[derive(Debug)]
pub struct Sender {
    reach: Reach,
    network: Box<dyn Network>,
    /// How long one address has to take a connection.
    connect_time: Duration,
    tls: OnceLock<Option<Arc<ClientConfig>>>,
}

impl Carrier for Sender {
    fn carry(&self, outgoing: Outgoing) -> Carried<'_> {
        Box::pin(self.exchange(outgoing))
    }
}

impl Sender {
    /// A sender that trusts the authorities that this machine trusts. They are read when the first webhook is sent.
    pub fn new(reach: Reach) -> Self {
        Self::through(Box::new(Internet), reach)
    }

    fn through(network: Box<dyn Network>, reach: Reach) -> Self {
        Self { reach, network, connect_time: CONNECT, tls: OnceLock::new() }
    }

    async fn exchange(&self, outgoing: Outgoing) -> Result<Answer, Trouble> {
        let stream = self.connect(&outgoing.url).await?;
        let target = outgoing.url.path_and_query().map_or("/", |target| target.as_str());
        let mut request = Request::post(target).header(header::HOST, host_header(&outgoing.url));
        for (name, value) in outgoing.headers {
            request = request.header(name, value);
        }
        let request = request.body(Full::new(outgoing.body)).map_err(|_| Trouble::NotAllowed)?;
        // Names of headers have no case, but not every receiver knows.
        let mut spoken = http1::Builder::new();
        let shaken = spoken.title_case_headers(true).handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = shaken.map_err(|error| Trouble::of(&error))?;
        let mut answered = pin!(async move {
            let response = sender.send_request(request).await.map_err(|error| Trouble::of(&error))?;
            let status = response.status().as_u16();
            Ok(Answer { status, body: read(response.into_body()).await? })
        });
        let mut connection = pin!(connection);
        tokio::select! {
            biased;
            answer = &mut answered => answer,
            ended = &mut connection => match ended {
                Ok(()) => answered.await,
                Err(error) => Err(Trouble::of(&error)),
            },
        }
    }

    /// Connects to one of the host's addresses that webhooks may go to: the very one that was looked at.
    async fn connect(&self, url: &Uri) -> Result<TlsStream<TcpStream>, Trouble> {
        let host = url.host().ok_or(Trouble::NotAllowed)?;
        let stream = self.reached(host, url.port_u16().unwrap_or(PORT)).await?;
        self.shake(stream, host).await
    }

    /// The first of a host's addresses that takes a connection.
    async fn reached(&self, host: &str, port: u16) -> Result<TcpStream, Trouble> {
        let found = match literal(host) {
            Some(address) => vec![address],
            None => self.network.addresses(host).await.map_err(|_| Trouble::NoName)?,
        };
        if found.is_empty() {
            return Err(Trouble::NoName);
        }
        let mut trouble = Trouble::NotAllowed;
        for address in found.into_iter().filter(|address| self.may_reach(*address)).take(ADDRESSES) {
            match timeout(self.connect_time, self.network.connect((address, port).into())).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => trouble = trouble.and(Trouble::of(&error)),
                Err(_) => trouble = trouble.and(Trouble::Slow),
            }
        }
        Err(trouble)
    }

    fn may_reach(&self, address: IpAddr) -> bool {
        self.reach == Reach::Anywhere || is_public(address)
    }

    async fn shake(&self, stream: TcpStream, host: &str) -> Result<TlsStream<TcpStream>, Trouble> {
        // what is sent is sent whole, so there is nothing to wait for
        let _ = stream.set_nodelay(true);
        let config = self.tls.get_or_init(config).clone().ok_or(Trouble::Tls)?;
        let name = match literal(host) {
            Some(address) => ServerName::from(address),
            None => ServerName::try_from(host.to_owned()).map_err(|_| Trouble::NoName)?,
        };
        TlsConnector::from(config).connect(name, stream).await.map_err(|error| Trouble::of(&error))
    }
}

/// The address that a host is, where it is one.
fn literal(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

/// The host as requests name it: with its port, unless that is the usual one.
pub(super) fn host_header(url: &Uri) -> String {
    let host = url.host().unwrap_or_default();
    match url.port_u16().filter(|port| *port != PORT) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// TLS as this machine trusts it; `None` when the provider has nothing to speak it with.
fn config() -> Option<Arc<ClientConfig>> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::warn!(%error, "a trusted certificate of this machine cannot be read");
    }
    let (trusted, _) = roots.add_parsable_certificates(native.certs);
    if trusted == 0 {
        tracing::error!(
            "this machine trusts no certificate authority, so no webhook can be sent: install ca-certificates"
        );
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().ok()?;
    Some(Arc::new(builder.with_root_certificates(roots).with_no_client_auth()))
}

/// As much of a body as is kept; `None` when there is more.
async fn read(mut body: Incoming) -> Result<Option<String>, Trouble> {
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Trouble::of(&error))?;
        if let Ok(data) = frame.into_data() {
            bytes.extend_from_slice(&data);
        }
        if bytes.len() > BODY {
            return Ok(None);
        }
    }
    Ok(Some(String::from_utf8_lossy(&bytes).replace('\0', "")))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::io;
    use std::net::SocketAddr;
    use std::sync::Mutex;

    use bytes::Bytes;
    use tokio::net::TcpListener;

    use super::super::network::{Connecting, Looking};
    use super::*;

    /// A network in which names mean what a test says, and of which it is known what was asked of it.
    #[derive(Debug, Default)]
    struct Stage {
        /// What each look-up finds, the next one first.
        answers: Mutex<VecDeque<io::Result<Vec<IpAddr>>>>,
        /// Who listens behind an address, or why nobody can be reached there. Others never answer.
        behind: Vec<(&'static str, Result<SocketAddr, io::ErrorKind>)>,
        /// The addresses that were connected to.
        dialled: Arc<Mutex<Vec<SocketAddr>>>,
    }

    impl Network for Stage {
        fn addresses<'a>(&'a self, _: &'a str) -> Looking<'a> {
            let answer = self.answers.lock().unwrap().pop_front().expect("a look-up too many");
            Box::pin(async move { answer })
        }
        fn connect(&self, address: SocketAddr) -> Connecting<'_> {
            self.dialled.lock().unwrap().push(address);
            let behind = self.behind.iter().find(|(known, _)| *known == address.to_string());
            let behind = behind.map(|(_, behind)| *behind);
            Box::pin(async move {
                match behind {
                    Some(Ok(listener)) => TcpStream::connect(listener).await,
                    Some(Err(kind)) => Err(kind.into()),
                    None => std::future::pending().await,
                }
            })
        }
    }

    fn found(addresses: &[&str]) -> io::Result<Vec<IpAddr>> {
        Ok(addresses.iter().map(|address| address.parse().unwrap()).collect())
    }

    fn outgoing(url: &str) -> Outgoing {
        Outgoing { url: url.parse().unwrap(), headers: Vec::new(), body: Bytes::new() }
    }

    /// What becomes of a request, and what was connected to for it.
    async fn sent(stage: Stage, reach: Reach, url: &str) -> (Trouble, Vec<String>) {
        let dialled = Arc::clone(&stage.dialled);
        let sender = Sender::through(Box::new(stage), reach);
        let trouble = sender.carry(outgoing(url)).await.unwrap_err();
        let dialled = dialled.lock().unwrap().iter().map(ToString::to_string).collect();
        (trouble, dialled)
    }

    /// A listener that hangs up on each who comes, and its address.
    async fn hanging_up() -> (SocketAddr, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let task = tokio::spawn(async move { while listener.accept().await.is_ok() {} });
        (address, task)
    }

    #[tokio::test]
    async fn nothing_is_sent_into_networks_of_our_own() {
        for host in ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"] {
            let (trouble, dialled) =
                sent(Stage::default(), Reach::Public, &format!("https://{host}:8443/")).await;
            assert_eq!((trouble, dialled), (Trouble::NotAllowed, vec![]), "{host}");
        }
        let answers = Mutex::new([found(&["127.0.0.1", "::1", "192.168.0.1"])].into());
        let (trouble, dialled) =
            sent(Stage { answers, ..Stage::default() }, Reach::Public, "https://hooks.test/").await;
        assert_eq!((trouble, dialled), (Trouble::NotAllowed, vec![]), "by name");
    }

    /// A name that means an address of the internet when it is looked at, and one of ours afterwards.
    #[tokio::test]
    async fn what_was_looked_at_is_what_is_connected_to_whatever_the_name_means_afterwards() {
        let (listener, task) = hanging_up().await;
        let answers = [found(&["8.8.8.8"]), found(&["127.0.0.1"]), found(&["127.0.0.1", "8.8.8.8"])];
        let dialled = Arc::<Mutex<Vec<SocketAddr>>>::default();
        let stage = Stage {
            answers: Mutex::new(answers.into()),
            behind: vec![("8.8.8.8:443", Ok(listener))],
            dialled: Arc::clone(&dialled),
        };
        let sender = Sender::through(Box::new(stage), Reach::Public);
        let send = async || {
            let trouble = sender.carry(outgoing("https://hooks.test/")).await.unwrap_err();
            let to: Vec<String> = dialled.lock().unwrap().drain(..).map(|to| to.to_string()).collect();
            (trouble, to)
        };
        let public = vec!["8.8.8.8:443".to_owned()];
        let (trouble, to) = send().await;
        assert!(matches!(trouble, Trouble::Eof | Trouble::Reset), "it was reached: {trouble}");
        assert_eq!(to, public, "the name is looked up once, and what was found is connected to");
        assert_eq!(send().await, (Trouble::NotAllowed, vec![]), "the second time it is one of ours");
        assert_eq!(send().await.1, public, "of several only that of the internet");
        task.abort();
    }

    #[tokio::test]
    async fn what_keeps_an_endpoint_from_answering_is_told_apart() {
        let (listener, task) = hanging_up().await;
        for (behind, expected) in [
            (Err(io::ErrorKind::ConnectionRefused), "CONN_REFUSED"),
            (Err(io::ErrorKind::NetworkUnreachable), "NET_UNREACH"),
            (Ok(listener), "EOF_ERROR"),
        ] {
            let answers = Mutex::new([found(&["10.0.0.1"])].into());
            let stage = Stage { answers, behind: vec![("10.0.0.1:443", behind)], ..Stage::default() };
            let (trouble, _) = sent(stage, Reach::Anywhere, "https://hooks.test/").await;
            assert_eq!(trouble.to_string().replace("CONN_RESET", "EOF_ERROR"), expected);
        }
        for unknown in [Ok(vec![]), Err(io::ErrorKind::NotFound.into())] {
            let answers = Mutex::new([unknown].into());
            let (trouble, dialled) =
                sent(Stage { answers, ..Stage::default() }, Reach::Anywhere, "https://hooks.test/").await;
            assert_eq!((trouble, dialled), (Trouble::NoName, vec![]));
        }
        task.abort();
    }

    #[tokio::test]
    async fn of_several_addresses_each_has_a_part_of_the_time() {
        let (listener, task) = hanging_up().await;
        let refused = || ("10.0.0.2:443", Err(io::ErrorKind::ConnectionRefused));
        let third = ("10.0.0.3:443", Ok(listener));
        for (behind, expected) in [
            (vec![], Trouble::Slow),
            (vec![refused()], Trouble::Slow),
            (vec![refused(), third], Trouble::Eof),
        ] {
            let answers = Mutex::new([found(&["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"])].into());
            let dialled = Arc::<Mutex<Vec<SocketAddr>>>::default();
            let stage = Stage { answers, behind, dialled: Arc::clone(&dialled) };
            let mut sender = Sender::through(Box::new(stage), Reach::Anywhere);
            sender.connect_time = Duration::from_millis(20);
            let trouble = sender.carry(outgoing("https://hooks.test/")).await.unwrap_err();
            let trouble = if trouble == Trouble::Reset { Trouble::Eof } else { trouble };
            assert_eq!(trouble, expected, "as long as one may answer later, it is tried again");
            assert_eq!(dialled.lock().unwrap().len(), 3, "no more than three");
        }
        task.abort();
    }

    #[test]
    fn hosts_are_named_with_unusual_ports_only() {
        for (url, host) in [
            ("https://hooks.example.com/a", "hooks.example.com"),
            ("https://hooks.example.com:443/a", "hooks.example.com"),
            ("https://hooks.example.com:8443/a?b=c", "hooks.example.com:8443"),
        ] {
            assert_eq!(host_header(&url.parse().unwrap()), host);
        }
    }
}
