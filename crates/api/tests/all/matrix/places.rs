//! `licensing.md` §5, third row: in a shared environment, what is global may be read, but not changed, unless the spec
//! relaxes it.

use serde_json::Value;

use super::stage::Stage;
use super::{all_rows, placed, template};
use crate::world::Answer;

/// What may be done to a global record from a shared environment, apart from reading it.
const RELAXED: &[&str] = &[
    "/licenses/{}/actions/validate",
    "/machines/{}/actions/ping",
    "/machines/{}/actions/ping-heartbeat",
    "/machines/{}/actions/reset",
    "/machines/{}/actions/reset-heartbeat",
    "/machines/{}/actions/generate-offline-proof",
    "/processes/{}/actions/ping",
    "/policies/{}/pool",
];

/// What is the account's, whichever environment is current.
const OF_THE_ACCOUNT: &[&str] = &["/settings/", "/environments/", "/engines/"];

fn is_refused(answer: &Answer) -> bool {
    answer.status == 403 && answer.detail().contains("environment is not compatible")
}

#[tokio::test]
async fn a_shared_environment_reads_what_is_global() {
    let mut stage = Stage::outside().await;
    let reads = |(method, path, _, expected): &&super::Row| {
        *method == "GET" && path.contains('{') && expected.starts_with('.')
    };
    let mut wrong = Vec::new();
    for (_, path, ..) in all_rows().filter(reads) {
        let (filled, _) = stage.fill(path, "").await;
        let answer = stage.client('A').get(&placed(&filled)).await;
        // A check-out leaves its time behind, so that it is no read.
        let right = match path.ends_with("/actions/check-out") {
            true => is_refused(&answer),
            false => [200, 303].contains(&answer.status),
        };
        if !right {
            wrong.push(format!("GET {path}: {} {}", answer.status, answer.body));
        }
    }
    assert!(wrong.is_empty(), "{} routes are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[tokio::test]
async fn a_shared_environment_changes_nothing_that_is_global() {
    let mut stage = Stage::outside().await;
    let changes = |(method, path, _, expected): &&super::Row| {
        let of_the_account = OF_THE_ACCOUNT.iter().any(|known| path.starts_with(known));
        *method != "GET" && path.contains('{') && expected.starts_with('.') && !of_the_account
    };
    let (mut wrong, mut relaxed) = (Vec::new(), 0);
    for (method, path, body, _) in all_rows().filter(changes) {
        let (filled, body) = stage.fill(path, body).await;
        let body: Option<Value> = (!body.is_empty()).then(|| serde_json::from_str(&body).unwrap());
        let answer = stage.client('A').send(method.parse().unwrap(), &placed(&filled), body).await;
        let right = if RELAXED.contains(&template(path).as_str()) {
            relaxed += 1;
            answer.status == 200
        } else {
            is_refused(&answer)
        };
        if !right {
            wrong.push(format!("{method} {path}: {} {}", answer.status, answer.body));
        }
    }
    assert!(wrong.is_empty(), "{} routes are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(relaxed >= RELAXED.len(), "only {relaxed}");
}
