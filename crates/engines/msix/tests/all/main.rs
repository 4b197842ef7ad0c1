//! App Installer files through the engine's public face, read by an XML parser and a model of what Windows does with
//! them: it installs what has a higher version than what it has, and checks that name and publisher are the same
//! (`updaters.md` §3).

#![allow(clippy::unwrap_used, reason = "what cannot be built fails the test")]

use std::io::{Cursor, Write};

use http::{HeaderMap, Method};
use keyway_engine::testing::{self, EchoSigner, Shelf, Standing, denial, take_in};
use keyway_engine::{Access, Context, Engine as _, FileReply, Head, Need, Plain, Reason, Release, Reply};
use keyway_engine_msix::{FourPart, MsixEngine};
use keyway_versions::Scheme;
use roxmltree::Document;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const PUBLISHER: &str = "CN=\"Acme & Sons\", C=DE";

fn ask(target: &str, access: &Access<'_>) -> Reply {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let head = Head { method: &Method::GET, path, query, headers: &HeaderMap::new() };
    let context = Context {
        base: "https://msix.example/k/token",
        site: testing::SITE,
        account: "Acme",
        caller: "",
        signer: &EchoSigner,
        upstream: None,
    };
    MsixEngine.reply(&MsixEngine.parse(&head).unwrap(), &context, access)
}

/// A package, or a bundle where it has no arch.
fn package(version: &str, arch: Option<&str>) -> Vec<u8> {
    let (name, root) = match arch {
        Some(_) => ("AppxManifest.xml", "Package"),
        None => ("AppxMetadata/AppxBundleManifest.xml", "Bundle"),
    };
    let publisher = PUBLISHER.replace('&', "&amp;").replace('"', "&quot;");
    let arch = arch.map(|arch| format!(" ProcessorArchitecture=\"{arch}\"")).unwrap_or_default();
    let manifest = format!(
        "<{root} xmlns=\"http://schemas.microsoft.com/appx/manifest/foundation/windows10\">\
         <Identity Name=\"Acme.App\" Publisher=\"{publisher}\" Version=\"{version}\"{arch}/></{root}>"
    );
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, SimpleFileOptions::default().large_file(true)).unwrap();
    writer.write_all(manifest.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

/// A release with these packages: name, version, and arch of what is no bundle.
fn release(version: &str, files: &[(&str, &str, Option<&str>)]) -> Release {
    let mut release = testing::release(Scheme::Semver, version);
    let take = |(name, number, arch): &(&str, &str, Option<&str>)| {
        take_in(&MsixEngine, "app", version, name, &package(number, *arch)).unwrap()
    };
    release.artifacts = files.iter().map(take).collect();
    release
}

fn visible(releases: Vec<Release>) -> Shelf {
    Shelf::new("app", releases.into_iter().map(|release| (release, Standing::Visible)).collect())
}

/// What Windows has.
struct Installed<'a> {
    version: &'a str,
}

/// What Windows installs from an App Installer file: the address of a package that is higher than what it has.
fn installs(text: &str, installed: &Installed<'_>) -> Option<String> {
    let document = Document::parse(text).unwrap();
    let root = document.root_element();
    assert!(root.has_tag_name(("http://schemas.microsoft.com/appx/appinstaller/2018", "AppInstaller")));
    let main = root.first_element_child().unwrap();
    assert!(matches!(main.tag_name().name(), "MainPackage" | "MainBundle"));
    assert_eq!((main.attribute("Name"), main.attribute("Publisher")), (Some("Acme.App"), Some(PUBLISHER)));
    assert_eq!(root.attribute("Version"), main.attribute("Version"));
    let four = |text: &str| text.parse::<FourPart>().unwrap();
    let is_newer = four(main.attribute("Version").unwrap()) > four(installed.version);
    let settings = root.last_element_child().unwrap();
    let any = settings.children().find(|node| node.tag_name().name() == "ForceUpdateFromAnyVersion").unwrap();
    (is_newer || any.text() == Some("true")).then(|| main.attribute("Uri").unwrap().to_owned())
}

fn poll(shelf: &Shelf, query: &str) -> (u16, String, String) {
    match ask(&format!("/app/App.appinstaller?{query}"), &Access::Package(shelf.view())) {
        Reply::Update(update) => {
            let body = String::from_utf8(update.answer.body.to_vec()).unwrap();
            (update.answer.status.as_u16(), body, update.told.line)
        }
        other => panic!("not the answer to a poll: {other:?}"),
    }
}

fn plain(reply: Reply) -> Plain {
    match reply {
        Reply::Plain(plain) => plain,
        Reply::Update(update) => {
            assert_eq!(update.told.word(), "suspended", "a refused poll is counted as one");
            update.answer
        }
        other => panic!("not plain: {other:?}"),
    }
}

#[test]
fn the_file_that_windows_reads() {
    let shelf = visible(vec![release("1.2.0-beta.1+7", &[("App 1.msix", "1.2.0.7", Some("x64"))])]);
    let (status, body, line) = poll(&shelf, "channel=beta&auth=license:SECRET");
    let expected = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
        <AppInstaller xmlns=\"http://schemas.microsoft.com/appx/appinstaller/2018\" Version=\"1.2.0.7\" \
        Uri=\"https://msix.example/k/token/app/App.appinstaller?channel=beta\">\n\
        <MainPackage Name=\"Acme.App\" Publisher=\"CN=&quot;Acme &amp; Sons&quot;, C=DE\" Version=\"1.2.0.7\" \
        Uri=\"https://msix.example/k/token/app/1.2.0-beta.1%2B7/App%201.msix\" ProcessorArchitecture=\"x64\"/>\n\
        <UpdateSettings>\n\
        <OnLaunch HoursBetweenUpdateChecks=\"24\" ShowPrompt=\"false\" UpdateBlocksActivation=\"false\"/>\n\
        <AutomaticBackgroundTask/>\n<ForceUpdateFromAnyVersion>false</ForceUpdateFromAnyVersion>\n\
        </UpdateSettings>\n</AppInstaller>\n";
    assert_eq!((status, body.as_str()), (200, expected));
    assert_eq!(line, "offer; version=1.2.0-beta.1+7; channel=beta");
}

#[test]
fn windows_is_led_to_the_newest_that_the_licence_may_have() {
    let refused = || Standing::Withheld(denial(Reason::OutsideWindow, "Renew."));
    let one = |version: &str| release(version, &[("App.msix", &format!("{version}.0"), Some("x64"))]);
    let shelf = Shelf::new(
        "app",
        vec![
            (one("1.0.0"), Standing::Visible),
            (one("1.1.0"), Standing::Visible),
            (one("1.2.0"), refused()),
            (one("1.3.0"), Standing::Withdrawn),
        ],
    );
    let (_, body, line) = poll(&shelf, "");
    let expected = "offer; version=1.1.0; channel=stable; passed-over=1.2.0; reason=outside-window; \
        detail=\"Renew.\"";
    assert_eq!(line, expected);
    let url = "https://msix.example/k/token/app/1.1.0/App.msix".to_owned();
    assert_eq!(installs(&body, &Installed { version: "1.0.0.9" }), Some(url));
    assert_eq!(installs(&body, &Installed { version: "1.1.0.0" }), None, "the same is nothing new");
    assert_eq!(installs(&body, &Installed { version: "1.2.0.0" }), None, "nobody is led back");
}

#[test]
fn a_bundle_before_the_package_for_the_arch() {
    let files = [
        ("x64.msix", "1.0.0.0", Some("x64")),
        ("arm64.msix", "1.0.0.0", Some("arm64")),
        ("all.msix", "1.0.0.0", Some("neutral")),
    ];
    let main = |shelf: &Shelf, query: &str| {
        let (_, body, _) = poll(shelf, query);
        let document = Document::parse(&body).unwrap();
        let main = document.root_element().first_element_child().unwrap();
        let file = main.attribute("Uri").unwrap().rsplit('/').next().unwrap().to_owned();
        (main.tag_name().name().to_owned(), file)
    };
    let own = |name: &str, file: &str| (name.to_owned(), file.to_owned());
    let packages = visible(vec![release("1.0.0", &files)]);
    for (query, file) in
        [("arch=x64", "x64.msix"), ("arch=arm64", "arm64.msix"), ("arch=x86", "all.msix"), ("", "all.msix")]
    {
        assert_eq!(main(&packages, query), own("MainPackage", file), "{query}");
    }
    let mut with_bundle = files.to_vec();
    with_bundle.push(("App.msixbundle", "1.0.0.0", None));
    let bundled = visible(vec![release("1.0.0", &with_bundle)]);
    assert_eq!(main(&bundled, "arch=x64"), own("MainBundle", "App.msixbundle"));

    let older = visible(vec![
        release("1.0.0", &files[..1]),
        release("2.0.0", &[("arm64.msix", "2.0.0.0", Some("arm64"))]),
    ]);
    assert_eq!(main(&older, "arch=x64"), own("MainPackage", "x64.msix"), "the newest for the arch");
}

#[test]
fn urgency_is_shown_and_what_is_forced_blocks() {
    let settings = |change: fn(&mut Release)| {
        let mut release = release("1.0.0", &[("App.msix", "1.0.0.0", Some("x64"))]);
        change(&mut release);
        let (_, body, _) = poll(&visible(vec![release]), "");
        let document = Document::parse(&body).unwrap();
        let launch = document.descendants().find(|node| node.tag_name().name() == "OnLaunch").unwrap();
        ["HoursBetweenUpdateChecks", "ShowPrompt", "UpdateBlocksActivation"]
            .map(|name| launch.attribute(name).unwrap().to_owned())
    };
    assert_eq!(settings(|_| ()), ["24", "false", "false"]);
    assert_eq!(settings(|release| release.urgency.forced = true), ["0", "true", "true"]);
    assert_eq!(settings(|release| release.urgency.critical = true), ["0", "true", "false"]);
}

#[test]
fn what_cannot_be_understood_or_is_not_there() {
    let shelf = visible(vec![release("1.0.0", &[("App.msix", "1.0.0.0", Some("x64"))])]);
    for (query, status, line) in [
        ("arch=z80", 400, "none; reason=unknown-target; detail=\"there is no arch z80\""),
        ("channel=x", 400, "none; reason=bad-channel; detail=\"there is no channel x\""),
        ("arch=arm", 404, "none; channel=stable; passed-over=1.0.0; reason=no-artifact"),
    ] {
        let (found, _, said) = poll(&shelf, query);
        assert_eq!((found, said.as_str()), (status, line), "{query}");
    }
    let suspended = Shelf::new("app", vec![(release("1.0.0", &[]), Standing::Hidden)])
        .denied(Reason::Suspended, "This licence is suspended.");
    let refused = plain(ask("/app/App.appinstaller", &Access::Package(suspended.view())));
    assert_eq!(
        (refused.status.as_u16(), refused.body.as_ref()),
        (403, b"This licence is suspended.\n".as_slice())
    );
    assert_eq!(plain(ask("/app/App.appinstaller", &Access::Absent)).status, 404);
}

#[test]
fn packages_have_their_media_type() {
    let shelf = visible(vec![release("1.0.0", &[("App.MSIX", "1.0.0.0", Some("x64"))])]);
    let file = FileReply { release: 0, artifact: 0, media_type: Some("application/msix"), attachment: true };
    assert_eq!(ask("/app/1.0.0/App.MSIX", &Access::Package(shelf.view())), Reply::File(file));
    assert_eq!(plain(ask("/app/2.0.0/App.MSIX", &Access::Package(shelf.view()))).status, 404);
}

#[test]
fn ingest_says_what_is_wrong() {
    let refuse = |bytes: &[u8]| take_in(&MsixEngine, "app", "1.2.3", "App.msix", bytes).unwrap_err().0;
    let said = refuse(&package("1.2.4.0", Some("x64")));
    let text = "`App.msix` has version 1.2.4.0, but its release has 1.2.3: the first three numbers have to be the same";
    assert_eq!(said, text);
    assert!(refuse(b"MZ").starts_with("`App.msix` is not an MSIX package: "));
    assert!(refuse(&package("1.2", Some("x64"))).contains("its version `1.2` is not four numbers"));
}

#[test]
fn what_an_operation_needs() {
    let parse = |path| {
        MsixEngine.parse(&Head { method: &Method::GET, path, query: "", headers: &HeaderMap::new() }).unwrap()
    };
    let feed = parse("/Acme%20App/App.appinstaller");
    assert_eq!(MsixEngine.need(&feed), Need::Package { key: "Acme App" });
    assert!(MsixEngine.is_poll(&feed) && MsixEngine.variant(&feed).is_none());
    assert!(!MsixEngine.is_poll(&parse("/app/1.0.0/App.msix")));
    assert!(MsixEngine.descriptor().reads("App.msixbundle") && !MsixEngine.descriptor().reads("App.exe"));
}
