//! The description of the API: what is served is what is in the tree.

use std::path::Path;

use crate::world::World;

/// The copy in the tree.
fn snapshot() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json")
}

#[tokio::test]
async fn the_tree_has_what_is_served() {
    let answer = World::new().await.anonymous().get("openapi.json").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    let served = format!("{}\n", serde_json::to_string_pretty(&answer.body).unwrap());
    if std::env::var_os("WRITE_OPENAPI").is_some() {
        std::fs::write(snapshot(), &served).unwrap();
    }
    let kept = std::fs::read_to_string(snapshot()).unwrap_or_default();
    let differing = served.lines().zip(kept.lines()).position(|(served, kept)| served != kept);
    assert!(
        served == kept,
        "docs/openapi.json is out of date from line {:?} on: write it anew with \
         `WRITE_OPENAPI=1 cargo test -p keyway-api --test all openapi`",
        differing.map(|line| line + 1)
    );
}

#[tokio::test]
async fn it_is_there_for_everybody_and_sent_once() {
    let world = World::of_many().await;
    let nobody = world.anonymous();
    let answer = nobody.get("openapi.json").await;
    let tag = answer.header("etag").unwrap().to_owned();
    assert_eq!(answer.header("cache-control"), Some("no-cache"), "kept, and asked for again each time");
    for path in ["accounts/acme/openapi.json", "accounts/no-such-account/openapi.json"] {
        assert_eq!(nobody.get(path).await.header("etag"), Some(tag.as_str()), "{path}");
    }
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let again = nobody.clone().header("if-none-match", &known).get("openapi.json").await;
        assert_eq!((again.status, again.body.is_null()), (304, true), "{known}");
        assert_eq!(again.header("etag"), Some(tag.as_str()));
        assert_eq!(again.header("cache-control"), Some("no-cache"));
    }
    let other = nobody.clone().header("if-none-match", "\"other\"").get("openapi.json").await;
    assert_eq!(other.status, 200);
    let accepting = nobody.header("accept", "text/html").get("openapi.json").await;
    assert_eq!(accepting.status, 200, "any Accept will do");
}
