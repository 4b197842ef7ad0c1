//! Two accounts on one server: through one, the other's records are not there, and its credentials are nobody's
//! (`licensing.md` §2, §3.2).

use http::Method;
use serde_json::{Value, json};

use super::all_rows;
use super::stage::Stage;
use crate::world::{Answer, Client, World, document};

/// Routes that show anybody the same.
const OPEN: &[&str] = &["/ping", "/openapi.json"];

/// A second account, whose admin this is. It has an environment of the same code as the first.
async fn neighbour(stage: &Stage) -> Client {
    let anonymous = stage.world().anonymous();
    let (email, password) = ("boss@other.example", "secret of the other");
    let admin = json!({ "type": "users", "attributes": { "email": email, "password": password } });
    let body = document("accounts", json!({ "slug": "other" }), json!({ "admins": { "data": [admin] } }));
    let founded = anonymous.post("accounts", body).await;
    assert_eq!(founded.status, 201, "{}", founded.body);
    let token = anonymous.clone().basic(email, password).post("accounts/other/tokens", Value::Null).await;
    assert_eq!(token.status, 201, "{}", token.body);
    let admin = anonymous.bearer(token.text("/data/attributes/token"));
    let environment = json!({ "name": "Shared", "code": "s", "isolationStrategy": "SHARED" });
    let body = document("environments", environment, json!({}));
    let made = admin.post("accounts/other/environments", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    admin.inside("s")
}

/// What a client is answered by a route of the second account, given what is the first's.
async fn ask(stage: &mut Stage, client: &Client, method: &str, path: &str, body: &str) -> Answer {
    let (path, body) = stage.fill(path, body).await;
    let method: Method = method.parse().unwrap();
    let body = (!body.is_empty()).then(|| serde_json::from_str(&body).unwrap());
    let path = match path.strip_prefix("/-") {
        Some(below) => format!("/-/accounts/other{below}"),
        None => format!("accounts/other{path}"),
    };
    client.send(method, &path, body).await
}

#[tokio::test]
async fn another_accounts_records_are_not_there() {
    let mut stage = Stage::in_world(World::of_many().await).await;
    let client = neighbour(&stage).await;
    let mut wrong = Vec::new();
    for (method, path, body, _) in all_rows() {
        let answer = ask(&mut stage, &client, method, path, body).await;
        let shown = answer.status < 400 && stage.ids().any(|id| answer.body.to_string().contains(id));
        let names_a_record = path.contains('{') && !path.starts_with("/-/");
        if shown || (names_a_record && answer.status != 404) {
            wrong.push(format!("{method} {path}: {} {}", answer.status, answer.body));
        }
    }
    assert!(wrong.is_empty(), "{} routes are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn another_accounts_credentials_are_nobodys() {
    let mut stage = Stage::in_world(World::of_many().await).await;
    neighbour(&stage).await;
    let mut wrong = Vec::new();
    for (method, path, body, _) in all_rows().filter(|(_, path, ..)| !OPEN.contains(path)) {
        for caller in "ADSTREPQOUXL".chars() {
            let client = stage.client(caller);
            let answer = ask(&mut stage, &client, method, path, body).await;
            let expected = match (*path, caller) {
                ("/accounts" | "/recover", _) => (404, "NOT_FOUND"),
                (_, 'L') => (401, "LICENSE_INVALID"),
                _ => (401, "TOKEN_INVALID"),
            };
            let (status, code, _) = answer.error();
            if (status, code) != expected {
                wrong.push(format!("{caller} {method} {path}: {} {}", answer.status, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{} routes are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// An admin of the first account who works in another environment.
async fn elsewhere(stage: &Stage) -> [(&'static str, Client); 2] {
    let outside = stage.world().admin.clone();
    let environment = json!({ "name": "Other", "code": "o" });
    let admin =
        json!({ "type": "users", "attributes": { "email": "in@o.example", "password": "correct horse" } });
    let admins = json!({ "admins": { "data": [admin] } });
    let made = outside.post("environments", document("environments", environment, admins)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let anonymous = stage.world().anonymous().inside("o");
    let token = anonymous.clone().basic("in@o.example", "correct horse").post("tokens", Value::Null).await;
    assert_eq!(token.status, 201, "{}", token.body);
    [("outside", outside), ("o", anonymous.bearer(token.text("/data/attributes/token")))]
}

/// What belongs to no environment, so that it is there in every one; the newest events are the account's.
const EVERYWHERE: &[&str] = &["/environments/", "/settings/", "/engines/", "/channels", "/event-logs/"];

/// §5: what is in an environment is not there in another one, nor outside; what is made elsewhere refers to none of it.
#[tokio::test]
async fn another_environments_records_are_not_there() {
    let mut stage = Stage::set().await;
    let clients = elsewhere(&stage).await;
    let mut wrong = Vec::new();
    let kept = |path: &&str| EVERYWHERE.iter().any(|everywhere| path.starts_with(everywhere));
    // Who regenerates the token in use has none any more.
    let regenerates = |row: &(&str, &str)| *row == ("PUT", "/tokens");
    let rows = all_rows().filter(|(method, path, ..)| !kept(path) && !regenerates(&(*method, *path)));
    for (method, path, body, _) in rows {
        for (name, client) in &clients {
            let (filled, sent) = stage.fill(path, body).await;
            let sent = (!sent.is_empty()).then(|| serde_json::from_str(&sent).unwrap());
            let answer = client.send(method.parse().unwrap(), &super::placed(&filled), sent).await;
            let own = [stage.known("environment")];
            let shown = answer.status < 400
                && stage.ids().any(|id| !own.contains(&id) && answer.body.to_string().contains(id));
            // What figures are of is no record, and of another environment there are none.
            let names_a_record = path.contains('{') && !path.starts_with("/-/");
            // Whose a key is, is not told; whose a new record would be, is.
            let refers = method == &"POST" && !names_a_record && body.contains("\"id\":\"{");
            let refusal = (422, "ENVIRONMENT_NOT_ALLOWED", "/data/relationships/environment");
            // What may not be done at all is refused before what is wrong with it is said.
            let refused = answer.error() == refusal || answer.status == 403;
            if shown || (names_a_record && answer.status != 404) || (refers && !refused) {
                wrong.push(format!("{name}: {method} {path}: {} {}", answer.status, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{} routes are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// §5: a credential of another environment is nobody's, on every route.
#[tokio::test]
async fn another_environments_credentials_are_nobodys() {
    let mut stage = Stage::set().await;
    let inside = elsewhere(&stage).await;
    let mut wrong = Vec::new();
    for (method, path, body, _) in
        all_rows().filter(|(_, path, ..)| !OPEN.contains(path) && !["/accounts", "/recover"].contains(path))
    {
        let callers = ["E", "P", "O", "L"].map(|name| (name, stage.client(name.chars().next().unwrap())));
        let callers = callers.into_iter().flat_map(|(name, client)| {
            let mut outside = client.clone();
            outside.headers.remove("keygen-environment");
            [(name, outside), (name, client.inside("o"))]
        });
        let (_, admin) = &inside[1];
        let callers = callers.chain([("o", admin.clone().inside("s"))]);
        for (name, client) in callers.collect::<Vec<_>>() {
            let (filled, sent) = stage.fill(path, body).await;
            let sent = (!sent.is_empty()).then(|| serde_json::from_str(&sent).unwrap());
            let answer = client.send(method.parse().unwrap(), &super::placed(&filled), sent).await;
            let expected = if name == "L" { "LICENSE_INVALID" } else { "TOKEN_INVALID" };
            if answer.error() != (401, expected, "") {
                wrong.push(format!("{name} {method} {path}: {} {}", answer.status, answer.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{} routes are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
