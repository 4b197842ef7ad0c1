//! Products (`licensing.md` §6).

use keyway_access::Action;
use keyway_domain::permission::Granted;
use keyway_domain::resources::{DistributionStrategy, Product, PushStatus};
use keyway_jsonapi::{Declared, Failure, Invalid, Record, Resource, Role, Value};

use super::{cascade, code, permissions};
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::subject::Subject;
use crate::work::Work;

/// The rules of products.
pub(crate) struct Products;

impl Hooks for Products {
    fn resource(&self) -> &'static Resource {
        Product::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::ProductList,
            show: Action::ProductShow,
            create: Action::ProductCreate,
            update: Action::ProductUpdate,
            delete: Action::ProductDelete,
        }
    }
    fn subject<'a>(&'a self, _: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move { Ok(Subject::Product(Box::new(record.typed()?))) })
    }
    fn prepare<'a>(&'a self, _: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            super::default_metadata(draft);
            draft.default(
                "distribution_strategy",
                Value::Text(DistributionStrategy::Licensed.as_str().to_owned()),
            );
            draft.default("push_status", Value::Text(PushStatus::Published.as_str().to_owned()));
            draft.default("permissions", Value::Json(Granted::Wildcard.to_json()));
            permissions::check(draft, Role::Product);
            code::check(draft);
            check_url(draft);
            Ok(())
        })
    }
    fn deleting<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, ()> {
        Box::pin(async move { cascade::product(work, record).await })
    }
}

/// A home page is http or https with a host.
fn check_url(draft: &mut Draft) {
    let Some(url) = draft.text("url").filter(|_| draft.changed("url")).map(str::to_owned) else { return };
    let mut fail = |kind, detail| draft.fail(Invalid::attribute("url", Failure::Kind(kind), detail));
    let Ok(uri) = url.parse::<http::Uri>() else {
        return fail("INVALID", "must be a valid URL");
    };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return fail("PROTOCOL_INVALID", "must be a valid URL (using http or https)");
    }
    let is_real = |host: &str| host == "localhost" || host.split('.').all(|label| !label.is_empty());
    if !uri.host().is_some_and(|host| !host.is_empty() && is_real(host)) {
        fail("HOST_INVALID", "must be a valid URL (with a host)");
    }
}
