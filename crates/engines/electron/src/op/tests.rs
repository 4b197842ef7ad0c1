//! What addresses mean.

use http::{HeaderMap, Method};
use keyway_engine::Spelled;
use proptest::prelude::*;

use super::*;

fn parse_as(method: &Method, path: &str, query: &str) -> Result<Op, BadPath> {
    Op::parse(&Head { method, path, query, headers: &HeaderMap::new() })
}

fn feed(path: &str, query: &str) -> Feed {
    match parse_as(&Method::GET, path, query) {
        Ok(Op::Feed(feed)) => *feed,
        other => panic!("{path} is no feed: {other:?}"),
    }
}

fn linux(arch: &str) -> Option<Target> {
    Spelled::arch(arch).map(Target::Linux)
}

#[test]
fn feeds_name_a_channel_and_a_target() {
    let ours = Channel::Ours;
    let named = |name: &str| Channel::Named(name.to_owned());
    use keyway_versions::Channel::{Alpha, Beta, Dev, Rc, Stable};
    for (name, channel, target) in [
        ("latest.yml", ours(Stable), Some(Target::Windows)),
        ("stable.yml", ours(Stable), Some(Target::Windows)),
        ("beta-mac.yml", ours(Beta), Some(Target::Mac)),
        ("alpha-linux.yml", ours(Alpha), linux("x64")),
        ("rc-linux-arm64.yml", ours(Rc), linux("arm64")),
        ("dev-linux-arm.yml", ours(Dev), linux("armv7l")),
        ("latest-linux-ia32.yml", ours(Stable), linux("ia32")),
        ("latest-linux-vax.yml", ours(Stable), None),
        ("nightly.yml", named("nightly"), Some(Target::Windows)),
        ("eu-beta-mac.yml", named("eu-beta"), Some(Target::Mac)),
        ("Latest.yml", named("Latest"), Some(Target::Windows)),
        ("-mac.yml", named("-mac"), Some(Target::Windows)),
        ("-linux.yml", named("-linux"), Some(Target::Windows)),
    ] {
        let read = feed(&format!("/app/{name}"), "noCache=1abc");
        assert_eq!((read.channel, read.target), (channel, target), "{name}");
        assert_eq!((read.home, read.name.as_str()), (Home::Package("app".to_owned()), name));
        assert!(read.poll.unwrap().current.is_none(), "{name}");
    }
}

#[test]
fn a_poll_says_its_channel_by_name_and_a_constraint_by_query() {
    let poll = feed("/app/beta.yml", "channel=dev&constraint=1.2").poll.unwrap();
    assert_eq!(poll.channel, Some(keyway_versions::Channel::Beta));
    assert!(poll.constraint.is_some());
    assert_eq!(feed("/app/beta.yml", "constraint=%7E%3E").poll.unwrap_err().word(), "bad-constraint");
}

#[test]
fn files_are_beside_their_feed_or_below_their_version() {
    let file = |path| match parse_as(&Method::HEAD, path, "arch=x64") {
        Ok(Op::File { home, below, name }) => (home, below.map(|below| below.version), name),
        other => panic!("{path} is no file: {other:?}"),
    };
    let app = || Home::Package("app".to_owned());
    let own = str::to_owned;
    for (path, expected) in [
        ("/app/App%20Setup%201.0.0.exe", (app(), None, own("App Setup 1.0.0.exe"))),
        ("/app/1.0.0/App.exe.blockmap", (app(), Some(own("1.0.0")), own("1.0.0/App.exe.blockmap"))),
        ("/app/1.0.0+5/App.exe", (app(), Some(own("1.0.0+5")), own("1.0.0+5/App.exe"))),
        ("/app/win/App%2FSetup.exe", (app(), None, own("win/App/Setup.exe"))),
        ("/app/1.0.0", (app(), None, own("1.0.0"))),
        ("/app/1.0.0/latest.yml", (app(), Some(own("1.0.0")), own("1.0.0/latest.yml"))),
        ("/app/.yml", (app(), None, own(".yml"))),
        ("/%40acme%2Fdesk/a", (Home::Package(own("@acme/desk")), None, own("a"))),
    ] {
        assert_eq!(file(path), expected, "{path}");
    }
}

#[test]
fn below_a_product_releases_are_in_a_package_or_in_none() {
    let product = |package: Option<&str>| Home::Product {
        product: "acme".to_owned(),
        package: package.map(str::to_owned),
    };
    assert_eq!(feed("/-/products/acme/stable.yml", "").home, product(None));
    assert_eq!(feed("/-/products/acme/stable.yml", "package=desk").home, product(Some("desk")));
    assert_eq!(feed("/-/products/acme/stable.yml", "package=").home, product(None));
}

#[test]
fn other_addresses_are_refused() {
    for path in [
        "/",
        "/app",
        "/app/",
        "//latest.yml",
        "/app//a",
        "/app/a/",
        "/-/x.yml",
        "/-/products/a",
        "/-/products//a.yml",
    ] {
        assert_eq!(parse_as(&Method::GET, path, ""), Err(BadPath::Unknown), "{path}");
    }
    for path in ["/app/../a", "/app/a/%2e%2e", "/app/a%00", "/app/%ff", "/app/."] {
        assert!(matches!(parse_as(&Method::GET, path, ""), Err(BadPath::Malformed(_))), "{path}");
    }
    assert_eq!(parse_as(&Method::PUT, "/app/latest.yml", ""), Err(BadPath::Method));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_is_accepted_round_trips(path in "(/([a-zA-Z0-9.+-]{1,6}|%2[fF]|%25|-|products|\\PC{0,4})){0,5}(/latest-linux-arm64\\.yml)?/?") {
        if let Ok(op) = parse_as(&Method::GET, &path, "") {
            prop_assert_eq!(parse_as(&Method::GET, &op.path(), ""), Ok(op));
        }
    }
}
