//! The account (`licensing.md` §4.1).

use keyway_access::Action;
use keyway_crypto::account_keys::AccountKeys;
use keyway_domain::account::{CustomHost, is_slug};
use keyway_domain::resources::{Account, Subscription};
use keyway_jsonapi::document::Extras;
use keyway_jsonapi::{Declared, Failure, Invalid, Record, Resource, Scope, Value};
use serde_json::json;

use crate::PublicUrls;
use crate::call::Call;
use crate::draft::Draft;
use crate::hooks::{Actions, Hooks, Step, done};
use crate::subject::Subject;
use crate::version::ApiVersion;
use crate::work::Work;

/// The rules of accounts.
pub(crate) struct Accounts;

impl Hooks for Accounts {
    fn resource(&self) -> &'static Resource {
        Account::RESOURCE
    }
    fn actions(&self) -> Actions {
        Actions {
            list: Action::AccountShow,
            show: Action::AccountShow,
            create: Action::AccountUpdate,
            update: Action::AccountUpdate,
            delete: Action::AccountDelete,
        }
    }
    fn subject<'a>(&'a self, _: &'a mut Work, _: &'a Record) -> Step<'a, Subject> {
        done(Subject::None)
    }
    fn named(&self, call: &Call, _: &str) -> Scope {
        Scope::id("id", call.account.id)
    }
    fn prepare<'a>(&'a self, work: &'a mut Work, draft: &'a mut Draft) -> Step<'a, ()> {
        check(draft);
        if draft.changed("cname") {
            check_host(&work.call.api.parts().public, draft);
        }
        done(())
    }
    fn describe<'a>(&'a self, work: &'a mut Work, records: &'a [Record]) -> Step<'a, Vec<Extras>> {
        let keys = &work.call.account.keys;
        done(records.iter().map(|record| extras(record, keys)).collect())
    }
}

/// What is wrong with the names and the version of a new or changed account.
pub(super) fn check(draft: &mut Draft) {
    if draft.changed("slug") && !draft.text("slug").is_some_and(is_slug) {
        let detail = "must only contain lowercase letters, digits and dashes, and not be a UUID";
        draft.fail(Invalid::attribute("slug", Failure::Kind("INVALID"), detail));
    }
    if draft.changed("api_version") && draft.text("api_version").and_then(ApiVersion::parse).is_none() {
        draft.fail(Invalid::attribute("api_version", Failure::Inclusion, "unsupported version"));
    }
}

/// A host of the account's own is a name that is not ours.
fn check_host(public: &PublicUrls, draft: &mut Draft) {
    let Some(sent) = draft.text("cname") else { return };
    let Some(host) = CustomHost::parse(sent) else {
        return draft.fail(Invalid::attribute("cname", Failure::Kind("INVALID"), "must be a domain name"));
    };
    if public.owns(&host) {
        return draft.fail(Invalid::attribute("cname", Failure::Inclusion, "is a host of this server"));
    }
    draft.record.set("cname", Value::Text(host.into_string()));
}

/// What an account shows beside its columns.
pub(super) fn extras(record: &Record, keys: &AccountKeys) -> Extras {
    let state = record.get("subscription_state").as_text().unwrap_or(Subscription::Subscribed.as_str());
    let keys = keys.public_meta();
    let mut extras = Extras::default();
    extras.attribute("status", state.to_uppercase());
    extras.meta = Some(json!({
        "publicKey": keys.rsa2048,
        "keys": { "ed25519": keys.ed25519, "rsa2048": keys.rsa2048, "ecdsa": keys.ecdsa },
    }));
    extras
}
