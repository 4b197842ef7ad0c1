//! Policies (`licensing.md` §7): defaults and the rules between attributes.

use keyway_access::Action;
use keyway_domain::policy::{failures, set_defaults};
use keyway_domain::resources::Policy;
use keyway_jsonapi::{Declared, Record, Resource};

use super::cascade;
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::subject::Subject;
use crate::work::Work;

/// The rules of policies.
pub(crate) struct Policies;

impl Hooks for Policies {
    fn resource(&self) -> &'static Resource {
        Policy::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::PolicyList,
            show: Action::PolicyShow,
            create: Action::PolicyCreate,
            update: Action::PolicyUpdate,
            delete: Action::PolicyDelete,
        }
    }
    fn subject<'a>(&'a self, _: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move { Ok(Subject::Policy(Box::new(record.typed()?))) })
    }
    fn new_subject<'a>(&'a self, _: &'a mut Work, draft: &'a Draft) -> Step<'a, Subject> {
        crate::hooks::done(super::of_product(draft))
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        if draft.before.is_none() {
            set_defaults(&mut draft.record, work.call.account.protected);
        }
        // A text that is in no list was noted already; the rules between attributes need a whole policy.
        if let Ok(policy) = draft.record.typed() {
            draft.failures.extend(failures(&policy));
        }
        crate::hooks::done(())
    }
    fn deleting<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, ()> {
        Box::pin(async move { cascade::policy(work, record).await })
    }
}
