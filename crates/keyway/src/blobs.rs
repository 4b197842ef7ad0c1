//! Opens the blob store that the settings name.

use anyhow::{Context, Result};
use keyway_blob::{BlobStore, DiskOptions};

use crate::embedded;
use crate::settings::Settings;

/// Opens the store and clears away what an earlier run of this server left.
///
/// # Errors
/// A store that cannot be used, in words for the one who set it up.
pub(crate) async fn open(settings: &Settings) -> Result<BlobStore> {
    let (sends, instead) = settings.sends_to_store()?;
    if let Some(why) = instead {
        tracing::info!("files pass through this server, since {why}");
    }
    match &settings.object_store {
        Some(options) => object_store(options, sends).await,
        None => disk(settings).await,
    }
}

/// Opens the store to copy from it; what is there stays as it is.
///
/// # Errors
/// A store that cannot be used.
pub(crate) async fn to_copy(settings: &Settings) -> Result<BlobStore> {
    match &settings.object_store {
        Some(options) => object_store(options, false).await,
        None => directory(settings).await,
    }
}

/// Opens the store to copy into it; what an interrupted copy left is cleared away.
///
/// # Errors
/// A store that cannot be used.
pub(crate) async fn to_fill(settings: &Settings) -> Result<BlobStore> {
    match &settings.object_store {
        Some(options) => object_store(options, false).await,
        None => disk(settings).await,
    }
}

async fn directory(settings: &Settings) -> Result<BlobStore> {
    let root = embedded::blobs(&settings.data);
    let options = DiskOptions { reserve: settings.disk_reserve, ..DiskOptions::new(&root) };
    let opened = BlobStore::open(options).await;
    opened.with_context(|| format!("cannot open the blob store {}", root.display()))
}

async fn disk(settings: &Settings) -> Result<BlobStore> {
    let store = directory(settings).await?;
    let swept = store.sweep().await?;
    if swept > 0 {
        tracing::info!(swept, "removed what interrupted uploads had left");
    }
    Ok(store)
}

#[cfg(feature = "s3")]
pub(crate) async fn object_store(options: &keyway_blob::S3Options, sends: bool) -> Result<BlobStore> {
    let opened = BlobStore::open_s3(options, sends).await;
    opened.with_context(|| format!("setting 'blobs': cannot use the {options}"))
}

#[cfg(not(feature = "s3"))]
#[expect(clippy::unused_async, reason = "of one shape with the version that connects")]
pub(crate) async fn object_store(options: &keyway_blob::S3Options, _: bool) -> Result<BlobStore> {
    anyhow::bail!("setting 'blobs': this build cannot use the {options}: it leaves S3 out")
}
