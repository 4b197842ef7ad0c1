//! Operations with a body: taken in within limits, read by the engine, carried out behind [`Uploads`], and told by
//! the engine. Files are streamed to staging; whatever goes wrong before they are artifacts, nothing is left.
//!
//! [`Uploads`]: crate::Uploads

use std::io::BufReader;
use std::sync::Arc;

use http::header::CONTENT_ENCODING;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use keyway_access::{Credential, CredentialScheme, Presented, Principal, Who, publisher};
use keyway_base::Secret;
use keyway_blob::{BlobError, Staged};
use keyway_catalog::{Asking, Known};
use keyway_engine::{
    Act, Around, Call, Digests, Edit, Head, Need, Outcome, Plain, Publication, Reply, Sent, SentFile, Takes,
};
use tokio::task::spawn_blocking;

use super::unwrapping::{Broken, Intake};
use super::{Found, Request, Trouble, behind, try_again};
use crate::answer;
use crate::body::Body;
use crate::incoming::{BodyError, discard, read_whole};

/// Something that a publisher asks for.
#[derive(Debug)]
pub struct Push {
    /// Who asks.
    pub asking: Asking,
    /// What for.
    pub wish: Wish,
}

/// What a publisher asks for.
#[derive(Debug)]
pub enum Wish {
    /// A file is to be an artifact.
    Publish(Box<Publication>, Staged),
    /// What is published is to change.
    Change {
        /// The package's normalised key.
        package: String,
        /// Everything of this, or nothing.
        edits: Vec<Edit>,
    },
}

/// A body that has arrived.
struct Arrived {
    around: Around,
    file: Option<Staged>,
}

impl Request<'_> {
    /// Answers an operation with a body.
    pub(super) async fn write(
        &self,
        call: &Arc<dyn Call>,
        head: &Head<'_>,
        body: Incoming,
    ) -> Result<Response<Body>, Trouble> {
        let headers = self.exchange.headers();
        let (takes, principal) = match self.admitted(call, head).await {
            Ok(admitted) => admitted,
            Err(trouble) => {
                discard(body, headers).await;
                return Err(trouble);
            }
        };
        if let (Takes::Piece(piece), Some(principal)) = (&takes, &principal) {
            return self.piece(&**call, principal, piece.clone(), body).await;
        }
        let mut arrived = match self.arrived(takes, body).await? {
            Ok(arrived) => arrived,
            Err(outcome) => return self.tell(&**call, &outcome).await,
        };
        let act = match self.asked(call, &mut arrived).await? {
            Ok(act) => act,
            Err(plain) => return Ok(answer::plain(&plain)),
        };
        match (act, principal, arrived.file) {
            (Act::Read, ..) => self.read(&**call).await,
            (Act::LogIn { user: _, password }, ..) => self.log_in(&**call, password).await,
            (Act::Publish(publication), Some(principal), Some(file)) => {
                self.push(&**call, &principal, Wish::Publish(publication, file)).await
            }
            (Act::Change { package, edits }, Some(principal), _) => {
                self.push(&**call, &principal, Wish::Change { package, edits }).await
            }
            (Act::Content { package, edit }, Some(principal), _) => {
                self.edit(&**call, &principal, package, edit).await
            }
            (Act::Publish(_) | Act::Change { .. } | Act::Token(_) | Act::Content { .. }, ..) => {
                tracing::error!(request = %self.exchange.id, "an engine asked for what its need does not allow");
                Err(try_again().into())
            }
        }
    }

    /// What the operation takes and, where it publishes, from whom: known before the body is read.
    async fn admitted(
        &self,
        call: &Arc<dyn Call>,
        head: &Head<'_>,
    ) -> Result<(Takes, Option<Arc<Known<Principal>>>), Trouble> {
        let principal = match call.need() {
            Need::Publisher => Some(self.publisher(&**call).await?),
            _ => None,
        };
        let takes = call.takes(head).map_err(|plain| Trouble::Other(Box::new(answer::plain(&plain))))?;
        if principal.is_some() && head.headers.contains_key(CONTENT_ENCODING) {
            let line = "send the body as it is, without a Content-Encoding";
            return Err(Trouble::Body(StatusCode::UNSUPPORTED_MEDIA_TYPE, line.to_owned()));
        }
        Ok((takes, principal))
    }

    /// Who publishes. Customers are told that they cannot, whatever their token is good for.
    pub(super) async fn publisher(&self, call: &dyn Call) -> Result<Arc<Known<Principal>>, Trouble> {
        let principal = self.caller().await?;
        publisher(&principal)?;
        self.in_scope(call)?;
        Ok(principal)
    }

    /// Takes the body in. The inner failure is for the engine to word.
    async fn arrived(&self, takes: Takes, body: Incoming) -> Result<Result<Arrived, Outcome>, Trouble> {
        let (limit, unwrap) = match takes {
            Takes::Document { limit } => return self.document(limit, body).await,
            Takes::File { limit } => (limit, None),
            Takes::Wrapped { limit, unwrap } => (limit, Some(unwrap)),
            Takes::Piece(_) => {
                tracing::error!(request = %self.exchange.id, "an engine took a piece from nobody who publishes");
                return Err(try_again().into());
            }
        };
        let limit = limit.min(self.front.settings.limits.upload_bytes);
        let (front, account, headers) = (self.front, self.account.id, self.exchange.headers());
        let intake = Intake { front, account, headers, limit, unwrap };
        match intake.run(body).await {
            Ok((around, file)) => Ok(Ok(Arrived { around, file })),
            Err(Broken::Body(bad)) => Ok(Err(Outcome::Invalid(bad.0))),
            Err(Broken::Blob(BlobError::TooLarge { limit })) => Ok(Err(Outcome::TooLarge { limit })),
            Err(Broken::Blob(error)) => {
                tracing::error!(request = %self.exchange.id, %error, "a push could not be staged");
                let status = match error {
                    BlobError::Full { .. } => StatusCode::INSUFFICIENT_STORAGE,
                    _ => StatusCode::SERVICE_UNAVAILABLE,
                };
                let line = "the server cannot take uploads right now";
                Err(Trouble::Other(Box::new(answer::text(status, line))))
            }
            Err(Broken::Incoming(error)) => Err(cut_short(error)),
        }
    }

    async fn document(&self, limit: usize, body: Incoming) -> Result<Result<Arrived, Outcome>, Trouble> {
        let time = self.front.settings.limits.body_time;
        match read_whole(body, self.exchange.headers(), limit, time).await {
            Ok(body) => Ok(Ok(Arrived { around: Around::document(body), file: None })),
            Err(BodyError::TooLarge) => Ok(Err(Outcome::TooLarge { limit: limit as u64 })),
            Err(error) => Err(cut_short(error)),
        }
    }

    /// What the engine makes of the body; a file is read where blocking is allowed.
    async fn asked(
        &self,
        call: &Arc<dyn Call>,
        arrived: &mut Arrived,
    ) -> Result<Result<Act, Plain>, Trouble> {
        let Some(staged) = &mut arrived.file else {
            let mut sent = Sent { around: &arrived.around, file: None };
            return Ok(call.act(&self.context(""), &mut sent));
        };
        let (size, digests) = (staged.size(), digests_of(staged));
        let file = staged.open_file().await.map_err(|error| self.unreadable(&error))?;
        let (call, around) = (Arc::clone(call), std::mem::take(&mut arrived.around));
        let setting = self.setting();
        let read = spawn_blocking(move || {
            let mut body = BufReader::new(file);
            let file = SentFile { size, digests: &digests, body: &mut body };
            call.act(&setting.context(""), &mut Sent { around: &around, file: Some(file) })
        });
        read.await.map_err(|error| self.unreadable(&error))
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> Trouble {
        tracing::error!(request = %self.exchange.id, %error, "a staged push cannot be read");
        try_again().into()
    }

    /// Carries a wish out and tells what came of it.
    async fn push(
        &self,
        call: &dyn Call,
        principal: &Arc<Known<Principal>>,
        wish: Wish,
    ) -> Result<Response<Body>, Trouble> {
        let asking = self.asking(principal);
        let outcome = self.front.uploads.push(Push { asking, wish }).await?;
        self.tell(call, &outcome).await
    }

    pub(super) async fn tell(&self, call: &dyn Call, outcome: &Outcome) -> Result<Response<Body>, Trouble> {
        let reply = call.render(&self.context(""), outcome);
        if matches!(&reply, Reply::Plain(plain) if plain.status.is_server_error()) {
            tracing::error!(request = %self.exchange.id, ?outcome, "an engine has no words for what came of a request");
        }
        self.carry_out(call, reply, None).await
    }

    /// Checks a credential that came in a body.
    async fn log_in(&self, call: &dyn Call, password: Secret<String>) -> Result<Response<Body>, Trouble> {
        let scheme = CredentialScheme::Bearer;
        let credential = Credential { scheme, secret: password.clone(), user: None };
        let presented = Presented::One(credential);
        // a token's environment is not known before its body is read
        let home = match self.environment {
            Some(_) => None,
            None => behind(self.front, self.exchange, self.account, &presented).await?,
        };
        let asking = Request { environment: self.environment.or(home.as_deref()), ..*self };
        let principal = asking.principal(&presented).await?;
        self.in_good_standing(&principal)?;
        self.tell(call, &Outcome::LoggedIn { token: password }).await
    }

    /// Answers an operation that reads for a publisher only.
    pub(super) async fn read_for_publisher(&self, call: &dyn Call) -> Result<Response<Body>, Trouble> {
        let principal = self.publisher(call).await?;
        debug_assert!(principal.who != Who::Anonymous, "publishers have credentials");
        self.deliver(call, &principal.display_name(), Found::Granted).await
    }
}

pub(super) fn cut_short(error: BodyError) -> Trouble {
    let status = match error {
        BodyError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        BodyError::Cut => StatusCode::BAD_REQUEST,
        BodyError::Slow => StatusCode::REQUEST_TIMEOUT,
    };
    Trouble::Body(status, error.to_string())
}

/// The digests of a staged file, as engines have them.
fn digests_of(staged: &Staged) -> Digests {
    let found = staged.digests();
    Digests {
        md5: *found.md5.as_bytes(),
        sha1: *found.sha1.as_bytes(),
        sha256: *found.sha256.as_bytes(),
        sha512: *found.sha512.as_bytes(),
    }
}
