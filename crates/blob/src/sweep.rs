//! Finding what a crash, or a client that went away, left in the store.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use keyway_base::Timestamp;

use crate::disk::Disk;
use crate::store::{Backend, blocking};
use crate::{BlobError, BlobKey, BlobStore};

/// A blob that is in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found {
    /// Its key.
    pub key: BlobKey,
    /// When it was last committed.
    pub modified: Timestamp,
}

/// Some blobs of the store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// What is there.
    pub found: Vec<Found>,
    /// Where the next page begins; `None` after the last.
    pub next: Option<String>,
}

impl BlobStore {
    /// Some of the blobs that are in the store, whether anything refers to them or not.
    ///
    /// # Errors
    /// A failing store.
    pub async fn page(&self, after: Option<String>) -> Result<Page, BlobError> {
        match &self.backend {
            Backend::Disk(disk) => {
                let disk = Arc::clone(disk);
                blocking(move || walk(disk.blobs(), after.as_deref())).await
            }
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => Box::pin(bucket.page(after)).await,
        }
    }

    /// Ends uploads that were begun before a moment and left, but for those in parts and those that grow whose keys
    /// are given, and removes what clients sent to a bucket for nothing before it; how many. What else uploads leave
    /// on a disk goes when its server starts.
    ///
    /// # Errors
    /// A failing store.
    pub async fn tidy(&self, before: Timestamp, alive: HashSet<BlobKey>) -> Result<usize, BlobError> {
        match &self.backend {
            Backend::Disk(disk) => {
                let disk = Arc::clone(disk);
                blocking(move || tidy(&disk, before, &alive)).await
            }
            #[cfg(feature = "s3")]
            Backend::S3 { bucket, .. } => Box::pin(bucket.tidy(before, &alive)).await,
        }
    }
}

/// The blobs of the directory after one, in the order of `<account>/<xx>`.
fn walk(blobs: &Path, after: Option<&str>) -> Result<Page, BlobError> {
    let mut places = Vec::new();
    for account in names(blobs)? {
        places.extend(names(&blobs.join(&account))?.into_iter().map(|fan| format!("{account}/{fan}")));
    }
    places.sort_unstable();
    let mut places = places.into_iter().filter(|place| after.is_none_or(|after| place.as_str() > after));
    let Some(place) = places.next() else { return Ok(Page::default()) };
    let account = place.split('/').next().unwrap_or_default();
    let mut page = Page { found: Vec::new(), next: places.next().map(|_| place.clone()) };
    for name in names(&blobs.join(&place))? {
        let Ok(key) = format!("{account}/{name}").parse() else { continue };
        let Ok(modified) = fs::metadata(blobs.join(&place).join(name)).and_then(|found| found.modified())
        else {
            continue;
        };
        page.found.push(Found { key, modified: timestamp(modified) });
    }
    Ok(page)
}

/// Frees what came of uploads in parts, and of those that grow, that nobody has a claim on.
fn tidy(disk: &Arc<Disk>, before: Timestamp, alive: &HashSet<BlobKey>) -> Result<usize, BlobError> {
    let mut tidied = 0;
    for key in left(disk.parts_root(), before, alive)? {
        match disk.abandon(&key) {
            // Somebody writes to it: another time, then.
            Err(BlobError::PartBusy(_)) => {}
            ended => {
                ended?;
                tidied += 1;
            }
        }
    }
    for key in left(disk.growing_root(), before, alive)? {
        tidied += usize::from(disk.abandon_left_growth(key)?);
    }
    Ok(tidied)
}

/// What `<account>/<name>` below a directory was last changed before a moment, and nobody has a claim on.
fn left(root: &Path, before: Timestamp, alive: &HashSet<BlobKey>) -> Result<Vec<BlobKey>, BlobError> {
    let mut left = Vec::new();
    for account in names(root)? {
        for name in names(&root.join(&account))? {
            let Ok(key) = format!("{account}/{name}").parse::<BlobKey>() else { continue };
            let changed = fs::metadata(root.join(&account).join(&name)).and_then(|found| found.modified());
            if changed.is_ok_and(|changed| timestamp(changed) < before) && !alive.contains(&key) {
                left.push(key);
            }
        }
    }
    Ok(left)
}

/// A time of the file system.
pub(crate) fn timestamp(time: SystemTime) -> Timestamp {
    let micros = time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
    Timestamp::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
}

fn names(directory: &Path) -> Result<Vec<String>, BlobError> {
    const DOING: &str = "looking through the blobs";
    let entries = fs::read_dir(directory).map_err(BlobError::io(DOING))?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()));
    names.collect::<Result<_, _>>().map_err(BlobError::io(DOING))
}
