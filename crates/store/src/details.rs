//! Whose details a record is part of: what every write of it makes stale, whoever writes and whatever they say that they
//! touch ([`SlotKey::Details`]).

use keyway_base::{AccountId, RecordId, Slot, SlotKey};
use keyway_jsonapi::{Record, Resource};

use crate::Changes;

/// The column that holds the id of the record whose details rows of a table are part of; none where nothing that is
/// cached depends on details.
pub(crate) fn whose(resource: &Resource) -> Option<&'static str> {
    match resource.table {
        "licenses" | "policies" | "users" | "entitlements" | "environments" => Some("id"),
        "machines" | "components" | "processes" | "license_users" | "license_entitlements" => {
            Some("license_id")
        }
        "policy_entitlements" => Some("policy_id"),
        _ => None,
    }
}

/// The details that a transaction has changed so far.
#[derive(Debug, Default)]
pub(crate) struct Details(Vec<(AccountId, Slot)>);

impl Details {
    /// Notes that a record was added, changed, or is about to be.
    pub(crate) fn note(&mut self, record: &Record) {
        if let Some(id) = whose(record.resource).and_then(|column| record.get(column).as_id()) {
            self.of(record.account(), id);
        }
    }
    /// Notes that something of a record changed.
    pub(crate) fn of(&mut self, account: AccountId, id: RecordId) {
        self.0.push((account, SlotKey::Details(account, id).into()));
    }
    /// What a transaction touches that has changed these beside what it says.
    pub(crate) fn and(self, said: Changes) -> Changes {
        let mut slots = self.0;
        slots.sort_unstable();
        slots.dedup();
        slots.chunk_by(|(one, _), (next, _)| one == next).fold(said, |changes, alike| {
            let account = alike.first().map(|(account, _)| *account);
            account.map_or(Changes::none(), |account| {
                changes.and(Changes::of(account, alike.iter().map(|(_, slot)| *slot)))
            })
        })
    }
}
