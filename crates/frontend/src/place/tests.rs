//! Places and hosts, as a table from the distribution spec and as a property.

use proptest::prelude::*;

use keyway_catalog::Mode;

use super::*;
use crate::Settings;
use crate::toy::{ENGINES, LOCAL};

fn hosts(domain: Option<&str>, public_url: Option<&str>) -> Hosts {
    hosts_in(Mode::Singleplayer, domain, public_url)
}

fn hosts_in(mode: Mode, domain: Option<&str>, public_url: Option<&str>) -> Hosts {
    let mut settings = Settings::new("127.0.0.1:4873".parse().unwrap());
    settings.mode = mode;
    settings.domain = domain.map(str::to_owned);
    settings.public_url = public_url.map(str::to_owned);
    Hosts::new(&settings, ENGINES).unwrap()
}

/// What a place is, in one line.
fn describe(hosts: &Hosts, authority: &str, path: &str) -> String {
    let arrival = Arrival { authority, local: LOCAL, https: false };
    told(&place(hosts, ENGINES, &arrival, path))
}

fn told(place: &Place<'_>) -> String {
    match place {
        Place::Api { account } => {
            account.map_or_else(|| "api".to_owned(), |account| format!("api account {account}"))
        }
        Place::ShortLink { account, below } => {
            let account = account.map_or_else(String::new, |account| format!(" of account {account}"));
            format!("short {below}{account}")
        }
        Place::Engine { engine, rest, root } => {
            let account = root.account.map_or_else(String::new, |account| format!(" account {account}"));
            let own = match root.kind {
                RootKind::OwnHost => " own",
                RootKind::Registry { .. } if root.lacks_account() => " registry of somebody",
                RootKind::Registry { .. } => " registry",
                RootKind::Long => "",
            };
            format!("{engine} {rest} at {}{account}{own}", root.base("Acme"))
        }
        Place::Blob { token } => format!("blob {token}"),
        Place::Operation(operation) => format!("{operation:?}").to_lowercase(),
        Place::UnknownHost => "stranger".to_owned(),
        Place::UnknownPath => "nowhere".to_owned(),
        Place::BadPath => "bad".to_owned(),
    }
}

#[test]
fn hosts_of_a_domain() {
    let hosts = hosts(Some("Example.com"), Some("https://keyway.example.org"));
    for (host, path, expected) in [
        ("toy.pkg.example.com", "/widget", "toy /widget at https://toy.pkg.example.com own"),
        ("TOY.pkg.Example.Com:8443", "/a%2fb", "toy /a%2fb at https://toy.pkg.example.com own"),
        ("toy.pkg.example.com.", "/", "toy / at https://toy.pkg.example.com own"),
        ("toy.pkg.example.com", "/v1/ping", "toy /v1/ping at https://toy.pkg.example.com own"),
        ("toy.pkg.example.com", "/-/blobs/x", "toy /-/blobs/x at https://toy.pkg.example.com own"),
        ("api.example.com", "/v1/licenses", "api"),
        ("api.example.com", "/v1/accounts", "api"),
        ("api.example.com", "/v1/accounts/acme", "api account acme"),
        ("keyway.example.org", "/v1/accounts/acme/", "api account acme"),
        ("releases.example.com", "/v1/accounts/acme/releases", "api account acme"),
        ("releases.example.com", "/v1/accounts/acme", "nowhere"),
        ("releases.example.com", "/v1/accounts/acme/", "nowhere"),
        ("releases.example.com", "/v1/accounts", "nowhere"),
        ("keyway.example.org", "/v1/me", "api"),
        ("keyway.example.org", "/v1/engines/toy/w", "toy /w at https://keyway.example.org/v1/engines/toy"),
        (
            "api.example.com",
            "/v1/accounts/acme/engines/toy/",
            "toy / at https://api.example.com/v1/accounts/Acme/engines/toy account acme",
        ),
        ("releases.example.com", "/v1/engines/toy/w", "toy /w at https://keyway.example.org/v1/engines/toy"),
        ("example.com", "/v1/me", "api"),
        ("nosuch.pkg.example.com", "/v1/me", "stranger"),
        ("badexample.com", "/v1/me", "stranger"),
        ("example.com.evil.net", "/v1/me", "stranger"),
        ("api.example.com@evil.net", "/v1/me", "stranger"),
        ("evil.net", "/v1/me", "stranger"),
        ("evil.net", "/v1/ping", "ping"),
        ("", "/v1/me", "stranger"),
        ("api.example.com", "/metrics", "nowhere"),
    ] {
        assert_eq!(describe(&hosts, host, path), expected, "{host}{path}");
    }
}

/// `distribution.md` §1, "Engine short form, multiplayer".
#[test]
fn an_engines_host_takes_the_account_from_the_path_where_there_are_many() {
    let hosts = hosts_in(Mode::Multiplayer, Some("example.com"), Some("https://keyway.example.org"));
    for (host, path, expected) in [
        ("toy.pkg.example.com", "/acme/w/f", "toy /w/f at https://toy.pkg.example.com/Acme account acme own"),
        ("toy.pkg.example.com", "/acme/", "toy / at https://toy.pkg.example.com/Acme account acme own"),
        ("toy.pkg.example.com", "/acme", "toy / at https://toy.pkg.example.com/Acme account acme own"),
        ("toy.pkg.example.com", "/", "toy / at https://toy.pkg.example.com own"),
        ("toy.pkg.example.com", "//w", "nowhere"),
        ("toy.pkg.example.com", "/@a%2fb/w", "nowhere"),
        ("toy.pkg.example.com", "/acme/../other/w", "bad"),
        (
            "keyway.example.org",
            "/v1/accounts/acme/engines/toy/w",
            "toy /w at https://keyway.example.org/v1/accounts/Acme/engines/toy account acme",
        ),
        ("keyway.example.org", "/v1/engines/toy/w", "toy /w at https://keyway.example.org/v1/engines/toy"),
        ("shop.acme.test", "/v1/engines/toy/w", "stranger"),
    ] {
        assert_eq!(describe(&hosts, host, path), expected, "{host}{path}");
    }
}

/// `distribution.md` §1, "OCI", and the design's "OCI names".
#[test]
fn registries_are_at_the_root_of_hosts() {
    let (domain, public) = (Some("example.com"), Some("https://keyway.example.org"));
    let single = hosts_in(Mode::Singleplayer, domain, public);
    let at = "at https://keyway.example.org registry";
    for (host, path, expected) in [
        ("oci.pkg.example.com", "/v2/", "oci /v2/ at https://oci.pkg.example.com registry".to_owned()),
        ("oci.pkg.example.com", "/", "oci / at https://oci.pkg.example.com registry".to_owned()),
        ("keyway.example.org", "/v2", format!("oci /v2 {at}")),
        ("keyway.example.org", "/v2/a/b/manifests/1", format!("oci /v2/a/b/manifests/1 {at}")),
        ("keyway.example.org", "/token", format!("oci /token {at}")),
        ("127.0.0.1:9", "/v2/a", "oci /v2/a at http://127.0.0.1:9 registry".to_owned()),
        ("api.example.com", "/v2/", "oci /v2/ at https://api.example.com registry".to_owned()),
        ("keyway.example.org", "/v20/", "nowhere".to_owned()),
        ("keyway.example.org", "/token/", "nowhere".to_owned()),
        ("keyway.example.org", "/v2/../v1/me", "bad".to_owned()),
        ("keyway.example.org", "/v1/engines/oci/v2/", "api".to_owned()),
        ("releases.example.com", "/v2/", "nowhere".to_owned()),
        ("get.example.com", "/v2/app.zip", "short v2/app.zip".to_owned()),
        ("npm.pkg.example.com", "/v2/", "stranger".to_owned()),
        ("toy.pkg.example.com", "/v2/", "toy /v2/ at https://toy.pkg.example.com own".to_owned()),
        ("evil.net", "/v2/", "stranger".to_owned()),
    ] {
        assert_eq!(describe(&single, host, path), expected, "{host}{path}");
    }
    let own = "https://shop.acme.test".to_owned();
    let place = place_on_own_host(ENGINES, own, "/v2/a/tags/list");
    assert_eq!(told(&place), "oci /v2/a/tags/list at https://shop.acme.test registry");
}

#[test]
fn the_first_segment_of_a_repository_is_the_account_where_there_are_many() {
    let many = hosts_in(Mode::Multiplayer, Some("example.com"), None);
    let at = "at http://oci.pkg.example.com:4873";
    for (path, expected) in [
        ("/v2/acme/app/manifests/1", format!("oci /v2/app/manifests/1 {at}/Acme account acme registry")),
        ("/v2/acme/a/b/tags/list", format!("oci /v2/a/b/tags/list {at}/Acme account acme registry")),
        ("/v2/acme/_catalog", format!("oci /v2/_catalog {at}/Acme account acme registry")),
        ("/v2/", format!("oci /v2/ {at} registry of somebody")),
        ("/v2", format!("oci /v2 {at} registry of somebody")),
        ("/token", format!("oci /token {at} registry of somebody")),
        ("/v2/_catalog", format!("oci /v2/_catalog {at} registry of somebody")),
        ("/v2/acme", format!("oci /v2/acme {at} registry of somebody")),
        ("/v2/acme/", format!("oci /v2/acme/ {at} registry of somebody")),
        ("/v2//app/tags/list", format!("oci /v2//app/tags/list {at} registry of somebody")),
        ("/v2/ac%6De/app/tags/list", format!("oci /v2/ac%6De/app/tags/list {at} registry of somebody")),
        ("/acme/v2/", format!("oci /acme/v2/ {at} registry of somebody")),
    ] {
        assert_eq!(describe(&many, "oci.pkg.example.com", path), expected, "{path}");
    }
}

/// `distribution.md` §10.
#[test]
fn hosts_of_short_links() {
    let single = hosts_in(Mode::Singleplayer, Some("example.com"), None);
    let many = hosts_in(Mode::Multiplayer, Some("example.com"), None);
    for (hosts, host, path, expected) in [
        (&single, "get.example.com", "/1.0.0/a%2Fb/c.zip", "short 1.0.0/a%2Fb/c.zip"),
        (&single, "GET.example.com:443", "/App.exe", "short App.exe"),
        (&single, "bin.example.com", "/", "short "),
        (&many, "get.example.com", "/acme/1.0.0/a/b", "short 1.0.0/a/b of account acme"),
        (&many, "bin.example.com", "/acme", "short  of account acme"),
        (&many, "bin.example.com", "/acme/", "short  of account acme"),
        (&many, "get.example.com", "/", "nowhere"),
        (&many, "get.example.com", "//1.0.0", "nowhere"),
        (&many, "get.example.com", "/acme/../other/1.0.0", "bad"),
        (&many, "get.example.com", "/v1/accounts/acme/releases", "api account acme"),
        (&many, "get.example.com", "/v1/ping", "ping"),
        (&many, "got.example.com", "/acme/1.0.0", "nowhere"),
        (&many, "get.example.org", "/acme/1.0.0", "stranger"),
        (&many, "127.0.0.1", "/acme/1.0.0", "nowhere"),
    ] {
        assert_eq!(describe(hosts, host, path), expected, "{host}{path}");
    }
}

#[test]
fn a_host_of_an_accounts_own_has_the_scheme_and_port_of_the_others() {
    let hosts = hosts(Some("example.com"), Some("https://keyway.example.org:8443"));
    let origin = hosts.origin_of("shop.acme.test");
    for (path, expected) in [
        ("/v1/engines/toy/w", "toy /w at https://shop.acme.test:8443/v1/engines/toy"),
        ("/v1/licenses", "api"),
        ("/v1/accounts/other/licenses", "api account other"),
        ("/metrics", "nowhere"),
    ] {
        assert_eq!(told(&place_on_own_host(ENGINES, origin.clone(), path)), expected, "{path}");
    }
    for (authority, host) in [
        ("Shop.Acme.Test:99", Some("shop.acme.test")),
        ("shop.acme.test.", Some("shop.acme.test")),
        ("a@b", None),
        ("", None),
        ("a b", None),
    ] {
        assert_eq!(Hosts::asked_for(authority).as_deref(), host, "{authority}");
    }
}

#[test]
fn the_listen_address_answers_by_number_and_as_localhost() {
    let hosts = hosts(None, None);
    for (host, path, expected) in [
        ("127.0.0.1:4873", "/v1/engines/toy/w", "toy /w at http://127.0.0.1:4873/v1/engines/toy"),
        ("LOCALHOST:4873", "/v1/engines/toy/w", "toy /w at http://localhost:4873/v1/engines/toy"),
        ("[::1]:4873", "/v1/engines/toy/w", "toy /w at http://[::1]:4873/v1/engines/toy"),
        ("192.0.2.10:80", "/v1/engines/toy/w", "toy /w at http://192.0.2.10:80/v1/engines/toy"),
        ("192.0.2.11", "/v1/engines/toy/w", "stranger"),
        ("localhost.evil.net", "/v1/me", "stranger"),
        ("127.0.0.1:port", "/v1/me", "stranger"),
        ("127.0.0.1:99999", "/v1/me", "stranger"),
        ("[::1", "/v1/me", "stranger"),
        ("127.0.0.1", "/metrics", "metrics"),
        ("127.0.0.1", "/-/ready", "ready"),
        ("127.0.0.1", "/-/analytics/usage", "api"),
        ("127.0.0.1", "/-/accounts/acme/analytics/gauges/alus", "api account acme"),
        ("127.0.0.1", "/-/accounts/acme/products", "nowhere"),
        ("127.0.0.1", "/v1/health", "health"),
        ("127.0.0.1", "/v1/accounts/acme/ping", "ping"),
        ("127.0.0.1", "/-/blobs/7.abc.def", "blob 7.abc.def"),
    ] {
        assert_eq!(describe(&hosts, host, path), expected, "{host}{path}");
    }
}

#[test]
fn paths_that_are_the_apis_and_not_an_engines() {
    let hosts = hosts(None, None);
    for (path, expected) in [
        ("/v1/engines", "api"),
        ("/v1/engines/toy", "api"),
        ("/v1/engines/nosuch/x", "api"),
        ("/v1/accounts/acme", "api account acme"),
        ("/v1/accounts/ac%22me/engines/toy/x", "api account ac%22me"),
        ("/v1/artifacts/dir/file.zip", "api"),
        ("/v1", "api"),
        ("/v10/x", "nowhere"),
        ("/", "nowhere"),
        ("/npm/x", "nowhere"),
    ] {
        assert_eq!(describe(&hosts, "127.0.0.1", path), expected, "{path}");
    }
}

#[test]
fn tricks_with_the_encoding_are_refused_everywhere() {
    let hosts = hosts(Some("example.com"), None);
    for path in [
        "/v1/../etc",
        "/v1/%2e%2e/etc",
        "/v1/.%2E/etc",
        "/v1/a%2f..%2fb",
        "/v1/a%2F%2e%2e",
        "/v1/a%5c..%5cb",
        "/v1/a\\..\\b",
        "/v1/./x",
        "/v1/..",
        "/v1/%00",
        "/v1/a%0d%0ab",
        "/v1/%ff",
        "/v1/%c0%ae",
        "/v1/%7f",
        "v1",
        "",
        "*",
    ] {
        assert_eq!(describe(&hosts, "127.0.0.1", path), "bad", "{path}");
        assert_eq!(describe(&hosts, "toy.pkg.example.com", path), "bad", "{path}");
    }
    for path in
        ["/@scope%2fname", "/v1/a..b", "/v1/.hidden", "/v1/100%25", "/v1/%252e%252e", "/v1/%C3%9F", "/v1/%zz"]
    {
        assert_ne!(describe(&hosts, "127.0.0.1", path), "bad", "{path}");
    }
}

#[test]
fn the_public_base_is_the_best_one_there_is() {
    assert_eq!(hosts(None, None).public_base(), "http://127.0.0.1:4873");
    assert_eq!(hosts(Some("example.com"), None).public_base(), "http://api.example.com:4873");
    assert_eq!(
        hosts(Some("example.com"), Some("https://k.example.org/")).public_base(),
        "https://k.example.org"
    );
    assert_eq!(hosts(Some("example.com"), None).engine_base("toy"), "http://toy.pkg.example.com:4873");
    assert_eq!(hosts(None, None).engine_base("toy"), "http://127.0.0.1:4873/v1/engines/toy");
}

#[test]
fn settings_that_make_no_sense_are_named() {
    let mut settings = Settings::new("127.0.0.1:4873".parse().unwrap());
    for bad in
        ["keyway.example.com", "ftp://example.com", "https://", "https://example.com/path", "https://u@h"]
    {
        settings.public_url = Some(bad.to_owned());
        let error = Hosts::new(&settings, ENGINES).unwrap_err();
        assert_eq!(error, crate::HostsError::PublicUrl(bad.to_owned()));
    }
    settings.public_url = None;
    for bad in ["https://example.com", "example.com:80", "a b", "a..b", ""] {
        settings.domain = Some(bad.to_owned());
        assert_eq!(Hosts::new(&settings, ENGINES).unwrap_err(), crate::HostsError::Domain(bad.to_owned()));
    }
}

#[test]
fn engines_that_forbid_http2_are_not_offered_it_on_their_host() {
    let hosts = hosts(Some("example.com"), None);
    assert!(hosts.offers_http2("toy.pkg.example.com"));
    assert!(!hosts.offers_http2("Plain.pkg.example.com"));
    assert!(hosts.offers_http2("api.example.com"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_path_climbs(path in "/[a-z./%25ef\\\\]{0,24}", host in "[a-z0-9.:\\[\\]@]{0,24}") {
        let hosts = hosts(Some("example.com"), None);
        let arrival = Arrival { authority: &host, local: LOCAL, https: true };
        let rest = match place(&hosts, ENGINES, &arrival, &path) {
            Place::Engine { rest, .. } => Some(rest.into_owned()),
            Place::Api { .. } => Some(path.clone()),
            _ => None,
        };
        if let Some(rest) = rest {
            let decoded = percent_decode_str(&rest).decode_utf8().unwrap();
            prop_assert!(decoded.split(['/', '\\']).all(|part| part != ".."), "{rest}");
        }
    }
}
