//! The routes of packages, releases, constraints, artifacts and what hangs on them. The product is LICENSED; the
//! release is published and asks for the entitlement that the licence has.

use super::Row;

/// A list: everyone gets one, with what they may see.
const LIST: &str = ".............";
/// Seen by the vendor and by those with a licence for it.
const SEEN: &str = ".......4..4.4";
/// The same where nobody is turned away.
const HARD: &str = ".......4..4.1";
/// Changed by those who publish; others are refused where they see it, and else do not know of it.
const PUBLISHED: &str = "..333..433431";
/// Made by those who publish.
const MADE: &str = "..333..333331";
/// Changed by those who publish; others of the team are refused, customers do not know of it.
const HIDDEN: &str = "..333..444441";

//                                                                     A D S T R E P Q O U X L N
pub(super) const ROWS: &[Row] = &[
    ("GET", "/packages", "", LIST),
    (
        "POST",
        "/packages",
        r#"{"data":{"type":"packages","attributes":{"name":"x","key":"{unique}"},
            "relationships":{"product":{"data":{"type":"products","id":"{product}"}}}}}"#,
        MADE,
    ),
    ("GET", "/packages/{package}", "", SEEN),
    ("PATCH", "/packages/{package}", r#"{"data":{"type":"packages","attributes":{"name":"x"}}}"#, PUBLISHED),
    ("DELETE", "/packages/{new-package}", "", PUBLISHED),
    ("GET", "/releases", "", LIST),
    (
        "POST",
        "/releases",
        r#"{"data":{"type":"releases","attributes":{"version":"{new-version}","channel":"stable"},
            "relationships":{"product":{"data":{"type":"products","id":"{product}"}}}}}"#,
        MADE,
    ),
    ("GET", "/releases/{release}", "", SEEN),
    ("PATCH", "/releases/{release}", r#"{"data":{"type":"releases","attributes":{"name":"x"}}}"#, PUBLISHED),
    ("DELETE", "/releases/{new-release}", "", PUBLISHED),
    ("POST", "/releases/{new-release}/actions/publish", "", PUBLISHED),
    ("POST", "/releases/{new-release}/actions/yank", "", PUBLISHED),
    // Team roles other than admin count as nobody here (`distribution.md` §6.5).
    ("GET", "/releases/{release}/upgrade", "", ".4444..4..4.4"),
    ("GET", "/releases/{release}/artifacts", "", SEEN),
    ("GET", "/releases/{release}/artifacts/{artifact}", "", SEEN),
    ("GET", "/releases/{release}/package", "", SEEN),
    ("PUT", "/releases/{new-release}/package", r#"{"data":{"type":"packages","id":"{package}"}}"#, PUBLISHED),
    ("GET", "/releases/{release}/product", "", ".......433431"),
    ("GET", "/releases/{release}/entitlements", "", HARD),
    ("GET", "/releases/{release}/entitlements/{entitlement}", "", HARD),
    ("GET", "/releases/{release}/constraints", "", HARD),
    ("GET", "/releases/{release}/constraints/{constraint}", "", HARD),
    (
        "POST",
        "/releases/{new-release}/constraints",
        r#"{"data":[{"type":"constraints","relationships":
            {"entitlement":{"data":{"type":"entitlements","id":"{entitlement}"}}}}]}"#,
        PUBLISHED,
    ),
    (
        "DELETE",
        "/releases/{new-constrained}/constraints",
        r#"{"data":[{"type":"constraints","id":"{its-constraint}"}]}"#,
        PUBLISHED,
    ),
    ("GET", "/rollouts", "", "........33331"),
    (
        "POST",
        "/rollouts",
        r#"{"data":{"type":"rollouts","attributes":{"percentage":10},
            "relationships":{"release":{"data":{"type":"releases","id":"{new-release}"}}}}}"#,
        MADE,
    ),
    ("GET", "/rollouts/{new-rollout}", "", ".......444441"),
    (
        "PATCH",
        "/rollouts/{new-rollout}",
        r#"{"data":{"type":"rollouts","attributes":{"percentage":20}}}"#,
        HIDDEN,
    ),
    ("DELETE", "/rollouts/{new-rollout}", "", HIDDEN),
    ("POST", "/rollouts/{new-rollout}/actions/pause", "", HIDDEN),
    ("POST", "/rollouts/{new-paused}/actions/resume", "", HIDDEN),
    ("POST", "/rollouts/{new-rollout}/actions/halt", "", HIDDEN),
    ("GET", "/artifacts", "", LIST),
    (
        "POST",
        "/artifacts",
        r#"{"data":{"type":"artifacts","attributes":{"filename":"{unique}"},
            "relationships":{"release":{"data":{"type":"releases","id":"{release}"}}}}}"#,
        MADE,
    ),
    ("GET", "/artifacts/{artifact}", "", SEEN),
    (
        "PATCH",
        "/artifacts/{artifact}",
        r#"{"data":{"type":"artifacts","attributes":{"signature":"x"}}}"#,
        PUBLISHED,
    ),
    // Its file is here: those who publish are told so.
    ("POST", "/artifacts/{artifact}/actions/sign-parts", "", "uu333uu433431"),
    ("POST", "/artifacts/{artifact}/actions/complete-upload", "", PUBLISHED),
    // Customers know nothing of a file that has not arrived.
    ("DELETE", "/artifacts/{new-artifact}", "", HIDDEN),
    ("GET", "/engines", "", LIST),
    ("GET", "/engines/{engine}", "", SEEN),
    ("GET", "/platforms", "", LIST),
    ("GET", "/platforms/{platform}", "", SEEN),
    ("GET", "/arches", "", LIST),
    ("GET", "/arches/{arch}", "", SEEN),
    ("GET", "/channels", "", LIST),
    // Channels are not hidden from products, whether they use them or not (`distribution.md` §5.4).
    ("GET", "/channels/{channel}", "", "..........4.4"),
    ("GET", "/products/{product}/releases", "", HARD),
    ("GET", "/products/{product}/releases/{release}", "", HARD),
    ("GET", "/products/{product}/packages", "", HARD),
    ("GET", "/products/{product}/packages/{package}", "", HARD),
    ("GET", "/products/{product}/artifacts", "", HARD),
    ("GET", "/products/{product}/artifacts/{artifact}", "", HARD),
    ("GET", "/products/{product}/engines", "", HARD),
    ("GET", "/products/{product}/engines/{engine}", "", HARD),
    ("GET", "/products/{product}/platforms", "", HARD),
    ("GET", "/products/{product}/platforms/{platform}", "", HARD),
    ("GET", "/products/{product}/arches", "", HARD),
    ("GET", "/products/{product}/arches/{arch}", "", HARD),
    ("GET", "/products/{product}/channels", "", HARD),
    ("GET", "/products/{product}/channels/{channel}", "", HARD),
];
