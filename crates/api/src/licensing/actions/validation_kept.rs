//! Licences that were validated by their keys before: what a validation is made from, kept until something of it changes
//! (`docs/decisions/0011`). What the clock decides is decided anew each time.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use http::StatusCode;
use keyway_access::{Action, Target};
use keyway_base::{RecordId, Slot, SlotKey, Timestamp};
use keyway_catalog::ShelfKey;
use keyway_crypto::license_key;
use keyway_domain::event::Validated;
use keyway_domain::license::limits::effective;
use keyway_domain::license::status::status_validated;
use keyway_domain::license::validation::{
    Counts, Facts, Leased, MachineFacts, Validation, ValidationScope, validate,
};
use keyway_domain::machine::capacity::Load;
use keyway_domain::resources::{ExpirationBasis, License, Machine, Process, User};
use keyway_events::Validity;
use keyway_jsonapi::{Declared, Scope};
use keyway_store::{Order, Page};
use serde_json::{Map, Value, json};

use super::validate::meta_of;
use super::validation_facts::{Gathered, person};
use super::validation_touch;
use crate::call::Call;
use crate::event::origin;
use crate::gate;
use crate::interpreter::one;
use crate::licensing::Licenses;
use crate::licensing::expiry::started;
use crate::refusal::{Outcome, Refusal};
use crate::reply::Reply;
use crate::version::ApiVersion;
use crate::work::Work;

/// Licences with more machines are gathered each time: each of their heartbeats would end what is kept.
const MACHINES: u32 = 100;

/// A licence that was validated.
pub(crate) struct Remembered {
    /// With all of its machines, whichever a scope may name.
    gathered: Gathered,
    /// What each of them has.
    loads: Vec<Load>,
    /// Its resource object as text, without its status and the time of its last validation.
    text: [Box<str>; 3],
    /// When it was validated last.
    validity: Arc<Validity>,
}

/// Whether a validation with this scope can be made from what is kept: releases and components are not.
pub(super) fn suffices(scope: &ValidationScope) -> bool {
    scope.version.is_none() && scope.checksum.is_none() && scope.components.is_none()
}

/// Validates the licence with a key by what is kept of it; `None` when that has to be done the long way.
pub(super) async fn answer(
    call: &Arc<Call>,
    key: &str,
    scope: &ValidationScope,
    echo: &Map<String, Value>,
) -> Outcome<Option<Reply>> {
    let digest = license_key::digest(call.account.secret(), key);
    let at = ShelfKey { account: call.account.id, view: call.view, key: digest };
    let kept = match call.api.remembered().look(&at).await? {
        Some(kept) => kept,
        None => match load(call, key, &at).await? {
            Some(kept) => kept,
            None => return Ok(None),
        },
    };
    let Gathered { license, policy, users, .. } = &kept.gathered;
    gate::authorize_target(call, Action::LicenseValidateKey, &Target::license(license, policy, users))?;
    let facts = Facts { counts: kept.counts(scope), ..kept.gathered.facts() };
    let validation = validate(&facts, Some(scope), call.now);
    let starts = started(license.expiry, policy, ExpirationBasis::FirstValidation, call.now);
    if validation.valid && starts.is_some() {
        return Ok(None);
    }
    let reply = kept.reply(call, &validation, echo)?;
    note(call, &kept, &validation, echo).await;
    Ok(Some(reply))
}

impl Remembered {
    /// What is held against the limits under a scope.
    fn counts(&self, scope: &ValidationScope) -> Counts {
        let Gathered { policy, owner, licensees, fleet, .. } = &self.gathered;
        let people = || owner.iter().chain(licensees);
        let machines = Leased::machines(policy, people(), Some(scope));
        let processes = Leased::processes(policy, people(), Some(scope));
        let mut counts = Counts::default();
        for (machine, load) in fleet.named.iter().zip(&self.loads) {
            let owner = machine.owner.as_ref().map(|owner| owner.id);
            counts.total += 1;
            if machines.holds(owner) {
                counts.counted.add(load);
            }
            if processes.holds(owner) {
                counts.processes = counts.processes.saturating_add(machine.processes);
            }
        }
        counts
    }

    /// The answer: the licence as it was before this validation, and the outcome.
    fn reply(&self, call: &Call, validation: &Validation, echo: &Map<String, Value>) -> Outcome<Reply> {
        // the first that is found is what the request is about
        let _ = call.about.set((License::RESOURCE.kind, self.gathered.license.id));
        let text = self.document(call.now, validation, echo);
        if call.version == ApiVersion::CURRENT {
            return Ok(Reply::document(StatusCode::OK, Value::Null).bytes(Bytes::from(text)));
        }
        let unreadable = |error| Refusal::Broken(format!("a licence that is kept: {error}"));
        Ok(Reply::document(StatusCode::OK, serde_json::from_str(&text).map_err(unreadable)?))
    }

    /// The document: what `Reply::data` with the meta of `validate::meta_of` is written as.
    fn document(&self, now: Timestamp, validation: &Validation, echo: &Map<String, Value>) -> String {
        let [before, between, after] = &self.text;
        let (license, validated) = (&self.gathered.license, self.validity.at());
        let banned = self.gathered.owner.as_ref().is_some_and(|owner| owner.banned);
        let status = status_validated(license, validated, banned, now).as_str();
        let validated = validated.map_or_else(|| "null".to_owned(), |at| format!("\"{at}\""));
        let Validation { valid, code, detail } = validation;
        let mut text = String::with_capacity(before.len() + between.len() + after.len() + 512);
        for part in ["{\"data\":", before, "\"", status, "\"", between, &validated, after] {
            text.push_str(part);
        }
        let (detail, code) = (json!(detail), code.as_str());
        text.push_str(&format!(
            ",\"meta\":{{\"ts\":\"{now}\",\"valid\":{valid},\"detail\":{detail},\"code\":\"{code}\""
        ));
        for (name, value) in echo {
            text.push_str(&format!(",\"{name}\":{value}"));
        }
        text.push_str("}}");
        text
    }

    /// What it depends on.
    fn slots(&self) -> Box<[Slot]> {
        let gathered = &self.gathered;
        let people = gathered.licensees.iter().chain(&gathered.owner);
        let owners = gathered.fleet.named.iter().filter_map(|machine| machine.owner.as_ref());
        let records: [RecordId; 2] = [gathered.license.id, gathered.license.policy_id.into()];
        let mut ids: BTreeSet<RecordId> =
            records.into_iter().chain(people.chain(owners).map(|user| user.id)).collect();
        ids.extend(&gathered.held);
        ids.extend(gathered.license.environment_id.map(RecordId::from));
        let account = gathered.license.account_id;
        ids.into_iter().map(|id| Slot::from(SlotKey::Details(account, id))).collect()
    }

    /// How many bytes it holds, roughly.
    fn bytes(&self) -> usize {
        let gathered = &self.gathered;
        let text: usize = self.text.iter().map(|part| part.len()).sum();
        // The licence's own columns are about what its text is.
        let machines = gathered.fleet.named.iter().map(|machine| 256 + machine.fingerprint.len());
        let people = 128 * (gathered.licensees.len() + gathered.users.len());
        size_of::<Self>() + 2 * text + machines.sum::<usize>() + people + 96 * gathered.held.len()
    }
}

/// Gathers what validations of the licence with this key are made from; `None` where there is no such licence, or where
/// nothing of it is kept.
async fn load(call: &Arc<Call>, key: &str, at: &ShelfKey) -> Outcome<Option<Arc<Remembered>>> {
    let noted = call.api.parts().db.freshness().note();
    let mut work = Work::reading(call).await?;
    let named = call.view.scope().and(Scope::text("key", key));
    let Some(license) = work.find(License::RESOURCE, &named).await? else { return Ok(None) };
    let mut gathered = Gathered::without_machines(&mut work, &license).await?;
    if gathered.policy.encrypted {
        return Ok(None);
    }
    let Some(loads) = machines(&mut work, &mut gathered).await? else { return Ok(None) };
    let text = text(one(&mut work, &Licenses, &license).await?, call.now)?;
    let validity = call.api.validations().of(call.account.id, license.id().into());
    validity.learn(gathered.license.last_validated_at);
    let kept = Arc::new(Remembered { gathered, loads, text, validity });
    call.api.remembered().put(at, Arc::clone(&kept), kept.bytes(), kept.slots(), noted);
    Ok(Some(kept))
}

/// Gathers the machines, and gives back what each has; `None` when there are too many.
async fn machines(work: &mut Work, gathered: &mut Gathered) -> Outcome<Option<Vec<Load>>> {
    let of_license = Scope::id("license_id", gathered.license.id);
    let page = Page { order: Order::Asc, limit: Some(MACHINES + 1), ..Page::default() };
    let records = work.list(Machine::RESOURCE, &of_license, &page).await?;
    if u32::try_from(records.len()).is_ok_and(|count| count > MACHINES) {
        return Ok(None);
    }
    let owners = records.iter().filter_map(|machine| machine.get("owner_id").as_id());
    let owners = work.all_of(User::RESOURCE, owners).await?;
    let processes = match effective(&gathered.license, &gathered.policy).processes {
        Some(_) => work.tally(Process::RESOURCE, &of_license, "machine_id", &[]).await?,
        None => Vec::new(),
    };
    let mut loads = Vec::with_capacity(records.len());
    for record in &records {
        let machine: Machine = record.typed()?;
        loads.push(Load::of(&machine));
        let owner = machine.owner_id.map(RecordId::from);
        gathered.fleet.named.push(MachineFacts {
            id: machine.id,
            owner: owner.and_then(|id| owners.iter().find(|user| user.id() == id)).map(person),
            created: machine.created_at,
            last_heartbeat: machine.last_heartbeat_at,
            processes: processes.iter().find(|tally| tally.of == machine.id).map_or(0, |tally| tally.count),
            components: Vec::new(),
            fingerprint: machine.fingerprint,
        });
    }
    gathered.fleet.is_activated = !records.is_empty();
    Ok(Some(loads))
}

/// A licence's object as text, cut where its status and the time of its last validation stand.
fn text(mut object: Value, now: Timestamp) -> Outcome<[Box<str>; 3]> {
    // Nobody can have put these into the licence: they are made here.
    let marks = [RecordId::generate(now), RecordId::generate(now)].map(|id| id.to_string());
    for (name, mark) in ["status", "lastValidated"].into_iter().zip(&marks) {
        if let Some(place) = object.pointer_mut(&format!("/attributes/{name}")) {
            *place = json!(mark);
        }
    }
    let text = object.to_string();
    let [status, validated] = marks.map(|mark| json!(mark).to_string());
    let parts =
        text.split_once(&status).and_then(|(before, rest)| Some((before, rest.split_once(&validated)?)));
    let (before, (between, after)) =
        parts.ok_or_else(|| Refusal::Broken("a licence shows no status".to_owned()))?;
    Ok([before.into(), between.into(), after.into()])
}

/// Notes the validation: by and by, but at once where an endpoint is to be told of it.
async fn note(call: &Arc<Call>, kept: &Remembered, validation: &Validation, echo: &Map<String, Value>) {
    let license = &kept.gathered.license;
    let (api, valid, code) = (&call.api, validation.valid, validation.code.as_str());
    let listens = match api.parts().catalog.webhooks(call.account.id).await {
        Ok(webhooks) => {
            let name = Validated::name(valid);
            webhooks.iter().any(|endpoint| endpoint.hears(name, license.environment_id))
        }
        // Who is to be told is found out then.
        Err(_) => true,
    };
    if listens {
        let meta = meta_of(call, validation, echo.clone());
        validation_touch::tell(call, license.id, valid, code, &meta).await;
    } else {
        let (account, environment) = (call.account.id, license.environment_id);
        let validated = Validated { account, environment, license: license.id, valid, code };
        api.journal().note_validated(validated, origin(call), call.now);
    }
    api.validations().note(&kept.validity, call.now);
}
