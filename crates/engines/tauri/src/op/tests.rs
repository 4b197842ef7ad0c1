//! The forms of addresses (`updaters.md` §1.1).

use http::{HeaderMap, Method};
use keyway_engine::Spelled;
use keyway_versions::Channel;
use proptest::prelude::*;

use super::*;

fn parse_as(method: &Method, address: &str) -> Result<Op, BadPath> {
    let (path, query) = address.split_once('?').unwrap_or((address, ""));
    Op::parse(&Head { method, path, query, headers: &HeaderMap::new() })
}

fn parse(address: &str) -> Result<Op, BadPath> {
    parse_as(&Method::GET, address)
}

fn asked(address: &str) -> Result<Asked, Unread> {
    match parse(address) {
        Ok(Op::Update { package, asked, .. }) => {
            assert_eq!(package, "acme app", "{address}");
            asked
        }
        other => panic!("{address}: {other:?}"),
    }
}

#[test]
fn one_question_has_three_spellings() {
    for address in [
        "/acme%20app?platform=darwin&arch=aarch64&version=1.0.0-beta.1%2Bb.2&bundle_type=app",
        "/acme%20app?target=darwin&arch=aarch64&current_version=1.0.0-beta.1+b.2&bundle=app&x=y",
        "/acme%20app/darwin/aarch64/1.0.0-beta.1%2Bb.2?bundle_type=app",
        "/acme%20app/darwin/aarch64/v1.0.0-beta.1+b.2?bundle=APP",
    ] {
        let Asked { target, poll } = asked(address).unwrap();
        assert_eq!((&*target.platform, &*target.arch), ("darwin", "aarch64"), "{address}");
        assert_eq!(target.bundle, Some(Bundle::App), "{address}");
        assert_eq!(poll.current.unwrap().verbatim(), "1.0.0-beta.1+b.2", "{address}");
        assert_eq!((poll.channel, poll.constraint.is_some()), (None, false), "{address}");
    }
    let more =
        asked("/acme%20app/linux/x86_64/1.0.0?channel=beta&constraint=1.0&bundle_type=unknown").unwrap();
    assert_eq!(more.poll.channel, Some(Channel::Beta));
    assert!(more.poll.constraint.is_some());
    assert_eq!(more.target.bundle, None);
}

#[test]
fn what_is_missing_or_senseless_is_named() {
    for (query, missing) in [
        ("", "platform"),
        ("arch=x86_64&version=1.0.0", "platform"),
        ("platform=linux&version=1.0.0", "arch"),
        ("platform=linux&arch=x86_64", "version"),
        ("platform=linux&arch=x86_64&version=", "version"),
    ] {
        assert_eq!(asked(&format!("/acme%20app?{query}")), Err(Unread::Missing(missing)), "{query}");
    }
    for (rest, word) in [
        ("/linux/x86_64/one", "bad-version"),
        ("/linux/x86_64/1.0.0?channel=nightly", "bad-channel"),
        ("/linux/x86_64/1.0.0?constraint=%7E%3E", "bad-constraint"),
        ("?platform=linux&arch=x86_64&version=1.0.0.0", "bad-version"),
    ] {
        let Err(Unread::Bad(bad)) = asked(&format!("/acme%20app{rest}")) else { panic!("{rest}") };
        assert_eq!(bad.word(), word, "{rest}");
    }
}

#[test]
fn other_forms() {
    let Ok(Op::Latest { package, poll, .. }) = parse("/acme/latest.json?channel=rc") else { panic!() };
    assert_eq!((&*package, poll.unwrap().channel), ("acme", Some(Channel::Rc)));
    let file = |package: &str, version: &str, filename: &str| {
        let own = str::to_owned;
        Ok(Op::File(ReleaseFile { package: own(package), version: own(version), filename: own(filename) }))
    };
    assert_eq!(parse("/acme/1.0.0%2Bb/A%20%2B%C3%A4.exe"), file("acme", "1.0.0+b", "A +ä.exe"));
    assert_eq!(parse("/%40acme%2Fapp/1.0.0/a%252Fb"), file("@acme/app", "1.0.0", "a%2Fb"));
    for address in
        ["/", "/acme/", "/acme/latest.xml", "//1.0.0/x", "/acme/1.0.0/", "/a/b/c/d/e", "/a//b/1.0.0"]
    {
        assert_eq!(parse(address), Err(BadPath::Unknown), "{address}");
    }
    assert!(matches!(parse("/acme/1.0.0/a%00"), Err(BadPath::Malformed(_))));
    assert!(parse_as(&Method::HEAD, "/acme/1.0.0/a").is_ok());
    for method in [Method::POST, Method::PUT, Method::DELETE] {
        assert_eq!(parse_as(&method, "/acme/latest.json"), Err(BadPath::Method), "{method}");
    }
}

#[test]
fn every_target_of_the_updater_is_known() {
    for os in ["linux", "darwin", "windows"] {
        assert_eq!(Spelled::platform(os).unwrap().key, os);
    }
    for arch in ["i686", "x86_64", "armv7", "aarch64", "riscv64"] {
        assert_eq!(Spelled::arch(arch).unwrap().key, arch);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_address_reads_back(path in "(/([a-zA-Z0-9._+-]{1,6}|%2[fF]|%25|\\PC{0,4})){0,5}") {
        if let Ok(Op::File(file)) = parse_as(&Method::GET, path.split('?').next().unwrap()) {
            prop_assert_eq!(parse(&file.path()), Ok(Op::File(file)));
        }
    }
}
