//! Which releases have a file for what, so that a poll does not look through all of them.

use std::collections::HashMap;

use keyway_versions::Channel;

use crate::{Bits, Release, Spelled, Status};

/// Published releases by channel, platform and arch, as positions in [`crate::Package::releases`]. Made once per
/// snapshot.
#[derive(Debug, Default)]
pub struct Targets {
    /// What each channel shows, in the order of [`Channel::ALL`].
    channels: [Bits; Channel::ALL.len()],
    /// Releases with an uploaded file that says these, in lower case; nothing stands for a file that does not say.
    built: HashMap<Built, Bits>,
}

type Built = (Option<String>, Option<String>);

impl Targets {
    /// Looks through the releases of a package.
    pub fn of(releases: &[Release]) -> Self {
        let mut targets =
            Self { channels: Channel::ALL.map(|_| Bits::new(releases.len())), ..Self::default() };
        let published =
            releases.iter().enumerate().filter(|(_, release)| release.status == Status::Published);
        for (index, release) in published {
            for (shown, channel) in targets.channels.iter_mut().zip(Channel::ALL) {
                if channel.includes(release.channel) {
                    shown.insert(index);
                }
            }
            for artifact in release.artifacts.iter().filter(|artifact| artifact.uploaded) {
                let lower = |text: &Option<String>| text.as_ref().map(|text| text.to_lowercase());
                let key = (lower(&artifact.platform), lower(&artifact.arch));
                targets.built.entry(key).or_insert_with(|| Bits::new(releases.len())).insert(index);
            }
        }
        targets
    }

    /// The published releases that a channel shows.
    pub fn channel(&self, channel: Channel) -> &Bits {
        let [stable, rc, beta, alpha, dev] = &self.channels;
        match channel {
            Channel::Stable => stable,
            Channel::Rc => rc,
            Channel::Beta => beta,
            Channel::Alpha => alpha,
            Channel::Dev => dev,
        }
    }

    /// The published releases with an uploaded file for one of the platforms and one of the arches, each in lower
    /// case. `None` stands for files that do not say.
    pub fn built_for(&self, platforms: &[Option<&str>], arches: &[Option<&str>]) -> Bits {
        let mut found = Bits::default();
        let fits = |said: &Option<String>, wanted: &[Option<&str>]| wanted.contains(&said.as_deref());
        for ((platform, arch), releases) in &self.built {
            if fits(platform, platforms) && fits(arch, arches) {
                found.union(releases);
            }
        }
        found
    }

    /// The published releases with an uploaded file for a platform and arch under any of their names.
    pub fn built_for_spelled(&self, platform: &Spelled, arch: &Spelled) -> Bits {
        let names = |spelled: &Spelled| spelled.names.iter().map(|name| Some(*name)).collect::<Vec<_>>();
        self.built_for(&names(platform), &names(arch))
    }

    /// Roughly how many bytes it takes, for caches that are weighed.
    pub fn weight(&self) -> usize {
        let bits = |bits: &Bits| 8 * bits.words().len();
        self.channels.iter().map(bits).sum::<usize>()
            + self.built.values().map(|releases| 96 + bits(releases)).sum::<usize>()
    }
}

#[cfg(test)]
mod tests {
    use keyway_versions::Scheme;

    use super::*;
    use crate::testing::{artifact, release};

    fn built(version: &str, files: &[(Option<&str>, Option<&str>, bool)]) -> Release {
        let mut release = release(Scheme::Semver, version);
        for (platform, arch, uploaded) in files {
            let mut file = artifact("app", 1);
            file.platform = platform.map(str::to_owned);
            file.arch = arch.map(str::to_owned);
            file.uploaded = *uploaded;
            release.artifacts.push(file);
        }
        release
    }

    fn positions(bits: &Bits) -> Vec<usize> {
        bits.iter().collect()
    }

    #[test]
    fn files_are_found_by_every_spelling_asked_for() {
        let mut yanked = built("5.0.0", &[(Some("linux"), Some("x86_64"), true)]);
        yanked.status = Status::Yanked;
        let releases = [
            yanked,
            built("4.0.0", &[(Some("linux"), Some("amd64"), true), (None, None, true)]),
            built("3.0.0", &[(Some("Linux"), Some("X86_64"), true)]),
            built("2.0.0", &[(Some("linux"), Some("x86_64"), false)]),
            built("1.0.0", &[(Some("linux"), Some("aarch64"), true)]),
        ];
        let targets = Targets::of(&releases);
        let linux = [Some("linux")];
        assert_eq!(positions(&targets.built_for(&linux, &[Some("x86_64"), Some("amd64")])), [1, 2]);
        assert_eq!(positions(&targets.built_for(&linux, &[Some("x86_64")])), [2]);
        assert_eq!(positions(&targets.built_for(&[None], &[None])), [1]);
        assert_eq!(positions(&targets.built_for(&[Some("windows")], &[Some("x86_64")])), [0_usize; 0]);
    }

    #[test]
    fn a_channel_shows_what_is_published_and_as_mature() {
        let mut draft = built("3.0.0", &[]);
        draft.status = Status::Draft;
        let releases = [draft, built("2.0.0-dev.1", &[]), built("1.1.0-beta.1", &[]), built("1.0.0", &[])];
        let targets = Targets::of(&releases);
        for (channel, expected) in [
            (Channel::Stable, vec![3]),
            (Channel::Rc, vec![3]),
            (Channel::Beta, vec![2, 3]),
            (Channel::Alpha, vec![2, 3]),
            (Channel::Dev, vec![1]),
        ] {
            assert_eq!(positions(targets.channel(channel)), expected, "{channel}");
        }
    }
}
