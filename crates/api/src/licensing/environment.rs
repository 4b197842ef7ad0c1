//! Environments (`licensing.md` §5). They have no environment of their own.

use keyway_access::Action;
use keyway_domain::permission::Granted;
use keyway_domain::resources::{Environment, IsolationStrategy, User};
use keyway_jsonapi::{Declared, Extra, Intent, Record, Resource, Scope, Value};

use super::{cascade, code, embedded_admin, password};
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step};
use crate::refusal::{Outcome, Refusal};
use crate::subject::Subject;
use crate::touch;
use crate::work::Work;

/// The rules of environments.
pub(crate) struct Environments;

impl Hooks for Environments {
    fn resource(&self) -> &'static Resource {
        Environment::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::EnvironmentList,
            show: Action::EnvironmentShow,
            create: Action::EnvironmentCreate,
            update: Action::EnvironmentUpdate,
            delete: Action::EnvironmentDelete,
        }
    }
    fn extra(&self, _: Intent) -> Extra {
        Extra { many: vec![("admins", embedded_admin::schema(1))], ..Extra::default() }
    }
    fn subject<'a>(&'a self, _: &'a mut Work, record: &'a Record) -> Step<'a, Subject> {
        Box::pin(async move { Ok(Subject::Environment(Box::new(record.typed()?))) })
    }
    fn new_subject<'a>(&'a self, _: &'a mut Work, _: &'a Draft) -> Step<'a, Subject> {
        crate::hooks::done(Subject::None)
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            draft.record.set("environment_id", Value::Null);
            draft.default("isolation_strategy", Value::Text(IsolationStrategy::Isolated.as_str().to_owned()));
            draft.default("permissions", Value::Json(Granted::Wildcard.to_json()));
            code::check(draft);
            prepare_admins(work, draft).await
        })
    }
    fn saved<'a>(&'a self, work: &'a mut Work, draft: &'a Draft) -> Step<'a, ()> {
        Box::pin(async move { create_admins(work, draft).await })
    }
    fn deleting<'a>(&'a self, work: &'a mut Work, record: &'a Record) -> Step<'a, ()> {
        Box::pin(async move { cascade::environment(work, record).await })
    }
}

/// Checks the embedded admins and asks for the digests of their passwords.
async fn prepare_admins(work: &mut Work, draft: &mut Draft) -> Outcome<()> {
    let mut admins = embedded_admin::wanted(&draft.input, work.now())?;
    draft.failures.extend(embedded_admin::check(&mut admins));
    for (index, admin) in admins.iter().enumerate() {
        let address = admin.text("email").unwrap_or_default();
        if work.any(User::RESOURCE, &Scope::text("email", address)).await? {
            draft.fail(embedded_admin::at(index, embedded_admin::taken()));
        }
    }
    let passwords = admins.iter().filter_map(embedded_admin::sent_password).map(str::to_owned).collect();
    password::demand(draft, passwords)
}

async fn create_admins(work: &mut Work, draft: &Draft) -> Outcome<()> {
    if draft.before.is_some() {
        return Ok(());
    }
    let mut digests = draft.digests.iter();
    for admin in embedded_admin::wanted(&draft.input, work.now())? {
        let has_password = embedded_admin::sent_password(&admin).is_some();
        let mut user = admin.record;
        user.set("account_id", Value::Id(work.account().into()));
        user.set("environment_id", Value::Id(draft.record.id()));
        if has_password {
            let digest = digests.next().ok_or_else(|| Refusal::Broken("a digest is missing".to_owned()))?;
            user.set("password_digest", Value::Text(digest.clone()));
        }
        work.insert(&user).await?;
        touch::record(work, None, Some(&user)).await?;
        work.log(&user, "created").await?;
    }
    Ok(())
}
