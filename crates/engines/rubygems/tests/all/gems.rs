//! Files and single gemspecs.

use keyway_engine::testing::{Shelf, Standing, denial, release};
use keyway_engine::{Access, Engine, FileReply, Reason, Release, Reply, Status};
use keyway_engine_rubygems::RubygemsEngine;
use keyway_versions::Scheme;

use crate::{ask, document, gem, inflate, op, plain, taken_in};

fn native() -> Shelf {
    let mut made = release(Scheme::Gem, "1.0.0");
    for platform in [None, Some("java"), Some("x86_64-linux")] {
        made.artifacts.push(taken_in("acme-native", "1.0.0", platform, 0));
    }
    Shelf::new("acme-native", vec![(made, Standing::Visible)])
}

#[test]
fn a_full_name_leads_to_the_file_of_its_platform() {
    let shelf = native();
    for (path, artifact) in [
        ("/gems/acme-native-1.0.0.gem", 0),
        ("/gems/acme-native-1.0.0-java.gem", 1),
        ("/gems/acme-native-1.0.0-x86_64-linux.gem", 2),
    ] {
        let expected = FileReply {
            release: 0,
            artifact,
            media_type: Some("application/octet-stream"),
            attachment: true,
        };
        assert_eq!(ask(path, &Access::Package(shelf.view())), Reply::File(expected), "{path}");
    }
    for path in
        ["/gems/acme-native-1.0.gem", "/gems/acme-native-1.0.0-mswin32.gem", "/gems/acme-native-2.gem"]
    {
        assert_eq!(plain(ask(path, &Access::Package(shelf.view()))).status, 404, "{path}");
        assert_eq!(plain(ask(path, &Access::Absent)).status, 404, "{path}");
    }
}

#[test]
fn of_several_readings_the_package_that_holds_the_file_is_meant() {
    let shelf = native();
    assert!(RubygemsEngine.holds(&op("/gems/acme-native-1.0.0-java.gem"), &shelf.package));
    assert!(!RubygemsEngine.holds(&op("/gems/acme-native-1.0.0-1.gem"), &shelf.package));
    assert!(RubygemsEngine.holds(&op("/versions"), &shelf.package));
}

#[test]
fn a_gemspec_is_ruby_s() {
    let answer = document(ask(
        "/quick/Marshal.4.8/acme-native-1.0.0-java.gemspec.rz",
        &Access::Package(native().view()),
    ));
    assert_eq!(answer.media_type, "application/octet-stream");
    assert!(inflate(&answer.body).starts_with(b"\x04\x08u:\x17Gem::Specification"));
}

#[test]
fn refusals_say_why() {
    let refused = Standing::Refused(denial(Reason::NotEntitled, "It needs the entitlement pro."));
    let yanked = Release { status: Status::Yanked, ..gem("acme-widget", "1.1.0", 0) };
    let shelf = Shelf::new(
        "acme-widget",
        vec![
            (gem("acme-widget", "1.0.0", 0), refused),
            (yanked, Standing::Visible),
            (gem("acme-widget", "2.0.0", 0), Standing::Hidden),
        ],
    );
    for (version, status) in [("1.0.0", 403), ("1.1.0", 404), ("2.0.0", 404)] {
        for path in [
            format!("/gems/acme-widget-{version}.gem"),
            format!("/quick/Marshal.4.8/acme-widget-{version}.gemspec.rz"),
        ] {
            let answer = plain(ask(&path, &Access::Package(shelf.view())));
            assert_eq!(answer.status.as_u16(), status, "{path}");
            let says_why = answer.reason.as_deref() == Some("It needs the entitlement pro.");
            assert_eq!(says_why, status == 403, "{path}");
        }
    }
}

/// Gems that came with their YAML only, as a test may set them up.
#[test]
fn facts_are_read_from_the_yaml_where_there_are_none() {
    let shelf = native();
    let yaml = "--- !ruby/object:Gem::Specification\nname: acme-native\nversion: !ruby/object:Gem::Version\n  version: 1.0.0\n";
    let mut made = release(Scheme::Gem, "1.0.0");
    let mut artifact = taken_in("acme-native", "1.0.0", None, 0);
    artifact.manifests.truncate(1);
    artifact.manifests[0].kind = "gemspec".to_owned();
    artifact.manifests[0].bytes = yaml.as_bytes().into();
    made.artifacts.push(artifact);
    let bare = Shelf::new("acme-native", vec![(made, Standing::Visible)]);
    for path in ["/gems/acme-native-1.0.0.gem", "/quick/Marshal.4.8/acme-native-1.0.0.gemspec.rz"] {
        let (with, without) =
            (ask(path, &Access::Package(shelf.view())), ask(path, &Access::Package(bare.view())));
        assert_eq!(std::mem::discriminant(&with), std::mem::discriminant(&without), "{path}");
    }
}
