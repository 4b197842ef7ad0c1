//! Which product a pushed package goes to, when there is no such package yet (DESIGN §9).

use keyway_domain::resources::Product;
use keyway_domain::setting::Key;
use keyway_jsonapi::{ApiError, Declared, Record, Scope};
use keyway_store::Page;

use crate::gate;
use crate::hooks::alias_scope;
use crate::licensing::setting::value_of;
use crate::refusal::Outcome;
use crate::work::Work;

/// The product of a new package: the caller's own; else the one that the account's setting names; else the
/// account's only one; else the one that the name begins with.
///
/// # Errors
/// 422 that says what to do.
pub(super) async fn of_new_package(work: &mut Work, key: &str) -> Outcome<Record> {
    let own = work.call.principal.product();
    if let Some(product) = own {
        return work.need(Product::RESOURCE, product.into()).await;
    }
    let visible = gate::visible(&work.call, Product::RESOURCE);
    if let Some(serde_json::Value::String(named)) = value_of(work, Key::DefaultProduct).await? {
        let scope = visible.clone().and(alias_scope(Product::RESOURCE, &named));
        if let Some(product) = work.find(Product::RESOURCE, &scope).await? {
            return Ok(product);
        }
    }
    let page = Page { limit: Some(2), ..Page::all() };
    let mut few = work.list(Product::RESOURCE, &visible, &page).await?;
    if few.len() == 1
        && let Some(only) = few.pop()
    {
        return Ok(only);
    }
    for code in codes(key) {
        let named = visible.clone().and(Scope::text("code", code));
        if let Some(product) = work.find(Product::RESOURCE, &named).await? {
            return Ok(product);
        }
    }
    let detail = format!(
        "it is not clear which product {key} belongs to: use a product's token, name a product in the account's \
         setting default_product, create the package through the API first, or begin its name with the code of \
         the product"
    );
    Err(ApiError::bad_request(detail).into())
}

/// What of a package's key may be a product's code, the first that is one wins: the parts of a path (npm's scope
/// without its `@`), then the beginnings of a name with dashes, longest first.
fn codes(key: &str) -> impl Iterator<Item = &str> {
    let parts = key.split('/').map(|part| part.trim_start_matches('@'));
    let name = key.rsplit('/').next().unwrap_or(key);
    let dashes = name.char_indices().rev().filter(|(_, c)| matches!(c, '-' | '_' | '.'));
    parts.chain(dashes.filter_map(move |(index, _)| name.get(..index))).filter(|code| !code.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_begins_with_a_code_in_many_ways() {
        for (key, expected) in [
            ("@acme/widget", vec!["acme", "widget"]),
            ("widget", vec!["widget"]),
            ("acme-widget-cli", vec!["acme-widget-cli", "acme-widget", "acme"]),
            ("@acme/widget-cli", vec!["acme", "widget-cli", "widget"]),
            ("acme/tools/widget", vec!["acme", "tools", "widget"]),
            ("Acme.Widget", vec!["Acme.Widget", "Acme"]),
            ("-x", vec!["-x"]),
        ] {
            assert_eq!(codes(key).collect::<Vec<_>>(), expected, "{key}");
        }
    }
}
