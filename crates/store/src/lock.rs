//! One server per data directory (DESIGN §6 "Across processes").

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// The name of the lock file.
const FILE: &str = "keyway.lock";

/// Holds a data directory for one server for as long as it lives. Shell commands do not take it: they may
/// write beside the server. The operating system releases it when the process ends, however it ends.
#[derive(Debug)]
pub struct DataDirLock {
    _file: File,
}

/// The data directory cannot be held.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another server has it.
    #[error("another keyway server runs on the data directory {0}")]
    Held(PathBuf),
    /// The lock file cannot be made or locked.
    #[error("cannot lock the data directory {path}")]
    Io {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

impl DataDirLock {
    /// Takes the lock of an existing directory. Blocks no longer than opening a file does.
    ///
    /// # Errors
    /// [`LockError::Held`] when another server runs on it, [`LockError::Io`] when the file system refuses.
    pub fn acquire(directory: &Path) -> Result<Self, LockError> {
        let failed = |source| LockError::Io { path: directory.to_owned(), source };
        let mut options = OpenOptions::new();
        let mut file =
            options.create(true).truncate(false).write(true).open(directory.join(FILE)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Held(directory.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        file.set_len(0).map_err(failed)?;
        writeln!(file, "{}", std::process::id()).map_err(failed)?;
        Ok(Self { _file: file })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_refused_until_the_first_ends() {
        let directory = tempfile::tempdir().unwrap();
        let first = DataDirLock::acquire(directory.path()).unwrap();
        let refused = DataDirLock::acquire(directory.path()).unwrap_err();
        assert!(refused.to_string().contains("another keyway server"), "{refused}");
        drop(first);
        DataDirLock::acquire(directory.path()).unwrap();
    }

    #[test]
    fn a_missing_directory_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("nowhere");
        let refused = DataDirLock::acquire(&missing).unwrap_err();
        assert!(refused.to_string().contains("nowhere"), "{refused}");
    }
}
