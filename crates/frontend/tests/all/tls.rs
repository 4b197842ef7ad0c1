//! TLS and HTTP/2.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use keyway_base::Secret;
use keyway_frontend::TlsPem;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::wire::Wire;
use crate::world::{GOOD, World};

// Made once with `openssl req -x509`; valid for a hundred years, and good for nothing but these tests.
const CERTIFICATE: &[u8] = include_bytes!("../tls/certificate.pem");
const KEY: &[u8] = include_bytes!("../tls/key.pem");

async fn world() -> World {
    World::large(|settings| {
        settings.tls = Some(TlsPem { certificate: CERTIFICATE.to_vec(), key: Secret::new(KEY.to_vec()) });
    })
    .await
}

async fn connect(world: &World, name: &'static str, protocols: &[&[u8]]) -> TlsStream<TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(CERTIFICATE).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let stream = TcpStream::connect(world.address).await.unwrap();
    let name = ServerName::try_from(name).unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap()
}

fn chosen(stream: &TlsStream<TcpStream>) -> Option<&[u8]> {
    stream.get_ref().1.alpn_protocol()
}

#[tokio::test]
async fn http2_is_offered_except_where_refusals_need_a_reason_phrase() {
    let world = world().await;
    let both: [&[u8]; 2] = [b"h2", b"http/1.1"];
    for (name, expected) in [
        ("toy.pkg.example.com", b"h2".as_slice()),
        ("api.example.com", b"h2"),
        ("127.0.0.1", b"h2"),
        ("plain.pkg.example.com", b"http/1.1"),
    ] {
        let stream = connect(&world, name, &both).await;
        assert_eq!(chosen(&stream), Some(expected), "{name}");
    }
    let silent = connect(&world, "toy.pkg.example.com", &[]).await;
    assert_eq!(chosen(&silent), None);
    let reply = Wire::over(silent).get("/-/ping", &[("Host", "toy.pkg.example.com")]).await;
    assert_eq!(reply.text(), "pong");
}

#[tokio::test]
async fn documents_over_tls_carry_the_secure_base() {
    let world = world().await;
    let stream = connect(&world, "toy.pkg.example.com", &[b"http/1.1"]).await;
    let authorization = format!("Bearer {GOOD}");
    let headers = [("Host", "toy.pkg.example.com"), ("Authorization", authorization.as_str())];
    let reply = Wire::over(stream).get("/widget", &headers).await;
    let port = world.address.port();
    let expected = format!("Widget at https://toy.pkg.example.com:{port}: 1.0.0");
    assert!(reply.text().starts_with(&expected), "{}", reply.text());
}

/// Asks over HTTP/2; status and body.
async fn ask<S>(stream: S, uris: &[&str]) -> Vec<(StatusCode, Bytes)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    tokio::spawn(connection);
    let mut answers = Vec::new();
    for uri in uris {
        let request = Request::get(*uri).header("Authorization", format!("Bearer {GOOD}"));
        let response = sender.send_request(request.body(Empty::<Bytes>::new()).unwrap()).await.unwrap();
        let status = response.status();
        answers.push((status, response.into_body().collect().await.unwrap().to_bytes()));
    }
    answers
}

#[tokio::test]
async fn http2_serves_every_surface_of_its_hosts() {
    let world = world().await;
    let stream = connect(&world, "toy.pkg.example.com", &[b"h2"]).await;
    let uris = [
        "https://toy.pkg.example.com/widget/big.bin",
        "https://api.example.com/v1/me",
        "https://plain.pkg.example.com/-/ping",
        "https://evil.net/v1/me",
    ];
    let [file, api, plain, stranger] = ask(stream, &uris).await.try_into().unwrap();
    assert_eq!((file.0, file.1.len()), (StatusCode::OK, crate::world::big().len()));
    assert_eq!(api.1, "GET /v1/me? 127.0.0.1 ");
    assert_eq!(plain.0, StatusCode::MISDIRECTED_REQUEST, "a coalesced connection is sent away");
    assert_eq!(stranger.0, StatusCode::MISDIRECTED_REQUEST);
}

#[tokio::test]
async fn http2_without_tls_by_prior_knowledge() {
    let world = World::new().await;
    let stream = TcpStream::connect(world.address).await.unwrap();
    let [api] = ask(stream, &["http://127.0.0.1/v1/me"]).await.try_into().unwrap();
    assert_eq!(api.1, "GET /v1/me? 127.0.0.1 ");
}

#[tokio::test]
async fn plain_http_on_a_tls_port_is_closed() {
    let world = world().await;
    let mut wire = world.wire().await;
    wire.send("GET /v1/ping HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").await;
    let rest = wire.rest().await;
    assert!(!rest.starts_with(b"HTTP/"), "{rest:?}");
}
