//! Which package of a release is for a client.

use keyway_engine::{Release, Spelled};

use crate::{Kind, Package};

/// What a client is, as far as it says so.
#[derive(Debug, Clone, Copy, Default)]
pub struct Target<'t> {
    /// Velopack's channel that the client follows.
    pub channel: Option<&'t str>,
    /// Its platform.
    pub platform: Option<&'static Spelled>,
    /// Its arch.
    pub arch: Option<&'static Spelled>,
    /// Whether only packages of just that channel will do, since nothing is known of what it stands for.
    pub only_channel: bool,
}

impl Target<'_> {
    /// The package of a kind that is for the client: one that was packed for just its channel, else one for its
    /// platform and arch. A package that says no arch is for every one. Of packages for different targets, none is
    /// picked where the client does not say enough.
    pub fn pick<'a>(&self, release: &'a Release, kind: Kind) -> Option<Package<'a>> {
        let mut fits: Vec<Package<'a>> =
            Package::all(release).filter(|package| package.kind == kind && self.fits(package)).collect();
        if fits.iter().any(|package| self.is_channel_of(package)) {
            fits.retain(|package| self.is_channel_of(package));
        }
        // The arch as the client says it, or as little as it says.
        let says_as_much = |package: &Package<'_>| package.arch() == self.arch;
        if fits.iter().any(says_as_much) {
            fits.retain(says_as_much);
        }
        // Of several for one target, that of the least special channel, and the one uploaded last.
        let special =
            |package: &Package<'_>| package.facts.channel.as_deref().map_or(0, |own| own.split('-').count());
        let first = fits.iter().rev().min_by_key(|package| special(package))?.clone();
        let is_alike =
            |other: &Package<'_>| (other.platform(), other.arch()) == (first.platform(), first.arch());
        fits.iter().all(is_alike).then_some(first)
    }

    fn fits(&self, package: &Package<'_>) -> bool {
        if self.is_channel_of(package) {
            return true;
        }
        let fits = |asked: Option<&Spelled>, said| asked.is_none_or(|asked| said == Some(asked));
        !self.only_channel
            && fits(self.platform, package.platform())
            && (package.arch().is_none() || fits(self.arch, package.arch()))
    }

    fn is_channel_of(&self, package: &Package<'_>) -> bool {
        let own = package.facts.channel.as_deref();
        self.channel.zip(own).is_some_and(|(asked, own)| asked.eq_ignore_ascii_case(own))
    }
}

#[cfg(test)]
mod tests {
    use keyway_engine::testing::{artifact, release};
    use keyway_versions::Scheme;

    use super::*;

    /// The package that a client picks of those of 1.0.0 with these channels in their names.
    fn picked(target: Target<'_>, channels: &[&str]) -> Option<String> {
        let mut release = release(Scheme::Semver, "1.0.0");
        release.artifacts =
            channels.iter().map(|name| artifact(&format!("a-1.0.0{name}-full.nupkg"), 1)).collect();
        let picked = target.pick(&release, Kind::Full)?;
        Some(picked.name().replace("a-1.0.0", "").replace("-full.nupkg", ""))
    }

    fn client<'t>(channel: &'t str, platform: &str, arch: &str) -> Target<'t> {
        let (platform, arch) = (Spelled::platform(platform), Spelled::arch(arch));
        Target { channel: Some(channel), platform, arch, only_channel: false }
    }

    #[test]
    fn the_client_s_own_channel_comes_first() {
        let files = ["", "-win-x64", "-linux", "-win-x64-beta"];
        assert_eq!(picked(client("win-x64-beta", "win", "x64"), &files).as_deref(), Some("-win-x64-beta"));
        assert_eq!(picked(client("WIN-X64", "win", "x64"), &files).as_deref(), Some("-win-x64"));
        assert_eq!(picked(client("linux", "linux", ""), &files).as_deref(), Some("-linux"));
        assert_eq!(picked(client("osx", "osx", ""), &files), None);
    }

    #[test]
    fn else_its_platform_and_arch() {
        assert_eq!(picked(client("win-beta", "win", ""), &["", "-linux"]).as_deref(), Some(""));
        assert_eq!(picked(client("win-beta", "win", ""), &["-win-arm64"]).as_deref(), Some("-win-arm64"));
        assert_eq!(picked(client("win-x64-beta", "win", "x64"), &["", "-win-arm64"]).as_deref(), Some(""));
        let both = ["", "-win-x64"];
        assert_eq!(picked(client("win-x64-beta", "win", "x64"), &both).as_deref(), Some("-win-x64"));
        assert_eq!(picked(client("win-arm64", "win", "arm64"), &["-win-x64"]), None);
    }

    #[test]
    fn of_several_for_one_target_the_plain_one_and_the_last_is_taken() {
        for files in [["-win-beta", "-win"], ["-win", "-win-beta"]] {
            assert_eq!(picked(client("win-rc", "win", ""), &files).as_deref(), Some("-win"), "{files:?}");
        }
        let (beta, rc) = (["-win-beta", "-win-rc"], ["-win-rc", "-win-beta"]);
        assert_eq!(picked(client("win", "win", ""), &beta).as_deref(), Some("-win-rc"));
        assert_eq!(picked(client("win", "win", ""), &rc).as_deref(), Some("-win-beta"));
    }

    #[test]
    fn nothing_is_guessed() {
        let two = ["-win-x64", "-win-arm64"];
        assert_eq!(picked(client("win", "win", ""), &two), None);
        assert_eq!(picked(client("stable", "", ""), &["", "-linux"]), None);
        assert_eq!(picked(client("stable", "", ""), &["-stable", "-linux"]).as_deref(), Some("-stable"));
        let lts = Target { only_channel: true, ..client("win-lts", "", "") };
        assert_eq!(picked(lts, &["", "-linux"]), None);
        assert_eq!(picked(lts, &["", "-win-lts"]).as_deref(), Some("-win-lts"));
    }

    #[test]
    fn what_is_not_uploaded_or_of_the_other_kind_is_not_picked() {
        let mut release = release(Scheme::Semver, "1.0.0");
        release.artifacts =
            ["a-1.0.0-full.nupkg", "a-1.0.0-delta.nupkg", "RELEASES"].map(|name| artifact(name, 1)).into();
        release.artifacts[0].uploaded = false;
        assert!(Target::default().pick(&release, Kind::Full).is_none());
        assert_eq!(Target::default().pick(&release, Kind::Delta).unwrap().name(), "a-1.0.0-delta.nupkg");
    }
}
