//! What one transaction has read by id already. It sees one moment, so that a record is the same until the transaction
//! itself writes it; actions, their hooks and the document of the answer ask for the same few again and again.

use std::collections::HashMap;

use keyway_base::RecordId;
use keyway_jsonapi::{Record, Resource};

/// The most records that are kept: those that one answer is about, not those of a long list.
const MOST: usize = 32;

/// Records by their ids, and ids of which there is no record.
#[derive(Debug, Default)]
pub(crate) struct ReadById(HashMap<(&'static str, RecordId), Option<Record>>);

impl ReadById {
    /// What was read; `None` where nothing was.
    pub(crate) fn get(&self, resource: &'static Resource, id: RecordId) -> Option<Option<Record>> {
        self.0.get(&(resource.table, id)).cloned()
    }
    /// Keeps what was read.
    pub(crate) fn keep(&mut self, resource: &'static Resource, id: RecordId, read: Option<&Record>) {
        if self.0.len() < MOST {
            self.0.insert((resource.table, id), read.cloned());
        }
    }
    /// Forgets a record that is written.
    pub(crate) fn forget(&mut self, record: &Record) {
        self.0.remove(&(record.resource.table, record.id()));
    }
    /// Forgets all records of a kind.
    pub(crate) fn forget_kind(&mut self, resource: &'static Resource) {
        self.0.retain(|(table, _), _| *table != resource.table);
    }
    /// Forgets everything.
    pub(crate) fn forget_all(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use keyway_base::{AccountId, Timestamp};
    use keyway_domain::resources::{Entitlement, Group};
    use keyway_jsonapi::Declared;

    use super::*;

    const ID: &str = "0190163d-8694-739b-aea5-966c26f8ad91";

    fn record(resource: &'static Resource) -> Record {
        let id: RecordId = ID.parse().unwrap();
        Record::new(resource, id, AccountId::from(id), None, Timestamp::from_micros(1))
    }

    #[test]
    fn what_is_written_is_forgotten_and_nothing_else() {
        let (group, entitlement) = (record(Group::RESOURCE), record(Entitlement::RESOURCE));
        let mut read = ReadById::default();
        let knows = |read: &ReadById, record: &Record| read.get(record.resource, record.id()).is_some();
        let known = |read: &ReadById| (knows(read, &group), knows(read, &entitlement));
        let both = |read: &mut ReadById| {
            read.keep(group.resource, group.id(), Some(&group));
            read.keep(entitlement.resource, entitlement.id(), None);
        };
        both(&mut read);
        assert_eq!(read.get(group.resource, group.id()), Some(Some(group.clone())));
        assert_eq!(
            read.get(entitlement.resource, entitlement.id()),
            Some(None),
            "that there is none is known too"
        );
        read.forget(&group);
        assert_eq!(known(&read), (false, true));
        both(&mut read);
        read.forget_kind(Entitlement::RESOURCE);
        assert_eq!(known(&read), (true, false));
        both(&mut read);
        read.forget_all();
        assert_eq!(known(&read), (false, false));
    }
}
