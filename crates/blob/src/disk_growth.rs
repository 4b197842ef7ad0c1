//! Uploads that grow on disk: `growing/<account>/<name>`, a file that each piece is appended to and that the blob
//! is made of by one rename.
//!
//! One process serves a data directory, so who writes is known in memory; and so is how far an upload was taken:
//! only the state that was handed out last is taken up again. A request that read an older one would cut off what
//! the newer one vouches for. After a restart nobody holds an older one, and what is behind the state that was
//! kept is cut off.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use keyway_base::ContentDigest;
use keyway_crypto::digest::{RunningDigest, Sha256};
use tokio::sync::OwnedMutexGuard;
use tokio::time::timeout;

use crate::batches::{Batches, Sink};
use crate::disk::{Disk, sync_directory};
use crate::growth_state::Place;
use crate::store::blocking;
use crate::{BlobError, BlobKey, GrowthState};

/// How long to wait for a request that was cut off to be done with the file.
const PATIENCE: Duration = Duration::from_secs(1);

/// How far uploads were taken by this process; locked while one is written.
#[derive(Debug, Default)]
pub(crate) struct Growths(Mutex<HashMap<BlobKey, Arc<Known>>>);

/// The state that was handed out or taken up last, if one was.
type Known = tokio::sync::Mutex<Option<GrowthState>>;

/// An upload that nobody else writes.
#[derive(Debug)]
struct Taken {
    disk: Arc<Disk>,
    key: BlobKey,
    known: OwnedMutexGuard<Option<GrowthState>>,
}

/// An upload that is written. Dropping it leaves the file to be cut off where it was left before.
#[derive(Debug)]
pub(crate) struct DiskGrowth(Batches<GrowingFile>);

#[derive(Debug)]
struct GrowingFile {
    taken: Taken,
    file: File,
    hash: RunningDigest,
    size: u64,
}

/// A complete upload, safe in its file.
#[derive(Debug)]
pub(crate) struct GrownFile {
    taken: Taken,
    digest: ContentDigest,
}

impl Growths {
    fn of(&self, key: BlobKey) -> Arc<Known> {
        Arc::clone(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(key).or_default())
    }
    /// Whether this is what counts for an upload: not so after its end.
    fn is_known(&self, key: &BlobKey, known: &Arc<Known>) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(key).is_some_and(|current| Arc::ptr_eq(current, known))
    }
    fn forget(&self, key: &BlobKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}

impl Disk {
    /// Takes an upload, once whoever had it is done.
    async fn take_growth(self: &Arc<Self>, key: BlobKey) -> Result<Taken, BlobError> {
        let known = self.growths.of(key);
        let guard = timeout(PATIENCE, Arc::clone(&known).lock_owned()).await;
        let guard = guard.map_err(|_| BlobError::UploadBusy(key))?;
        // It was ended meanwhile; others may have begun anew.
        if !self.growths.is_known(&key, &known) {
            return Err(BlobError::NoUpload(key));
        }
        Ok(Taken { disk: Arc::clone(self), key, known: guard })
    }

    /// Ends an upload and removes what came of it.
    pub(crate) async fn abandon_growth(self: &Arc<Self>, key: BlobKey) -> Result<(), BlobError> {
        let taken = self.take_growth(key).await?;
        blocking(move || taken.remove()).await
    }

    /// Ends an upload, unless somebody writes to it; whether it did. Blocks.
    pub(crate) fn abandon_left_growth(self: &Arc<Self>, key: BlobKey) -> Result<bool, BlobError> {
        match self.growths.of(key).try_lock_owned() {
            Ok(known) => Taken { disk: Arc::clone(self), key, known }.remove().map(|()| true),
            Err(_) => Ok(false),
        }
    }
}

impl Taken {
    fn path(&self) -> PathBuf {
        self.disk.growing_root().join(self.key.to_string())
    }

    fn remove(self) -> Result<(), BlobError> {
        let removed = fs::remove_file(self.path());
        self.disk.growths.forget(&self.key);
        match removed {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(BlobError::io("removing an upload")(error))
            }
            _ => Ok(()),
        }
    }

    /// Opens the file, and cuts it off where it was left.
    fn open(&self, state: &GrowthState) -> Result<File, BlobError> {
        const DOING: &str = "opening an upload";
        let path = self.path();
        let is_new = state.place == Place::Nowhere;
        if is_new {
            let directory = path.parent().unwrap_or(self.disk.growing_root());
            fs::create_dir_all(directory).map_err(BlobError::io(DOING))?;
        }
        let opened = File::options().write(true).create(is_new).truncate(false).open(&path);
        let mut file = opened.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => BlobError::NoUpload(self.key),
            _ => BlobError::io(DOING)(error),
        })?;
        if file.metadata().map_err(BlobError::io(DOING))?.len() < state.size {
            return Err(BlobError::NoUpload(self.key));
        }
        file.set_len(state.size).and_then(|()| file.seek(SeekFrom::End(0))).map_err(BlobError::io(DOING))?;
        if is_new {
            sync_directories(&path, self.disk.growing_root())?;
        }
        Ok(file)
    }
}

/// Makes a new file's name survive a crash.
fn sync_directories(path: &Path, root: &Path) -> Result<(), BlobError> {
    path.ancestors().skip(1).take_while(|above| above.starts_with(root)).try_for_each(sync_directory)
}

impl DiskGrowth {
    pub(crate) async fn resume(disk: &Arc<Disk>, state: GrowthState) -> Result<Self, BlobError> {
        if let Place::Bucket(_) = state.place {
            return Err(BlobError::NoUpload(state.key));
        }
        let mut taken = disk.take_growth(state.key).await?;
        let opened = blocking(move || {
            if taken.known.as_ref().is_some_and(|known| *known != state) {
                return Err(BlobError::UploadBusy(state.key));
            }
            let file = taken.open(&state)?;
            let (hash, size) = (state.hash.clone(), state.size);
            *taken.known = Some(state);
            Ok(GrowingFile { taken, file, hash, size })
        });
        Ok(Self(Batches::new(opened.await?)))
    }

    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.0.write(bytes).await
    }

    /// Makes what came safe.
    pub(crate) async fn pause(self) -> Result<GrowthState, BlobError> {
        let paused = self.0.finish(|mut growing| {
            growing.sync()?;
            let GrowingFile { taken, hash, size, .. } = &mut growing;
            let state = GrowthState { key: taken.key, size: *size, hash: hash.clone(), place: Place::Disk };
            *taken.known = Some(state.clone());
            Ok(state)
        });
        paused.await
    }

    /// Makes what came safe, and completes the digest.
    pub(crate) async fn finish(self) -> Result<GrownFile, BlobError> {
        let finished = self.0.finish(|growing| {
            growing.sync()?;
            Ok(GrownFile { digest: growing.hash.finish(), taken: growing.taken })
        });
        finished.await
    }
}

impl GrowingFile {
    fn sync(&self) -> Result<(), BlobError> {
        self.file.sync_data().map_err(BlobError::io("syncing an upload"))
    }
}

impl Sink for GrowingFile {
    fn write(&mut self, batch: &[Bytes]) -> Result<(), BlobError> {
        self.taken.disk.check_room(batch.iter().map(|bytes| bytes.len() as u64).sum())?;
        for bytes in batch {
            self.file.write_all(bytes).map_err(BlobError::io("writing an upload"))?;
            self.hash.update(bytes);
            self.size += bytes.len() as u64;
        }
        Ok(())
    }
}

impl GrownFile {
    pub(crate) const fn digest(&self) -> &ContentDigest {
        &self.digest
    }

    /// The key of the blob: that of its content where names are such digests, and one that nothing has otherwise.
    pub(crate) fn key(&self) -> BlobKey {
        match self.digest {
            ContentDigest::Sha256(bytes) => BlobKey::of_content(self.taken.key.account(), Sha256::new(bytes)),
            ContentDigest::Sha512(_) => self.taken.key.kin(),
        }
    }

    /// Moves the file to its key. Blocks.
    pub(crate) fn commit(self, key: &BlobKey) -> Result<(), BlobError> {
        self.taken.disk.adopt(&self.taken.path(), key)?;
        self.taken.disk.growths.forget(&self.taken.key);
        Ok(())
    }
}
