//! `keyway quickstart`: a running server with sample packages and licences, made through the public API only,
//! and the commands that customers paste. Running it again finds what is there.

mod check;
mod client;
mod commands;
mod samples;
mod world;

use anyhow::{Context, Result};

use crate::cli::QuickstartFlags;
use crate::serve::Server;
use crate::settings::{Settings, Whose};

/// The data directory unless the user names one.
const DATA: &str = "keyway-quickstart";
/// Where unknown Python names are sent, so that one index serves a whole install.
pub(crate) const PYPI: &str = concat!("https://py", "pi.org/simple");

/// Runs the server, makes the world, prints the commands; then serves until stopped, or checks and stops.
///
/// # Errors
/// What kept the server from starting, a sample from being published, or a check from passing.
pub(crate) async fn run(mut flags: QuickstartFlags) -> Result<bool> {
    flags.server.imply_data(DATA);
    flags.server.imply_pypi_upstream(PYPI);
    let (settings, _) = Settings::load(Whose::OURS, flags.server.config.as_deref(), &flags.server.layer())?;
    crate::logging::start(&quiet(&settings))?;
    let server = Server::start(&settings).await?;
    let base = server.url().to_owned();
    let token = server.admin_token("quickstart").await?;
    println!("Keyway is listening on {base} (data in {})", settings.data.display());
    let client = client::Client::new(&base, token.expose())?;
    let world = world::World::make(&client).await.context("the sample world could not be made")?;
    if flags.check {
        let passed = check::run(&base, &world).await?;
        server.stop().await?;
        return Ok(passed);
    }
    println!("{}", commands::render(&base, &world));
    println!("Admin token for the API, good until the next quickstart: {}", token.expose());
    println!("Press Ctrl-C to stop.");
    server.run().await?;
    Ok(true)
}

/// The quickstart talks on standard output; its log keeps to warnings unless the user asked for more.
fn quiet(settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    if settings.log_level == tracing::Level::INFO {
        settings.log_level = tracing::Level::WARN;
    }
    settings
}
