//! Which of a release's files a client gets: by system, arch and type of file, and with a signature that can be one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keyway_engine::{Artifact, Release, Spelled, View};

use crate::op::System;

/// What Sparkle unpacks, in the order in which one of several is taken.
const MAC: [&str; 5] = [".tar.xz", ".zip", ".dmg", ".aar", ".tar.bz2"];

/// What WinSparkle runs.
const WINDOWS: [&str; 2] = [".exe", ".msi"];

/// A file that is offered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Enclosure<'a> {
    /// The file.
    pub artifact: &'a Artifact,
    /// The value of `sparkle:os`: without one it is for a Mac.
    pub os: Option<&'static str>,
    /// The arch without which it does not run.
    pub requires: Option<&'static str>,
}

/// A file that may be offered.
#[derive(Clone, Copy)]
struct Candidate<'a> {
    artifact: &'a Artifact,
    arch: Option<&'static Spelled>,
    /// The position of its type among those of its system.
    kind: usize,
}

/// What a release has for a system and arch: one file, or on Windows one for each arch when none is asked for, for
/// WinSparkle to choose from.
pub(crate) fn of<'a>(
    release: &'a Release,
    system: System,
    arch: Option<&'static Spelled>,
) -> Option<Vec<Enclosure<'a>>> {
    let candidates: Vec<Candidate<'a>> =
        View::artifacts(release).filter_map(|(_, artifact)| Candidate::of(artifact, system)).collect();
    let found = match (system, arch) {
        (System::Mac, arch) => best(&candidates, mac_order(arch)).map(mac).into_iter().collect(),
        (System::Windows, Some(arch)) => {
            let fits = [Some(arch.key), None];
            best(&candidates, &fits).map(|found| windows(found, "windows")).into_iter().collect()
        }
        (System::Windows, None) => each_windows(&candidates),
    };
    Some(found).filter(|found: &Vec<_>| !found.is_empty())
}

/// The `.delta` files of a release, each with the version that it starts from (`App{new}-{old}.delta`). What is not
/// signed is left out: Sparkle would load it and then the whole file.
pub(crate) fn deltas<'a>(release: &'a Release, version: &str) -> Vec<(&'a str, &'a Artifact)> {
    let marks = [format!("{version}-"), format!("{}-", release.version.verbatim())];
    let from = |artifact: &'a Artifact| {
        let name = artifact.filename.strip_suffix(".delta").filter(|_| signature(artifact).is_some())?;
        let olds = marks.iter().filter_map(|mark| name.split_once(mark.as_str()));
        olds.map(|(_, old)| (old, artifact)).find(|(old, _)| !old.is_empty())
    };
    View::artifacts(release).filter_map(|(_, artifact)| from(artifact)).collect()
}

/// Whether a release runs on systems older than one: it says none, or an older one.
pub(crate) fn runs_below(release: &Release, system: &str) -> bool {
    let numbers = |text: &str| -> Vec<u64> {
        let parts = text.split('.').map(|part| part.trim().parse().unwrap_or(0));
        parts.chain([0; 3]).take(3).collect()
    };
    release.urgency.minimum_system.as_deref().is_none_or(|own| numbers(own) < numbers(system))
}

/// The page of release notes among the files.
pub(crate) fn notes(release: &Release) -> Option<&Artifact> {
    let mut files = View::artifacts(release).map(|(_, artifact)| artifact);
    files.find(|artifact| artifact.filename.to_lowercase().ends_with(".html"))
}

/// An artifact's signature where it can be one of Ed25519: 64 bytes in base64.
pub(crate) fn signature(artifact: &Artifact) -> Option<&str> {
    let text = artifact.signature.as_deref()?.trim();
    STANDARD.decode(text).ok().filter(|bytes| bytes.len() == 64).map(|_| text)
}

impl<'a> Candidate<'a> {
    /// A file of a type that the system takes, whose signature is none or can be one: what has another would be
    /// loaded and then refused.
    fn of(artifact: &'a Artifact, system: System) -> Option<Self> {
        let name = artifact.filename.to_lowercase();
        let kinds: &[&str] = match system {
            System::Mac => &MAC,
            System::Windows => &WINDOWS,
        };
        let kind = kinds.iter().position(|ending| name.ends_with(ending))?;
        let said = artifact.platform.as_deref().filter(|said| !said.is_empty());
        let is_for = said.is_none_or(|said| Spelled::platform(said).is_some_and(|it| it.key == system.key()));
        let is_sound = artifact.signature.as_deref().is_none_or(|text| text.trim().is_empty())
            || signature(artifact).is_some();
        let arch = Spelled::arch_of(artifact);
        (is_for && is_sound && !Spelled::is_of_unknown_arch(artifact)).then_some(Self {
            artifact,
            arch,
            kind,
        })
    }

    fn key(&self) -> Option<&'static str> {
        self.arch.map(|arch| arch.key)
    }
}

/// The first that fits in an order of arches; of several, a signed one, then by type, then the newest.
fn best<'a>(candidates: &[Candidate<'a>], arches: &[Option<&str>]) -> Option<Candidate<'a>> {
    let rank = |found: &Candidate<'_>| arches.iter().position(|arch| *arch == found.key());
    let ranked = candidates.iter().rev().filter_map(|found| Some((rank(found)?, *found)));
    ranked
        .min_by_key(|(rank, found)| (*rank, signature(found.artifact).is_none(), found.kind))
        .map(|(_, found)| found)
}

/// What runs on a Mac of an arch, the best first. Where it is not known which: what runs on most of them.
fn mac_order(arch: Option<&Spelled>) -> &'static [Option<&'static str>] {
    match arch.map(|arch| arch.key) {
        Some("aarch64") => &[Some("aarch64"), Some("universal"), None, Some("x86_64")],
        Some(_) => &[Some("x86_64"), Some("universal"), None],
        None => &[Some("universal"), None, Some("x86_64"), Some("aarch64")],
    }
}

fn mac(found: Candidate<'_>) -> Enclosure<'_> {
    let requires = found.key().filter(|key| *key == "aarch64").map(|_| "arm64");
    Enclosure { artifact: found.artifact, os: None, requires }
}

fn windows<'a>(found: Candidate<'a>, os: &'static str) -> Enclosure<'a> {
    Enclosure { artifact: found.artifact, os: Some(os), requires: None }
}

/// One file for each arch, under the names that WinSparkle has for them; what says none is for all.
fn each_windows<'a>(candidates: &[Candidate<'a>]) -> Vec<Enclosure<'a>> {
    const NAMES: [(Option<&str>, &str); 4] = [
        (None, "windows"),
        (Some("x86_64"), "windows-x64"),
        (Some("i686"), "windows-x86"),
        (Some("aarch64"), "windows-arm64"),
    ];
    let found = NAMES.into_iter().filter_map(|(arch, os)| Some(windows(best(candidates, &[arch])?, os)));
    found.collect()
}
