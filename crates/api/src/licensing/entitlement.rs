//! Entitlements (`licensing.md` §6).

use keyway_access::Action;
use keyway_domain::resources::{Constraint, Entitlement, LicenseEntitlement, PolicyEntitlement};
use keyway_jsonapi::{Declared, Record, Resource, Scope};

use super::code;
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::subject::Subject;
use crate::work::Work;

/// The rules of entitlements.
pub(crate) struct Entitlements;

impl Hooks for Entitlements {
    fn resource(&self) -> &'static Resource {
        Entitlement::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::EntitlementList,
            show: Action::EntitlementShow,
            create: Action::EntitlementCreate,
            update: Action::EntitlementUpdate,
            delete: Action::EntitlementDelete,
        }
    }
    fn subject<'a>(&'a self, _: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move { Ok(Subject::Entitlement(Box::new(record.typed()?))) })
    }
    fn prepare<'a>(&'a self, _: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            super::default_metadata(draft);
            code::check(draft);
            Ok(())
        })
    }
    fn deleting<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, ()> {
        Box::pin(async move {
            let of_it = Scope::id("entitlement_id", record.id());
            // Which packages ask for it decides which views go stale; a rare deletion may end them all.
            let constrained = work.any(Constraint::RESOURCE, &of_it).await?;
            work.delete_where(PolicyEntitlement::RESOURCE, &of_it).await?;
            work.delete_where(LicenseEntitlement::RESOURCE, &of_it).await?;
            work.delete_where(Constraint::RESOURCE, &of_it).await?;
            if constrained {
                work.touch_everything();
            }
            Ok(())
        })
    }
}
