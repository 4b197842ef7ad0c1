//! Packages of NuGet: what their `.nuspec` says.

use std::io::Cursor;

use keyway_archive::nupkg::{self, Nuspec};
use keyway_archive::{ArchiveError, Limits};

use crate::zip_writer::{Member, archive};

/// As Velopack writes it.
const VELOPACK: &str = "\u{FEFF}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
    <package xmlns=\"http://schemas.microsoft.com/packaging/2010/07/nuspec.xsd\"><metadata>\n\
    <id>Acme.App</id><title>Acme &amp; App</title><version>1.2.0-beta.1</version><channel>win-beta</channel>\n\
    <mainExe>app.exe</mainExe><os>win</os><rid>win-x64</rid><machineArchitecture>x64</machineArchitecture>\n\
    </metadata></package>";

fn package(specs: &[(&str, &str)]) -> Vec<u8> {
    let app = Member::deflated("lib/app/app.exe", b"the program");
    let specs = specs.iter().map(|(name, text)| Member::deflated(name, text.as_bytes()));
    archive(&specs.chain([app]).collect::<Vec<_>>())
}

fn refusal(bytes: &[u8]) -> String {
    nupkg::read(&mut Cursor::new(bytes)).unwrap_err().to_string()
}

#[test]
fn a_package_says_what_it_is() {
    let own = |text: &str| Some(text.to_owned());
    let read = nupkg::read(&mut Cursor::new(package(&[("Acme.App.nuspec", VELOPACK)]))).unwrap();
    let expected = Nuspec {
        id: "Acme.App".to_owned(),
        version: "1.2.0-beta.1".to_owned(),
        channel: own("win-beta"),
        os: own("win"),
        rid: own("win-x64"),
        arch: own("x64"),
    };
    assert_eq!(read, expected);
    let squirrel = "<package><metadata><id> App </id><version>1.0</version><channel/></metadata></package>";
    let read = nupkg::read(&mut Cursor::new(package(&[("App.NuSpec", squirrel)]))).unwrap();
    assert_eq!((read.id.as_str(), read.version.as_str(), read.channel, read.os), ("App", "1.0", None, None));
}

#[test]
fn what_says_nothing_or_two_things_is_refused() {
    let spec = "<package><metadata><id>a</id><version>1</version></metadata></package>";
    let bomb = "<!DOCTYPE p [<!ENTITY a \"aaaa\">]><package><metadata><id>&a;</id></metadata></package>";
    for (specs, text) in [
        (vec![], "is missing"),
        (vec![("lib/a.nuspec", spec)], "is missing"),
        (vec![("a.nuspec", spec), ("b.nuspec", spec)], "is there more than once"),
        (vec![("a.nuspec", "<package>")], "is not well-formed XML"),
        (vec![("a.nuspec", bomb)], "is not well-formed XML"),
        (vec![("a.nuspec", "<package/>")], "has no metadata"),
        (vec![("a.nuspec", "<package><metadata><version>1</version></metadata></package>")], "has no id"),
        (vec![("a.nuspec", "<package><metadata><id>a</id></metadata></package>")], "has no version"),
    ] {
        assert_eq!(refusal(&package(&specs)), format!("the .nuspec {text}"), "{specs:?}");
    }
    assert!(refusal(b"not a zip").contains("not an acceptable zip archive"));
}

#[test]
fn a_large_nuspec_is_not_read() {
    let limits = Limits { member: 64, ..Limits::nupkg() };
    let bytes = package(&[("a.nuspec", VELOPACK)]);
    let error = nupkg::read_within(&mut Cursor::new(bytes), &limits).unwrap_err();
    assert!(matches!(error, ArchiveError::Entry { .. }), "{error}");
}

#[test]
fn a_file_that_was_cut_short_is_told_from_a_zip() {
    let whole = package(&[("a.nuspec", VELOPACK)]);
    let looks = |bytes: &[u8]| nupkg::looks_whole(&mut Cursor::new(bytes)).unwrap();
    assert!(looks(&whole));
    assert!(looks(&[whole.as_slice(), b"a comment"].concat()));
    assert!(!looks(&whole[..whole.len() - 40]));
    assert!(!looks(b""));
    assert!(!looks(b"MZ"));
}
