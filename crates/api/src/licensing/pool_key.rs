//! Keys of pools (`licensing.md` §7.1): made ahead by the vendor, and taken from the top.

use keyway_access::Action;
use keyway_base::RecordId;
use keyway_domain::resources::{License, Policy, PoolKey};
use keyway_jsonapi::{Declared, Failure, Invalid, Record, Resource, Scope, Value};
use keyway_store::Page;

use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step, done};
use crate::refusal::Outcome;
use crate::subject::Subject;
use crate::touch;
use crate::work::Work;

/// The fewest characters of a key.
const MIN: usize = 8;

/// The rules of keys.
pub(crate) struct PoolKeys;

impl Hooks for PoolKeys {
    fn resource(&self) -> &'static Resource {
        PoolKey::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::KeyList,
            show: Action::KeyShow,
            create: Action::KeyCreate,
            update: Action::KeyUpdate,
            delete: Action::KeyDelete,
        }
    }
    fn subject<'a>(&'a self, _: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        done(of_product_of(record, record))
    }
    fn new_subject<'a>(&'a self, _: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        // Without a policy nobody can tell whose key it would be.
        done(match draft.related("policy") {
            Some(policy) => of_product_of(&draft.record, policy),
            None => Subject::Within(draft.record.environment()),
        })
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            if let Some(policy) = draft.related("policy").map(Record::typed::<Policy>).transpose()? {
                draft.record.set("product_id", Value::Id(policy.product_id.into()));
                if !policy.use_pool {
                    let detail = "cannot be added to a policy that does not use a pool";
                    draft.fail(Invalid::relation("policy", Failure::Kind("NOT_SUPPORTED"), detail));
                }
            }
            check_key(work, draft).await
        })
    }
}

/// A record of the product that a policy or key is of.
fn of_product_of(record: &Record, named: &Record) -> Subject {
    let environment = record.environment();
    let product = named.get("product_id").as_id();
    product.map_or(Subject::Within(environment), |id| Subject::OfProduct(environment, id.into()))
}

/// A key is long enough, and neither the key nor the id of a licence.
async fn check_key(work: &mut Work, draft: &mut Draft) -> Outcome<()> {
    let Some(key) = draft.text("key").filter(|_| draft.changed("key")).map(str::to_owned) else {
        return Ok(());
    };
    if key.chars().count() < MIN {
        let detail = format!("is too short (minimum is {MIN} characters)");
        draft.fail(Invalid::attribute("key", Failure::Kind("TOO_SHORT"), detail));
    }
    let id = key.parse::<RecordId>();
    if let Ok(id) = id
        && work.get(License::RESOURCE, id).await?.is_some()
    {
        let detail = "must not conflict with a license's identifier (UUID)";
        draft.fail(Invalid::attribute("key", Failure::Kind("CONFLICT"), detail));
    }
    if work.any(License::RESOURCE, &Scope::text("key", key)).await? {
        let detail = "must not conflict with a license's key";
        draft.fail(Invalid::attribute("key", Failure::Kind("CONFLICT"), detail));
    }
    Ok(())
}

/// Takes the newest key of a policy's pool that may be seen here. Two that do so at once get two keys: what one
/// transaction took, another can no longer take when it commits.
pub(crate) async fn pop(work: &mut Work, policy: RecordId) -> Outcome<Option<Record>> {
    let pool = work.call.view.scope().and(Scope::id("policy_id", policy));
    let newest = work.list(PoolKey::RESOURCE, &pool, &Page::newest(1)).await?.pop();
    if let Some(key) = &newest {
        work.delete(key).await?;
        touch::record(work, Some(key), None).await?;
    }
    Ok(newest)
}
