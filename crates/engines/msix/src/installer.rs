//! The App Installer file: which package is the newest, and how Windows is to look for newer ones (`updaters.md` §3).

use keyway_engine::xml::Xml;
use keyway_engine::{Artifact, Release, Spelled, Urgency, View};

use crate::KIND;
use crate::identity::Identity;
use crate::op::Feed;

/// The schema that knows prompts and background checks (Windows 10 1903 and later).
const NAMESPACE: &str = "http://schemas.microsoft.com/appx/appinstaller/2018";

/// A package or bundle of a release.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    artifact: &'a Artifact,
    identity: Identity,
}

/// The package of a release for an arch: a bundle, or the package for it, or one for all. Where no arch is asked for, of
/// several packages the one that runs on most machines.
pub(crate) fn package<'a>(release: &'a Release, arch: Option<&'static Spelled>) -> Option<Found<'a>> {
    let order: &[&str] = match arch.map(|arch| arch.key) {
        Some("x86_64") => &["bundle", "x86_64", "neutral", "i686"],
        Some("aarch64") => &["bundle", "aarch64", "neutral"],
        Some("i686") => &["bundle", "i686", "neutral"],
        Some("armv7") => &["bundle", "armv7", "neutral"],
        Some(_) => &[],
        None => &["bundle", "neutral", "x86_64", "i686", "aarch64", "armv7"],
    };
    let found = View::artifacts(release).filter_map(|(_, artifact)| {
        let identity = Identity::of(&artifact.manifest(KIND)?.bytes)?;
        let rank = order.iter().position(|key| *key == built_for(&identity))?;
        Some((rank, Found { artifact, identity }))
    });
    // Of equals the last, which is the newest.
    found
        .min_by_key(|(rank, found)| (*rank, std::cmp::Reverse(found.artifact.created)))
        .map(|(_, found)| found)
}

/// What it runs on: a bundle has packages for several arches, and a package that says none is for all.
fn built_for(identity: &Identity) -> &'static str {
    let arch = identity.arch.as_deref().and_then(Spelled::arch);
    if identity.is_bundle { "bundle" } else { arch.map_or("neutral", |arch| arch.key) }
}

/// The file, under `base`.
pub(crate) fn render(
    feed: &Feed,
    base: &str,
    view: &View<'_>,
    release: &Release,
    found: &Found<'_>,
) -> String {
    let Found { artifact, identity } = found;
    let version = identity.version.to_string();
    let mut xml = Xml::default();
    let head = [("xmlns", NAMESPACE), ("Version", &version), ("Uri", &feed.url(base))];
    xml.around("AppInstaller", &head, |xml| {
        let uri = view.file_url(base, release, &artifact.filename);
        let mut main = vec![
            ("Name", identity.name.as_str()),
            ("Publisher", &identity.publisher),
            ("Version", &version),
            ("Uri", &uri),
        ];
        main.extend(identity.arch.as_deref().map(|arch| ("ProcessorArchitecture", arch)));
        xml.empty(if identity.is_bundle { "MainBundle" } else { "MainPackage" }, &main);
        xml.around("UpdateSettings", &[], |xml| settings(xml, &release.urgency));
    });
    xml.finish()
}

/// A forced update is looked for at each start, and the program does not start before it is there. What is urgent in
/// another way is shown. No installation is led back to a lower version: a licence that expired keeps what runs.
fn settings(xml: &mut Xml, urgency: &Urgency) {
    let is_shown = urgency.forced || urgency.critical || urgency.minimum_version.is_some();
    let flag = |is: bool| if is { "true" } else { "false" };
    let launch = [
        ("HoursBetweenUpdateChecks", if is_shown { "0" } else { "24" }),
        ("ShowPrompt", flag(is_shown)),
        ("UpdateBlocksActivation", flag(urgency.forced)),
    ];
    xml.empty("OnLaunch", &launch);
    xml.empty("AutomaticBackgroundTask", &[]);
    xml.text("ForceUpdateFromAnyVersion", &[], "false");
}
