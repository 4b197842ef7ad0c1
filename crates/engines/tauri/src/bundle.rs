//! The formats that Tauri bundles apps in, told apart by the names of files, and which of several files is offered
//! (`updaters.md` §1.5).

use keyway_base::Timestamp;
use keyway_engine::Artifact;

/// A format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bundle {
    /// Linux, one file.
    AppImage,
    /// Debian's package.
    Deb,
    /// Red Hat's package.
    Rpm,
    /// macOS.
    App,
    /// Windows, NSIS's installer.
    Nsis,
    /// Windows, Microsoft's installer.
    Msi,
}

/// The formats with the name that clients have for them, and what the names of their files end in, in lower case: what
/// the second generation's tools make, then what the first generation's updater takes.
const FORMATS: [(Bundle, &str, &[&str]); 6] = [
    (Bundle::AppImage, "appimage", &[".appimage", ".appimage.tar.gz"]),
    (Bundle::Deb, "deb", &[".deb"]),
    (Bundle::Rpm, "rpm", &[".rpm"]),
    (Bundle::App, "app", &[".app.tar.gz"]),
    (Bundle::Nsis, "nsis", &[".exe", ".nsis.zip"]),
    (Bundle::Msi, "msi", &[".msi", ".msi.zip"]),
];

impl Bundle {
    /// The format that a client names; none where it does not know its own (`unknown`).
    pub fn named(name: &str) -> Option<Self> {
        let mut formats = FORMATS.iter();
        formats.find(|(_, own, _)| own.eq_ignore_ascii_case(name)).map(|(bundle, ..)| *bundle)
    }

    /// The format of a file.
    pub fn of(filename: &str) -> Option<Self> {
        let name = filename.to_lowercase();
        let mut formats = FORMATS.iter();
        { formats.find(|(.., endings)| endings.iter().any(|ending| name.ends_with(ending))) }
            .map(|(bundle, ..)| *bundle)
    }

    /// The name that clients have for it.
    pub const fn key(self) -> &'static str {
        match self {
            Self::AppImage => "appimage",
            Self::Deb => "deb",
            Self::Rpm => "rpm",
            Self::App => "app",
            Self::Nsis => "nsis",
            Self::Msi => "msi",
        }
    }
}

/// Which of the files for a target is offered: the greatest. Upstream's rule, but that a file for the arch itself goes
/// before one for all arches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    for_this_arch: bool,
    packed: bool,
    nsis_zip: bool,
    exe: bool,
    created: Timestamp,
}

impl Rank {
    pub(crate) fn of(artifact: &Artifact, for_this_arch: bool) -> Self {
        let name = artifact.filename.to_lowercase();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        Self {
            for_this_arch,
            packed: ends(&[".zip", ".gz"]),
            nsis_zip: ends(&[".nsis.zip"]),
            exe: ends(&[".exe"]),
            created: artifact.created,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_told_by_names() {
        for (name, key) in [
            ("Acme_1.0.0_amd64.AppImage", Some("appimage")),
            ("Acme_1.0.0_amd64.AppImage.tar.gz", Some("appimage")),
            ("acme_1.0.0_amd64.deb", Some("deb")),
            ("acme-1.0.0-1.x86_64.rpm", Some("rpm")),
            ("Acme.app.tar.gz", Some("app")),
            ("Acme_1.0.0_x64-setup.exe", Some("nsis")),
            ("Acme_1.0.0_x64-setup.nsis.zip", Some("nsis")),
            ("Acme_1.0.0_x64_en-US.MSI", Some("msi")),
            ("Acme_1.0.0_x64_en-US.msi.zip", Some("msi")),
            ("acme.tar.gz", None),
            ("acme.zip", None),
            ("Acme.app.tar.gz.sig", None),
        ] {
            assert_eq!(Bundle::of(name).map(Bundle::key), key, "{name}");
        }
        for (bundle, key, _) in FORMATS {
            assert_eq!((Bundle::named(key), bundle.key()), (Some(bundle), key));
        }
        assert_eq!(Bundle::named("unknown"), None);
    }
}
