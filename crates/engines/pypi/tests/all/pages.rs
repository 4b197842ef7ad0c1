//! Index and project pages (PEP 503, 592, 691, 700, 714).

use keyway_engine::testing::{Shelf, Standing, denial};
use keyway_engine::{Access, Caching, Engine as _, NameList, Need, PackageName, Reason, Status};
use keyway_engine_pypi::PypiEngine;
use serde_json::{Value, json};

use crate::{
    BASE, JSON, SHA256, ask, document, get, header, json_of, parse, plain, refusal_of, release, shelf,
};

/// SHA-256 of the METADATA of the test release 1.0, computed with coreutils.
const METADATA_1_0: &str = "0e1021e3918306b079dfe0360abf2f07203620a4e8b537468e875684dcb79b27";

fn html(path: &str, access: &Access<'_>) -> String {
    String::from_utf8(document(ask(path, "text/html", access)).body.to_vec()).unwrap()
}

fn size(shelf: &Shelf, release: usize) -> u64 {
    shelf.package.releases[release].artifacts[0].size
}

#[test]
fn a_project_in_json() {
    let mut yanked = release("0.9");
    yanked.notice = Some("broken \"build\"".to_owned());
    let shelf = shelf(vec![(release("1.0"), Standing::Visible), (yanked, Standing::Withdrawn)]);
    let found = document(get("/simple/acme-widget/", &shelf));
    assert_eq!((found.media_type, found.caching), (JSON, Caching::Revalidate));
    let mut page: Value = serde_json::from_slice(&found.body).unwrap();
    assert!(page["files"][0]["core-metadata"]["sha256"].is_string());
    page["files"][0].as_object_mut().unwrap().shift_remove("core-metadata");
    let file = |version: &str, more: Value| {
        let name = format!("acme_widget-{version}-py3-none-any.whl");
        let mut file = json!({
            "filename": name,
            "url": format!("{BASE}/files/acme-widget/{name}"),
            "hashes": { "sha256": SHA256 },
            "requires-python": ">=3.8",
            "upload-time": "2026-01-02T03:04:05.678Z",
        });
        file.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        file
    };
    let core = json!({ "sha256": METADATA_1_0 });
    assert_eq!(
        page,
        json!({
            "meta": { "api-version": "1.4" },
            "name": "acme-widget",
            "project-status": { "status": "active" },
            "versions": ["0.9", "1.0"],
            "files": [
                file("0.9", json!({ "size": size(&shelf, 1), "yanked": "broken \"build\"" })),
                file("1.0", json!({ "size": size(&shelf, 0), "yanked": false, "core-metadata": core })),
            ],
        })
    );
}

#[test]
fn a_project_in_html_says_the_same() {
    let mut yanked = release("0.9");
    yanked.notice = Some("broken <\"build\">".to_owned());
    let shelf = shelf(vec![(release("1.0"), Standing::Visible), (yanked, Standing::Withdrawn)]);
    let page = html("/simple/Acme.Widget", &Access::Package(shelf.view()));
    let anchor = page.lines().find(|line| line.contains("acme_widget-1.0-")).unwrap();
    assert_eq!(
        anchor,
        format!(
            "<a href=\"{BASE}/files/acme-widget/acme_widget-1.0-py3-none-any.whl#sha256={SHA256}\" \
             data-requires-python=\"&gt;=3.8\" data-core-metadata=\"sha256={METADATA_1_0}\" \
             data-dist-info-metadata=\"sha256={METADATA_1_0}\">acme_widget-1.0-py3-none-any.whl</a><br>"
        )
    );
    let anchor = page.lines().find(|line| line.contains("acme_widget-0.9-")).unwrap();
    assert!(anchor.contains(" data-yanked=\"broken &lt;&quot;build&quot;&gt;\">"), "{anchor}");
    assert!(page.contains("<meta name=\"pypi:repository-version\" content=\"1.4\">"), "{page}");
    assert!(page.starts_with("<!DOCTYPE html>"));
}

#[test]
fn each_form_has_its_media_type_and_cache_number() {
    let shelf = shelf(vec![(release("1.0"), Standing::Visible)]);
    let mut numbers = Vec::new();
    for (accept, media_type) in [
        (JSON, JSON),
        ("application/vnd.pypi.simple.v1+html", "application/vnd.pypi.simple.v1+html; charset=utf-8"),
        ("", "text/html; charset=utf-8"),
    ] {
        let found = document(ask("/simple/acme-widget/", accept, &Access::Package(shelf.view())));
        assert_eq!((found.media_type, found.vary), (media_type, "Accept, Authorization, Accept-Encoding"));
        numbers.push(PypiEngine.variant(&parse("/simple/acme-widget/", accept)).unwrap());
    }
    numbers.dedup();
    assert_eq!(numbers.len(), 3);
    assert_eq!(plain(ask("/simple/", "application/xml", &Access::Granted)).status, 406);
    assert_eq!(PypiEngine.need(&parse("/simple/x/", "application/xml")), Need::Nothing);
}

#[test]
fn versions_come_oldest_first_in_python_s_order_as_the_vendor_wrote_them() {
    let versions = ["1.0", "1.0.post1", "1!0.1", "1.0rc1", "0.10", "0.9", "1.0.dev3"];
    let shelf = shelf(versions.map(|version| (release(version), Standing::Visible)).into());
    let page = json_of(get("/simple/acme-widget/", &shelf));
    let expected = ["0.9", "0.10", "1.0.dev3", "1.0rc1", "1.0", "1.0.post1", "1!0.1"];
    assert_eq!(page["versions"], json!(expected));
    assert_eq!(page["files"].as_array().unwrap().len(), 7);
    assert_eq!(page["files"][6]["filename"], "acme_widget-1!0.1-py3-none-any.whl");
}

#[test]
fn the_vendor_sees_drafts_and_flagged_withdrawals() {
    let mut own = release("2.0");
    own.status = Status::Yanked;
    let mut draft = release("3.0");
    draft.status = Status::Draft;
    let shelf = shelf(vec![(own, Standing::Visible), (draft, Standing::Visible)]);
    let page = json_of(get("/simple/acme-widget/", &shelf));
    assert_eq!(page["files"][0]["yanked"], true);
    assert_eq!(page["files"][1]["yanked"], false);
}

#[test]
fn only_finished_wheels_and_sdists_are_listed() {
    let mut release = release("1.0");
    let mut waiting = keyway_engine::testing::artifact("acme_widget-1.0-cp312-abi3-any.whl", 3);
    waiting.manifests.clone_from(&release.artifacts[0].manifests);
    waiting.uploaded = false;
    release.artifacts.push(waiting);
    release.artifacts.push(keyway_engine::testing::artifact("acme_widget-1.0.tar.gz.asc", 3));
    let page = json_of(get("/simple/acme-widget/", &shelf(vec![(release, Standing::Visible)])));
    assert_eq!(page["files"].as_array().unwrap().len(), 1);
}

#[test]
fn withheld_files_are_listed_only_when_there_is_nothing_else() {
    let expired = || Standing::Withheld(denial(Reason::Expired, "Your licence expired."));
    let names = |shelf: &Shelf| {
        let page = json_of(get("/simple/acme-widget/", shelf));
        page["versions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|text| text.as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let denied = shelf(vec![(release("1.0"), expired()), (release("2.0"), expired())]);
    assert_eq!(names(&denied.denied(Reason::Expired, "Your licence expired.")), ["1.0", "2.0"]);
    assert_eq!(
        names(&shelf(vec![(release("1.0"), Standing::Visible), (release("2.0"), expired())])),
        ["1.0"]
    );
    let only_yanked = shelf(vec![(release("1.0"), Standing::Withdrawn), (release("2.0"), expired())]);
    assert_eq!(names(&only_yanked), ["1.0", "2.0"]);
}

/// The matrix of §5: no state of a name that is ours is a 404 or a redirect.
#[test]
fn a_name_that_is_ours_is_never_404() {
    let refused = |reason| Standing::Refused(denial(reason, "No."));
    for (reason, status) in [
        (Reason::CredentialMissing, 401),
        (Reason::CredentialInvalid, 401),
        (Reason::NotLicensed, 403),
        (Reason::NotEntitled, 403),
        (Reason::Expired, 403),
        (Reason::Suspended, 403),
        (Reason::Banned, 403),
        (Reason::OutsideWindow, 403),
        (Reason::PermissionMissing, 403),
        (Reason::MethodNotAllowed, 403),
        (Reason::Yanked, 403),
        (Reason::TooManyFailures, 429),
        (Reason::Unavailable, 503),
    ] {
        let shelf = shelf(vec![(release("1.0"), refused(reason))]).denied(reason, "No.");
        for accept in [JSON, "text/html"] {
            let reply = ask("/simple/acme-widget/", accept, &Access::Package(shelf.view()));
            assert_eq!(refusal_of(reply), (status, "No.".to_owned(), "No.\n".to_owned()), "{reason:?}");
        }
    }
    let nothing_yet = [
        shelf(Vec::new()),
        shelf(vec![(release("1.0"), Standing::Hidden)]),
        shelf(vec![(
            keyway_engine::testing::release(keyway_versions::Scheme::Pep440, "1.0"),
            Standing::Visible,
        )]),
    ];
    for shelf in nothing_yet {
        let page = json_of(get("/simple/acme-widget/", &shelf));
        assert_eq!((&page["files"], &page["versions"]), (&json!([]), &json!([])));
    }
}

#[test]
fn other_names_are_404_or_passed_on_where_that_is_allowed() {
    let reply = ask("/simple/requests/", JSON, &Access::Absent);
    assert_eq!(refusal_of(reply).0, 404);
    let mut context = crate::context();
    context.upstream = Some("https://index.example/simple/");
    let ask = |path| plain(PypiEngine.reply(&parse(path, JSON), &context, &Access::Absent));
    let redirect = ask("/simple/Typing_Extensions");
    assert_eq!(redirect.status, 303);
    assert_eq!(header(&redirect, "location"), Some("https://index.example/simple/typing-extensions/"));
    assert_eq!(header(&redirect, "cache-control"), Some("no-store"));
    assert_eq!(ask("/files/requests/requests-1.0.tar.gz").status, 404);
}

#[test]
fn no_credential_is_challenged_for_every_name_alike() {
    let missing = denial(Reason::CredentialMissing, "A licence key is needed.");
    let answers: Vec<_> = ["/simple/acme-widget/", "/simple/requests/", "/simple/", "/files/a/a-1.0.tar.gz"]
        .map(|path| PypiEngine.refuse(&parse(path, JSON), keyway_engine::testing::SITE, &missing))
        .into();
    assert_eq!(answers[0].status, 401);
    assert_eq!(header(&answers[0], "www-authenticate"), Some("Basic realm=\"keygen\""));
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn the_index_lists_visible_names() {
    let name =
        |key: &str, normalised: &str| PackageName { key: key.to_owned(), normalised: normalised.to_owned() };
    let names = NameList(vec![name("Acme.Widget", "acme-widget"), name("tool", "tool")]);
    let access = Access::Names(&names);
    assert_eq!(
        json_of(ask("/simple/", JSON, &access)),
        json!({ "meta": { "api-version": "1.4" }, "projects": [{ "name": "Acme.Widget" }, { "name": "tool" }] })
    );
    let page = html("/simple", &access);
    assert!(page.contains(&format!("<a href=\"{BASE}/simple/acme-widget/\">Acme.Widget</a><br>")), "{page}");
    assert!(page.contains("<title>Packages for Acme &amp; Co</title>"), "{page}");
    assert_eq!(PypiEngine.need(&parse("/simple/", JSON)), Need::Names);
}

#[test]
fn five_thousand_versions_are_one_page() {
    let template = release("1.0");
    let releases = (0..5000).map(|patch| {
        let mut release =
            keyway_engine::testing::release(keyway_versions::Scheme::Pep440, &format!("1.0.{patch}"));
        let mut artifact =
            keyway_engine::testing::artifact(&format!("acme_widget-1.0.{patch}-py3-none-any.whl"), 3);
        artifact.manifests.clone_from(&template.artifacts[0].manifests);
        release.artifacts = vec![artifact];
        (release, Standing::Visible)
    });
    let shelf = shelf(releases.collect());
    let page = json_of(get("/simple/acme-widget/", &shelf));
    assert_eq!(page["files"].as_array().unwrap().len(), 5000);
    assert_eq!(page["versions"][4999], "1.0.4999");
    assert_eq!(
        html("/simple/acme-widget/", &Access::Package(shelf.view())).matches("<a href=").count(),
        5000
    );
}
