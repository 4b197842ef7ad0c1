//! Groups, their owners and their members (`licensing.md` §6).

use serde_json::{Value, json};

use crate::world::{Answer, Client, World, change, document, id, one};

/// A group with these limits.
async fn group(world: &World, attributes: Value) -> String {
    let mut all = json!({ "name": "Team" });
    all.as_object_mut().unwrap().extend(attributes.as_object().unwrap().clone());
    id(&world.make("groups", all, json!({})).await)
}

fn reference(kind: &str, id: &str) -> Value {
    json!({ "data": { "type": kind, "id": id } })
}

fn references(kind: &str, ids: &[&str]) -> Value {
    let items: Vec<Value> = ids.iter().map(|id| json!({ "type": kind, "id": id })).collect();
    json!({ "data": items })
}

/// Puts a record (`users/<id>`) into a group.
async fn put(client: &Client, member: &str, group: &str) -> Answer {
    client.put(&format!("{member}/group"), reference("groups", group)).await
}

/// A policy, and in it a licence of a user.
async fn licensed(world: &World, owner: &str) -> (String, Value) {
    let product = world.product("App").await;
    let policy = world.policy(&product, json!({})).await;
    let mut relations = one("policy", "policies", &policy);
    relations["owner"] = reference("users", owner);
    let license = world.make("licenses", json!({}), relations).await;
    (policy, license)
}

/// The names of the events that were logged, oldest first.
async fn events(world: &World, of: &str) -> Vec<String> {
    let path = format!("event-logs?resource[id]={of}&limit=100&order=asc");
    let answer = world.admin.get(&path).await;
    let all = answer.body["data"].as_array().unwrap();
    all.iter().map(|entry| entry["attributes"]["event"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_group_is_made_changed_and_deleted() {
    let world = World::new().await;
    let made =
        world.make("groups", json!({"name": "Team", "maxUsers": 2, "metadata": {"a": 1}}), json!({})).await;
    assert_eq!(made["type"], json!("groups"));
    let expected = json!({
        "name": "Team", "maxUsers": 2, "maxLicenses": null, "maxMachines": null, "metadata": {"a": 1},
        "created": "2026-06-01T12:00:00.000Z", "updated": "2026-06-01T12:00:00.000Z",
    });
    assert_eq!(made["attributes"], expected);
    let id = id(&made);
    for name in ["owners", "users", "licenses", "machines"] {
        let link = &made["relationships"][name]["links"]["related"];
        assert!(link.as_str().unwrap().ends_with(&format!("/groups/{id}/{name}")), "{link}");
    }
    let path = format!("groups/{id}");
    let changed = world.admin.patch(&path, change("groups", json!({"name": "Crew", "maxUsers": null}))).await;
    assert_eq!((changed.status, changed.text("/data/attributes/name")), (200, "Crew"));
    assert_eq!(changed.at("/data/attributes/maxUsers"), &json!(null));
    assert_eq!(world.admin.get("groups").await.ids(), std::slice::from_ref(&id));
    assert_eq!(world.admin.delete(&path).await.status, 204);
    assert_eq!(world.admin.get(&path).await.status, 404);
    assert_eq!(events(&world, &id).await, ["group.created", "group.updated", "group.deleted"]);
}

#[tokio::test]
async fn what_is_wrong_with_a_group_is_said() {
    let world = World::new().await;
    for (attributes, refusal) in [
        (json!({}), (400, "", "/data/attributes/name")),
        (json!({"name": ""}), (400, "", "/data/attributes/name")),
        (json!({"name": "x", "colour": "red"}), (400, "", "/data/attributes/colour")),
        (json!({"name": "x", "maxUsers": "2"}), (400, "", "/data/attributes/maxUsers")),
        (json!({"name": "n".repeat(256)}), (422, "NAME_TOO_LONG", "/data/attributes/name")),
        (json!({"name": "x", "maxUsers": -1}), (422, "MAX_USERS_INVALID", "/data/attributes/maxUsers")),
        (
            json!({"name": "x", "maxLicenses": -1}),
            (422, "MAX_LICENSES_INVALID", "/data/attributes/maxLicenses"),
        ),
        (
            json!({"name": "x", "maxMachines": -1}),
            (422, "MAX_MACHINES_INVALID", "/data/attributes/maxMachines"),
        ),
    ] {
        let answer = world.admin.post("groups", document("groups", attributes, json!({}))).await;
        assert_eq!(answer.error(), refusal, "{}", answer.body);
    }
}

#[tokio::test]
async fn users_and_licences_get_into_groups_and_out() {
    let world = World::new().await;
    let (home, away) = (group(&world, json!({})).await, group(&world, json!({})).await);
    let user = world.user("jane@example.com", "user").await;
    let (_, license) = licensed(&world, &user).await;
    let license = id(&license);
    for (member, without) in [(format!("users/{user}"), 200), (format!("licenses/{license}"), 404)] {
        let path = format!("{member}/group");
        let none = world.admin.get(&path).await;
        assert_eq!((none.status, none.at("/data")), (without, &Value::Null), "{path}");
        let joined = put(&world.admin, &member, &home).await;
        assert_eq!((joined.status, joined.text("/data/relationships/group/data/id")), (200, home.as_str()));
        assert_eq!(world.admin.get(&path).await.text("/data/id"), home);
        let moved = put(&world.admin, &member, &away).await;
        assert_eq!(moved.text("/data/relationships/group/data/id"), away);
        let unknown = put(&world.admin, &member, &user).await;
        assert_eq!(
            unknown.error(),
            (422, "GROUP_NOT_FOUND", "/data/relationships/group"),
            "{}",
            unknown.body
        );
        assert_eq!(world.admin.put(&path, reference("users", &user)).await.error(), (400, "", "/data/type"));
        assert_eq!(world.admin.put(&path, json!({})).await.error(), (400, "", "/data"));
        let list = member.split('/').next().unwrap();
        assert_eq!(world.admin.get(&format!("groups/{away}/{list}")).await.ids().len(), 1);
        assert_eq!(world.admin.get(&format!("groups/{away}/{member}")).await.status, 200);
        assert_eq!(world.admin.get(&format!("groups/{home}/{member}")).await.status, 404);
        assert_eq!(world.admin.get(&format!("{list}?group={away}")).await.ids().len(), 1);
        let left = world.admin.put(&path, json!({ "data": null })).await;
        assert_eq!((left.status, left.at("/data/relationships/group/data")), (200, &Value::Null));
    }
    let of_license = events(&world, &license).await;
    assert_eq!(of_license.iter().filter(|event| *event == "license.group.updated").count(), 3);
    assert!(events(&world, &user).await.contains(&"user.group.updated".to_owned()));
}

#[tokio::test]
async fn new_members_name_their_group_or_inherit_it() {
    let world = World::new().await;
    let (home, away) = (group(&world, json!({})).await, group(&world, json!({})).await);
    let mut body = json!({ "group": reference("groups", &home) });
    let user = id(&world.make("users", json!({"email": "jane@example.com"}), body.clone()).await);
    let (policy, license) = licensed(&world, &user).await;
    assert_eq!(license["relationships"]["group"]["data"]["id"], json!(home), "the owner's");
    body["policy"] = reference("policies", &policy);
    body["owner"] = reference("users", &user);
    body["group"] = reference("groups", &away);
    let chosen = world.make("licenses", json!({}), body.clone()).await;
    assert_eq!(chosen["relationships"]["group"]["data"]["id"], json!(away), "the one that was named");
    body["group"] = reference("groups", &user);
    let unknown = world.admin.post("licenses", document("licenses", json!({}), body.clone())).await;
    assert_eq!(unknown.error(), (422, "GROUP_NOT_FOUND", "/data/relationships/group"));
    let plain = world.make("licenses", json!({}), one("policy", "policies", &policy)).await;
    assert_eq!(plain["relationships"]["group"]["data"], json!(null));
    let customer = world.token_of(&format!("users/{user}")).await;
    body["group"] = reference("groups", &away);
    let refused = customer.post("licenses", document("licenses", json!({}), body)).await;
    assert_eq!((refused.status, refused.error().2), (400, "/data/relationships/group"), "not for customers");
    let body =
        document("users", json!({"email": "x@example.com"}), json!({ "group": reference("groups", &home) }));
    let refused = world.anonymous().post("users", body).await;
    assert_eq!((refused.status, refused.error().2), (400, "/data/relationships/group"), "not for strangers");
}

#[tokio::test]
async fn a_full_group_takes_nobody_more() {
    let world = World::new().await;
    let full = group(&world, json!({"maxUsers": 1, "maxLicenses": 1})).await;
    let (first, second) =
        (world.user("a@example.com", "user").await, world.user("b@example.com", "user").await);
    let (policy, license) = licensed(&world, &first).await;
    let license = id(&license);
    let pointer = "/data/relationships/group";
    assert_eq!(put(&world.admin, &format!("users/{first}"), &full).await.status, 200);
    assert_eq!(put(&world.admin, &format!("users/{first}"), &full).await.status, 200, "is in it already");
    let refused = put(&world.admin, &format!("users/{second}"), &full).await;
    assert_eq!(refused.error(), (422, "GROUP_USER_LIMIT_EXCEEDED", pointer));
    assert_eq!(refused.detail(), "user count has exceeded maximum allowed by current group (1)");
    let into = json!({ "group": reference("groups", &full) });
    let new = document("users", json!({"email": "c@example.com"}), into);
    assert_eq!(world.admin.post("users", new).await.error(), (422, "GROUP_USER_LIMIT_EXCEEDED", pointer));
    assert_eq!(put(&world.admin, &format!("licenses/{license}"), &full).await.status, 200);
    let mut heir = one("policy", "policies", &policy);
    heir["owner"] = reference("users", &first);
    let refused = world.admin.post("licenses", document("licenses", json!({}), heir)).await;
    assert_eq!(
        refused.error(),
        (422, "GROUP_LICENSE_LIMIT_EXCEEDED", pointer),
        "what is inherited counts too"
    );
    let path = format!("groups/{full}");
    let lowered = world.admin.patch(&path, change("groups", json!({"maxUsers": 0}))).await;
    assert_eq!(lowered.status, 200, "those who are in it stay");
    let renamed = change("users", json!({"firstName": "Jane"}));
    assert_eq!(world.admin.patch(&format!("users/{first}"), renamed).await.status, 200);
    world.admin.put(&format!("users/{first}/group"), json!({ "data": null })).await;
    let back = put(&world.admin, &format!("users/{first}"), &full).await;
    assert_eq!(back.error(), (422, "GROUP_USER_LIMIT_EXCEEDED", pointer), "zero keeps everybody out");
}

#[tokio::test]
async fn owners_are_attached_and_detached() {
    let world = World::new().await;
    let group = group(&world, json!({})).await;
    let (jane, john) =
        (world.user("jane@example.com", "user").await, world.user("john@example.com", "user").await);
    let path = format!("groups/{group}/owners");
    let attached = world.admin.post(&path, references("users", &[&jane, &john])).await;
    assert_eq!(attached.status, 200, "{}", attached.body);
    assert_eq!(attached.text("/data/0/type"), "group-owners");
    assert_eq!(attached.text("/data/0/relationships/user/data/id"), jane);
    assert_eq!(attached.text("/data/0/relationships/group/data/id"), group);
    let join = attached.text("/data/0/id").to_owned();
    assert_eq!(world.admin.get(&path).await.ids().len(), 2);
    for name in [&join, &jane] {
        let shown = world.admin.get(&format!("{path}/{name}")).await;
        assert_eq!(shown.text("/data/relationships/user/data/id"), jane);
    }
    let user = "/data/relationships/user";
    for (body, refusal) in [
        (references("users", &[&jane]), (422, "USER_TAKEN", user)),
        (references("users", &[&group]), (422, "USER_NOT_FOUND", user)),
        (references("users", &[]), (400, "", "/data")),
        (references("licenses", &[&jane]), (400, "", "/data/0/type")),
    ] {
        let answer = world.admin.post(&path, body).await;
        assert_eq!(answer.error(), refusal, "{}", answer.body);
    }
    let gone = world.admin.send(http::Method::DELETE, &path, Some(references("users", &[&jane]))).await;
    assert_eq!(gone.status, 204);
    let not = world.admin.send(http::Method::DELETE, &path, Some(references("users", &[&john, &jane]))).await;
    assert_eq!(not.error(), (422, "", "/data/1"), "{}", not.body);
    assert_eq!(world.admin.get(&path).await.ids().len(), 1, "all of them or none");
    assert_eq!(
        events(&world, &group).await,
        ["group.created", "group.owners.attached", "group.owners.detached"]
    );
    assert_eq!(world.admin.delete(&format!("users/{john}")).await.status, 204);
    assert!(world.admin.get(&path).await.ids().is_empty(), "a user who goes owns nothing");
}

/// What a group's owner sees holds from the next request on, and ends with it.
#[tokio::test]
async fn an_owner_sees_what_is_in_the_group_and_only_there() {
    let world = World::new().await;
    let group = group(&world, json!({})).await;
    let (boss, jane) =
        (world.user("boss@example.com", "user").await, world.user("jane@example.com", "user").await);
    assert_eq!(put(&world.admin, &format!("users/{jane}"), &group).await.status, 200);
    let (_, license) = licensed(&world, &jane).await;
    let (license, key) = (id(&license), license["attributes"]["key"].as_str().unwrap().to_owned());
    let owner = world.token_of(&format!("users/{boss}")).await;
    let path = format!("groups/{group}");
    let below = [format!("{path}/users"), format!("{path}/licenses")];
    let one = [format!("{path}/users/{jane}"), format!("{path}/licenses/{license}")];
    assert_eq!(owner.get(&path).await.status, 403, "a stranger");
    assert!(owner.get("groups").await.ids().is_empty());
    for path in &one {
        assert_eq!(owner.get(path).await.status, 404, "{path}");
    }
    let owners = references("users", &[&boss]);
    assert_eq!(world.admin.post(&format!("{path}/owners"), owners.clone()).await.status, 200);
    assert_eq!(owner.get(&path).await.status, 200);
    assert_eq!(owner.get("groups").await.ids(), std::slice::from_ref(&group));
    for (list, id) in below.iter().zip([&jane, &license]) {
        assert_eq!(owner.get(list).await.ids(), [id.as_str()], "{list}");
    }
    for path in &one {
        assert_eq!(owner.get(path).await.status, 200, "{path}");
    }
    for path in [format!("users/{jane}"), format!("licenses/{license}"), format!("licenses/{license}/group")]
    {
        assert_eq!(owner.get(&path).await.status, 404, "{path} is not opened by the group");
    }
    assert_eq!(owner.patch(&path, change("groups", json!({"name": "Mine"}))).await.status, 403);
    for member in [world.token_of(&format!("users/{jane}")).await, world.key(&key)] {
        assert_eq!(member.get(&path).await.status, 200, "members know their group");
        assert_eq!(member.get("groups").await.ids(), std::slice::from_ref(&group));
        assert_eq!(member.get(&format!("{path}/owners")).await.ids().len(), 1);
        assert_eq!(member.get(&below[1]).await.status, 403, "but not what is in it");
    }
    let gone = world.admin.send(http::Method::DELETE, &format!("{path}/owners"), Some(owners)).await;
    assert_eq!(gone.status, 204);
    assert_eq!(owner.get(&path).await.status, 403);
    assert_eq!(owner.get(&below[0]).await.status, 403);
}

#[tokio::test]
async fn a_deleted_group_lets_its_members_go() {
    let world = World::new().await;
    let group = group(&world, json!({})).await;
    let user = world.user("jane@example.com", "user").await;
    assert_eq!(put(&world.admin, &format!("users/{user}"), &group).await.status, 200);
    let (_, license) = licensed(&world, &user).await;
    let owners = references("users", &[&user]);
    assert_eq!(world.admin.post(&format!("groups/{group}/owners"), owners).await.status, 200);
    assert_eq!(world.admin.delete(&format!("groups/{group}")).await.status, 204);
    for member in [format!("users/{user}"), format!("licenses/{}", id(&license))] {
        let left = world.admin.get(&member).await;
        assert_eq!((left.status, left.at("/data/relationships/group/data")), (200, &Value::Null));
    }
    let customer = world.token_of(&format!("users/{user}")).await;
    assert!(customer.get("groups").await.ids().is_empty());
}

/// The table of §5: a shared environment reads global groups and changes its own; global records do not get into
/// an environment's groups.
#[tokio::test]
async fn groups_keep_to_their_environment() {
    let world = World::new().await;
    let shared = json!({"name": "Shared", "code": "s", "isolationStrategy": "SHARED"});
    world.make("environments", shared, json!({})).await;
    let inside = world.admin.clone().inside("s");
    let token = inside.post("tokens", json!(null)).await;
    let inside = world.anonymous().bearer(token.text("/data/attributes/token")).inside("s");
    let global = group(&world, json!({})).await;
    let own = id(&inside.make("groups", json!({"name": "Own"}), json!({})).await);
    assert_eq!(inside.get("groups").await.ids().len(), 2);
    assert_eq!(world.admin.get("groups").await.ids(), std::slice::from_ref(&global));
    assert_eq!(world.admin.get(&format!("groups/{own}")).await.status, 404);
    let renamed = change("groups", json!({"name": "x"}));
    assert_eq!(inside.patch(&format!("groups/{global}"), renamed.clone()).await.status, 403);
    assert_eq!(inside.patch(&format!("groups/{own}"), renamed).await.status, 200);
    let user = world.user("jane@example.com", "user").await;
    assert_eq!(put(&world.admin, &format!("users/{user}"), &own).await.status, 403);
    let inner = id(&inside.make("users", json!({"email": "in@example.com"}), json!({})).await);
    assert_eq!(put(&inside, &format!("users/{inner}"), &global).await.status, 200);
    let owners = references("users", &[&user]);
    assert_eq!(inside.post(&format!("groups/{global}/owners"), owners).await.status, 403);
}

/// A machine takes its licence's group, else its owner's, unless it names one; and counts like every member.
#[tokio::test]
async fn machines_are_members_too() {
    let world = World::new().await;
    let home = group(&world, json!({})).await;
    let full = group(&world, json!({"maxMachines": 1})).await;
    let user = id(&world.make("users", json!({"email": "jane@example.com"}), json!({})).await);
    let (policy, license) = licensed(&world, &user).await;
    let license = id(&license);
    let floating = change("policies", json!({"floating": true, "maxMachines": 9}));
    assert_eq!(world.admin.patch(&format!("policies/{policy}"), floating).await.status, 200);
    let activate = async |print: &str, group: Option<&str>| {
        let mut relations = one("license", "licenses", &license);
        relations["owner"] = reference("users", &user);
        if let Some(group) = group {
            relations["group"] = reference("groups", group);
        }
        world.admin.post("machines", document("machines", json!({"fingerprint": print}), relations)).await
    };
    let group_of = "/data/relationships/group/data";
    let bare = activate("bare", None).await;
    assert_eq!((bare.status, bare.at(group_of)), (201, &Value::Null), "{}", bare.body);
    assert_eq!(put(&world.admin, &format!("users/{user}"), &home).await.status, 200);
    assert_eq!(activate("owner's", None).await.at(&format!("{group_of}/id")), &json!(home));
    assert_eq!(put(&world.admin, &format!("licenses/{license}"), &full).await.status, 200);
    let heir = activate("licence's", None).await;
    assert_eq!(heir.at(&format!("{group_of}/id")), &json!(full), "{}", heir.body);
    let refusal = (422, "GROUP_MACHINE_LIMIT_EXCEEDED", "/data/relationships/group");
    assert_eq!(activate("one more", None).await.error(), refusal);
    assert_eq!(activate("chosen", Some(&home)).await.at(&format!("{group_of}/id")), &json!(home));
    let machine = format!("machines/{}", bare.text("/data/id"));
    assert_eq!(world.admin.get(&format!("{machine}/group")).await.status, 404);
    assert_eq!(put(&world.admin, &machine, &full).await.error(), refusal);
    assert_eq!(put(&world.admin, &machine, &home).await.text(&format!("{group_of}/id")), home);
    assert_eq!(world.admin.get(&format!("{machine}/group")).await.text("/data/id"), home);
    assert!(events(&world, bare.text("/data/id")).await.contains(&"machine.group.updated".to_owned()));
    let list = format!("groups/{home}/machines");
    assert_eq!(world.admin.get(&list).await.ids().len(), 3);
    let boss = world.user("boss@example.com", "user").await;
    let owner = world.token_of(&format!("users/{boss}")).await;
    assert_eq!(owner.get(&list).await.status, 403);
    assert_eq!(
        world.admin.post(&format!("groups/{home}/owners"), references("users", &[&boss])).await.status,
        200
    );
    assert_eq!(owner.get(&list).await.ids().len(), 3);
    assert_eq!(owner.get(&format!("groups/{home}/{machine}")).await.status, 200);
    assert_eq!(owner.get(&machine).await.status, 404, "only there");
    assert_eq!(world.admin.delete(&format!("groups/{home}")).await.status, 204);
    assert_eq!(world.admin.get(&machine).await.at(group_of), &Value::Null);
}
