//! The bucket and the calls on single objects.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, IdentityCache, ProvideCredentials, Region, RequestChecksumCalculation,
    ResponseChecksumValidation, SharedCredentialsProvider, StalledStreamProtectionConfig,
};
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use keyway_base::{AccountId, ArtifactId, Timestamp};
use keyway_crypto::random_bytes;

use super::lent::Lent;
use super::object::{OpenObject, again};
use super::part_buffers::PartBuffers;
use super::presign::Presigner;
use super::reader::ObjectReader;
use super::trouble::{failed, is_absent, is_past_the_end};
use crate::error::Trouble;
use crate::small::SMALL;
use crate::{Blob, BlobError, BlobFile, BlobKey, Head, S3Options};

/// How long a connection may take to be made.
const CONNECT_TIME: Duration = Duration::from_secs(5);
/// How long an answer may take to begin. A part of an upload is sent in this time too.
pub(super) const ANSWER_TIME: Duration = Duration::from_secs(60);
/// How often a call is tried that fails for a passing reason.
const TRIES: u32 = 4;

/// One bucket, and where in it our objects are.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) client: Client,
    pub(crate) name: String,
    prefix: String,
    pub(crate) presigner: Presigner,
    pub(crate) buffers: PartBuffers,
}

impl Bucket {
    /// Sets the client up. Nothing is asked yet, but for the credentials of a role.
    pub(crate) async fn new(options: &S3Options) -> Result<Self, BlobError> {
        let lent = Lent::of(options).await?;
        let presigner = Presigner::new(options, std::sync::Arc::clone(&lent));
        let client = Client::from_conf(config(options, lent).build());
        Ok(Self {
            client,
            name: options.bucket.clone(),
            prefix: options.prefix.clone(),
            presigner,
            buffers: PartBuffers::default(),
        })
    }

    /// Writes, reads and deletes a small object, so that a wrong setting shows at the start.
    pub(crate) async fn probe(&self) -> Result<(), BlobError> {
        let name: String = random_bytes::<8>().iter().map(|byte| format!("{byte:02x}")).collect();
        let key = format!("{}probe/{name}", self.prefix);
        self.put(&key, Bytes::from_static(b"probe"), "writing a probe").await?;
        let read = self.client.get_object().bucket(&self.name).key(&key).send().await;
        let deleted = self.remove(&key, "deleting a probe").await;
        read.map_err(failed("reading a probe"))?;
        deleted
    }

    /// The key of the object that holds a blob.
    pub(crate) fn object_key(&self, key: &BlobKey) -> String {
        format!("{}blobs/{key}", self.prefix)
    }
    /// The key that a client's upload for an artifact comes in under.
    pub(crate) fn incoming_key(&self, account: AccountId, artifact: ArtifactId) -> String {
        format!("{}incoming/{account}/{artifact}", self.prefix)
    }
    /// The key of an object that holds the last bytes of an upload that grows.
    pub(crate) fn tail_key(&self, key: &BlobKey) -> String {
        format!("{}{key}", self.growing_prefix())
    }
    /// What the keys of such objects begin with.
    pub(crate) fn growing_prefix(&self) -> String {
        format!("{}growing/", self.prefix)
    }
    /// What the keys of blobs begin with.
    pub(crate) fn blobs_prefix(&self) -> String {
        format!("{}blobs/", self.prefix)
    }
    /// What the keys of uploads by clients begin with.
    pub(crate) fn incoming_prefix(&self) -> String {
        format!("{}incoming/", self.prefix)
    }
    /// What all keys of ours begin with.
    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Opens a blob: its first block comes along, which for a small one is everything.
    pub(crate) async fn open(self: &std::sync::Arc<Self>, key: &BlobKey) -> Result<Blob, BlobError> {
        again(|| self.open_once(key)).await
    }

    async fn open_once(self: &std::sync::Arc<Self>, key: &BlobKey) -> Result<Blob, BlobError> {
        const DOING: &str = "opening a blob";
        let object = self.object_key(key);
        let asked = self.client.get_object().bucket(&self.name).key(&object);
        let answer = match asked.range(format!("bytes=0-{}", SMALL - 1)).send().await {
            Ok(answer) => answer,
            Err(error) if is_absent(&error) => return Err(BlobError::Absent(*key)),
            Err(error) if is_past_the_end(&error) => return Ok(Blob::Memory(Bytes::new())),
            Err(error) => return Err(failed(DOING)(error)),
        };
        let total = answer.content_range().and_then(|range| range.rsplit_once('/')?.1.parse().ok());
        let length = answer.content_length().and_then(|length| u64::try_from(length).ok());
        let size = total.or(length).ok_or(BlobError::remote(DOING, Trouble::Failed))?;
        let head = answer.body.collect().await.map_err(|_| BlobError::remote(DOING, Trouble::Unreachable))?;
        let head = head.into_bytes();
        if head.len() as u64 != size.min(SMALL) {
            return Err(BlobError::Short { key: *key, at: head.len() as u64 });
        }
        if size <= SMALL {
            return Ok(Blob::Memory(head));
        }
        Ok(Blob::Object(OpenObject::new(std::sync::Arc::clone(self), *key, size, head)))
    }

    /// Opens a blob for workers that read it with blocking calls.
    pub(crate) async fn open_file(self: &std::sync::Arc<Self>, key: &BlobKey) -> Result<BlobFile, BlobError> {
        Ok(match self.open(key).await? {
            Blob::Object(object) => {
                BlobFile::of_object(ObjectReader::new(object, tokio::runtime::Handle::current()))
            }
            Blob::Memory(bytes) => BlobFile::of_bytes(bytes),
            Blob::File(_) => return Err(BlobError::Absent(*key)),
        })
    }

    /// The bytes of a range, as a stream.
    pub(crate) async fn range(&self, key: &BlobKey, from: u64, to: u64) -> Result<ByteStream, BlobError> {
        let asked = self.client.get_object().bucket(&self.name).key(self.object_key(key));
        match asked.range(format!("bytes={from}-{}", to.saturating_sub(1))).send().await {
            Ok(answer) => Ok(answer.body),
            Err(error) if is_absent(&error) => Err(BlobError::Absent(*key)),
            Err(error) if is_past_the_end(&error) => Err(BlobError::Short { key: *key, at: from }),
            Err(error) => Err(failed("reading a blob")(error)),
        }
    }

    /// The last bytes of an upload that grows, as a stream; `None` when they are not there.
    pub(crate) async fn tail(&self, key: &BlobKey) -> Result<Option<ByteStream>, BlobError> {
        match self.client.get_object().bucket(&self.name).key(self.tail_key(key)).send().await {
            Ok(answer) => Ok(Some(answer.body)),
            Err(error) if is_absent(&error) => Ok(None),
            Err(error) => Err(failed("reading the end of an upload")(error)),
        }
    }

    /// Size and age of a blob.
    pub(crate) async fn head(&self, key: &BlobKey) -> Result<Head, BlobError> {
        let found = self.head_of(&self.object_key(key)).await?.ok_or(BlobError::Absent(*key))?;
        Ok(found.head)
    }

    /// Removes a blob; `false` when there was none.
    pub(crate) async fn delete(&self, key: &BlobKey) -> Result<bool, BlobError> {
        let object = self.object_key(key);
        let was_there = self.head_of(&object).await?.is_some();
        if was_there {
            self.remove(&object, "deleting a blob").await?;
        }
        Ok(was_there)
    }

    pub(crate) async fn put(&self, key: &str, bytes: Bytes, doing: &'static str) -> Result<(), BlobError> {
        let put = self.client.put_object().bucket(&self.name).key(key).body(ByteStream::from(bytes));
        put.send().await.map(drop).map_err(failed(doing))
    }

    pub(crate) async fn remove(&self, key: &str, doing: &'static str) -> Result<(), BlobError> {
        match self.client.delete_object().bucket(&self.name).key(key).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_absent(&error) => Ok(()),
            Err(error) => Err(failed(doing)(error)),
        }
    }

    /// What an object is like; `None` when there is none.
    pub(crate) async fn head_of(&self, key: &str) -> Result<Option<ObjectHead>, BlobError> {
        const DOING: &str = "looking at an object";
        let answer = match self.client.head_object().bucket(&self.name).key(key).send().await {
            Ok(answer) => answer,
            Err(error) if is_absent(&error) => return Ok(None),
            Err(error) => return Err(failed(DOING)(error)),
        };
        let len = answer.content_length().and_then(|length| u64::try_from(length).ok());
        let len = len.ok_or(BlobError::remote(DOING, Trouble::Failed))?;
        let modified = answer.last_modified().map_or(0, aws_sdk_s3::primitives::DateTime::secs);
        let modified = Timestamp::from_seconds(modified).unwrap_or(Timestamp::from_micros(0));
        let tag = answer.e_tag().unwrap_or_default().to_owned();
        Ok(Some(ObjectHead { head: Head { len, modified }, tag }))
    }
}

/// What an object is like.
#[derive(Debug, Clone)]
pub(crate) struct ObjectHead {
    pub(crate) head: Head,
    /// Its entity tag: other bytes have another one.
    pub(crate) tag: String,
}

fn config(options: &S3Options, lent: std::sync::Arc<Lent>) -> Builder {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIME)
        .read_timeout(ANSWER_TIME)
        .operation_attempt_timeout(ANSWER_TIME)
        .build();
    let config = aws_sdk_s3::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(options.region.clone()))
        .credentials_provider(SharedCredentialsProvider::from(lent as std::sync::Arc<dyn ProvideCredentials>))
        // They are at hand, and may be others with each call.
        .identity_cache(IdentityCache::no_cache())
        .force_path_style(options.path_style)
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES))
        .timeout_config(timeouts)
        // Slow readers are no stalled streams; streams of ours watch the store themselves.
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        // Not every store knows the newer checksums.
        .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    match &options.endpoint {
        Some(endpoint) => config.endpoint_url(endpoint),
        None => config,
    }
}
