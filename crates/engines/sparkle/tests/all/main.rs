//! Appcasts through the engine's public face, read by an XML parser and by models of the two clients' own filters
//! (`updaters.md` §3): which item a Mac or a Windows program would take.

#![allow(clippy::unwrap_used, reason = "what cannot be built fails the test")]

mod clients;

use clients::{Item, Mac, items, mac, windows};
use http::{HeaderMap, Method};
use keyway_engine::testing::{self, EchoSigner, Shelf, Standing, denial};
use keyway_engine::{
    Access, Context, Engine as _, FileReply, Head, Need, Plain, Reason, Release, Reply, Update,
};
use keyway_engine_sparkle::{Op, SparkleEngine};
use keyway_versions::{Channel, Scheme};

/// 64 bytes in base64.
const SIGNATURE: &str =
    "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==";

fn ask(target: &str, access: &Access<'_>) -> Reply {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let head = Head { method: &Method::GET, path, query, headers: &HeaderMap::new() };
    let context = Context {
        base: "https://sparkle.example/k/token",
        site: testing::SITE,
        account: "Acme",
        caller: "",
        signer: &EchoSigner,
        upstream: None,
    };
    SparkleEngine.reply(&SparkleEngine.parse(&head).unwrap(), &context, access)
}

fn poll(shelf: &Shelf, query: &str) -> Update {
    match ask(&format!("/app/appcast.xml?{query}"), &Access::Package(shelf.view())) {
        Reply::Update(update) => *update,
        other => panic!("not the answer to a poll: {other:?}"),
    }
}

fn feed(shelf: &Shelf, query: &str) -> Vec<Item> {
    items(std::str::from_utf8(&poll(shelf, query).answer.body).unwrap())
}

fn said(reply: Reply) -> Plain {
    match reply {
        Reply::Plain(plain) => plain,
        Reply::Update(update) => {
            assert_eq!(update.told.word(), "suspended", "a refused poll is counted as one");
            update.answer
        }
        other => panic!("not plain: {other:?}"),
    }
}

/// A release with these files, each signed.
fn release(version: &str, files: &[&str]) -> Release {
    let mut release = testing::release(Scheme::Semver, version);
    release.artifacts = files.iter().map(|name| testing::artifact(name, 7)).collect();
    for artifact in &mut release.artifacts {
        artifact.signature = Some(SIGNATURE.to_owned());
    }
    release
}

fn visible(releases: Vec<Release>) -> Shelf {
    Shelf::new("app", releases.into_iter().map(|release| (release, Standing::Visible)).collect())
}

fn versions(items: &[Item]) -> Vec<&str> {
    items.iter().map(|item| item.short.as_str()).collect()
}

#[test]
fn an_item_says_what_sparkle_reads() {
    let shelf = visible(vec![Release {
        name: Some("Acme <2>".to_owned()),
        description: Some("Faster & \"better\" ]]> than 1".to_owned()),
        ..release("1.2.0+7", &["App 1+2.zip"])
    }]);
    let update = poll(&shelf, "version=1.0.0&platform=macos");
    assert_eq!(update.told.line, "offer; version=1.2.0+7; channel=stable");
    assert_eq!((update.told.offered, update.told.platform), (Some(0), Some("darwin")));
    let header = |name: &str| update.answer.headers.iter().find(|(key, _)| key == name).unwrap().1.clone();
    assert_eq!(header("content-type"), "application/rss+xml; charset=utf-8");
    assert_eq!(header("cache-control"), "private, no-store");
    let expected = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
        <rss version=\"2.0\" xmlns:sparkle=\"http://www.andymatuschak.org/xml-namespaces/sparkle\">\n\
        <channel>\n<title>app</title>\n<item>\n<title>Acme &lt;2&gt;</title>\n\
        <pubDate>Fri, 02 Jan 2026 03:04:05 +0000</pubDate>\n\
        <sparkle:version>1.2.0+7</sparkle:version>\n\
        <sparkle:shortVersionString>1.2.0+7</sparkle:shortVersionString>\n\
        <description sparkle:format=\"plain-text\">Faster &amp; &quot;better&quot; ]]&gt; than 1</description>\n\
        <enclosure url=\"https://sparkle.example/k/token/app/1.2.0%2B7/App%201%2B2.zip\" length=\"7\" \
        type=\"application/octet-stream\" sparkle:version=\"1.2.0+7\" sparkle:shortVersionString=\"1.2.0+7\" \
        sparkle:edSignature=\"SIGNATURE\"/>\n</item>\n</channel>\n</rss>\n";
    assert_eq!(std::str::from_utf8(&update.answer.body).unwrap(), expected.replace("SIGNATURE", SIGNATURE));
}

#[test]
fn both_clients_find_theirs_in_one_feed() {
    let shelf = visible(vec![
        release("1.0.0", &["App.zip", "Setup.exe"]),
        release("1.1.0", &["Setup.exe"]),
        release("1.2.0", &["App-linux.tar.gz"]),
    ]);
    let items = feed(&shelf, "");
    assert_eq!(mac(&items, &Mac::running("0.9.0")).unwrap().short, "1.0.0");
    assert_eq!(windows(&items, "0.9.0", "x64").unwrap().short, "1.1.0");
    assert_eq!(mac(&items, &Mac::running("1.0.0")), None);
    assert_eq!(windows(&items, "1.1.0", "x64"), None);
    assert_eq!(versions(&feed(&shelf, "platform=windows")), ["1.1.0"]);
    assert_eq!(versions(&feed(&shelf, "os=osx")), ["1.0.0"]);
}

#[test]
fn nothing_new_is_a_feed_without_a_newer_item() {
    let shelf = visible(vec![release("1.0.0", &["App.zip"])]);
    for (query, line) in [
        ("version=1.0.0", "none; reason=up-to-date; channel=stable"),
        ("version=7.0.0", "none; reason=up-to-date; channel=stable"),
        ("version=1&constraint=2", "none; reason=up-to-date; channel=stable"),
        ("version=one", "none; reason=bad-version; detail=\"the version one cannot be read\""),
        ("channel=x", "none; reason=bad-channel; detail=\"there is no channel x\""),
        ("platform=beos", "none; reason=unknown-target; detail=\"there are no appcasts for beos\""),
        ("arch=z80", "none; reason=unknown-target; detail=\"there are no appcasts for z80\""),
    ] {
        let update = poll(&shelf, query);
        assert_eq!((update.answer.status.as_u16(), update.told.line.as_str()), (200, line), "{query}");
        assert_eq!(items(std::str::from_utf8(&update.answer.body).unwrap()), [], "{query}");
    }
}

/// Sparkle's channels are chosen in the client, by marks; what the query or a pin settles needs none.
#[test]
fn channels_by_mark_or_by_choice() {
    let ladder = || {
        let releases =
            ["1.0.0", "1.1.0-rc.1", "1.2.0-beta.2", "1.2.0-beta.10", "1.1.5-alpha.1", "9.0.0-dev.1"];
        visible(releases.map(|version| release(version, &["App.zip", "Setup.exe"])).into())
    };
    let all = feed(&ladder(), "");
    let marks = |os: Option<&str>| -> Vec<(String, Option<String>)> {
        let of = all.iter().filter(|item| item.os.as_deref() == os);
        of.map(|item| (item.short.clone(), item.channel.clone())).collect()
    };
    let marked = |version: &str, channel: &str| (version.to_owned(), Some(channel.to_owned()));
    let expected = [
        ("1.0.0".to_owned(), None),
        marked("1.1.0-rc.1", "rc"),
        marked("1.2.0-beta.10", "beta"),
        marked("9.0.0-dev.1", "dev"),
    ];
    assert_eq!(marks(None), expected);
    assert_eq!(marks(Some("windows")), [("1.0.0".to_owned(), None)]);
    let beta = Mac { channels: &["rc", "beta"], ..Mac::running("1.0.0") };
    assert_eq!(mac(&all, &beta).unwrap().short, "1.2.0-beta.10");
    assert_eq!(mac(&all, &Mac::running("1.0.0")), None);

    for query in ["channel=beta", "version=1.2.0-beta.1"] {
        let items = feed(&ladder(), query);
        assert_eq!(mac(&items, &Mac::running("1.0.0")).unwrap().short, "1.2.0-beta.10", "{query}");
        assert_eq!(windows(&items, "1.0.0", "x64").unwrap().short, "1.2.0-beta.10", "{query}");
    }
    let pinned = ladder().pinned(Some(Channel::Rc), &[]);
    for query in ["", "channel=dev"] {
        assert_eq!(mac(&feed(&pinned, query), &Mac::running("1.0.0")).unwrap().short, "1.1.0-rc.1");
    }
}

#[test]
fn a_licence_is_led_to_the_newest_that_it_may_have() {
    let refused = || Standing::Withheld(denial(Reason::OutsideWindow, "Renew."));
    let shelf = Shelf::new(
        "app",
        vec![
            (release("1.0.0", &["App.zip"]), Standing::Visible),
            (release("1.1.0", &["App.zip"]), Standing::Visible),
            (release("1.2.0", &["App.zip"]), refused()),
            (release("1.3.0", &["App.zip"]), Standing::Withdrawn),
        ],
    );
    let update = poll(&shelf, "version=1.0.0");
    let expected = "offer; version=1.1.0; channel=stable; passed-over=1.2.0; reason=outside-window; \
        detail=\"Renew.\"";
    assert_eq!(update.told.line, expected);
    assert_eq!(versions(&feed(&shelf, "")), ["1.1.0"]);
    assert_eq!(versions(&feed(&shelf, "version=1.1.0")), [""; 0]);

    let waiting = visible(vec![release("1.0.0", &["App.zip"]), release("2.0.0", &["App.zip"])]);
    assert_eq!(versions(&feed(&waiting.waiting(&["2.0.0"]), "")), ["1.0.0"], "the control group's");
}

#[test]
fn urgency_and_systems() {
    let mut urgent = release("2.0.0", &["App.zip"]);
    urgent.bundle_version = Some("2041".to_owned());
    urgent.phased_interval = Some(86_400);
    urgent.urgency.minimum_system = Some("12.3".to_owned());
    urgent.urgency.minimum_version = Some(keyway_versions::parse(Scheme::Semver, "1.5.0").unwrap());
    let mut floor = release("1.5.0", &["App.zip"]);
    floor.bundle_version = Some("1900".to_owned());
    let items = feed(&visible(vec![urgent, floor]), "");
    let item = &items[0];
    assert_eq!((item.version.as_str(), item.short.as_str()), ("2041", "2.0.0"));
    assert_eq!(item.phased.as_deref(), Some("86400"));
    assert_eq!(item.critical, Some(Some("1900".to_owned())));
    let older = Mac { system: "12.2.1", ..Mac::running("1000") };
    assert_eq!(mac(&items, &older).unwrap().version, "1900");
    assert_eq!(mac(&items, &Mac { system: "12.3", ..Mac::running("1000") }), Some(item));
    assert_eq!(mac(&items, &Mac::running("2041")), None);

    let mut forced = release("3.0.0", &["App.zip"]);
    forced.urgency.forced = true;
    assert_eq!(feed(&visible(vec![forced]), "")[0].critical, Some(None));
    assert_eq!(feed(&visible(vec![release("3.0.0", &["App.zip"])]), "")[0].critical, None);
}

/// Who has an older system is led to the newest that runs there, if it is newer than what runs.
#[test]
fn older_systems_have_items_of_their_own() {
    let ladder = [("1.0.0", None), ("1.1.0", Some("12")), ("1.2.0", Some("12.0")), ("2.0.0", Some("14.0"))];
    let releases = ladder.map(|(version, system)| {
        let mut release = release(version, &["App.zip"]);
        release.urgency.minimum_system = system.map(str::to_owned);
        release
    });
    let shelf = visible(releases.into());
    let items = feed(&shelf, "platform=macos");
    assert_eq!(versions(&items), ["2.0.0", "1.2.0", "1.0.0"]);
    for (system, expected) in [("26.1", "2.0.0"), ("13.6", "1.2.0"), ("11.7", "1.0.0")] {
        let found = mac(&items, &Mac { system, ..Mac::running("0.9.0") }).unwrap();
        assert_eq!(found.short, expected, "{system}");
    }
    assert_eq!(versions(&feed(&shelf, "version=1.1.0")), ["2.0.0", "1.2.0"]);
    assert_eq!(poll(&shelf, "platform=macos").told.line, "offer; version=2.0.0; channel=stable");
}

#[test]
fn the_file_for_the_arch() {
    let shelf = visible(vec![release(
        "1.0.0",
        &["App-arm64.zip", "App-x86_64.dmg", "App-x86_64.zip", "x64/Setup-x64.exe", "Setup-arm64.msi"],
    )]);
    let file = |query: &str| {
        let items = feed(&shelf, query);
        let names = items.iter().map(|item| item.url.rsplit('/').next().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(file("platform=mac&arch=arm64"), ["App-arm64.zip"]);
    assert_eq!(file("platform=mac&arch=x64"), ["App-x86_64.zip"]);
    assert_eq!(file("platform=mac"), ["App-x86_64.zip"], "what runs on both");
    assert_eq!(file("platform=windows&arch=x64"), ["Setup-x64.exe"]);
    assert_eq!(file("platform=windows&arch=x86"), [""; 0]);
    let all = feed(&shelf, "platform=windows");
    assert_eq!(windows(&all, "0.1", "x64").unwrap().url.rsplit('/').next(), Some("Setup-x64.exe"));
    assert_eq!(windows(&all, "0.1", "arm64").unwrap().url.rsplit('/').next(), Some("Setup-arm64.msi"));

    let arm = visible(vec![release("1.0.0", &["App-arm64.zip"])]);
    assert_eq!(feed(&arm, "")[0].hardware.as_deref(), Some("arm64"));
    let universal = visible(vec![release("1.0.0", &["App-arm64.zip", "App-universal.zip"])]);
    assert!(feed(&universal, "")[0].url.ends_with("App-universal.zip"));
}

/// What would be loaded and then refused is not offered, and what is not here yet is not either.
#[test]
fn an_older_release_with_a_usable_file_is_offered_instead() {
    let mut broken = release("3.0.0", &["App.zip"]);
    broken.artifacts[0].signature = Some("AAAA".to_owned());
    let mut coming = release("2.0.0", &["App.zip"]);
    coming.artifacts[0].uploaded = false;
    let mut foreign = release("1.9.0", &["App.zip"]);
    foreign.artifacts[0].platform = Some("linux".to_owned());
    let mut unsigned = release("1.0.0", &["App.zip"]);
    unsigned.artifacts[0].signature = None;
    let shelf = visible(vec![broken, coming, foreign, unsigned]);
    let update = poll(&shelf, "version=0.1.0&platform=mac");
    let line = "offer; version=1.0.0; channel=stable; passed-over=3.0.0; reason=no-artifact";
    assert_eq!(update.told.line, line);
    assert_eq!(feed(&shelf, "")[0].signature, None);
}

#[test]
fn deltas_start_from_the_version_in_their_name() {
    let mut new = release(
        "2.0.0",
        &[
            "App.zip",
            "App2041-2039.delta",
            "App2.0.0-1.9.0.delta",
            "App3000-1.delta",
            "unsigned2041-2040.delta",
        ],
    );
    new.bundle_version = Some("2041".to_owned());
    new.artifacts[4].signature = None;
    let items = feed(&visible(vec![new]), "");
    let deltas: Vec<_> =
        items[0].deltas.iter().map(|(from, url)| (from.as_str(), url.rsplit('/').next().unwrap())).collect();
    assert_eq!(deltas, [("2039", "App2041-2039.delta"), ("1.9.0", "App2.0.0-1.9.0.delta")]);
}

#[test]
fn notes_are_a_page_or_a_text() {
    let page = release("1.0.0", &["App.zip", "notes.html"]);
    let item = feed(&visible(vec![page]), "").remove(0);
    assert_eq!(item.notes.as_deref(), Some("https://sparkle.example/k/token/app/1.0.0/notes.html"));
    let html =
        Release { description: Some(" <p>1 &amp; 2</p>".to_owned()), ..release("1.0.0", &["App.zip"]) };
    let item = feed(&visible(vec![html]), "").remove(0);
    assert_eq!(item.description, Some((" <p>1 &amp; 2</p>".to_owned(), None)));
}

#[test]
fn files_and_refusals() {
    let shelf = Shelf::new(
        "app",
        vec![
            (release("1.0.0", &["App.zip"]), Standing::Visible),
            (release("2.0.0", &["App.zip"]), Standing::Withheld(denial(Reason::OutsideWindow, "Renew."))),
            (release("3.0.0", &["App.zip"]), Standing::Withdrawn),
        ],
    );
    let ask_for = |path: &str| ask(path, &Access::Package(shelf.view()));
    let file = FileReply { release: 2, artifact: 0, media_type: None, attachment: true };
    assert_eq!(ask_for("/app/1.0.0/App.zip"), Reply::File(file));
    for (path, status, text) in [
        ("/app/2.0.0/App.zip", 403, "Renew.\n"),
        ("/app/3.0.0/App.zip", 404, "This version was withdrawn.\n"),
        ("/app/1.0.0/none.zip", 404, "there is no file \"none.zip\" here, or none for you\n"),
    ] {
        let plain = said(ask_for(path));
        assert_eq!((plain.status.as_u16(), plain.body.as_ref()), (status, text.as_bytes()), "{path}");
    }
    assert_eq!(said(ask("/app/appcast.xml", &Access::Absent)).status, 404);

    let suspended = Shelf::new("app", vec![(release("1.0.0", &["App.zip"]), Standing::Hidden)])
        .denied(Reason::Suspended, "This licence is suspended.");
    let plain = said(ask("/app/appcast.xml", &Access::Package(suspended.view())));
    assert_eq!((plain.status.as_u16(), plain.reason.as_deref()), (403, Some("This licence is suspended.")));
    let decision = plain.headers.iter().find(|(name, _)| name == "x-update-decision").unwrap();
    assert_eq!(decision.1, "none; reason=suspended; detail=\"This licence is suspended.\"");
}

#[test]
fn what_an_operation_needs() {
    let parse = |method: &Method, path| {
        SparkleEngine.parse(&Head { method, path, query: "", headers: &HeaderMap::new() })
    };
    let op = parse(&Method::GET, "/Acme%20App/appcast.xml").unwrap();
    assert_eq!(SparkleEngine.need(&op), Need::Package { key: "Acme App" });
    assert!(SparkleEngine.is_poll(&op) && SparkleEngine.variant(&op).is_none());
    assert!(matches!(op, Op::Feed(_)));
    for (method, path, status) in
        [(Method::GET, "/app", 404), (Method::POST, "/app/appcast.xml", 405), (Method::GET, "/a/1/..", 400)]
    {
        assert_eq!(SparkleEngine.bad_path(&parse(&method, path).unwrap_err()).status, status, "{path}");
    }
}
