//! Golden documents per version, from the tables of `licensing.md` §1.9 and `distribution.md` §11.

use super::*;
use serde_json::json;

const POLICIES: Route = Route { verb: Verb::Post, path: "/policies" };
const POLICY: Route = Route { verb: Verb::Patch, path: "/policies/{id}" };
const LICENSES: Route = Route { verb: Verb::Post, path: "/licenses" };
const RELEASE: Route = Route { verb: Verb::Get, path: "/releases/{id}" };

fn render(minor: u8, route: Route, document: &Value) -> Value {
    ApiVersion(minor).render(document.clone(), Some(route))
}

fn accept(minor: u8, route: Route, body: &Value) -> Value {
    let mut body = body.as_object().unwrap().clone();
    ApiVersion(minor).accept(&mut body, route);
    Value::Object(body)
}

fn at(document: &Value, pointer: &str) -> Value {
    document.pointer(pointer).cloned().unwrap_or_else(|| json!("absent"))
}

#[test]
fn reads_the_supported_versions_and_no_others() {
    for minor in 0..=8u8 {
        assert_eq!(ApiVersion::parse(&format!("1.{minor}")), Some(ApiVersion(minor)));
        assert_eq!(ApiVersion::parse(&format!("v1.{minor}")), Some(ApiVersion(minor)));
    }
    for bad in ["", "1", "1.9", "2.0", "1.08", "1.-1", "V1.8", "1.8.0", "latest"] {
        assert_eq!(ApiVersion::parse(bad), None, "{bad}");
    }
    assert_eq!(ApiVersion::CURRENT.to_string(), "1.8");
    assert!(ApiVersion(3).has_suffixed_ids() && !ApiVersion(4).has_suffixed_ids());
    for minor in 0..=ApiVersion::CURRENT.0 {
        assert_eq!(ApiVersion(minor).as_str(), format!("1.{minor}"));
        assert_eq!(ApiVersion::parse(ApiVersion(minor).as_str()), Some(ApiVersion(minor)));
    }
}

#[test]
fn the_current_version_is_left_alone() {
    let document = json!({"data": {"type": "policies", "attributes": {"processLeasingStrategy": "x",
        "metadata": {"a": {"bC": 1}}}}, "meta": {"code": "VALID"}});
    assert_eq!(render(8, POLICIES, &document), document);
    let body = json!({"data": {"attributes": {"leasing_strategy": "x"}}});
    assert_eq!(accept(8, POLICIES, &body), body, "the schema refuses the old name");
}

#[test]
fn until_1_7_what_is_wrong_with_a_password_is_not_told() {
    let tokens = Route { verb: Verb::Post, path: "/tokens" };
    let error = |code: &str, detail: &str| {
        json!({"errors": [{"title": "Unauthorized", "detail": detail, "code": code,
               "source": {"header": "Authorization"}}]})
    };
    let now = error("PASSWORD_INVALID", "is invalid");
    assert_eq!(render(8, tokens, &now), now);
    let then = error("CREDENTIALS_INVALID", "email and password must be valid");
    for code in ["PASSWORD_INVALID", "PASSWORD_REQUIRED", "EMAIL_INVALID", "EMAIL_REQUIRED"] {
        assert_eq!(render(7, tokens, &error(code, "x")), then, "{code}");
    }
    let other = error("TOKEN_INVALID", "x");
    assert_eq!(render(7, tokens, &other), other);
    assert_eq!(render(7, LICENSES, &now), now);
}

#[test]
fn renamed_attributes_of_policies() {
    let now = json!({"data": [{"type": "policies", "attributes": {"processLeasingStrategy": "PER_LICENSE",
        "machineUniquenessStrategy": "UNIQUE_PER_LICENSE", "machineMatchingStrategy": "MATCH_ANY"}}]});
    for (minor, old, value) in [
        (6, "leasingStrategy", "PER_LICENSE"),
        (3, "fingerprintUniquenessStrategy", "UNIQUE_PER_LICENSE"),
        (3, "fingerprintMatchingStrategy", "MATCH_ANY"),
    ] {
        let pointer = format!("/data/0/attributes/{old}");
        assert_eq!(at(&render(minor, POLICY, &now), &pointer), value, "{old}");
        assert_eq!(at(&render(minor + 1, POLICY, &now), &pointer), "absent", "{old}");
    }
    for (minor, old, new) in [
        (6, "leasing_strategy", "process_leasing_strategy"),
        (3, "fingerprint_uniqueness_strategy", "machine_uniqueness_strategy"),
        (3, "fingerprint_matching_strategy", "machine_matching_strategy"),
    ] {
        let body = json!({"data": {"attributes": {old: "x"}}});
        assert_eq!(accept(minor, POLICY, &body), json!({"data": {"attributes": {new: "x"}}}), "{old}");
        assert_eq!(accept(minor + 1, POLICY, &body), body, "{old}");
    }
    let error =
        |pointer: &str, code: &str| json!({"errors": [{"code": code, "source": {"pointer": pointer}}]});
    let now = error("/data/attributes/processLeasingStrategy", "PROCESS_LEASING_STRATEGY_NOT_ALLOWED");
    let then = error("/data/attributes/leasingStrategy", "LEASING_STRATEGY_NOT_ALLOWED");
    assert_eq!(render(6, POLICIES, &now), then);
}

#[test]
fn until_1_5_a_licence_has_a_user() {
    let license = |name: &str| {
        json!({"data": {"type": "licenses", "relationships": {name: {"data": null,
            "links": {"related": format!("/v1/accounts/a/licenses/b/{name}")}}}}})
    };
    assert_eq!(render(5, LICENSES, &license("owner")), license("user"));
    assert_eq!(render(6, LICENSES, &license("owner")), license("owner"));
    let error = |name: &str, code: &str| json!({"errors": [{"code": code, "source": {"pointer": format!("/data/relationships/{name}")}}]});
    let (now, then) = (error("owner", "OWNER_NOT_FOUND"), error("user", "USER_NOT_FOUND"));
    assert_eq!(render(5, LICENSES, &now), then);
    assert_eq!(render(5, POLICIES, &now), now);
    let body = json!({"data": {"relationships": {"user": {"data": 1}}}});
    assert_eq!(accept(5, LICENSES, &body), json!({"data": {"relationships": {"owner": {"data": 1}}}}));
    assert_eq!(accept(6, LICENSES, &body), body);
}

#[test]
fn until_1_4_nested_keys_of_metadata_are_in_snake_case() {
    let document = |inner: &str| {
        json!({"data": {"type": "users", "attributes": {"metadata": {"topKey": {inner: [{inner: "aB"}]}}}},
               "included": [{"type": "tokens", "attributes": {"metadata": {"topKey": {inner: 1}}}}]})
    };
    assert_eq!(render(4, RELEASE, &document("nestedKey")), document("nested_key"));
    assert_eq!(render(5, RELEASE, &document("nestedKey")), document("nestedKey"));
}

#[test]
fn defaults_of_new_policies() {
    let body = json!({"data": {"attributes": {"name": "x"}}});
    let with = |more: &Value| {
        let mut body = body.clone();
        body["data"]["attributes"].as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let ping = json!({"heartbeat_basis": "FROM_FIRST_PING"});
    assert_eq!(accept(3, POLICIES, &body), body);
    assert_eq!(accept(2, POLICIES, &body), with(&ping));
    assert_eq!(accept(2, POLICY, &body), body, "changes set no defaults");
    let own = with(&json!({"heartbeat_basis": "FROM_CREATION"}));
    assert_eq!(accept(2, POLICIES, &own), own);
    let overage =
        |strategy: &str| with(&json!({"overage_strategy": strategy, "heartbeat_basis": "FROM_FIRST_PING"}));
    assert_eq!(accept(1, POLICIES, &body), overage("ALWAYS_ALLOW_OVERAGE"));
    for (concurrent, strategy) in [(true, "ALWAYS_ALLOW_OVERAGE"), (false, "NO_OVERAGE")] {
        assert_eq!(accept(1, POLICIES, &with(&json!({"concurrent": concurrent}))), overage(strategy));
    }
    let odd = with(&json!({"concurrent": "yes"}));
    assert_eq!(
        at(&accept(1, POLICIES, &odd), "/data/attributes/concurrent"),
        "yes",
        "for the schema to refuse"
    );
}

#[test]
fn until_1_1_policies_are_concurrent_and_validations_have_a_constant() {
    for (overage, concurrent) in
        [("NO_OVERAGE", false), ("ALWAYS_ALLOW_OVERAGE", true), ("ALLOW_2X_OVERAGE", true)]
    {
        let document = json!({"data": {"type": "policies", "attributes": {"overageStrategy": overage}}});
        assert_eq!(at(&render(1, POLICY, &document), "/data/attributes/concurrent"), concurrent, "{overage}");
        assert_eq!(at(&render(2, POLICY, &document), "/data/attributes/concurrent"), "absent");
    }
    let by_key = Route { verb: Verb::Post, path: "/licenses/actions/validate-key" };
    let quick = Route { verb: Verb::Get, path: "/licenses/{id}/actions/validate" };
    for (code, valid, expected) in [
        ("VALID", true, true),
        ("EXPIRED", true, true),
        ("EXPIRED", false, false),
        ("TOO_MANY_MACHINES", true, false),
        ("SUSPENDED", false, false),
    ] {
        let now = json!({"data": null, "meta": {"valid": valid, "code": code}});
        let then = json!({"data": null, "meta": {"valid": expected, "constant": code}});
        assert_eq!(render(1, by_key, &now), then, "{code}");
        assert_eq!(render(0, quick, &now), then, "{code}");
        assert_eq!(render(2, by_key, &now), now, "{code}");
    }
    let other = json!({"meta": {"valid": true, "code": "x"}});
    assert_eq!(render(1, LICENSES, &other), other);
}

#[test]
fn in_1_0_a_release_is_one_file() {
    let release = |former: Value| {
        json!({"data": {"type": "releases", "attributes": {"status": "DRAFT", "version": "1.0.0"},
            "relationships": {"artifacts": {"links": {}}}, "links": {"self": "/v1/accounts/a/releases/b"},
            "former": former}})
    };
    let file = json!({"id": "c", "platform": "win32", "filetype": "exe", "filename": "a.exe", "filesize": 3,
        "signature": null, "checksum": "x"});
    let link = "/v1/accounts/a/releases/b/artifact";
    assert_eq!(
        render(0, RELEASE, &release(file)),
        json!({"data": {"type": "releases", "attributes": {"status": "NOT_PUBLISHED", "version": "1.0.0",
            "platform": "win32", "filetype": "exe", "filename": "a.exe", "filesize": 3, "signature": null,
            "checksum": "x"}, "links": {"self": "/v1/accounts/a/releases/b"},
            "relationships": {"artifact": {"links": {"related": link}, "data": {"type": "artifacts", "id": "c"}}}}})
    );
    let none = render(0, RELEASE, &release(Value::Null));
    assert_eq!(at(&none, "/data/relationships/artifact/data"), Value::Null);
    assert_eq!(at(&none, "/data/attributes/filename"), Value::Null);
    let artifact = json!({"data": [{"type": "artifacts", "attributes": {"filename": "a.exe"},
        "relationships": {}, "former": {"data": {"type": "products", "id": "p"}}}]});
    let then = render(0, RELEASE, &artifact);
    assert_eq!(at(&then, "/data/0/attributes/key"), "a.exe");
    assert_eq!(at(&then, "/data/0/relationships/product/data/id"), "p");
    assert_eq!(at(&then, "/data/0/former"), "absent");
}

#[test]
fn in_1_0_the_file_comes_with_the_release() {
    let mut body = json!({"data": {"attributes": {"version": "1.0.0", "filename": "a.exe", "filesize": 1}}});
    let body = body.as_object_mut().unwrap();
    let releases = Route { verb: Verb::Put, path: "/releases" };
    assert_eq!(take_file(body, RELEASE), None);
    assert_eq!(
        take_file(body, releases),
        Some(json!({"filename": "a.exe", "filesize": 1}).as_object().unwrap().clone())
    );
    assert_eq!(Value::Object(body.clone()), json!({"data": {"attributes": {"version": "1.0.0"}}}));
    assert_eq!(take_file(body, releases), None);
}

#[test]
fn until_1_5_a_machine_s_user_is_its_licence_s_owner() {
    let link = "/v1/accounts/a/machines/m";
    let machine = |former: &Value| {
        let owner =
            json!({"links": {"related": format!("{link}/owner")}, "data": {"type": "users", "id": "own"}});
        json!({"data": [{"type": "machines", "relationships": {"owner": owner}, "links": {"self": link},
            "former": former}]})
    };
    let show = Route { verb: Verb::Get, path: "/machines" };
    let licensee = json!({"type": "users", "id": "licensee"});
    let then = render(5, show, &machine(&licensee));
    assert_eq!(at(&then, "/data/0/relationships/owner"), "absent");
    let user = json!({"links": {"related": format!("{link}/user")}, "data": licensee});
    assert_eq!(at(&then, "/data/0/relationships/user"), user);
    assert_eq!(at(&then, "/data/0/former"), "absent");
    let nobody = render(5, show, &machine(&Value::Null));
    assert_eq!(at(&nobody, "/data/0/relationships/user/data"), Value::Null);
    assert_eq!(at(&render(6, show, &machine(&Value::Null)), "/data/0/relationships/user"), "absent");
}

#[test]
fn until_1_2_a_new_machine_has_not_pinged() {
    let machine = |status: &str, last: Value| json!({"data": {"type": "machines", "attributes": {"heartbeatStatus": status, "lastHeartbeat": last}}});
    let made = Route { verb: Verb::Post, path: "/machines" };
    let shown = Route { verb: Verb::Get, path: "/machines/{id}" };
    let alive = machine("ALIVE", json!("2026-06-01T12:00:00.000Z"));
    let attributes = |document: Value| at(&document, "/data/attributes");
    assert_eq!(attributes(render(2, made, &alive)), attributes(machine("NOT_STARTED", Value::Null)));
    assert_eq!(attributes(render(3, made, &alive)), attributes(alive.clone()));
    assert_eq!(attributes(render(2, shown, &alive)), attributes(alive.clone()));
}
