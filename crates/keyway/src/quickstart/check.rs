//! `keyway quickstart --check`: runs the printed commands with the real clients and reports.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result};
use tokio::process::Command as Process;

use super::commands::{self, Command};
use super::world::{Gets, License, World};

/// Words that each refusal must show to the person at the keyboard.
const REASONS: &[(&str, &[&str])] =
    &[("suspended", &["suspended"]), ("expired", &["expired"]), ("unentitled", &["entitlement", "PRO"])];

/// Runs every command of every licence; `true` when all behave.
///
/// # Errors
/// When no temporary directory can be had.
pub(super) async fn run(base: &str, world: &World) -> Result<bool> {
    let scratch = std::env::temp_dir().join(format!("keyway-check-{}", std::process::id()));
    let (mut passed, mut failed) = (0, 0);
    let missing = missing().await;
    for license in &world.licenses {
        for command in commands::of(base, license) {
            if missing.contains(&command.client) {
                continue;
            }
            let place = scratch.join(format!("{}-{}", license.slug, command.client));
            std::fs::create_dir_all(&place).with_context(|| format!("cannot make {}", place.display()))?;
            let outcome = one(&command, license, &place).await;
            let line = format!("{:<8} {:<11}", command.client, license.slug);
            match outcome {
                Ok(said) => {
                    passed += 1;
                    println!("ok      {line} {said}");
                }
                Err(problem) => {
                    failed += 1;
                    println!("FAILED  {line} {problem}");
                }
            }
        }
    }
    std::fs::remove_dir_all(&scratch).with_context(|| format!("cannot remove {}", scratch.display()))?;
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

/// Clients that are not asked of everybody who tries Keyway out, and what each is asked to show that it works.
const OPTIONAL: &[(&str, &str)] = &[("gem", "--version"), ("docker", "version"), ("skopeo", "--version")];

/// The clients that are not there, or of no use: docker is none without its daemon.
async fn missing() -> Vec<&'static str> {
    let mut missing = Vec::new();
    for (program, argument) in OPTIONAL {
        let run = Process::new(program).arg(argument).stdin(Stdio::null()).output().await;
        if !run.is_ok_and(|output| output.status.success()) {
            println!("skipped {program}: it is not installed, or does not run");
            missing.push(*program);
        }
    }
    missing
}

/// Runs one command; what the client said, or what is wrong.
async fn one(command: &Command, license: &License, place: &Path) -> Result<String, String> {
    let line = command.line.replace("DIR", &place.display().to_string());
    let output = Process::new("sh")
        .args(["-c", &line])
        .current_dir(place)
        .env("HOME", place)
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| format!("{} cannot be run: {error}", command.client))?;
    let mut said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    if command.client == "curl" && !output.status.success() {
        // curl writes the refusal's text where the file would have gone; the printed line shows it
        let written = std::fs::read(place.join("acme.tar.gz")).unwrap_or_default();
        said.push_str(&String::from_utf8_lossy(&written));
    }
    let delivered = delivered(command.client, license.gets, place, &said);
    if matches!(license.gets, Gets::All | Gets::Older) {
        if output.status.success() && delivered {
            return Ok(
                if license.gets == Gets::Older { "led to the version before" } else { "works" }.to_owned()
            );
        }
        return Err(format!("should have worked: {said}"));
    }
    if output.status.success() || delivered {
        return Err("should have been refused, but was delivered".to_owned());
    }
    let wanted = REASONS.iter().find(|(slug, _)| *slug == license.slug).map_or(&[][..], |(_, words)| words);
    let shown = said
        .lines()
        .find(|line| wanted.iter().all(|word| line.to_lowercase().contains(&word.to_lowercase())));
    shown
        .map(|line| format!("refused: {}", line.trim()))
        .ok_or_else(|| format!("refused, but without the reason: {said}"))
}

/// Whether the package arrived, or an updater was led to the version for the licence.
fn delivered(client: &str, gets: Gets, place: &Path, said: &str) -> bool {
    let wanted = match client {
        "npm" => "node_modules/@acme/gadget/package.json",
        "pip" => "acme_gadget",
        "gem" => "gems/acme-widget-2.0.0",
        "docker" => return said.contains("acme-app 1.0.0"),
        "tauri" | "electron" if gets == Gets::Older => {
            return said.contains("1.1.0") && !said.contains("2.0.0");
        }
        "tauri" | "electron" => return said.contains("2.0.0"),
        "skopeo" => "acme-app/manifest.json",
        // curl writes the refusal's text into the same file: the archive begins like gzip
        _ => {
            let bytes = std::fs::read(place.join("acme.tar.gz")).unwrap_or_default();
            return bytes.starts_with(&[0x1f, 0x8b]);
        }
    };
    place.join(wanted).exists()
}
