//! Velopack's channels. An app is packed for one and follows it; unless the vendor names it, it is the platform's:
//! `win`, `osx` or `linux`. One feed cannot serve two platforms, so other names hold the platform too: `win-x64-beta`.

use keyway_engine::{Query, Spelled};
use keyway_nupkg::Target;
use keyway_versions::Channel;

/// A channel of Velopack's, read as a platform, an arch and a channel of ours, in any order, with `-` between them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientChannel {
    /// As the client says it.
    pub name: String,
    /// The platform in it, else the query's `os`.
    pub platform: Option<&'static Spelled>,
    /// The arch in it, else the query's `arch`.
    pub arch: Option<&'static Spelled>,
    /// The channel of ours in it.
    pub level: Option<Channel>,
    /// The first word in it that is none of these: only packages that were packed for the same name will do then.
    pub unknown: Option<String>,
}

impl ClientChannel {
    /// Reads a channel's name, beside what the query says of the client.
    pub fn read(name: &str, query: Query<'_>) -> Self {
        let (mut platform, mut arch, mut level, mut unknown) = (None, None, None, None);
        for word in name.split('-') {
            if platform.is_none() && Spelled::platform(word).is_some() {
                platform = Spelled::platform(word);
            } else if arch.is_none() && Spelled::arch(word).is_some() {
                arch = Spelled::arch(word);
            } else if let (None, Ok(channel)) = (level, word.to_ascii_lowercase().parse()) {
                level = Some(channel);
            } else {
                unknown.get_or_insert_with(|| word.to_owned());
            }
        }
        let said = |name| query.first(name);
        Self {
            name: name.to_owned(),
            platform: platform.or_else(|| Spelled::platform(&said("os")?)),
            arch: arch.or_else(|| Spelled::arch(&said("arch")?)),
            level,
            unknown,
        }
    }

    /// What its client is.
    pub(crate) fn target(&self) -> Target<'_> {
        let (platform, arch) = (self.platform, self.arch);
        Target { channel: Some(&self.name), platform, arch, only_channel: self.unknown.is_some() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Read = (Option<&'static str>, Option<&'static str>, Option<Channel>, Option<String>);

    fn read(name: &str, query: &str) -> Read {
        let read = ClientChannel::read(name, Query(query));
        let key = |spelled: Option<&'static Spelled>| spelled.map(|spelled| spelled.key);
        (key(read.platform), key(read.arch), read.level, read.unknown)
    }

    #[test]
    fn a_name_is_platform_arch_and_channel_in_any_order() {
        let (win, mac, linux) = (Some("windows"), Some("darwin"), Some("linux"));
        let (x64, arm64) = (Some("x86_64"), Some("aarch64"));
        for (name, expected) in [
            ("win", (win, None, None, None)),
            ("osx", (mac, None, None, None)),
            ("linux", (linux, None, None, None)),
            ("win-x64", (win, x64, None, None)),
            ("win-x64-stable", (win, x64, Some(Channel::Stable), None)),
            ("linux-arm64-beta", (linux, arm64, Some(Channel::Beta), None)),
            ("Beta-OSX", (mac, None, Some(Channel::Beta), None)),
            ("rc", (None, None, Some(Channel::Rc), None)),
            ("win-lts", (win, None, None, Some("lts".to_owned()))),
            ("win-osx", (win, None, None, Some("osx".to_owned()))),
            ("", (None, None, None, Some(String::new()))),
        ] {
            assert_eq!(read(name, ""), expected, "{name}");
        }
    }

    #[test]
    fn the_query_says_what_the_name_does_not() {
        assert_eq!(
            read("stable", "os=win&arch=x64"),
            (Some("windows"), Some("x86_64"), Some(Channel::Stable), None)
        );
        assert_eq!(read("osx-arm64", "os=win&arch=x64").0, Some("darwin"));
        assert_eq!(read("osx-arm64", "os=win&arch=x64").1, Some("aarch64"));
    }
}
