//! What the middle of an address says of a client: `win32`, `win32/x64`, `darwin-arm64/1.0.0`,
//! `update/channel/beta/osx_64/1.0.0`.

use keyway_engine::Spelled;

/// What an address says of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Address {
    /// Its platform.
    pub platform: Option<&'static Spelled>,
    /// The platform as it is written there, where it is none that we know.
    pub strange: Option<String>,
    /// Its arch.
    pub arch: Option<&'static Spelled>,
    /// The channel it wants, as it is written.
    pub channel: Option<String>,
}

impl Address {
    /// Reads the segments between the package and the last one or two, as far as they are of an address of feeds;
    /// returns what is left of them.
    pub(crate) fn read<'s>(segments: &'s [&'s str]) -> (Self, &'s [&'s str]) {
        let mut address = Self::default();
        let (mut rest, is_hazel) = match segments {
            ["update", rest @ ..] => (rest, true),
            rest => (rest, false),
        };
        if let (true, ["channel", channel, after @ ..]) = (is_hazel, rest) {
            address.channel = Some((*channel).to_owned());
            rest = after;
        }
        let Some((first, after)) = rest.split_first() else { return (address, rest) };
        match platform_and_arch(first) {
            Some((platform, arch)) => {
                (address.platform, address.arch) = (Some(platform), arch);
                rest = after;
            }
            None if is_hazel => {
                address.strange = Some((*first).to_owned());
                rest = after;
            }
            None => return (address, rest),
        }
        if let (None, Some((word, after))) = (address.arch, rest.split_first())
            && let Some(arch) = Spelled::arch(word)
        {
            address.arch = Some(arch);
            rest = after;
        }
        (address, rest)
    }
}

/// `win32`, `win32-x64`, `darwin:arm64`, `osx_64`, `mac_arm64`.
fn platform_and_arch(word: &str) -> Option<(&'static Spelled, Option<&'static Spelled>)> {
    if let Some(platform) = Spelled::platform(word) {
        return Some((platform, None));
    }
    let (platform, arch) = word.split_once(['-', '_', ':'])?;
    let arch = match arch {
        "64" => "x64",
        "32" => "ia32",
        arch => arch,
    };
    Some((Spelled::platform(platform)?, Some(Spelled::arch(arch)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Platform, arch, channel and what is left of an address.
    fn read(path: &str) -> (Option<&'static str>, Option<&'static str>, Option<String>, String) {
        let segments: Vec<&str> = path.split('/').collect();
        let (address, rest) = Address::read(&segments);
        let key = |spelled: Option<&'static Spelled>| spelled.map(|spelled| spelled.key);
        (key(address.platform), key(address.arch), address.channel, rest.join("/"))
    }

    #[test]
    fn every_server_s_form_is_read() {
        let (win, mac, x64, arm64) = (Some("windows"), Some("darwin"), Some("x86_64"), Some("aarch64"));
        let beta = Some("beta".to_owned());
        for (path, expected) in [
            ("RELEASES", (None, None, None, "RELEASES")),
            ("win32/RELEASES", (win, None, None, "RELEASES")),
            ("win32/x64/RELEASES", (win, x64, None, "RELEASES")),
            ("Win32-X64/1.0.0/RELEASES", (win, x64, None, "1.0.0/RELEASES")),
            ("darwin/1.0.0", (mac, None, None, "1.0.0")),
            ("darwin/arm64/1.0.0", (mac, arm64, None, "1.0.0")),
            ("darwin-arm64/1.0.0", (mac, arm64, None, "1.0.0")),
            ("darwin:arm64/1.0.0", (mac, arm64, None, "1.0.0")),
            ("update/mac_arm64/1.0.0", (mac, arm64, None, "1.0.0")),
            ("update/osx_64/1.0.0", (mac, x64, None, "1.0.0")),
            ("update/channel/beta/darwin/1.0.0", (mac, None, beta.clone(), "1.0.0")),
            ("update/beos/1.0.0", (None, None, None, "1.0.0")),
            ("1.0.0/App-mac.zip", (None, None, None, "1.0.0/App-mac.zip")),
            ("update", (None, None, None, "")),
        ] {
            let (platform, arch, channel, rest) = expected;
            assert_eq!(read(path), (platform, arch, channel, rest.to_owned()), "{path}");
        }
        let (strange, _) = Address::read(&["update", "beos", "1.0.0"]);
        assert_eq!(strange.strange.as_deref(), Some("beos"));
    }
}
