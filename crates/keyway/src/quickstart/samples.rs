//! The sample packages of `fixtures/`, carried in the binary.

/// A sample package.
pub(super) struct Package {
    pub(super) engine: &'static str,
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    /// A name and a text of the package's metadata.
    pub(super) metadata: Option<(&'static str, &'static str)>,
    pub(super) releases: &'static [Release],
}

/// A sample release. `pro` asks for the entitlement of that name; `backdated` says when it came out, if not now.
pub(super) struct Release {
    pub(super) version: &'static str,
    pub(super) channel: &'static str,
    pub(super) pro: bool,
    pub(super) backdated: Option<&'static str>,
    pub(super) files: &'static [File],
}

/// A sample file.
pub(super) struct File {
    pub(super) name: &'static str,
    pub(super) platform: Option<&'static str>,
    pub(super) arch: Option<&'static str>,
    pub(super) bytes: &'static [u8],
}

macro_rules! file {
    ($path:literal, $name:literal) => {
        file!($path, $name, None, None)
    };
    ($path:literal, $name:literal, $platform:expr, $arch:expr) => {
        File {
            name: $name,
            platform: $platform,
            arch: $arch,
            bytes: include_bytes!(concat!("../../../../fixtures/packages/", $path, "/", $name)),
        }
    };
}

const fn release(version: &'static str, channel: &'static str, pro: bool, files: &'static [File]) -> Release {
    Release { version, channel, pro, backdated: None, files }
}

/// A release of an app that updates itself.
const fn update(version: &'static str, backdated: Option<&'static str>, files: &'static [File]) -> Release {
    Release { version, channel: "stable", pro: false, backdated, files }
}

/// The Tauri app, and the key that its bundles are signed by.
pub(super) const DESKTOP: &str = "acme-desktop";
pub(super) const DESKTOP_KEY: &str = include_str!("../../../../fixtures/packages/tauri/acme.key.pub");
/// The Electron app.
pub(super) const STUDIO: &str = "acme-studio";
/// When the apps' versions came out: the licence `lapsed` ended between the last of these and the newest.
const FIRST: Option<&str> = Some("2024-03-01T00:00:00.000Z");
const SECOND: Option<&str> = Some("2024-09-01T00:00:00.000Z");

/// Everything the quickstart publishes.
pub(super) const PACKAGES: &[Package] = &[
    Package {
        engine: "npm",
        key: "@acme/widget",
        name: "Widget",
        metadata: None,
        releases: &[
            release("1.0.0", "stable", false, &[file!("npm", "acme-widget-1.0.0.tgz")]),
            release("1.1.0", "stable", false, &[file!("npm", "acme-widget-1.1.0.tgz")]),
            release("2.0.0-beta.1", "beta", false, &[file!("npm", "acme-widget-2.0.0-beta.1.tgz")]),
            release("2.0.0", "stable", true, &[file!("npm", "acme-widget-2.0.0.tgz")]),
        ],
    },
    Package {
        engine: "npm",
        key: "@acme/gadget",
        name: "Gadget",
        metadata: None,
        releases: &[release("1.0.0", "stable", true, &[file!("npm", "acme-gadget-1.0.0.tgz")])],
    },
    Package {
        engine: "npm",
        key: "acme-tool",
        name: "Tool",
        metadata: None,
        releases: &[release("1.0.0", "stable", false, &[file!("npm", "acme-tool-1.0.0.tgz")])],
    },
    Package {
        engine: "pypi",
        key: "acme-widget",
        name: "Widget",
        metadata: None,
        releases: &[
            release(
                "1.0.0",
                "stable",
                false,
                &[
                    file!("pypi", "acme_widget-1.0.0-py3-none-any.whl"),
                    file!("pypi", "acme_widget-1.0.0.tar.gz"),
                ],
            ),
            release(
                "1.1.0",
                "stable",
                false,
                &[
                    file!("pypi", "acme_widget-1.1.0-py3-none-any.whl"),
                    file!("pypi", "acme_widget-1.1.0.tar.gz"),
                ],
            ),
            release("2.0.0b1", "beta", false, &[file!("pypi", "acme_widget-2.0.0b1-py3-none-any.whl")]),
            release(
                "2.0.0",
                "stable",
                true,
                &[
                    file!("pypi", "acme_widget-2.0.0-py3-none-any.whl"),
                    file!("pypi", "acme_widget-2.0.0.tar.gz"),
                ],
            ),
        ],
    },
    Package {
        engine: "pypi",
        key: "acme-gadget",
        name: "Gadget",
        metadata: None,
        releases: &[release("1.0.0", "stable", true, &[file!("pypi", "acme_gadget-1.0.0-py3-none-any.whl")])],
    },
    Package {
        engine: "rubygems",
        key: "acme.base",
        name: "Base",
        metadata: None,
        releases: &[release("1.0.2", "stable", false, &[file!("rubygems", "acme.base-1.0.2.gem")])],
    },
    Package {
        engine: "rubygems",
        key: "acme-widget",
        name: "Widget",
        metadata: None,
        releases: &[release("2.0.0", "stable", true, &[file!("rubygems", "acme-widget-2.0.0.gem")])],
    },
    Package {
        engine: "oci",
        key: "acme/app",
        name: "App",
        metadata: None,
        releases: &[release("1.0.0", "stable", true, &[file!("oci", "acme-app-1.0.0.oci.tar")])],
    },
    Package {
        engine: "raw",
        key: "acme-installer",
        name: "Installer",
        metadata: None,
        releases: &[
            release(
                "1.0.0",
                "stable",
                false,
                &[
                    file!(
                        "raw/acme-installer",
                        "acme-1.0.0-linux-x86_64.tar.gz",
                        Some("linux"),
                        Some("x86_64")
                    ),
                    file!(
                        "raw/acme-installer",
                        "acme-1.0.0-windows-x86_64.zip",
                        Some("windows"),
                        Some("x86_64")
                    ),
                ],
            ),
            release(
                "1.1.0",
                "stable",
                true,
                &[file!(
                    "raw/acme-installer",
                    "acme-1.1.0-linux-x86_64.tar.gz",
                    Some("linux"),
                    Some("x86_64")
                )],
            ),
        ],
    },
    Package {
        engine: "tauri",
        key: DESKTOP,
        name: "Desktop",
        metadata: Some(("tauriPublicKey", DESKTOP_KEY)),
        releases: &[
            update(
                "1.0.0",
                FIRST,
                &[
                    file!("tauri", "Acme-Desktop_1.0.0_amd64.AppImage", Some("linux"), Some("x86_64")),
                    file!("tauri", "Acme-Desktop_1.0.0_amd64.AppImage.sig"),
                ],
            ),
            update(
                "1.1.0",
                SECOND,
                &[
                    file!("tauri", "Acme-Desktop_1.1.0_amd64.AppImage", Some("linux"), Some("x86_64")),
                    file!("tauri", "Acme-Desktop_1.1.0_amd64.AppImage.sig"),
                ],
            ),
            update(
                "2.0.0",
                None,
                &[
                    file!("tauri", "Acme-Desktop_2.0.0_amd64.AppImage", Some("linux"), Some("x86_64")),
                    file!("tauri", "Acme-Desktop_2.0.0_amd64.AppImage.sig"),
                ],
            ),
        ],
    },
    Package {
        engine: "electron",
        key: STUDIO,
        name: "Studio",
        metadata: None,
        releases: &[
            update(
                "1.0.0",
                FIRST,
                &[
                    file!("electron", "Acme-Studio-1.0.0.AppImage"),
                    file!("electron", "Acme-Studio-Setup-1.0.0.exe"),
                ],
            ),
            update(
                "1.1.0",
                SECOND,
                &[
                    file!("electron", "Acme-Studio-1.1.0.AppImage"),
                    file!("electron", "Acme-Studio-Setup-1.1.0.exe"),
                ],
            ),
            update(
                "2.0.0",
                None,
                &[
                    file!("electron", "Acme-Studio-2.0.0.AppImage"),
                    file!("electron", "Acme-Studio-Setup-2.0.0.exe"),
                ],
            ),
        ],
    },
];
