//! Feeds of updaters that are asked for as artifacts: where the vendor wants those that an engine writes, an uploaded
//! one is as if it were not there, and the front end asks the engine.

use keyway_base::RecordId;
use keyway_domain::resources::Product;
use keyway_domain::touch::GENERATED_FEEDS;
use keyway_jsonapi::{Declared, Scope};

use crate::refusal::Outcome;
use crate::work::Work;

/// Whether what a file name means is a feed that an engine writes.
pub(super) async fn is_written(work: &mut Work, filename: &str) -> Outcome<bool> {
    let call = std::sync::Arc::clone(&work.call);
    let Some(product) = call.query.text("product") else { return Ok(false) };
    let beside = call.api.parts().engines.beside_artifacts(filename, product);
    if !beside.is_some_and(|(_, beside)| beside.is_feed) {
        return Ok(false);
    }
    let named = match product.parse::<RecordId>() {
        Ok(id) => Scope::id("id", id),
        Err(_) => Scope::text("code", product),
    };
    let product = work.find(Product::RESOURCE, &named.and(call.view.scope())).await?;
    let Some(product) = product else { return Ok(false) };
    Ok(product.typed::<Product>()?.metadata.get(GENERATED_FEEDS) == Some(&true.into()))
}
