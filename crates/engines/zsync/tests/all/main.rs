//! AppImages and control files through the engine's public face: which image a name means, and what a client is told
//! of its blocks (`updaters.md` §3).

#![allow(clippy::unwrap_used, reason = "what cannot be built fails the test")]

use http::{HeaderMap, Method};
use keyway_engine::testing::{self, EchoSigner, Shelf, Standing, denial, digests, take_in};
use keyway_engine::{
    Access, Artifact, Context, Engine as _, FileReply, Head, Need, Plain, Reason, Release, Reply,
};
use keyway_engine_zsync::{Control, ZsyncEngine};
use keyway_versions::Scheme;

const IMAGE: &[u8] = &[7; 5000];

fn ask(target: &str, access: &Access<'_>) -> Reply {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let head = Head { method: &Method::GET, path, query, headers: &HeaderMap::new() };
    let context = Context {
        base: "http://zsync.example/k/token",
        site: testing::SITE,
        account: "Acme",
        caller: "",
        signer: &EchoSigner,
        upstream: None,
    };
    ZsyncEngine.reply(&ZsyncEngine.parse(&head).unwrap(), &context, access)
}

fn take(filename: &str, bytes: &[u8]) -> Artifact {
    take_in(&ZsyncEngine, "app", "1.0.0", filename, bytes).unwrap()
}

/// A release with these images, each with the control file that was made of it.
fn release(version: &str, images: &[&str]) -> Release {
    let mut release = testing::release(Scheme::Semver, version);
    release.artifacts = images.iter().map(|name| take(name, IMAGE)).collect();
    release
}

fn visible(releases: Vec<Release>) -> Shelf {
    Shelf::new("app", releases.into_iter().map(|release| (release, Standing::Visible)).collect())
}

/// The version and the name of the file that a path leads to.
fn led_to(shelf: &Shelf, target: &str) -> (String, String) {
    match ask(target, &Access::Package(shelf.view())) {
        Reply::File(FileReply { release, artifact, .. }) => {
            let release = &shelf.package.releases[release];
            (release.version.verbatim().to_owned(), release.artifacts[artifact].filename.clone())
        }
        other => panic!("{target} is no file: {other:?}"),
    }
}

/// A control file's head and table, and the decision where it is the answer to a poll.
fn control(shelf: &Shelf, target: &str) -> (String, Vec<u8>, Option<String>) {
    let (plain, line) = match ask(target, &Access::Package(shelf.view())) {
        Reply::Update(update) => (update.answer, Some(update.told.line)),
        Reply::Plain(plain) => (plain, None),
        other => panic!("{target} is no control file: {other:?}"),
    };
    assert_eq!(plain.status, 200, "{target}: {plain:?}");
    let end = plain.body.windows(2).position(|pair| pair == b"\n\n").unwrap();
    (String::from_utf8(plain.body[..end].to_vec()).unwrap(), plain.body[end + 2..].to_vec(), line)
}

fn plain(reply: Reply) -> Plain {
    match reply {
        Reply::Plain(plain) => plain,
        Reply::Update(update) => update.answer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_control_file_says_where_the_image_is() {
    let shelf = visible(vec![release("1.0.0+7", &["dir/App 1-x86_64.AppImage"])]);
    let (head, table, line) = control(&shelf, "/app/latest-x86_64.AppImage.zsync");
    let expected = "zsync: 0.6.2\nFilename: App 1-x86_64.AppImage\nMTime: Fri, 02 Jan 2026 03:04:05 +0000\n\
        URL: http://zsync.example/k/token/app/1.0.0%2B7/dir/App%201-x86_64.AppImage\nBlocksize: 2048\n\
        Length: 5000\nHash-Lengths: 2,2,3\nSHA-1: 0202020202020202020202020202020202020202";
    assert_eq!((head.as_str(), table.len()), (expected, 15));
    assert_eq!(line.as_deref(), Some("offer; version=1.0.0+7; channel=stable"));
    let path = "/app/1.0.0%2B7/dir/App%201-x86_64.AppImage";
    assert_eq!(control(&shelf, &format!("{path}.zsync")), (head, table, None));
    assert_eq!(led_to(&shelf, path), ("1.0.0+7".to_owned(), "dir/App 1-x86_64.AppImage".to_owned()));
}

#[test]
fn stable_names_lead_to_the_newest_that_the_caller_may_have() {
    let refused = || Standing::Withheld(denial(Reason::OutsideWindow, "Renew."));
    let shelf = Shelf::new(
        "app",
        vec![
            (release("1.0.0", &["App-1.0.0.AppImage", "App-1.0.0-arm64.AppImage"]), Standing::Visible),
            (release("1.1.0", &["App-1.1.0.AppImage"]), Standing::Visible),
            (release("1.2.0", &["App-1.2.0.AppImage"]), refused()),
            (release("1.3.0", &["App-1.3.0.AppImage"]), Standing::Withdrawn),
            (release("2.0.0-beta.1", &["App-2.AppImage"]), Standing::Visible),
        ],
    );
    let led = |target: &str| led_to(&shelf, target).1;
    assert_eq!(led("/app/latest-x86_64.AppImage"), "App-1.1.0.AppImage");
    assert_eq!(led("/app/latest-arm64.AppImage"), "App-1.0.0-arm64.AppImage");
    assert_eq!(led("/app/latest-amd64.AppImage?channel=beta"), "App-2.AppImage");
    assert_eq!(led("/app/latest-amd64.AppImage?constraint=1.0"), "App-1.1.0.AppImage");
    let (_, _, line) = control(&shelf, "/app/latest-x86_64.AppImage.zsync");
    let expected = "offer; version=1.1.0; channel=stable; passed-over=1.2.0; reason=outside-window; \
        detail=\"Renew.\"";
    assert_eq!(line.as_deref(), Some(expected));
    let waiting = visible(vec![release("1.0.0", &["A.AppImage"]), release("2.0.0", &["B.AppImage"])]);
    assert_eq!(led_to(&waiting.waiting(&["2.0.0"]), "/app/latest-x86_64.AppImage").1, "A.AppImage");
}

#[test]
fn an_image_that_says_its_arch_is_taken_before_one_that_does_not() {
    let mut said =
        release("1.0.0", &["App.AppImage", "App-x86_64.AppImage", "App.AppImage.old", "Other.AppImage"]);
    assert_eq!(led_to(&visible(vec![said]), "/app/latest-x64.AppImage").1, "App-x86_64.AppImage");
    said = release("1.0.0", &["App.AppImage", "Other.AppImage"]);
    said.artifacts[0].arch = Some("amd64".to_owned());
    assert_eq!(led_to(&visible(vec![said]), "/app/latest-x64.AppImage").1, "App.AppImage");
}

#[test]
fn without_an_arch_a_name_is_of_the_newest_release_that_has_it() {
    let shelf = visible(vec![
        release("1.0.0", &["App.AppImage"]),
        release("2.0.0", &["App.AppImage"]),
        release("3.0.0", &["New.AppImage"]),
    ]);
    assert_eq!(led_to(&shelf, "/app/App.AppImage").0, "2.0.0");
    let (head, ..) = control(&shelf, "/app/App.AppImage.zsync");
    assert!(head.contains("URL: http://zsync.example/k/token/app/2.0.0/App.AppImage\n"), "{head}");
}

/// The vendor's own control file is passed on, as far as it is of this image.
#[test]
fn an_uploaded_control_file_comes_first() {
    let theirs = |sha1: [u8; 20]| {
        let table = [9; 25];
        let sums = Control::of(&mut [0_u8; 5000].as_slice(), 5000, sha1).unwrap().sums;
        let kept = Control { block: 1024, length: 5000, sums, sha1, table: table.as_slice().into() }.kept();
        let head = b"zsync: 0.6.2\nFilename: evil/../name\nMTime: x\nURL: http://elsewhere.example/\n";
        [head.as_slice(), &kept].concat()
    };
    let shelf_with = |file: &[u8]| {
        let mut release = release("1.0.0", &["App.AppImage"]);
        release.artifacts.push(take("App.AppImage.zsync", file));
        visible(vec![release])
    };
    let (head, table, _) = control(&shelf_with(&theirs(digests().sha1)), "/app/latest-x86_64.AppImage.zsync");
    assert_eq!(table, [9; 25]);
    assert!(head.contains("Blocksize: 1024\n") && head.contains("Filename: App.AppImage\n"), "{head}");
    assert!(!head.contains("elsewhere"), "{head}");
    let (head, ..) = control(&shelf_with(&theirs([1; 20])), "/app/latest-x86_64.AppImage.zsync");
    assert!(head.contains("Blocksize: 2048\n"), "of another file: {head}");

    let refuse =
        |bytes: &[u8]| take_in(&ZsyncEngine, "app", "1.0.0", "App.AppImage.zsync", bytes).unwrap_err().0;
    let text =
        "`App.AppImage.zsync` is no control file of zsync: it has no head that ends with an empty line";
    assert_eq!(refuse(b"<html>"), text);
}

#[test]
fn refusals_and_what_is_not_there() {
    let shelf = Shelf::new(
        "app",
        vec![
            (release("1.0.0", &["App.AppImage"]), Standing::Visible),
            (
                release("2.0.0", &["App.AppImage"]),
                Standing::Withheld(denial(Reason::OutsideWindow, "Renew.")),
            ),
        ],
    );
    for (target, status) in [
        ("/app/2.0.0/App.AppImage", 403),
        ("/app/2.0.0/App.AppImage.zsync", 403),
        ("/app/1.0.0/Other.AppImage.zsync", 404),
        ("/app/Other.AppImage", 404),
        ("/app/latest-arm64.AppImage.zsync", 404),
        ("/app/latest-x86_64.AppImage.zsync?channel=x", 400),
    ] {
        assert_eq!(plain(ask(target, &Access::Package(shelf.view()))).status, status, "{target}");
    }
    let suspended = Shelf::new("app", vec![(release("1.0.0", &["App.AppImage"]), Standing::Hidden)])
        .denied(Reason::Suspended, "This licence is suspended.");
    for target in ["/app/latest-x86_64.AppImage.zsync", "/app/latest-x86_64.AppImage", "/app/App.AppImage"] {
        let reply = ask(target, &Access::Package(suspended.view()));
        if target.contains("latest") {
            assert!(matches!(&reply, Reply::Update(update) if update.told.word() == "suspended"), "{target}");
        }
        let refused = plain(reply);
        assert_eq!(
            (refused.status.as_u16(), refused.body.as_ref()),
            (403, b"This licence is suspended.\n".as_slice())
        );
    }
    assert_eq!(plain(ask("/app/latest-x86_64.AppImage", &Access::Absent)).status, 404);
}

#[test]
fn what_an_operation_needs() {
    let parse = |path| {
        ZsyncEngine
            .parse(&Head { method: &Method::GET, path, query: "", headers: &HeaderMap::new() })
            .unwrap()
    };
    let latest = parse("/Acme%20App/latest-x86_64.AppImage.zsync");
    assert_eq!(ZsyncEngine.need(&latest), Need::Package { key: "Acme App" });
    assert!(ZsyncEngine.is_poll(&latest) && ZsyncEngine.variant(&latest).is_none());
    assert!(!ZsyncEngine.is_poll(&parse("/app/1.0.0/App.AppImage")));
    let descriptor = ZsyncEngine.descriptor();
    assert!(!descriptor.redirects, "zsync refuses them");
    assert!(
        descriptor.reads("App.AppImage")
            && descriptor.reads("App.AppImage.zsync")
            && !descriptor.reads("a.zip")
    );
}
