//! The `keyway` binary: settings, composition and shell commands. What it composes lives in the other crates.

mod adapters;
mod blobs;
mod cli;
mod clock;
mod config;
mod doctor;
mod embedded;
mod engines;
mod logging;
mod migrate;
mod moving;
mod quickstart;
mod registry_door;
mod serve;
mod settings;
mod shell;
#[cfg(feature = "test-support")]
mod test_support;

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;

use crate::cli::{Cli, Command, ServeFlags, ServerFlags};
use crate::settings::{Layers, Settings, Whose};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("keyway: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Settings are read before any runtime exists, so that a wrong one is a plain message.
fn run(cli: Cli) -> Result<bool> {
    match cli.command {
        Command::Serve(flags) => {
            let settings = serve_settings(flags)?;
            logging::start(&settings)?;
            runtime()?.block_on(serve::run(&settings)).map(|()| true)
        }
        Command::Quickstart(flags) => runtime()?.block_on(quickstart::run(flags)),
        Command::Config(flags) => {
            print!("{}", config::render(&load(&flags)?.1));
            Ok(true)
        }
        Command::Doctor(flags) => Ok(runtime()?.block_on(doctor::run(&load(&flags)?.0))),
        Command::Token { server, command } => {
            runtime()?.block_on(shell::token(&load(&server)?.0, command)).map(|()| true)
        }
        Command::Migrate { server, command } => {
            runtime()?.block_on(migrate::run(&load(&server)?.0, command)).map(|()| true)
        }
        Command::Move(flags) => runtime()?.block_on(moving::run(flags)),
        Command::Account { server, command } => {
            runtime()?.block_on(shell::account(&load(&server)?.0, command)).map(|()| true)
        }
    }
}

#[cfg(not(feature = "test-support"))]
fn serve_settings(flags: ServeFlags) -> Result<Settings> {
    Ok(load(&flags.server)?.0)
}

#[cfg(feature = "test-support")]
fn serve_settings(mut flags: ServeFlags) -> Result<Settings> {
    let under_test = test_support::UnderTest::of(&mut flags);
    let mut settings = load(&flags.server)?.0;
    settings.under_test = under_test;
    Ok(settings)
}

fn load(flags: &ServerFlags) -> Result<(Settings, Layers)> {
    Settings::load(Whose::OURS, flags.config.as_deref(), &flags.layer())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start the runtime")
}
