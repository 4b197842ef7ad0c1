//! `keyway migrate`: what the schema of the database is, and bringing it up to date apart from a start.

use anyhow::{Result, bail};
use keyway_store::{Db, Location, MigrationStep};

use crate::cli::MigrateCommand;
use crate::embedded;
use crate::settings::Settings;

/// `keyway migrate …`.
///
/// # Errors
/// A database that cannot be reached, was made by a different build, or cannot be changed.
pub(crate) async fn run(settings: &Settings, command: MigrateCommand) -> Result<()> {
    let options = embedded::options(settings);
    let changes = matches!(command, MigrateCommand::Up { dry_run: false });
    match &options.location {
        Location::File(path) if !path.exists() && !changes => {
            bail!("there is no database {} yet: `keyway migrate up` makes it", path.display())
        }
        Location::File(_) => embedded::make_private(&settings.data)?,
        Location::Server(_) => {}
    }
    let steps = Db::migrations(&options).await?;
    let pending = || steps.iter().filter(|step| !step.done);
    match command {
        MigrateCommand::Status => {
            let state = |step: &MigrationStep| if step.done { "done   " } else { "pending" };
            steps.iter().for_each(|step| println!("{}  {}", state(step), step.name));
        }
        MigrateCommand::Up { dry_run: true } => {
            pending().for_each(|step| println!("-- {}\n{}", step.name, step.text));
        }
        MigrateCommand::Up { dry_run: false } => {
            Db::open(&options).await?.close().await;
            pending().for_each(|step| println!("done     {}", step.name));
            if pending().count() == 0 {
                println!("nothing to do");
            }
        }
    }
    Ok(())
}
