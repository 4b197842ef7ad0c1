//! The disk backend: one directory with `blobs/<account>/<xx>/<name>`, `staging/<random>`, `parts/`
//! and `growing/`.
//!
//! All functions here block; callers run them in the blocking pool. A blob appears by rename, after its bytes
//! were synced, and its directory is synced before the rename is reported: a crash leaves the blob whole or
//! absent, and at most a file in `staging` that the next start sweeps away.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use keyway_crypto::random_bytes;

use crate::disk_growth::Growths;
use crate::sweep::timestamp;
use crate::{BlobError, BlobKey, Head};

/// Directories and limits of the disk backend.
#[derive(Debug)]
pub(crate) struct Disk {
    blobs: PathBuf,
    staging: PathBuf,
    parts: PathBuf,
    growing: PathBuf,
    reserve: u64,
    /// The parts of uploads that are being written.
    pub(crate) parts_busy: Mutex<HashMap<BlobKey, Vec<u32>>>,
    /// The uploads that grow, as far as this process has touched them.
    pub(crate) growths: Growths,
}

/// The path of a staged file; the file goes away with it unless it was moved into place.
#[derive(Debug)]
pub(crate) struct StagedPath(Option<PathBuf>);

impl Disk {
    /// Makes the directories and tells whether they can be written.
    pub(crate) fn open(root: &Path, reserve: u64) -> Result<Self, BlobError> {
        let disk = Self {
            blobs: root.join("blobs"),
            staging: root.join("staging"),
            parts: root.join("parts"),
            growing: root.join("growing"),
            reserve,
            parts_busy: Mutex::default(),
            growths: Growths::default(),
        };
        for directory in [&disk.blobs, &disk.staging, &disk.parts, &disk.growing] {
            fs::create_dir_all(directory).map_err(BlobError::io("making the blob directory"))?;
        }
        let (_, probe) = disk.create()?;
        probe.remove()?;
        sync_directory(root)?;
        Ok(disk)
    }

    /// Removes what uploads of an earlier run left behind; returns how many files there were.
    pub(crate) fn sweep(&self) -> Result<usize, BlobError> {
        let doing = "sweeping the staging directory";
        let mut swept = 0;
        for entry in fs::read_dir(&self.staging).map_err(BlobError::io(doing))? {
            let path = entry.map_err(BlobError::io(doing))?.path();
            fs::remove_file(path).map_err(BlobError::io(doing))?;
            swept += 1;
        }
        Ok(swept)
    }

    /// A new, empty staged file.
    pub(crate) fn create(&self) -> Result<(File, StagedPath), BlobError> {
        let name: String = random_bytes::<16>().iter().map(|byte| format!("{byte:02x}")).collect();
        let path = self.staging.join(name);
        let file = File::options()
            .write(true)
            .create_new(true)
            .open(&path)
            .map_err(BlobError::io("creating a staged file"))?;
        Ok((file, StagedPath(Some(path))))
    }

    /// Refuses when writing `more` bytes would leave less than the reserve.
    pub(crate) fn check_room(&self, more: u64) -> Result<(), BlobError> {
        let free = self.free()?;
        if free >= self.reserve.saturating_add(more) {
            Ok(())
        } else {
            Err(BlobError::Full { free, reserve: self.reserve })
        }
    }

    /// Bytes that an unprivileged writer may still use.
    pub(crate) fn free(&self) -> Result<u64, BlobError> {
        let space = rustix::fs::statvfs(&self.staging)
            .map_err(|error| BlobError::io("measuring free space")(error.into()))?;
        Ok(space.f_bavail.saturating_mul(space.f_frsize))
    }

    /// Moves a synced staged file to its key. A blob that is already there is replaced by its equal, so that its
    /// age starts anew.
    pub(crate) fn commit(&self, mut staged: StagedPath, key: &BlobKey) -> Result<(), BlobError> {
        self.adopt(staged.path(), key)?;
        staged.0 = None;
        Ok(())
    }

    /// Moves a synced file to a key.
    pub(crate) fn adopt(&self, from: &Path, key: &BlobKey) -> Result<(), BlobError> {
        let target = self.path(key);
        let directory = target.parent().expect("a blob's path has a directory");
        self.make_directory(directory)?;
        fs::rename(from, &target).map_err(BlobError::io("moving a blob into place"))?;
        sync_directory(directory)
    }

    /// Makes `<account>/<xx>` durable, level by level.
    fn make_directory(&self, directory: &Path) -> Result<(), BlobError> {
        let account = directory.parent().unwrap_or(&self.blobs);
        for (level, above) in [(account, self.blobs.as_path()), (directory, account)] {
            match fs::create_dir(level) {
                Ok(()) => sync_directory(above)?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(BlobError::io("making a blob directory")(error)),
            }
        }
        Ok(())
    }

    /// Opens a blob for reading, with its size.
    pub(crate) fn read(&self, key: &BlobKey) -> Result<(File, u64), BlobError> {
        let file = File::open(self.path(key)).map_err(absent_or(key, "opening a blob"))?;
        let len = file.metadata().map_err(BlobError::io("opening a blob"))?.len();
        Ok((file, len))
    }

    /// Size and age of a blob.
    pub(crate) fn head(&self, key: &BlobKey) -> Result<Head, BlobError> {
        let metadata = fs::metadata(self.path(key)).map_err(absent_or(key, "looking at a blob"))?;
        let modified = metadata.modified().map_err(BlobError::io("looking at a blob"))?;
        Ok(Head { len: metadata.len(), modified: timestamp(modified) })
    }

    /// Removes a blob; `false` when there was none.
    pub(crate) fn delete(&self, key: &BlobKey) -> Result<bool, BlobError> {
        match fs::remove_file(self.path(key)) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(BlobError::io("deleting a blob")(error)),
        }
    }

    /// The directory that holds the accounts' blobs.
    pub(crate) fn blobs(&self) -> &Path {
        &self.blobs
    }

    /// The directory that holds uploads in parts.
    pub(crate) fn parts_root(&self) -> &Path {
        &self.parts
    }

    /// The directory that holds uploads that grow.
    pub(crate) fn growing_root(&self) -> &Path {
        &self.growing
    }

    fn path(&self, key: &BlobKey) -> PathBuf {
        self.blobs.join(key.path())
    }
}

impl StagedPath {
    /// Where the file is.
    pub(crate) fn path(&self) -> &Path {
        self.0.as_deref().expect("a staged path is taken once")
    }

    /// Removes the file before this returns: dropping may leave that for later, and a sweep would find it.
    fn remove(mut self) -> Result<(), BlobError> {
        let path = self.0.take().expect("a staged path is taken once");
        fs::remove_file(path).map_err(BlobError::io("removing a staged file"))
    }
}

impl Drop for StagedPath {
    fn drop(&mut self) {
        let Some(path) = self.0.take() else { return };
        let remove = move || {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(%error, "a staged file could not be removed; the next start sweeps it");
            }
        };
        // Freeing a large file takes a while: not on a thread that serves requests.
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(remove)),
            Err(_) => remove(),
        }
    }
}

fn absent_or(key: &BlobKey, doing: &'static str) -> impl FnOnce(io::Error) -> BlobError {
    let key = *key;
    move |error| match error.kind() {
        io::ErrorKind::NotFound => BlobError::Absent(key),
        _ => BlobError::io(doing)(error),
    }
}

/// Makes renames and new entries in a directory survive a crash.
pub(crate) fn sync_directory(directory: &Path) -> Result<(), BlobError> {
    File::open(directory).and_then(|file| file.sync_all()).map_err(BlobError::io("syncing a blob directory"))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;

    use super::Disk;

    /// The sweep of the same start would find it, or trip over its removal.
    #[test]
    fn opening_leaves_nothing_to_other_threads() {
        let root = tempfile::tempdir().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().max_blocking_threads(1).build().unwrap();
        let (release, held) = mpsc::channel::<()>();
        runtime.spawn_blocking(move || held.recv());
        let disk = runtime.block_on(async { Disk::open(root.path(), 1) }).unwrap();
        assert_eq!(fs::read_dir(&disk.staging).unwrap().count(), 0);
        drop(release);
    }
}
