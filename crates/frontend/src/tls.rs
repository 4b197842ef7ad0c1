//! TLS: one certificate, two offers. HTTP/2 is not offered on hosts of engines whose refusals travel in the
//! reason phrase, which HTTP/2 does not have (DESIGN §9).

use std::io;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::{Hosts, TlsPem};

/// What is wrong with a certificate or its key.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate file holds no certificate that can be read.
    #[error("the TLS certificate cannot be read: {0}")]
    Certificate(String),
    /// The key file holds no key that can be read.
    #[error("the TLS key cannot be read: {0}")]
    Key(String),
    /// They do not belong together, or the provider does not take them.
    #[error("the TLS certificate and key do not fit: {0}")]
    Pair(#[from] rustls::Error),
}

/// Speaks TLS on accepted connections.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    both: Arc<ServerConfig>,
    http1: Arc<ServerConfig>,
}

impl Tls {
    pub(crate) fn new(pem: &TlsPem) -> Result<Self, TlsError> {
        let unreadable = |error: rustls::pki_types::pem::Error| TlsError::Certificate(error.to_string());
        let chain: Vec<CertificateDer<'static>> =
            CertificateDer::pem_slice_iter(&pem.certificate).collect::<Result<_, _>>().map_err(unreadable)?;
        if chain.is_empty() {
            return Err(TlsError::Certificate("there is none in the file".to_owned()));
        }
        let key = PrivateKeyDer::from_pem_slice(pem.key.expose());
        let key = key.map_err(|error| TlsError::Key(error.to_string()))?;
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        config.ticketer = aws_lc_rs::Ticketer::new()?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let http1 = Arc::new(config.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self { both: Arc::new(config), http1 })
    }

    /// Shakes hands; the client's greeting decides what is offered.
    pub(crate) async fn accept<S>(&self, stream: S, hosts: &Hosts) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        let offers_http2 = start.client_hello().server_name().is_none_or(|name| hosts.offers_http2(name));
        let config = if offers_http2 { &self.both } else { &self.http1 };
        start.into_stream(Arc::clone(config)).await
    }
}
