//! For what a feed is, and which files of a release are for it (`updaters.md` §2.1). electron-updater tells files
//! apart by the ends of their names and by an arch in them; what an artifact says of itself goes first.

use keyway_engine::{Artifact, Spelled};

/// For what a feed is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Windows on whatever arch: the client looks through the files for its own.
    Windows,
    /// macOS on whatever arch.
    Mac,
    /// Linux on one arch.
    Linux(&'static Spelled),
}

/// Files that electron-updater installs on each platform, in the order in which a feed lists them. Those of other
/// package managers (`.snap`, `.msi` alone) are never named: an updater that finds none of its own takes whatever
/// else there is.
const WINDOWS: &[&str] = &[".exe", ".msi"];
const MAC: &[&str] = &[".zip", ".dmg"];
const LINUX: &[&str] = &[".appimage", ".deb", ".rpm", ".pacman"];

impl Target {
    /// What the name of a feed says, without its ending: the channel, and the target if there is such an arch.
    pub(crate) fn split(stem: &str) -> (&str, Option<Self>) {
        if let Some(channel) = stem.strip_suffix("-mac").filter(|channel| !channel.is_empty()) {
            return (channel, Some(Self::Mac));
        }
        match stem.split_once("-linux") {
            Some((channel, "")) if !channel.is_empty() => (channel, Spelled::arch("x64").map(Self::Linux)),
            Some((channel, rest)) if !channel.is_empty() && rest.starts_with('-') => {
                (channel, rest.strip_prefix('-').and_then(Spelled::arch).map(Self::Linux))
            }
            _ => (stem, Some(Self::Windows)),
        }
    }

    /// What the name of a channel's feed ends in for this target, as electron-builder writes it.
    pub(crate) fn suffix(self) -> String {
        match self {
            Self::Windows => String::new(),
            Self::Mac => "-mac".to_owned(),
            Self::Linux(arch) if arch.is("x64") => "-linux".to_owned(),
            Self::Linux(arch) => format!("-linux-{}", process_arch(arch)),
        }
    }

    /// The platform's key.
    pub(crate) fn platform(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::Mac => "darwin",
            Self::Linux(_) => "linux",
        }
    }

    fn endings(self) -> &'static [&'static str] {
        match self {
            Self::Windows => WINDOWS,
            Self::Mac => MAC,
            Self::Linux(_) => LINUX,
        }
    }

    /// The files among a release's uploaded ones that a feed for this target lists, in order; none if the one that
    /// updaters need is missing. Windows and macOS have one feed for all arches, unless the app says its own.
    pub(crate) fn files<'a>(
        self,
        artifacts: impl Iterator<Item = &'a Artifact>,
        arch: Option<&'static Spelled>,
    ) -> Vec<Listed<'a>> {
        let is_for = |file: &Listed<'_>| arch.is_none_or(|arch| file.arch.runs_on(arch));
        let mut listed: Vec<Listed<'a>> =
            artifacts.filter_map(|artifact| self.listed(artifact)).filter(is_for).collect();
        listed.sort_by(|one, other| one.order().cmp(&other.order()));
        if self == Self::Windows && listed.iter().any(|file| file.rank == 0 && file.is_setup()) {
            // beside an installer, other programs are for those who install nothing
            listed.retain(|file| file.rank != 0 || file.is_setup());
        }
        let leads = |file: &Listed<'_>| match self {
            // where there is nothing for their arch, clients take whatever is first
            Self::Windows => file.rank == 0 && (arch.is_some() || file.arch.is_common()),
            Self::Mac => file.rank == 0,
            Self::Linux(_) => true,
        };
        if listed.first().is_some_and(leads) { listed } else { Vec::new() }
    }

    fn listed(self, artifact: &Artifact) -> Option<Listed<'_>> {
        let name = artifact.filename.to_lowercase();
        let rank = self.endings().iter().position(|ending| name.ends_with(ending))?;
        let is_kept = !name.contains('/') && !name.contains("portable") && artifact.digests.is_some();
        let arch = Arch::of(artifact, &name);
        let fits = is_kept && platform_of(artifact, &name).is_none_or(|key| key == self.platform());
        (fits && self.runs(arch)).then_some(Listed { artifact, rank, arch })
    }

    fn runs(self, arch: Arch) -> bool {
        match (self, arch) {
            (_, Arch::Foreign) => false,
            (Self::Windows | Self::Mac, _) => true,
            (Self::Linux(wanted), Arch::Untold) => wanted.is("x64"),
            (Self::Linux(wanted), Arch::Known(arch)) => arch == wanted || arch.is("universal"),
        }
    }
}

/// The platform that a file is for, where the vendor says so, or its name beyond an ending that has several.
fn platform_of(artifact: &Artifact, name: &str) -> Option<&'static str> {
    match &artifact.platform {
        Some(declared) => Some(Spelled::platform(declared).map_or("", |platform| platform.key)),
        None if name.ends_with(".zip") => Spelled::platform_in(name).map(|platform| platform.key),
        None => None,
    }
}

/// The packages of web installers, which they fetch beside themselves: arch and file.
pub(crate) fn web_packages<'a>(
    artifacts: impl Iterator<Item = &'a Artifact>,
) -> Vec<(&'static str, &'a Artifact)> {
    let package = |artifact: &'a Artifact| {
        let name = artifact.filename.to_lowercase();
        let is_package = name.ends_with(".nsis.7z") && !name.contains('/') && artifact.digests.is_some();
        match Arch::of(artifact, &name) {
            Arch::Known(arch) if is_package => Some((process_arch(arch), artifact)),
            _ => None,
        }
    };
    artifacts.filter_map(package).collect()
}

/// The arch of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Arch {
    /// Nothing says.
    Untold,
    Known(&'static Spelled),
    /// One that nobody asks for.
    Foreign,
}

impl Arch {
    fn of(artifact: &Artifact, name: &str) -> Self {
        match &artifact.arch {
            Some(declared) => Spelled::arch(declared).map_or(Self::Foreign, Self::Known),
            None => Spelled::arch_in(name).map_or(Self::Untold, Self::Known),
        }
    }

    /// Whether it runs on an arch: those of Intel run on the ones that came after them.
    fn runs_on(self, wanted: &'static Spelled) -> bool {
        match self {
            Self::Untold => true,
            Self::Foreign => false,
            Self::Known(arch) => match wanted.key {
                _ if arch == wanted || arch.is("universal") => true,
                "aarch64" => arch.is("x64") || arch.is("ia32"),
                "x86_64" => arch.is("ia32"),
                _ => false,
            },
        }
    }

    /// Whether it runs on what most have.
    fn is_common(self) -> bool {
        Spelled::arch("x64").is_some_and(|arch| self.runs_on(arch))
    }

    /// Clients take the first file that names no other arch than theirs: whatever runs everywhere comes first.
    fn order(self) -> u8 {
        match self {
            Self::Untold => 0,
            Self::Known(arch) if arch.is("universal") => 0,
            Self::Known(arch) if arch.is("x64") => 1,
            Self::Known(arch) if arch.is("ia32") => 2,
            Self::Known(_) | Self::Foreign => 3,
        }
    }
}

/// The name that Node.js has for an arch, which updaters look for in addresses.
fn process_arch(arch: &'static Spelled) -> &'static str {
    match arch.key {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        "i686" => "ia32",
        "armv7" => "arm",
        other => other,
    }
}

/// A file of a feed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listed<'a> {
    pub(crate) artifact: &'a Artifact,
    /// The position of its ending in the target's list.
    rank: usize,
    arch: Arch,
}

impl Listed<'_> {
    fn order(&self) -> (usize, u8, &str) {
        (self.rank, self.arch.order(), &self.artifact.filename)
    }

    fn is_setup(&self) -> bool {
        let name = self.artifact.filename.to_lowercase();
        name.contains("setup") || name.contains("install")
    }

    /// The arch as clients look for it, if the name does not say it in their words.
    pub(crate) fn unnamed_arch(&self) -> Option<&'static str> {
        let Arch::Known(arch) = self.arch else { return None };
        let word = process_arch(arch);
        let is_wanted = matches!(word, "x64" | "arm64" | "ia32");
        (is_wanted && !self.artifact.filename.contains(word)).then_some(word)
    }
}

#[cfg(test)]
mod tests;
