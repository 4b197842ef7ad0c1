//! A small client of the public API over plain HTTP/1.1 on loopback.

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Talks to one server with one token.
pub(super) struct Client {
    authority: String,
    token: String,
}

/// An answer.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) body: Bytes,
}

impl Answer {
    /// The body as JSON; null when it is empty.
    pub(super) fn json(&self) -> Result<Value> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body).context("the server answered something that is not JSON")
    }
    /// The first error's text, for messages.
    fn problem(&self) -> String {
        let error = self.json().unwrap_or_default()["errors"][0].clone();
        format!(
            "{} {} {}",
            self.status,
            error["detail"].as_str().unwrap_or(""),
            error["source"]["pointer"].as_str().unwrap_or("")
        )
    }
}

impl Client {
    /// A client of the server at `base`.
    ///
    /// # Errors
    /// When the server speaks TLS: the quickstart talks to itself over loopback.
    pub(super) fn new(base: &str, token: &str) -> Result<Self> {
        let authority = base
            .strip_prefix("http://")
            .context("the quickstart runs without TLS; leave tls_cert and tls_key out")?;
        Ok(Self { authority: with_port(authority), token: token.to_owned() })
    }

    /// Sends one request on a connection of its own.
    async fn send(&self, method: Method, path: &str, media: &str, auth: bool, body: Bytes) -> Result<Answer> {
        let stream = TcpStream::connect(&self.authority)
            .await
            .with_context(|| format!("cannot connect to {}", self.authority))?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        let driver = tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, &self.authority);
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, media);
        }
        if auth {
            request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        }
        let response = sender.send_request(request.body(Full::new(body))?).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        drop(sender);
        driver.await.context("the connection's task died")??;
        Ok(Answer { status, body })
    }

    /// `GET`s a document; `None` when it is not there.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Value>> {
        let answer = self.send(Method::GET, path, "", true, Bytes::new()).await?;
        match answer.status {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => Ok(Some(answer.json()?)),
            _ => bail!("GET {path}: {}", answer.problem()),
        }
    }

    /// Sends a JSON body and insists on success.
    pub(super) async fn send_json(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let shown = format!("{method} {path}");
        let bytes = Bytes::from(serde_json::to_vec(body)?);
        let answer = self.send(method, path, "application/vnd.api+json", true, bytes).await?;
        if !answer.status.is_success() {
            bail!("{shown}: {}", answer.problem());
        }
        answer.json()
    }

    /// Uploads bytes to a signed URL, of this server or of its object store; it carries its own authority.
    pub(super) async fn put(&self, url: &str, bytes: &'static [u8]) -> Result<()> {
        let rest = url.strip_prefix("http://").context("the quickstart uploads without TLS")?;
        let (authority, path) = rest.split_at(rest.find('/').context("an upload URL has no path")?);
        let store = Self { authority: with_port(authority), token: String::new() };
        let answer = store
            .send(Method::PUT, path, "application/octet-stream", false, Bytes::from_static(bytes))
            .await?;
        if !answer.status.is_success() {
            bail!("PUT of {} bytes: {}", bytes.len(), answer.problem());
        }
        Ok(())
    }
}

/// What to connect to: the usual port where none is named.
fn with_port(authority: &str) -> String {
    let named = authority.rsplit_once(':').is_some_and(|(_, port)| port.parse::<u16>().is_ok());
    if named { authority.to_owned() } else { format!("{authority}:80") }
}
