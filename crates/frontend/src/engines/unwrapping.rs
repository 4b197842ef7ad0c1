//! A body with a file in it, on its way to staging.

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use keyway_base::AccountId;
use keyway_blob::{BlobError, Staged, Staging};
use keyway_engine::{Around, BadBody, Unwrap};
use tokio::time::timeout;

use crate::front::Front;
use crate::incoming::{BodyError, announced, discard};

/// Takes one body in.
pub(super) struct Intake<'a> {
    pub(super) front: &'a Front,
    /// Whose file it is.
    pub(super) account: AccountId,
    pub(super) headers: &'a HeaderMap,
    /// The most bytes that the file may have.
    pub(super) limit: u64,
    /// What takes the body apart; without, the body is the file.
    pub(super) unwrap: Option<Box<dyn Unwrap>>,
}

/// Why a body was not taken in.
#[derive(Debug)]
pub(super) enum Broken {
    /// It is not what it should be.
    Body(BadBody),
    /// The file could not be kept.
    Blob(BlobError),
    /// It did not arrive whole.
    Incoming(BodyError),
}

impl From<BlobError> for Broken {
    fn from(error: BlobError) -> Self {
        Self::Blob(error)
    }
}
impl From<BadBody> for Broken {
    fn from(bad: BadBody) -> Self {
        Self::Body(bad)
    }
}

impl Intake<'_> {
    /// Reads the body to its end, or to what is wrong with it: the client lives to read the answer either way.
    pub(super) async fn run(mut self, mut body: Incoming) -> Result<(Around, Option<Staged>), Broken> {
        let mut staging = None;
        if let Err(broken) = self.stream(&mut body, &mut staging).await {
            drop(staging);
            discard(body, self.headers).await;
            return Err(broken);
        }
        let (around, has_file) = match self.unwrap.take() {
            None => (Around::default(), true),
            Some(unwrap) => {
                let has_file = unwrap.has_file();
                (unwrap.finish()?, has_file)
            }
        };
        match staging {
            Some(staging) if has_file => Ok((around, Some(staging.finish().await?))),
            _ => Ok((around, None)),
        }
    }

    async fn stream(&mut self, body: &mut Incoming, staging: &mut Option<Staging>) -> Result<(), Broken> {
        let still = self.front.settings.limits.idle_time;
        while !body.is_end_stream() {
            let frame = timeout(still, body.frame()).await.map_err(|_| Broken::Incoming(BodyError::Slow))?;
            let Some(frame) = frame else { return Ok(()) };
            let frame = frame.map_err(|_| Broken::Incoming(BodyError::Cut))?;
            let Ok(data) = frame.into_data() else { continue };
            let bytes = match &mut self.unwrap {
                None => data,
                Some(unwrap) => {
                    let mut file = Vec::new();
                    unwrap.feed(&data, &mut file)?;
                    if !unwrap.has_file() {
                        continue;
                    }
                    Bytes::from(file)
                }
            };
            self.keep(bytes, staging).await?;
        }
        Ok(())
    }

    /// Writes the next bytes of the file. Staging begins with the first: a body without a file leaves the disk
    /// alone.
    async fn keep(&mut self, bytes: Bytes, staging: &mut Option<Staging>) -> Result<(), Broken> {
        if staging.is_none() {
            let expected = announced(self.headers).filter(|_| self.unwrap.is_none());
            *staging = Some(self.front.blobs.stage(self.account, self.limit, expected).await?);
        }
        match staging {
            Some(staging) if !bytes.is_empty() => Ok(staging.write(bytes).await?),
            _ => Ok(()),
        }
    }
}
