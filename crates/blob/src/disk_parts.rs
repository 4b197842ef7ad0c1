//! Uploads in parts on disk: `parts/<account>/<name>/` with `data`, into which each part is written where it
//! belongs, and an empty file `<number>-<md5>` for each part that is there. The whole is made by one rename.
//!
//! All functions here block. One process serves a data directory, so what is being written is known in memory.

use std::collections::hash_map::Entry;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use keyway_crypto::digest::RunningMd5;

use crate::batches::{Batches, Sink};
use crate::disk::{Disk, sync_directory};
use crate::{BlobError, BlobKey, InParts, Part};

/// The file that parts are written into.
const DATA: &str = "data";
/// The number under which the whole upload is taken.
const WHOLE: u32 = 0;

/// A part on its way to the disk.
#[derive(Debug)]
pub(crate) struct DiskPart(Batches<PartFile>);

#[derive(Debug)]
struct PartFile {
    taken: Taken,
    directory: PathBuf,
    file: File,
    md5: RunningMd5,
}

/// A part that nobody else may write, or, with the number 0, a whole upload.
#[derive(Debug)]
struct Taken {
    disk: Arc<Disk>,
    key: BlobKey,
    number: u32,
}

impl Disk {
    /// Takes a part, or everything; refused while what it needs is taken.
    fn take(self: &Arc<Self>, key: BlobKey, number: u32) -> Result<Taken, BlobError> {
        let mut busy = self.parts_busy.lock().unwrap_or_else(PoisonError::into_inner);
        match busy.entry(key) {
            Entry::Vacant(entry) => drop(entry.insert(vec![number])),
            Entry::Occupied(entry) if number == WHOLE => {
                return Err(BlobError::PartBusy(entry.get().first().copied().unwrap_or(WHOLE)));
            }
            Entry::Occupied(entry) if entry.get().iter().any(|taken| [WHOLE, number].contains(taken)) => {
                return Err(BlobError::PartBusy(number));
            }
            Entry::Occupied(mut entry) => entry.get_mut().push(number),
        }
        Ok(Taken { disk: Arc::clone(self), key, number })
    }

    fn parts_directory(&self, key: &BlobKey) -> PathBuf {
        self.parts_root().join(key.to_string())
    }

    /// Makes the directory of an upload, with room for all of it in sight.
    pub(crate) fn begin_parts(&self, key: &BlobKey, size: u64) -> Result<(), BlobError> {
        const DOING: &str = "making the directory of an upload in parts";
        self.check_room(size)?;
        let directory = self.parts_directory(key);
        fs::create_dir_all(&directory).map_err(BlobError::io(DOING))?;
        File::create(directory.join(DATA)).and_then(|file| file.sync_all()).map_err(BlobError::io(DOING))?;
        let above = directory.parent().unwrap_or(self.parts_root());
        [directory.as_path(), above, self.parts_root()].into_iter().try_for_each(sync_directory)
    }

    /// The parts that are there, by number.
    pub(crate) fn parts(
        &self,
        upload: &InParts,
        numbers: &RangeInclusive<u32>,
    ) -> Result<Vec<Part>, BlobError> {
        let directory = self.parts_directory(&upload.key);
        // Without its data the upload was put together, by a process that ended before it had removed the rest.
        fs::metadata(directory.join(DATA)).map_err(gone_or(&upload.key, "looking at an upload in parts"))?;
        let marks = marks(&directory, &upload.key)?;
        let mut parts: Vec<Part> = marks
            .into_iter()
            .filter(|(number, _)| numbers.contains(number))
            .filter_map(|(number, tag)| Some(Part { number, size: upload.part_len(number)?, tag }))
            .collect();
        parts.sort_unstable_by_key(|part| part.number);
        Ok(parts)
    }

    /// Makes the data a blob, if these parts are there and nobody writes.
    pub(crate) fn join(self: &Arc<Self>, upload: &InParts, parts: &[Part]) -> Result<(), BlobError> {
        let _taken = self.take(upload.key, WHOLE)?;
        if self.parts(upload, &(1..=upload.count()))? != parts {
            return Err(BlobError::PartsChanged);
        }
        let directory = self.parts_directory(&upload.key);
        self.adopt(&directory.join(DATA), &upload.key)?;
        remove_directory(&directory)
    }

    /// Frees what came of an upload.
    pub(crate) fn abandon(self: &Arc<Self>, key: &BlobKey) -> Result<(), BlobError> {
        let _taken = self.take(*key, WHOLE)?;
        remove_directory(&self.parts_directory(key))
    }
}

impl DiskPart {
    /// Starts a part; from now on until it is complete, it counts as missing.
    pub(crate) fn start(disk: Arc<Disk>, key: BlobKey, number: u32, at: u64) -> Result<Self, BlobError> {
        const DOING: &str = "opening an upload in parts";
        let taken = disk.take(key, number)?;
        let directory = disk.parts_directory(&key);
        let stale = marks(&directory, &key)?.into_iter().filter(|(marked, _)| *marked == number);
        for (_, tag) in stale {
            fs::remove_file(directory.join(mark(number, &tag))).map_err(BlobError::io(DOING))?;
        }
        sync_directory(&directory)?;
        let opened = File::options().write(true).open(directory.join(DATA));
        let mut file = opened.map_err(gone_or(&key, DOING))?;
        file.seek(SeekFrom::Start(at)).map_err(BlobError::io(DOING))?;
        Ok(Self(Batches::new(PartFile { taken, directory, file, md5: RunningMd5::default() })))
    }

    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError> {
        self.0.write(bytes).await
    }

    /// Makes the part safe; its tag.
    pub(crate) async fn finish(self) -> Result<String, BlobError> {
        self.0
            .finish(|part| {
                const DOING: &str = "syncing a part of an upload";
                part.file.sync_data().map_err(BlobError::io(DOING))?;
                let tag = part.md5.so_far().hex();
                let made = File::create(part.directory.join(mark(part.taken.number, &tag)));
                made.map_err(BlobError::io(DOING))?;
                sync_directory(&part.directory)?;
                Ok(tag)
            })
            .await
    }
}

impl Sink for PartFile {
    fn write(&mut self, batch: &[Bytes]) -> Result<(), BlobError> {
        self.taken.disk.check_room(batch.iter().map(|bytes| bytes.len() as u64).sum())?;
        for bytes in batch {
            self.file.write_all(bytes).map_err(BlobError::io("writing a part of an upload"))?;
            self.md5.update(bytes);
        }
        Ok(())
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut busy = self.disk.parts_busy.lock().unwrap_or_else(PoisonError::into_inner);
        if let Entry::Occupied(mut entry) = busy.entry(self.key) {
            entry.get_mut().retain(|number| *number != self.number);
            if entry.get().is_empty() {
                entry.remove();
            }
        }
    }
}

fn mark(number: u32, tag: &str) -> String {
    format!("{number}-{tag}")
}

/// Numbers and tags of the parts in a directory.
fn marks(directory: &Path, key: &BlobKey) -> Result<Vec<(u32, String)>, BlobError> {
    const DOING: &str = "looking at an upload in parts";
    let mut marks = Vec::new();
    for entry in fs::read_dir(directory).map_err(gone_or(key, DOING))? {
        let name = entry.map_err(BlobError::io(DOING))?.file_name();
        let mark = name.to_str().and_then(|name| name.split_once('-'));
        if let Some((number, tag)) = mark.and_then(|(number, tag)| Some((number.parse().ok()?, tag))) {
            marks.push((number, tag.to_owned()));
        }
    }
    Ok(marks)
}

fn gone_or(key: &BlobKey, doing: &'static str) -> impl FnOnce(io::Error) -> BlobError {
    let key = *key;
    move |error| match error.kind() {
        io::ErrorKind::NotFound => BlobError::NoUpload(key),
        _ => BlobError::io(doing)(error),
    }
}

fn remove_directory(directory: &Path) -> Result<(), BlobError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(BlobError::io("removing an upload in parts")(error))
        }
        _ => Ok(()),
    }
}
