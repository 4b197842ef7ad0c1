//! One request to one endpoint: over TLS, to an address that was looked at before it was connected to, without
//! following redirects, and bounded in time and size.

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpStream, lookup_host};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::address::is_public;
use super::trouble::Trouble;

/// How long an endpoint has to answer, from the look-up of its name to the last byte that is read.
const TIME: Duration = Duration::from_secs(15);
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
    tls: OnceLock<Option<Arc<ClientConfig>>>,
}

/// What is sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) url: Uri,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Bytes,
}

/// What an endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// `None` when it was too long.
    pub(super) body: Option<String>,
}

impl Sender {
    /// A sender that trusts the authorities that this machine trusts. They are read when the first webhook is sent.
    pub const fn new(reach: Reach) -> Self {
        Self { reach, tls: OnceLock::new() }
    }

    /// Sends a request and waits for the answer.
    pub(super) async fn send(&self, outgoing: Outgoing) -> Result<Answer, Trouble> {
        tokio::time::timeout(TIME, self.exchange(outgoing)).await.unwrap_or(Err(Trouble::Slow))
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
        let addresses = self.addresses(host, url.port_u16().unwrap_or(PORT)).await?;
        let mut trouble = Trouble::NotAllowed;
        for address in addresses {
            match TcpStream::connect(address).await {
                Ok(stream) => return self.shake(stream, host).await,
                Err(error) => trouble = Trouble::of(&error),
            }
        }
        Err(trouble)
    }

    async fn addresses(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Trouble> {
        let found: Vec<SocketAddr> = match literal(host) {
            Some(address) => vec![(address, port).into()],
            None => lookup_host((host, port)).await.map_err(|_| Trouble::NoName)?.collect(),
        };
        if found.is_empty() {
            return Err(Trouble::NoName);
        }
        Ok(found.into_iter().filter(|address| self.may_reach(address.ip())).collect())
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
    use super::*;

    fn outgoing(url: &str) -> Outgoing {
        Outgoing { url: url.parse().unwrap(), headers: Vec::new(), body: Bytes::new() }
    }

    #[tokio::test]
    async fn nothing_is_sent_into_networks_of_our_own() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let sender = Sender::new(Reach::Public);
        for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "10.0.0.1"] {
            let sent = sender.send(outgoing(&format!("https://{host}:{port}/"))).await;
            assert_eq!(sent, Err(Trouble::NotAllowed), "{host}");
        }
        let reached = tokio::time::timeout(Duration::from_millis(50), listener.accept()).await;
        assert!(reached.is_err(), "somebody connected");
    }

    #[tokio::test]
    async fn what_keeps_an_endpoint_from_answering_is_told_apart() {
        let sender = Sender::new(Reach::Anywhere);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let hangs_up = async { drop(listener.accept().await.unwrap()) };
        let (sent, ()) = tokio::join!(sender.send(outgoing(&url)), hangs_up);
        assert!(matches!(sent, Err(Trouble::Eof | Trouble::Reset)), "{sent:?}");
        drop(listener);
        assert_eq!(sender.send(outgoing(&url)).await, Err(Trouble::Refused));
        let nowhere = sender.send(outgoing("https://hooks.invalid/")).await;
        assert_eq!(nowhere, Err(Trouble::NoName));
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
