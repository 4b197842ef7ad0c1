//! Settings of the account (`licensing.md` §4.2).

use keyway_access::Action;
use keyway_domain::permission::{Granted, Permissions};
use keyway_domain::resources::{Product, Setting};
use keyway_domain::setting::Key;
use keyway_jsonapi::{Declared, Failure, Invalid, Record, Resource, Role, Scope, Value, fold_key};

use crate::call::Call;
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step, alias_scope, done};
use crate::refusal::Outcome;
use crate::subject::Subject;
use crate::work::Work;

/// The rules of settings.
pub(crate) struct Settings;

impl Hooks for Settings {
    fn resource(&self) -> &'static Resource {
        Setting::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::SettingList,
            show: Action::SettingShow,
            create: Action::SettingCreate,
            update: Action::SettingUpdate,
            delete: Action::SettingDelete,
        }
    }
    fn subject<'a>(&'a self, _: &'a mut Work, _: &'a Record) -> Step<'a, Subject> {
        done(Subject::None)
    }
    fn new_subject<'a>(&'a self, _: &'a mut Work, _: &'a Draft) -> Step<'a, Subject> {
        done(Subject::None)
    }
    fn named(&self, _: &Call, name: &str) -> Scope {
        alias_scope(self.resource(), name).or(Scope::text("key", fold_key(name)))
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        Box::pin(async move {
            // it holds in every environment, wherever it is said
            draft.record.set("environment_id", Value::Null);
            let Some(key) = draft.text("key").and_then(Key::parse) else {
                draft.fail(Invalid::attribute("key", Failure::Inclusion, "unsupported key"));
                return Ok(());
            };
            draft.record.set("key", Value::Text(key.as_str().to_owned()));
            if !is_accepted(work, key, draft.record.get("value").clone()).await? {
                draft.fail(Invalid::attribute("value", Failure::Inclusion, "unsupported value"));
            }
            Ok(())
        })
    }
}

async fn is_accepted(work: &mut Work, key: Key, value: Value) -> Outcome<bool> {
    let Some(value) = value.as_json().filter(|value| key.accepts(value)) else { return Ok(false) };
    match value.as_str() {
        Some(product) => work.any(Product::RESOURCE, &alias_scope(Product::RESOURCE, product)).await,
        None => Ok(true),
    }
}

/// What the account says of a setting.
pub(crate) async fn value_of(work: &mut Work, key: Key) -> Outcome<Option<serde_json::Value>> {
    let found = work.find(Setting::RESOURCE, &Scope::text("key", key.as_str())).await?;
    Ok(found.and_then(|setting| setting.get("value").as_json().cloned()))
}

/// What new bearers of a role get unless told: what the account says, else the wildcard for the team, else the
/// role's default.
pub(crate) async fn default_permissions(work: &mut Work, role: Role) -> Outcome<Granted> {
    let said = match Key::permissions_of(role) {
        Some(key) => value_of(work, key).await?,
        None => None,
    };
    Ok(match said {
        Some(said) => Granted::stored(&said),
        None if role.is_team() => Granted::Wildcard,
        None => Granted::Only(Permissions::default_of(role)),
    })
}
