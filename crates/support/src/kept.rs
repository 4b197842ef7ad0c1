//! Records of types that the server has no table for: they are given back as they were given.

use std::sync::{Mutex, MutexGuard, PoisonError};

use keyway_base::RecordId;
use serde_json::{Map, Value as Json, json};

/// One of them.
#[derive(Debug, Clone)]
pub(crate) struct KeptRecord {
    /// Its type.
    pub(crate) kind: &'static str,
    /// Its id.
    pub(crate) id: RecordId,
    /// Its account, if it has one.
    pub(crate) account: Option<RecordId>,
    /// What it was given.
    pub(crate) attributes: Map<String, Json>,
}

impl KeptRecord {
    /// As the endpoint shows it.
    pub(crate) fn shown(&self) -> Json {
        json!({
            "type": self.kind,
            "id": self.id.to_string(),
            "account_id": self.account.map(|id| id.to_string()),
            "attributes": self.attributes,
            "secret": null,
        })
    }
}

/// All of them, oldest first.
#[derive(Default)]
pub(crate) struct Kept(Mutex<Vec<KeptRecord>>);

impl Kept {
    fn lock(&self) -> MutexGuard<'_, Vec<KeptRecord>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a record. One that is there already is changed; one of the same key takes the other's place.
    pub(crate) fn put(&self, mut new: KeptRecord) -> KeptRecord {
        let mut all = self.lock();
        let key = |record: &KeptRecord| record.attributes.get("key").cloned();
        if let Some(known) = all.iter_mut().find(|known| known.kind == new.kind && known.id == new.id) {
            known.attributes.append(&mut new.attributes);
            return known.clone();
        }
        let of_same_key = |known: &KeptRecord| {
            known.kind == new.kind
                && known.account == new.account
                && key(known).is_some()
                && key(known) == key(&new)
        };
        all.retain(|known| !of_same_key(known));
        all.push(new.clone());
        new
    }
    /// Makes sure that there is one of a key.
    pub(crate) fn ensure(&self, new: KeptRecord) {
        let there = self.lock().iter().any(|known| {
            known.kind == new.kind
                && known.account == new.account
                && known.attributes.get("key") == new.attributes.get("key")
        });
        if !there {
            self.lock().push(new);
        }
    }
    /// Forgets a record.
    pub(crate) fn delete(&self, kind: &str, id: RecordId) {
        self.lock().retain(|known| !(known.kind == kind && known.id == id));
    }
    /// Forgets all.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }
    /// The records of a type, in one account or all.
    pub(crate) fn of(&self, kind: &str, account: Option<RecordId>) -> Vec<KeptRecord> {
        let wanted = |known: &&KeptRecord| {
            known.kind == kind && (account.is_none() || known.account.is_none() || known.account == account)
        };
        self.lock().iter().filter(wanted).cloned().collect()
    }
}
