//! Structured logs on standard error, in text or JSON.

use std::io::IsTerminal;

use tracing_subscriber::filter::LevelFilter;

use crate::settings::Settings;

/// Starts logging for the whole process.
///
/// # Errors
/// When logging was already started.
pub(crate) fn start(settings: &Settings) -> anyhow::Result<()> {
    let level = LevelFilter::from_level(settings.log_level);
    let builder = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal());
    let started = if settings.json_log {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.compact().try_init()
    };
    started.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))
}
