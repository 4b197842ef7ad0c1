//! Where a move goes from and to: the settings of both ends, what differs between them, and that nobody uses them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use keyway_blob::BlobStore;
use keyway_store::{DataDirLock, Db, Location};

use crate::cli::MoveFlags;
use crate::settings::{Settings, Whose};
use crate::{blobs, embedded};

/// How often, and at what distance, it is looked whether others are still connected: a server that was stopped, or
/// a move that was killed, takes a moment to go.
const LOOKS: u32 = 25;
const BETWEEN: Duration = Duration::from_millis(200);

/// Both ends.
pub(super) struct Ends {
    pub(super) from: Settings,
    pub(super) to: Settings,
    /// Whether the database is another one.
    pub(super) moves_rows: bool,
    /// Whether the files go to another place.
    pub(super) moves_files: bool,
}

impl Ends {
    /// Reads the settings of both ends.
    ///
    /// # Errors
    /// A wrong setting, or two ends that are the same.
    pub(super) fn of(flags: &MoveFlags) -> Result<Self> {
        let (from, _) = Settings::load(Whose::SOURCE, flags.from_config.as_deref(), &flags.source_layer())?;
        let (to, _) = Settings::load(Whose::TARGET, flags.to_config.as_deref(), &flags.target_layer())?;
        let moves_rows = place_of_rows(&from) != place_of_rows(&to);
        let moves_files = place_of_files(&from) != place_of_files(&to);
        if !moves_rows && !moves_files {
            bail!(
                "source and target are the same ({}, files in {}): say where to move with --to-data, --to-database or --to-blobs",
                from.database,
                files_of(&from)
            );
        }
        Ok(Self { from, to, moves_rows, moves_files })
    }

    /// What will be done, in words.
    pub(super) fn plan(&self) -> [String; 2] {
        let line = |what: &str, moves: bool, from: String, to: String| {
            if moves { format!("{what:<9} {from} -> {to}") } else { format!("{what:<9} stays {from}") }
        };
        [
            line("database:", self.moves_rows, self.from.database.to_string(), self.to.database.to_string()),
            line("files:", self.moves_files, files_of(&self.from), files_of(&self.to)),
        ]
    }

    /// The settings to serve the copy with.
    pub(super) fn settings_of_target(&self) -> String {
        let mut settings = Vec::new();
        if self.to.keeps_data() {
            settings.push(format!("--data {}", self.to.data.display()));
        }
        if self.to.database.is_shared() {
            settings.push(format!("the database {}", self.to.database));
        }
        if self.to.object_store.is_some() {
            settings.push(format!("the files in {}", files_of(&self.to)));
        }
        settings.join(", ")
    }

    /// Holds the data directories of both ends, so that no server can use them meanwhile. That of the target is
    /// made, if something is to be put there.
    ///
    /// # Errors
    /// When a server runs on one of them, or it is not there.
    pub(super) fn lock(&self, makes_target: bool) -> Result<Vec<DataDirLock>> {
        let mut directories = BTreeSet::new();
        if self.from.keeps_data() {
            let directory = self.from.data.canonicalize().with_context(|| {
                format!(
                    "there is no data directory {}: name the source's with --from-data",
                    self.from.data.display()
                )
            })?;
            directories.insert(directory);
        }
        if self.to.keeps_data() {
            if makes_target {
                embedded::make_private(&self.to.data)?;
            }
            directories.extend(self.to.data.canonicalize());
        }
        let lock = |directory: &PathBuf| {
            DataDirLock::acquire(directory)
                .context("stop the servers of both ends, then run the same command again")
        };
        directories.iter().map(lock).collect()
    }

    /// Asks the database servers whether others are connected.
    ///
    /// # Errors
    /// When there are, for longer than a moment.
    pub(super) async fn refuse_in_use(&self) -> Result<()> {
        unused(&self.from, "source").await?;
        if self.moves_rows {
            unused(&self.to, "target").await?;
        }
        Ok(())
    }

    /// The place that files go to, if it is there.
    ///
    /// # Errors
    /// A store that cannot be used.
    pub(super) async fn target_store(&self) -> Result<Option<BlobStore>> {
        let is_there = self.to.object_store.is_some() || embedded::blobs(&self.to.data).is_dir();
        if self.moves_files && is_there { blobs::to_copy(&self.to).await.map(Some) } else { Ok(None) }
    }
}

async fn unused(settings: &Settings, end: &str) -> Result<()> {
    let (options, place) = (embedded::options(settings), &settings.database);
    let mut others = 0;
    for _ in 0..LOOKS {
        others = Db::others(&options).await.with_context(|| format!("the {end} {place} cannot be used"))?;
        if others == 0 {
            return Ok(());
        }
        tokio::time::sleep(BETWEEN).await;
    }
    bail!(
        "the {end} {place} is in use ({others} connections of keyway): stop its servers, then run the same command again"
    )
}

/// Where files are, in words without secrets.
pub(super) fn files_of(settings: &Settings) -> String {
    match &settings.object_store {
        Some(store) if store.prefix.is_empty() => store.to_string(),
        Some(store) => format!("{store}, below {}", store.prefix),
        None => embedded::blobs(&settings.data).display().to_string(),
    }
}

/// What tells two databases apart.
fn place_of_rows(settings: &Settings) -> Location {
    match &settings.database {
        Location::File(path) => Location::File(real(path)),
        server @ Location::Server(_) => server.clone(),
    }
}

/// What tells two places of files apart.
fn place_of_files(settings: &Settings) -> (Option<String>, PathBuf) {
    match &settings.object_store {
        Some(store) => (store.endpoint.clone(), Path::new(&store.bucket).join(&store.prefix)),
        None => (None, real(&embedded::blobs(&settings.data))),
    }
}

/// The path without links, as far as it is there.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| match (path.parent(), path.file_name()) {
        (Some(parent), Some(name)) if !parent.as_os_str().is_empty() => real(parent).join(name),
        (Some(_), Some(name)) => Path::new(".").canonicalize().unwrap_or_default().join(name),
        _ => path.to_owned(),
    })
}
