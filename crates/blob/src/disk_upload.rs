//! Bytes on their way to the disk: written to a staged file and hashed in one pass.

use std::fs::File;
use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;
use keyway_base::AccountId;
use keyway_crypto::digest::{Digests, Hasher};

use crate::batches::{Batches, Sink};
use crate::disk::{Disk, StagedPath};
use crate::store::blocking;
use crate::{BlobError, BlobKey};

/// What key the bytes are to have.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Naming {
    /// That of their content in this account.
    Content(AccountId),
    /// This one.
    Given(BlobKey),
}

/// An upload to the disk. Dropping it removes what was written.
#[derive(Debug)]
pub(crate) struct DiskUpload {
    batches: Batches<StagedFile>,
    naming: Naming,
}

/// The staged file with what was hashed of it.
#[derive(Debug)]
struct StagedFile {
    disk: Arc<Disk>,
    file: File,
    path: StagedPath,
    hasher: Hasher,
}

impl DiskUpload {
    /// Starts an upload; `expected` is the announced size, if one was announced.
    pub(crate) async fn start(
        disk: Arc<Disk>,
        naming: Naming,
        expected: Option<u64>,
    ) -> Result<Self, BlobError> {
        let staged = blocking(move || {
            disk.check_room(expected.unwrap_or(0))?;
            let (file, path) = disk.create()?;
            Ok(StagedFile { disk, file, path, hasher: Hasher::new() })
        });
        Ok(Self { batches: Batches::new(staged.await?), naming })
    }

    /// Takes the next bytes. Waits only when a whole batch is still being written.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.batches.write(bytes).await
    }

    /// Writes what is pending, syncs the file and completes the digests.
    pub(crate) async fn finish(self) -> Result<(StagedPath, BlobKey, Digests), BlobError> {
        let naming = self.naming;
        let staged = self.batches.finish(move |staged| {
            staged.file.sync_all().map_err(BlobError::io("syncing a staged file"))?;
            let digests = staged.hasher.finish();
            let key = match naming {
                Naming::Content(account) => BlobKey::of_content(account, digests.sha256),
                Naming::Given(key) => key,
            };
            Ok((staged.path, key, digests))
        });
        staged.await
    }
}

impl Sink for StagedFile {
    fn write(&mut self, batch: &[Bytes]) -> Result<(), BlobError> {
        let more = batch.iter().map(|bytes| bytes.len() as u64).sum();
        self.disk.check_room(more)?;
        for bytes in batch {
            self.file.write_all(bytes).map_err(BlobError::io("writing a staged file"))?;
            self.hasher.update(bytes);
        }
        Ok(())
    }
}
