//! Every route × every kind of caller → status, from `licensing.md` §3.2 and §3.4 and `distribution.md` §3 and §7.
//!
//! A row has one character for each caller of [`COLUMNS`]: `.` is success (2xx or 3xx), a digit is its `40x`.
//! Every record, and every caller but the team and the unknown, lives in one shared environment, so that
//! environments' own tokens can be rows like the others.

mod analytics;
mod answers;
mod distribution;
mod goods;
mod isolation;
mod licensing;
mod places;
mod refusals;
mod reserved;
mod schemas;
mod stage;
mod terms;
pub(crate) mod webhooks;

use std::collections::BTreeSet;

use http::Method;
use keyway_api::Api;
use serde_json::Value;

use stage::Stage;

/// Admin, developer, sales agent, support agent, read-only; environment; the product that owns the records,
/// another product; the licence's owner, its licensee, another customer; the licence; nobody.
const COLUMNS: &str = "ADSTREPQOUXLN";

/// Method, path, body and the expected statuses. Names in braces are filled in by the stage, those that start
/// with `new-` with a record made for this one request.
type Row = (&'static str, &'static str, &'static str, &'static str);

#[tokio::test]
async fn licensing_routes() {
    play(licensing::ROWS).await;
}

#[tokio::test]
async fn distribution_routes() {
    play(distribution::ROWS).await;
}

#[tokio::test]
async fn webhook_routes() {
    play(webhooks::ROWS).await;
}

#[tokio::test]
async fn analytics_routes() {
    play(analytics::ROWS).await;
}

/// The list of routes without a row is empty.
#[test]
fn every_route_has_a_row() {
    let rows: BTreeSet<(&str, String)> =
        all_rows().map(|(method, path, ..)| (*method, template(path))).collect();
    let public = Api::routes().map(|(method, path)| (method, template(path)));
    let internal = Api::internal_routes().map(|(method, path)| (method, template(&format!("/-{path}"))));
    let known: BTreeSet<(&str, String)> = public.chain(internal).collect();
    let uncovered: Vec<_> = known.difference(&rows).collect();
    assert!(uncovered.is_empty(), "routes without a row: {uncovered:#?}");
    let stale: Vec<_> = rows.difference(&known).collect();
    assert!(stale.is_empty(), "rows without a route: {stale:#?}");
}

/// `distribution.md` §1: every GET answers HEAD too, without a body. What is redirected for GET is told of the file
/// itself for HEAD.
#[tokio::test]
async fn every_get_answers_head() {
    let mut stage = Stage::set().await;
    let mut wrong = Vec::new();
    for (_, path, ..) in all_rows().filter(|(method, ..)| *method == "GET") {
        for caller in "ALN".chars() {
            let (path, _) = stage.fill(path, "").await;
            let client = stage.client(caller);
            let path = placed(&path);
            let get = client.send(Method::GET, &path, None).await;
            let head = client.send(Method::HEAD, &path, None).await;
            let expected = if get.status == 303 { 200 } else { get.status };
            let types = [&get, &head].map(|answer| answer.header("content-type").map(str::to_owned));
            if head.status != expected || !head.body.is_null() || get.status != 303 && types[0] != types[1] {
                wrong.push(format!("{caller} {path}: {} and {} {}", get.status, head.status, head.body));
            }
        }
    }
    assert!(wrong.is_empty(), "{} routes are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

fn all_rows() -> impl Iterator<Item = &'static Row> {
    licensing::ROWS.iter().chain(distribution::ROWS).chain(webhooks::ROWS).chain(analytics::ROWS)
}

/// A path with its captures reduced to `{}` and without its query.
fn template(path: &str) -> String {
    let path = path.split('?').next().unwrap_or(path);
    let part = |segment: &str| if segment.starts_with('{') { "{}".to_owned() } else { segment.to_owned() };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

async fn play(rows: &[Row]) {
    let mut stage = Stage::set().await;
    let mut wrong = Vec::new();
    for (method, path, body, expected) in rows {
        assert_eq!(expected.len(), COLUMNS.len(), "{method} {path}");
        let mut got = String::new();
        let mut details = String::new();
        for (caller, wanted) in COLUMNS.chars().zip(expected.chars()) {
            let (symbol, detail) = one(&mut stage, caller, method, path, body).await;
            got.push(symbol);
            if symbol != wanted {
                details.push_str(&format!("\n    {caller}: {detail}"));
            }
        }
        if got != *expected {
            wrong.push(format!("{method} {path}\n  {COLUMNS}\n  {expected} expected\n  {got} got{details}"));
        }
    }
    assert!(wrong.is_empty(), "{} rows are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The path below `/v1` or, of dashboards, from the root: without the account, where it may be left out.
fn placed(path: &str) -> String {
    if path.starts_with("/-/") {
        return path.to_owned();
    }
    let is_prefixed = path.is_empty() || path.starts_with("/settings");
    if is_prefixed { format!("accounts/acme{path}") } else { path.trim_start_matches('/').to_owned() }
}

/// One request by one caller: its symbol, and what was said.
async fn one(stage: &mut Stage, caller: char, method: &str, path: &str, body: &str) -> (char, String) {
    let (path, body) = stage.fill(path, body).await;
    let client = stage.client(caller);
    let method: Method = method.parse().unwrap();
    let path = placed(&path);
    let body: Option<Value> = (!body.is_empty()).then(|| serde_json::from_str(&body).unwrap());
    let answer = client.send(method, &path, body).await;
    stage.learn(caller, &path, &answer);
    let symbol = match answer.status {
        200..=399 => '.',
        status @ 400..=409 => char::from_digit(u32::from(status) - 400, 10).unwrap(),
        422 => 'u',
        _ => '!',
    };
    (symbol, format!("{} {}", answer.status, answer.body))
}
