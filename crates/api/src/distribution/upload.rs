//! `POST /artifacts`: a row that waits for its bytes, and the URL to send them to (`distribution.md` §7.1).

use std::sync::Arc;

use http::{StatusCode, header};
use keyway_base::RecordId;
use keyway_domain::resources::Artifact;
use keyway_jsonapi::{Declared, Intent, Role, schema_of};
use serde_json::Value;

use super::artifact::Artifacts;
use super::link;
use super::parts;
use super::prefer::{PREFER, Preferences};
use crate::call::Call;
use crate::contract::{Contract, Data, Given};
use crate::hooks::Hooks as _;
use crate::interpreter::create;
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::work::Work;

/// Takes an artifact, and gives it with the address of its bytes, or how they are cut up.
pub(super) const CONTRACT: Contract = Contract::taking(|| {
    schema_of(Artifact::RESOURCE, Role::Admin, Intent::Create, &Artifacts.extra(Intent::Create))
})
.gives(&[
    Given::new(307, Data::One(Artifact::RESOURCE)).located(),
    Given::new(200, Data::One(Artifact::RESOURCE)).located(),
    Given::new(201, Data::One(Artifact::RESOURCE)).meta(parts::meta_schema).located(),
])
.asks(&PREFER);

/// Creates an artifact and sends the client on with its bytes.
pub(super) async fn upload(call: Arc<Call>) -> Outcome<Reply> {
    let mut created = create(Arc::clone(&call), &Artifacts).await?;
    let id = id_in(&mut created).ok_or_else(|| Refusal::Broken("a new artifact without an id".to_owned()))?;
    if Preferences::of(&call).in_parts.is_some() {
        let mut work = Work::reading(&call).await?;
        let artifact = work.need(Artifact::RESOURCE, id).await?;
        let upload = parts::upload_of(&mut work, &artifact).await?;
        return Ok(parts::shown(created, &artifact, &upload));
    }
    let url = link::for_upload(&call, id);
    let status = match Preferences::of(&call).no_redirect {
        true => StatusCode::OK,
        false => StatusCode::TEMPORARY_REDIRECT,
    };
    Ok(with_link(created, &url).status(status))
}

/// The id of the resource in a reply.
fn id_in(reply: &mut Reply) -> Option<RecordId> {
    reply.shown()?.get("data")?.get("id")?.as_str()?.parse().ok()
}

/// The reply with a URL as `Location` and as the resource's `links.redirect`.
pub(super) fn with_link(mut reply: Reply, url: &str) -> Reply {
    let links = reply.shown().and_then(|document| document.pointer_mut("/data/links"));
    if let Some(Value::Object(links)) = links {
        links.insert("redirect".to_owned(), url.into());
    }
    reply.header(header::LOCATION, url)
}
