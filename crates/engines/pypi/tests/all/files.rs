//! Files and sidecars, and the refusals in their place (PEP 658; `npm-pypi.md` §2.6).

use keyway_engine::testing::{Standing, denial};
use keyway_engine::{Access, Caching, FileReply, Reason, Reply};

use crate::{ask, document, get, metadata, refusal_of, release, sdist, shelf, take};

fn path(version: &str) -> String {
    format!("/files/acme-widget/acme_widget-{version}-py3-none-any.whl")
}

#[test]
fn visible_and_yanked_files_are_handed_out() {
    let shelf = shelf(vec![(release("2.0"), Standing::Visible), (release("1.0"), Standing::Withdrawn)]);
    for (version, position) in [("2.0", 0), ("1.0", 1)] {
        let expected = FileReply {
            release: position,
            artifact: 0,
            media_type: Some("application/octet-stream"),
            attachment: false,
        };
        assert_eq!(get(&path(version), &shelf), Reply::File(expected), "{version}");
    }
}

#[test]
fn the_sidecar_is_the_metadata_byte_for_byte() {
    let shelf = shelf(vec![(release("1.0"), Standing::Visible)]);
    let sidecar = document(get(&format!("{}.metadata", path("1.0")), &shelf));
    assert_eq!(sidecar.body, metadata("Acme.Widget", "1.0", "Requires-Python: >=3.8\n"));
    assert_eq!(sidecar.caching, Caching::Immutable);
}

#[test]
fn refused_files_say_why_in_reason_phrase_and_body() {
    let expired = "Your licence expired on 2026-01-01: renew at acme.example.";
    let shelf = shelf(vec![
        (release("1.0"), Standing::Withheld(denial(Reason::Expired, expired))),
        (release("2.0"), Standing::Refused(denial(Reason::NotEntitled, "Pro is not included."))),
        (release("3.0"), Standing::Hidden),
    ])
    .denied(Reason::Expired, expired);
    for ending in ["", ".metadata"] {
        let ask = |version| refusal_of(get(&format!("{}{ending}", path(version)), &shelf));
        assert_eq!(ask("1.0"), (403, expired.to_owned(), format!("{expired}\n")));
        assert_eq!(ask("2.0"), (403, "Pro is not included.".to_owned(), "Pro is not included.\n".to_owned()));
        // What does not exist for the caller tells no more than the refusal as a whole.
        assert_eq!(ask("3.0"), ask("9.0"));
        assert_eq!(ask("9.0").1, expired);
    }
}

#[test]
fn absent_files_are_404() {
    let shelf = shelf(vec![(release("1.0"), Standing::Visible), (release("3.0"), Standing::Hidden)]);
    for file in [
        "acme_widget-9.0-py3-none-any.whl",
        "acme_widget-3.0-py3-none-any.whl",
        "acme_widget-1.0-cp312-none-any.whl",
        "acme_widget-1.0.tar.gz",
        "other-1.0-py3-none-any.whl",
        "acme_widget-notaversion-py3-none-any.whl",
    ] {
        let (status, reason, _) = refusal_of(get(&format!("/files/acme-widget/{file}"), &shelf));
        assert_eq!((status, reason), (404, format!("acme-widget has no file {file}")));
    }
    assert_eq!(refusal_of(ask("/files/other/other-1.0.tar.gz", "", &Access::Absent)).0, 404);
}

#[test]
fn an_sdist_that_may_change_has_no_sidecar() {
    let serve = |more: &str| {
        let bytes = sdist("acme_widget-1.0", &metadata("Acme.Widget", "1.0", more));
        let mut release = release("1.0");
        release.artifacts = vec![take("Acme.Widget", "1.0", "acme_widget-1.0.tar.gz", &bytes).unwrap()];
        let shelf = shelf(vec![(release, Standing::Visible)]);
        let page = crate::json_of(get("/simple/acme-widget/", &shelf));
        let offered = page["files"][0].get("core-metadata").is_some();
        let found =
            matches!(get("/files/acme-widget/acme_widget-1.0.tar.gz.metadata", &shelf), Reply::Document(_));
        assert!(matches!(get("/files/acme-widget/acme_widget-1.0.tar.gz", &shelf), Reply::File(_)));
        (offered, found)
    };
    assert_eq!(serve(""), (true, true));
    assert_eq!(serve("Dynamic: License\n"), (true, true));
    for dynamic in ["Requires-Dist", "Requires-Python", "provides-extra"] {
        assert_eq!(serve(&format!("Dynamic: {dynamic}\n")), (false, false), "{dynamic}");
    }
}
